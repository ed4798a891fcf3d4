"""app: the leaderboard in a browser."""

from __future__ import annotations

import click


@click.command(short_help="Open the leaderboard in a browser.")
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen at.")
@click.option("--port", type=click.IntRange(0, 65535), default=8050, show_default=True, help="0 picks a free one.")
@click.option("--open", "open_browser", is_flag=True, help="Open it in the default browser.")
@click.option("--readonly", is_flag=True, help="Write nothing into the results folder, not even intervals.")
def app(host: str, port: int, open_browser: bool, readonly: bool) -> None:
    """Serve the leaderboard; prints its address when it answers, ends with Ctrl-C."""
    from assay.app.server import serve
    from assay.core import config

    serve(config.home(), host, port, open_browser, readonly)
