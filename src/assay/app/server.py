"""The server: Dash on Flask, on this machine alone, with everything it needs in the package."""

from __future__ import annotations

import contextlib
import logging
import re
import socket
import sys
import threading
import time
import webbrowser
from pathlib import Path

import dash
import flask
import plotly.graph_objects as go
from flask_compress import Compress

from assay.app import api, callbacks
from assay.app.site import Site
from assay.core.errors import AssayError
from assay.core.model import resolve

INDEX = """<!doctype html>
<html lang="en">
<head>
{%metas%}
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>{%title%}</title>
<link rel="icon" href="/assets/favicon.svg" type="image/svg+xml">
<script>
(() => {
  const kept = localStorage.getItem("theme");
  const dark = kept ? kept === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
  document.documentElement.dataset.theme = dark ? "dark" : "light";
  document.cookie = "theme=" + (dark ? "dark" : "light") + ";path=/;SameSite=Strict";
})();
</script>
{%css%}
</head>
<body>
{%app_entry%}
<footer>{%config%}{%scripts%}{%renderer%}</footer>
</body>
</html>"""
SCRIPT = re.compile(r'<script src="([^"]+)"')
REST = 4.0  # s between the start and the import of what only clicks need
# The browser itself refuses any request to another host.
POLICY = ("default-src 'self'; script-src 'self' 'unsafe-inline' 'unsafe-eval'; style-src 'self' 'unsafe-inline'; "
          "img-src 'self' data: blob:; font-src 'self' data:; worker-src 'self' blob:; frame-ancestors 'self'")


def create_app(home: str | Path, readonly: bool = False) -> dash.Dash:
    """Return the app over the store in a folder; the folder may still be empty.

    Parameters
    ----------
    home : path
    readonly : bool
        Write nothing, not even computed intervals beside the store.
    """
    site = Site(Path(home), readonly)
    app = dash.Dash("assay.app", title="assay", update_title=None, assets_folder=str(Path(__file__).parent / "assets"),
                    serve_locally=True, suppress_callback_exceptions=True, index_string=INDEX,
                    compress=False, include_assets_files=True)
    app.layout = lambda: callbacks.page(site)
    callbacks.register(app, site)
    server: flask.Flask = app.server
    server.config.update(COMPRESS_ALGORITHM=["gzip"], COMPRESS_LEVEL=5, COMPRESS_MIN_SIZE=1000,
                         COMPRESS_CACHE_BACKEND=Compressed, COMPRESS_CACHE_KEY=_unchanging,
                         COMPRESS_MIMETYPES=["text/html", "text/css", "text/csv", "text/plain", "application/json",
                                             "application/javascript", "text/javascript", "image/svg+xml"])
    Compress(server)
    api.register(server, site)
    site.pages.register(server, app.index)
    server.after_request(_headers)
    # Dash finishes its set-up at the first request, and a second one that comes meanwhile finds it half done.
    server.test_client().get("/health").close()
    app.assay_site = site
    return app


class Compressed(dict[str, bytes]):
    """Compressed scripts and styles: they stay as long as the server runs, so each is compressed once."""

    def set(self, key: str, data: bytes) -> None:
        """Keep the bytes, unless they belong to no address of a file."""
        if not key.endswith(";"):
            self[key] = data


def _unchanging(request: flask.Request) -> str:
    return request.full_path if request.path.startswith(("/_dash-component-suites/", "/assets/")) else ""


def _headers(response: flask.Response) -> flask.Response:
    if response.is_streamed and flask.request.path.startswith("/assets/"):
        # Read whole, a file can be compressed with gzip; as a stream it cannot.
        response.direct_passthrough = False
        response.get_data()
    response.headers.setdefault("Content-Security-Policy", POLICY)
    response.headers["X-Content-Type-Options"] = "nosniff"
    response.headers["Referrer-Policy"] = "same-origin"
    return response


def serve(home: str | Path, host: str = "127.0.0.1", port: int = 8050, open_browser: bool = False,
          readonly: bool = False) -> None:
    """Serve the app until interrupted; prints its address on stdout when it answers.

    Raises
    ------
    AssayError
        If the address cannot be used; exit code 2.
    """
    from werkzeug.serving import make_server

    app = create_app(home, readonly)
    logging.getLogger("werkzeug").setLevel(logging.WARNING)
    try:
        listening = socket.create_server((host, port))
    except (OSError, OverflowError) as error:
        raise AssayError(f"cannot serve on {host}:{port}: {error}",
                         "is the app running already? choose another with --port, or --port 0 for any") from error
    found = listening.getsockname()[1]
    server = make_server(host, found, app.server, threaded=True, fd=listening.fileno())
    address = f"http://{host}:{found}/"
    # Records are read while the browser starts.
    threading.Thread(target=warm, args=(app,), daemon=True).start()
    print(address, flush=True)
    if open_browser:
        webbrowser.open(address)
    try:
        server.serve_forever()
    except KeyboardInterrupt:
        print("stopped", file=sys.stderr)
    finally:
        server.server_close()


def warm(app: dash.Dash) -> None:
    """Read the records and judge them; then, when a first page has had time to load, import what a click needs."""
    site: Site = app.assay_site
    client = app.server.test_client()
    for script in SCRIPT.findall(client.get("/").text):
        client.get(script, headers={"Accept-Encoding": "gzip"}).close()
    for family in site.snapshot.families()[:1]:
        site.request(f"family={family}").board  # noqa: B018
    time.sleep(REST)
    for renderer in site.registry.renderers.values():
        with contextlib.suppress(Exception):  # the page says what is wrong with it when it is shown
            resolve(renderer)
    go.Figure(go.Scatter(x=[0.0], y=[0.0])).to_plotly_json()
