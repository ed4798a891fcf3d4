"""Heatmaps in the app: the stacked pictures of an artefact, and each picture as a file of its own."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

import numpy as np

from assay.core.errors import AssayError, did_you_mean
from assay.explain.heatmap import Heatmap, unpack
from assay.explain.image.colours import CMAPS, colour_stops, paint
from assay.explain.image.drawing import signal, volume
from assay.explain.image.heatmaps import picture, unit
from assay.explain.image.sheets import enlarge

PARTS = ("input", "relevance", "mask", "overlay")
CMAP, OPACITY = "coldnhot", 70
LARGEST = 4096  # pixels of a side; more is no picture for a page
WIDTH = 384  # pixels on the page that a small picture is enlarged to


def image(data: bytes, query: Mapping[str, str]) -> tuple[bytes, str]:
    """Return one picture of a heatmap, and its media type.

    Parameters
    ----------
    data : bytes
        Of the artefact.
    query : mapping
        ``what``: input, relevance, mask (white and opaque where it is, transparent elsewhere) or overlay (the
        default); ``cmap``; ``alpha``, the heatmap's share of an overlay (0.5); ``scale``, pixels for each one (1);
        ``line``: of a mask only the outline, so many pixels wide (0: all of it).

    Raises
    ------
    AssayError
        If an entry has a wrong value, or there is no mask.
    """
    found = unpack(data)
    what = _one_of("what", query.get("what", "overlay"), PARTS)
    cmap = query.get("cmap") or found.cmap or CMAP
    colour_stops(cmap)
    alpha, scale = _number("alpha", query.get("alpha", "0.5"), 0, 1), _number("scale", query.get("scale", "1"), 1, 64)
    pixels = _drawn(found, what, cmap, alpha)
    if max(pixels.shape[:2]) * int(scale) > LARGEST:
        raise AssayError(f"scale={scale:g} makes a picture of more than {LARGEST} pixels", "choose a smaller one")
    large, line = enlarge(pixels, int(scale)), int(_number("line", query.get("line", "0"), 0, 16))
    return _png(_outlined(large, line) if what == "mask" and line else large), "image/png"


def heatmap(data: bytes, page: Mapping[str, Any]) -> Any:
    """Return the stacked pictures of a heatmap, with a slider, a choice of maps, and other methods' maps beside.

    Parameters
    ----------
    data : bytes
        Of the artefact.
    page : mapping
        What the page knows; of it ``opacity`` (0..100), ``cmap``, ``model`` and ``others`` (the same case's
        artefacts of other models: ``model sha256 href``) are used, and may be absent.
    """
    from dash import html

    found = unpack(data)
    sha256 = hashlib.sha256(data).hexdigest()
    asked = str(page.get("cmap") or found.cmap or CMAP)
    cmap = asked if _is_map(asked) else CMAP
    given = page.get("opacity")
    opacity = OPACITY if given in (None, "") else min(100, max(0, int(given)))
    scale = max(1, WIDTH // max(_drawn(found, "input", CMAP, 0).shape[:2]))
    stack = [html.Img(src=_address(sha256, what="input", scale=scale), className="input", alt="the input"),
             html.Img(src=_address(sha256, what="relevance", cmap=cmap, scale=scale), className="relevance",
                      alt=f"relevance by {page.get('model', 'the method')}", style={"opacity": opacity / 100})]
    if found.mask is not None:
        stack.append(html.Img(src=_address(sha256, what="mask", scale=scale, line=2), className="mask",
                              alt="what is known to decide"))
    note = None if cmap == asked else html.P(f"no colour map {asked[:60]!r}: drawn with {cmap}", className="error")
    return html.Div([note, html.Div(stack, className="stack"), _controls(opacity, cmap, found.mask is not None),
                     _scale(found, cmap), _others(page.get("others") or (), cmap)], className="heatmap")


def _controls(opacity: int, cmap: str, mask: bool) -> Any:
    from dash import dcc, html

    slider = html.Label([html.Span("Heatmap", className="label"), dcc.Input(
        type="range", id="opacity", min=0, max=100, step=1, value=opacity)], className="field")
    maps = html.Select([html.Option(name, value=name) for name in dict.fromkeys([*CMAPS, cmap])], id="cmap",
                       title="colour map", **{"data-set": "cmap", "data-value": cmap, "aria-label": "colour map"})
    toggle = html.Button("Mask", id="mask", **{"aria-pressed": "true"}) if mask else None
    return html.Div([slider, maps, toggle], className="heatmap-controls")


def _scale(found: Heatmap, cmap: str) -> Any:
    """Return the bar that says which colour is how much relevance."""
    from dash import html

    largest = float(np.abs(found.relevance).max())
    colours = ", ".join(f"rgb({r} {g} {b})" for r, g, b in paint(np.linspace(0, 1, 33), cmap).tolist())
    return html.Div([html.Span(f"{-largest:.3g}"), html.Span(className="ramp", style={
        "background": f"linear-gradient(to right, {colours})"}), html.Span(f"{largest:.3g}")],
        className="heatmap-scale", title="relevance of a place; 0 is the middle")


def _others(others: Any, cmap: str) -> Any:
    from dash import html

    links = [html.A([html.Img(src=_address(one["sha256"], what="relevance", cmap=cmap), alt=""),
                     html.Span(one["model"])], href=one["href"], title=one["model"], **{"data-go": "1"})
             for one in others]
    return html.Div(links, className="thumbnails", **{"aria-label": "other methods on this case"}) if links else None


def _address(sha256: str, **query: Any) -> str:
    return f"/artefact/{sha256}/image.png?{urlencode(query)}"


def _drawn(found: Heatmap, what: str, cmap: str, alpha: float) -> np.ndarray:
    axes = found.relevance.ndim
    if what == "mask":
        return _mask(found)
    if axes == 1:
        curve = found.input.mean(axis=0)
        return signal(np.zeros_like(found.relevance) if what == "input" else found.relevance,
                      None if what == "relevance" else curve, cmap="fff fff" if what == "input" else cmap)
    if axes == 3:
        shown = found.input.mean(axis=0)
        return volume(shown - 0.5, cmap="000 fff") if what == "input" else volume(
            found.relevance, shown if what == "overlay" else None, cmap=cmap, alpha=alpha)
    if axes != 2:
        raise AssayError(f"relevance of shape {found.relevance.shape} cannot be drawn: expected 1 to 3 axes")
    heat = paint(unit(found.relevance[None])[0], cmap)
    shown = found.input if len(found.input) in (1, 3) else found.input.mean(axis=0, keepdims=True)
    below = picture(shown[None])[0]
    if what == "overlay":
        return np.rint((1 - alpha) * below + alpha * heat).astype(np.uint8)
    return heat if what == "relevance" else below


def _mask(found: Heatmap) -> np.ndarray:
    if found.mask is None or found.mask.ndim != 2:
        raise AssayError("this heatmap has no mask that can be drawn")
    return np.repeat((255 * found.mask.astype(np.uint8))[..., None], 4, axis=2)


def _outlined(mask: np.ndarray, line: int) -> np.ndarray:
    """Return a white line along the inner side of the mask's edge, and a dark one along its outer side."""
    inside = mask[..., 3] > 0
    shrunk, grown = inside, inside
    for _ in range(line):
        shrunk, grown = ~_grown(~shrunk), _grown(grown)
    drawn = np.zeros_like(mask)
    drawn[inside & ~shrunk] = 255
    drawn[grown & ~inside] = (0, 0, 0, 160)
    return drawn


def _grown(inside: np.ndarray) -> np.ndarray:
    """Return the mask with the four neighbours of each of its pixels."""
    padded = np.pad(inside, 1, mode="edge")
    return padded[1:-1, 1:-1] | padded[:-2, 1:-1] | padded[2:, 1:-1] | padded[1:-1, :-2] | padded[1:-1, 2:]


def _is_map(name: str) -> bool:
    try:
        colour_stops(name)
    except AssayError:
        return False
    return True


def _png(pixels: np.ndarray) -> bytes:
    from PIL import Image

    stream = io.BytesIO()
    Image.fromarray(np.ascontiguousarray(pixels)).save(stream, format="PNG")
    return stream.getvalue()


def _one_of(name: str, value: str, known: Any) -> str:
    if value not in known:
        raise AssayError(f"{name}={value[:60]!r}: there is no such", did_you_mean(value[:60], known)
                         or f"expected one of {', '.join(known)}")
    return value


def _number(name: str, text: str, low: float, high: float) -> float:
    try:
        value = float(text)
    except ValueError:
        value = float("nan")
    if not low <= value <= high:
        raise AssayError(f"{name}={text[:60]!r}: expected a number from {low:g} to {high:g}")
    return value
