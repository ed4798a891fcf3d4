"""Artefacts on the page: the family's renderer for the kind, imported when first shown, else a plain one."""

from __future__ import annotations

import base64
import mimetypes
from collections.abc import Mapping
from typing import Any

from dash import html

from assay.core.errors import describe
from assay.core.model import resolve
from assay.core.registry import Registry

LONGEST = 20_000  # characters of a text that are shown


def show(registry: Registry, data: bytes, page: Mapping[str, Any]) -> Any:
    """Return the component that shows an artefact.

    Parameters
    ----------
    registry : Registry
        Its `renderers` by artefact kind come first.
    data : bytes
    page : mapping
        What the page knows: ``kind suffix label name benchmark model case values frame dark``.
    """
    reference = registry.renderers.get(str(page["kind"]))
    try:
        return resolve(reference)(data, page) if reference else PLAIN.get(str(page["kind"]), _text)(data, page)
    except Exception as error:  # a renderer is a third party's code, and the bytes may be anything
        return html.P(f"cannot be shown: {describe(error)}", className="error")


def _text(data: bytes, page: Mapping[str, Any]) -> Any:
    text = data.decode("utf-8", errors="replace")
    return html.Pre(text[:LONGEST] + (" …" if len(text) > LONGEST else ""), className="text", tabIndex=0)


def _image(data: bytes, page: Mapping[str, Any]) -> Any:
    kind = mimetypes.guess_type(f"x{page['suffix']}")[0] or "image/png"
    source = f"data:{kind};base64,{base64.b64encode(data).decode()}"
    return html.Img(src=source, alt=str(page["label"] or page["name"]), className="image")


PLAIN = {"text": _text, "transcript": _text, "table": _text, "image": _image, "heatmap": _image}
