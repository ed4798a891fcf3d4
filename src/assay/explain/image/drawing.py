"""One sample's relevance as a picture, whatever the sample is: an image, a signal, a volume, a row of tokens."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import Any

import numpy as np

from assay.core.errors import AssayError
from assay.explain.image.colours import paint
from assay.explain.image.heatmaps import nearest, overlay, picture, to_array, to_rgb, unit

LONGEST = 2400  # pixels of a strip; of a longer signal neighbours share one
FINER = 3  # curves and letters are drawn this many times finer and then averaged
INK, PAPER = (24, 24, 24), (255, 255, 255)


def draw(relevance: Any, inputs: Any = None, layout: str = "image", *, cmap: str | Sequence[str] = "coldnhot",
         percentile: float | None = None, alpha: float = 0.0, texts: Sequence[str] = ()) -> np.ndarray:
    """Return a picture of one sample's relevance, ``uint8`` [H, W, 3].

    Parameters
    ----------
    relevance : array or tensor
        [H, W] or [C, H, W] of an image, [T] or [C, T] of a signal, [D, H, W] or [C, D, H, W] of a volume, [T] or
        [T, D] of tokens.
    inputs : array or tensor, optional
        What is explained, for images and volumes in 0..1; the curve of a signal.
    layout : {"image", "signal", "volume", "tokens", "array"}
        An array is drawn as what it has axes for.
    cmap, percentile
        As in `to_rgb`.
    alpha : float
        0 shows the heatmap alone; above, an overlay with this share of the heatmap.
    texts : sequence of str
        What stands in the tokens' cells.

    Raises
    ------
    AssayError
        If the relevance does not have the layout's axes.
    """
    values = to_array(relevance)
    if layout == "tokens":
        return tokens(values.sum(axis=-1) if values.ndim == 2 else values, texts, cmap=cmap, percentile=percentile)
    if layout == "volume" or (layout == "array" and values.ndim == 4):
        return volume(values, inputs, cmap=cmap, percentile=percentile, alpha=alpha)
    if layout == "signal" or (layout == "array" and values.ndim < 3 and (values.ndim == 1 or inputs is not None)):
        return signal(values, inputs, cmap=cmap, percentile=percentile)
    stack = values[None] if values.ndim > 1 else values
    if alpha > 0 and inputs is not None:
        return overlay(to_array(inputs)[None], stack, alpha, cmap, percentile=percentile)[0]
    return to_rgb(stack, cmap, percentile=percentile)[0]


def signal(relevance: Any, curve: Any = None, *, cmap: str | Sequence[str] = "coldnhot",
           percentile: float | None = None, width: int = 640, height: int = 96) -> np.ndarray:
    """Return one strip of relevance for each channel, with the channel's curve over it.

    Parameters
    ----------
    relevance : array or tensor [T] or [C, T]
    curve : array or tensor [T] or [C, T], optional
    cmap, percentile
        As in `to_rgb`; all channels have one scale.
    width, height : int
        Pixels of a strip; a longer signal than `width` gets one pixel a value, up to 2400. Beyond, neighbours share
        a pixel, which shows the one with the largest |R|.

    Raises
    ------
    AssayError
        If the curve has another shape than the relevance.
    """
    values = np.atleast_2d(to_array(relevance))
    lines = None if curve is None else np.atleast_2d(to_array(curve))
    if values.ndim != 2 or (lines is not None and lines.shape != values.shape):
        raise AssayError(f"signal of shape {np.shape(curve)} and relevance of shape {values.shape}: "
                         "expected [T] or [C, T] for both")
    if values.shape[1] > LONGEST:
        values = _strongest(values, LONGEST)
    width = max(width, values.shape[1])
    strips = nearest(paint(unit(values[None], percentile=percentile)[0], cmap)[None], (len(values), width))[0]
    rows = [np.repeat(strip[None], height, axis=0) for strip in strips]
    if lines is not None:
        rows = [_with_curve(row, line, cmap) for row, line in zip(rows, lines, strict=True)]
    gap = np.full((3, width, 3), 255, np.uint8)
    return np.concatenate([part for row in rows for part in (row, gap)][:-1])


def _strongest(values: np.ndarray, count: int) -> np.ndarray:
    """Return [C, count] of [C, T]: of neighbours that share a place the one with the largest size."""
    edges = np.linspace(0, values.shape[1], count + 1).astype(int)
    return np.stack([part[np.arange(len(part)), np.abs(part).argmax(axis=1)]
                     for part in (values[:, a:b] for a, b in itertools.pairwise(edges))], axis=1)


def volume(relevance: Any, inputs: Any = None, *, cmap: str | Sequence[str] = "coldnhot",
           percentile: float | None = None, alpha: float = 0.0, side: int = 160) -> np.ndarray:
    """Return the three middle slices of a volume's relevance side by side; the input's slices above them.

    Parameters
    ----------
    relevance : array or tensor [D, H, W] or [C, D, H, W]
    inputs : array or tensor, optional
        Of the same shape, in 0..1; the mean over its channels is drawn.
    cmap, percentile
        As in `to_rgb`; all slices have one scale.
    alpha : float
        Above 0, the heatmap is laid over the input.
    side : int
        Slices are enlarged by a whole number to about this many pixels.

    Raises
    ------
    AssayError
        If the shapes are others.
    """
    values = to_array(relevance)
    values = values.sum(axis=0) if values.ndim == 4 else values
    shown = None if inputs is None else to_array(inputs)
    shown = shown.mean(axis=0) if shown is not None and shown.ndim == 4 else shown
    if values.ndim != 3 or (shown is not None and shown.shape != values.shape):
        raise AssayError(f"volume of shape {np.shape(inputs)} and relevance of shape {np.shape(relevance)}: "
                         "expected [D, H, W] or [C, D, H, W] for both")
    scale = max(1, round(side / max(values.shape)))
    heat = [paint(part, cmap) for part in _middles(unit(values[None], percentile=percentile)[0])]
    if shown is None:
        return _row(heat, scale)
    below = [picture(part[None, None])[0] for part in _middles(shown)]
    if alpha > 0:
        return _row([np.rint((1 - alpha) * b + alpha * h).astype(np.uint8)
                     for b, h in zip(below, heat, strict=True)], scale)
    return np.concatenate([_row(below, scale), _row(heat, scale)[4:]])


def tokens(relevance: Any, texts: Sequence[str] = (), *, cmap: str | Sequence[str] = "coldnhot",
           percentile: float | None = None, width: int = 720, size: int = 16) -> np.ndarray:
    """Return tokens in cells that have the colour of their relevance, in lines of about `width` pixels.

    Parameters
    ----------
    relevance : array or tensor [T]
    texts : sequence of str, optional
        As many as tokens; their numbers without it.
    cmap, percentile
        As in `to_rgb`.
    width, size : int
        Pixels of a line and of the letters.

    Raises
    ------
    AssayError
        If there are more or fewer texts than tokens.
    """
    from PIL import Image, ImageDraw, ImageFont

    values = to_array(relevance)
    texts = list(texts) or [str(i) for i in range(values.size)]
    if values.ndim != 1 or not values.size or len(texts) != len(values):
        raise AssayError(f"{len(texts)} texts for relevance of shape {values.shape}: expected [T] and T texts")
    colours = paint(unit(values[None], percentile=percentile)[0], cmap)
    font = ImageFont.load_default(size)
    shown = [text.replace("\n", "\\n") or " " for text in texts]
    cells = _flow([round(font.getlength(text)) + size for text in shown], width, 2 * size)
    right, bottom = max(x + w for x, _, w in cells), max(y for _, y, _ in cells) + 2 * size
    canvas = Image.new("RGB", (right + 2, bottom + 2), PAPER)
    pen = ImageDraw.Draw(canvas)
    for (x, y, w), text, colour in zip(cells, shown, colours, strict=True):
        pen.rectangle((x, y, x + w - 3, y + 2 * size - 3), fill=tuple(int(c) for c in colour))
        pen.text((x + w / 2 - 1, y + size - 1), text, fill=INK if _bright(colour) else PAPER, font=font, anchor="mm")
    return np.asarray(canvas)


def _flow(widths: Sequence[int], width: int, step: int) -> list[tuple[int, int, int]]:
    """Return (x, y, width) of cells that stand in lines like words."""
    cells, x, y = [], 2, 2
    for wide in widths:
        if x > 2 and x + wide > width:
            x, y = 2, y + step
        cells.append((x, y, wide))
        x += wide
    return cells


def _middles(values: np.ndarray) -> list[np.ndarray]:
    return [np.take(values, values.shape[axis] // 2, axis=axis) for axis in range(3)]


def _row(slices: Sequence[np.ndarray], scale: int, margin: int = 4) -> np.ndarray:
    """Return pictures of different sizes side by side, enlarged, centred, with a margin around each."""
    large = [part.repeat(scale, axis=0).repeat(scale, axis=1) for part in slices]
    height = max(len(part) for part in large)
    row = np.full((height + 2 * margin, sum(part.shape[1] + margin for part in large) + margin, 3), 255, np.uint8)
    left = margin
    for part in large:
        top = margin + (height - len(part)) // 2
        row[top:top + len(part), left:left + part.shape[1]] = part
        left += part.shape[1] + margin
    return row


def _with_curve(strip: np.ndarray, line: np.ndarray, cmap: str | Sequence[str]) -> np.ndarray:
    """Return the strip with a curve over it, in the colour that the map's centre is not, inside a halo."""
    from PIL import Image, ImageDraw

    height, width = strip.shape[:2]
    low, high = float(line.min()), float(line.max())
    level = (line - low) / (high - low) if high > low else np.full_like(line, 0.5)
    across = (np.arange(line.size) + 0.5) * width / line.size * FINER
    points = list(zip(across.tolist(), ((0.92 - 0.84 * level) * height * FINER).tolist(), strict=True))
    canvas = Image.fromarray(strip).resize((width * FINER, height * FINER), Image.Resampling.NEAREST)
    pen = ImageDraw.Draw(canvas)
    ink, halo = (INK, PAPER) if _bright(paint(np.array(0.5), cmap)) else (PAPER, INK)
    for colour, thick in ((halo, 4 * FINER), (ink, 2 * FINER)):
        pen.line(points, fill=colour, width=thick, joint="curve")
    return np.asarray(canvas.resize((width, height), Image.Resampling.BOX))


def _bright(colour: np.ndarray) -> bool:
    return bool(np.asarray(colour, float) @ (0.299, 0.587, 0.114) > 140)
