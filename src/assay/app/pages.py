"""Pages that families bring: a Dash layout inside this site, or a Flask blueprint that answers by itself."""

from __future__ import annotations

from typing import Any

import flask
from dash import html

from assay.core.errors import describe
from assay.core.model import resolve
from assay.core.registry import Page, Registry

METHODS = ["GET", "POST", "PUT", "PATCH", "DELETE"]


class OwnPages:
    """The registered pages; what makes one is imported when it is first asked for."""

    def __init__(self, registry: Registry) -> None:
        self.pages = registry.pages
        self._mounted: dict[str, flask.Flask] = {}

    def layout(self, path: str) -> Any:
        """Return the content of the page at a path, or None if it is none of these pages."""
        page = self.pages.get(path)
        return None if page is None else self._made(page)

    def register(self, server: flask.Flask, index: Any) -> None:
        """Add the routes; `index` answers with the site's own frame, into which a layout goes."""
        for page in self.pages.values():
            def view(page: Page = page, **rest: str) -> Any:
                content = self._made(page)
                return self._ask(page, content) if isinstance(content, flask.Blueprint) else index()

            for rule in (page.path, f"{page.path.rstrip('/')}/<path:rest>"):
                server.add_url_rule(rule, f"page {rule}", view, methods=METHODS)

    def _made(self, page: Page) -> Any:
        try:
            return resolve(page.content)()
        except Exception as error:  # a page is a third party's code
            return html.P(f"{page.title} cannot be shown: {describe(error)}", className="error")

    def _ask(self, page: Page, blueprint: flask.Blueprint) -> Any:
        """Let the blueprint answer, as if the page's path were the root."""
        if page.path not in self._mounted:
            # An application of its own: this one takes no new routes once it has answered.
            self._mounted[page.path] = flask.Flask(blueprint.import_name)
            self._mounted[page.path].register_blueprint(blueprint)
        environment = dict(flask.request.environ)
        environment["SCRIPT_NAME"] = page.path.rstrip("/")
        environment["PATH_INFO"] = flask.request.path.removeprefix(page.path.rstrip("/")) or "/"
        return flask.Response.from_app(self._mounted[page.path].wsgi_app, environment, buffered=True)
