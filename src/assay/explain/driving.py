"""Rendered driving frames in which it is known what decides steering and speed, and what is only there.

A road seen from a car, in its right-hand lane. Steering follows the road's curve and the car's place in the lane;
velocity follows the gap to the car ahead and a red light. Trees, signs and pedestrians decide nothing.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from assay.explain.blocks import in_blocks
from assay.explain.smooth import blend

if TYPE_CHECKING:
    from torch import Tensor

HEIGHT, WIDTH = 48, 80
KINDS = ("lane_marks", "lead_car", "red_light", "green_light", "tree", "sign", "pedestrian")
TARGETS = ("steering", "velocity")
LABELS = ("curve left", "curve right", "car ahead", "red light", "green light", "sign", "pedestrian")

# How often a thing is there. Lights: red, green, none.
CAR, LIGHTS, TREES, SIGN, PEDESTRIAN = 0.6, (0.35, 0.25, 0.4), (0.75, 0.75, 0.75), 0.45, 0.5

# Pixels at the lower border: half a lane, the way the lane moves when the car does, and at the horizon by a full curve.
LANE, DRIFT, BEND = 16.0, 11.0, 22.0
NEAREST, FARTHEST = 0.62, 0.2  # where the car ahead stands; 1 is the lower border, 0 the horizon

CAR_COLOURS = np.array([(0.85, 0.86, 0.88), (0.55, 0.57, 0.6), (0.16, 0.27, 0.55), (0.12, 0.12, 0.14),
                        (0.42, 0.1, 0.12), (0.8, 0.7, 0.35)])
SIGN_COLOURS = np.array([(0.15, 0.3, 0.75), (0.95, 0.8, 0.15), (0.92, 0.92, 0.92)])
CLOTHES = np.array([(0.2, 0.3, 0.6), (0.75, 0.55, 0.2), (0.25, 0.45, 0.3), (0.5, 0.25, 0.5), (0.8, 0.8, 0.75)])
SKIN, DARK, POLE, MARK = (0.85, 0.65, 0.5), (0.08, 0.08, 0.1), (0.35, 0.36, 0.38), (0.93, 0.93, 0.88)
LIT = {"red_light": (1.0, 0.12, 0.1), "green_light": (0.15, 0.95, 0.35)}

Field = np.ndarray


def render(n: int, seed: int = 0) -> tuple[Tensor, Tensor, dict[str, Tensor]]:
    """Return `n` frames with what a driver does and where everything is.

    Parameters
    ----------
    n : int
    seed : int
        The same seed gives the same frames, frame i whatever `n` is.

    Returns
    -------
    images : tensor of float32 [N, 3, 48, 80]
        In 0..1.
    targets : tensor of float32 [N, 2]
        Steering, -1 (left) to 1 (right): 0.7 curve - 0.3 offset. Velocity, 0 to 1: 1 on a free road, 0.1 + 0.8 gap
        behind a car, a quarter of that at a red light.
    masks : dict of str to tensor of bool [N, 48, 80]
        The visible pixels of each of `KINDS`; all False where there is none. A light's are those of its lit lamp.

    Raises
    ------
    AssayError
        If `n` is less than 1, or the seed is negative.
    """
    frames = drive(n, seed)
    return frames.images, frames.targets, frames.masks


@dataclass(frozen=True)
class Frames:
    """What `drive` renders: as `render` describes it, and the scene labels [N, 7] of `LABELS` as 0 and 1."""

    images: Tensor
    targets: Tensor
    labels: Tensor
    masks: dict[str, Tensor]


def drive(n: int, seed: int = 0) -> Frames:
    """Return frames with everything that is known of them; parameters and errors as for `render`."""
    import torch

    images, targets, labels, owner = (torch.from_numpy(part) for part in in_blocks("driving frames", n, seed, _block))
    return Frames(images, targets, labels, {kind: owner == i for i, kind in enumerate(KINDS)})


class Canvas:
    """N frames that are painted back to front, and which kind of thing each pixel shows."""

    def __init__(self, n: int, rng: np.random.Generator) -> None:
        self.n, self.rng = n, rng
        self.images = np.zeros((n, 3, HEIGHT, WIDTH), np.float32)
        self.owner = np.full((n, HEIGHT, WIDTH), -1, np.int8)
        self.y = (np.arange(HEIGHT, dtype=np.float32) + 0.5)[:, None]
        self.x = (np.arange(WIDTH, dtype=np.float32) + 0.5)[None, :]

    def paint(self, inside: Field, colour: Field | tuple[float, ...], kind: str = "") -> None:
        """Give the pixels `inside` [N, H, W] a colour [3], [N, 3] or [N, 3, H, W]; what was there is gone."""
        colour = np.asarray(colour, np.float32)
        colour = colour if colour.ndim == 4 else np.broadcast_to(colour, (self.n, 3))[:, :, None, None]
        np.copyto(self.images, colour, where=inside[:, None])
        self.owner[inside] = KINDS.index(kind) if kind else -1

    def uniform(self, low: float, high: float) -> Field:
        """Return a number for each frame, [N, 1, 1]."""
        return self.rng.uniform(low, high, (self.n, 1, 1)).astype(np.float32)

    def happens(self, probability: float) -> Field:
        """Return for each frame whether something is there, [N, 1, 1]."""
        return self.rng.random((self.n, 1, 1)) < probability

    def side(self) -> Field:
        """Return -1 (left) or 1 (right) for each frame, [N, 1, 1]."""
        return np.where(self.happens(0.5), 1.0, -1.0).astype(np.float32)

    def smooth(self, rows: int, columns: int, amount: float) -> Field:
        """Return smooth noise [N, H, W] with that many knots, in -amount..amount."""
        knots = self.rng.uniform(-amount, amount, (self.n, rows, columns)).astype(np.float32)
        return blend(HEIGHT, rows) @ knots @ blend(WIDTH, columns).T

    def box(self, x: Field, bottom: Field, width: Field, height: Field) -> Field:
        """Return the pixels [N, H, W] of an upright box that stands at `x` on `bottom`."""
        return (abs(self.x - x) <= width / 2) & (self.y <= bottom) & (self.y >= bottom - height)

    def disc(self, x: Field, y: Field, radius: Field, flat: float = 1.0) -> Field:
        """Return the pixels of an ellipse, `flat` times as high as wide."""
        return ((self.x - x) / radius) ** 2 + ((self.y - y) / (radius * flat)) ** 2 <= 1


@dataclass(frozen=True)
class Road:
    """Where things stand: `near` is 1 at the lower border and 0 at the horizon; sizes shrink with it."""

    horizon: Field  # [N, 1, 1], row
    curve: Field  # -1 (left) to 1 (right)
    offset: Field  # of the car from the middle of its lane, -1 (left) to 1

    def row(self, near: Field) -> Field:
        """Return the row of the ground."""
        return self.horizon + near * (HEIGHT - self.horizon)

    def middle(self, near: Field) -> Field:
        """Return the column of the middle of the car's own lane."""
        return WIDTH / 2 - DRIFT * self.offset * near + BEND * self.curve * (1 - near) ** 2

    def column(self, near: Field, aside: Field) -> Field:
        """Return the column of a place, in half lanes aside of the middle of the own lane."""
        return self.middle(near) + aside * LANE * near


def _block(n: int, rng: np.random.Generator) -> tuple[Field, Field, Field, Field]:
    canvas = Canvas(n, rng)
    road = Road(19 + canvas.uniform(-1.5, 1.5), canvas.uniform(-1, 1), canvas.uniform(-1, 1))
    _land(canvas, road)
    _road(canvas, road)
    for probability in TREES:
        _tree(canvas, road, canvas.happens(probability))
    sign, pedestrian, car = canvas.happens(SIGN), canvas.happens(PEDESTRIAN), canvas.happens(CAR)
    _sign(canvas, road, sign)
    _pedestrian(canvas, road, pedestrian)
    drawn = rng.choice(3, size=(n, 1, 1), p=LIGHTS)
    lights = {"red_light": drawn == 0, "green_light": drawn == 1}
    place = _mast(canvas, road, drawn < 2)
    gap = canvas.uniform(0, 1)
    _car(canvas, road, car, gap)
    _lamps(canvas, place, lights)
    _weather(canvas)
    steering = 0.7 * road.curve - 0.3 * road.offset
    velocity = np.where(car, 0.1 + 0.8 * gap, 1.0) * np.where(lights["red_light"], 0.25, 1.0)
    labels = [road.curve < -0.3, road.curve > 0.3, car, *lights.values(), sign, pedestrian]
    return canvas.images, _columns(steering, velocity), _columns(*labels), canvas.owner


def _land(canvas: Canvas, road: Road) -> None:
    """Sky with clouds, hills at the horizon, grass."""
    up = np.clip((road.horizon - canvas.y) / 20, 0, 1) + 0 * canvas.x
    cloud = np.clip(canvas.smooth(5, 6, 1.0) * 1.6, 0, 1)[:, None] * 0.5
    sky = np.stack([0.82 - 0.5 * up, 0.88 - 0.32 * up, 0.95 - 0.1 * up], axis=1)
    canvas.images[:] = sky * (1 - cloud) + 0.97 * cloud
    ridge = road.horizon - 2.5 - canvas.smooth(2, 7, 2.2)[:, :1]
    blue = canvas.uniform(0.75, 1.15)[..., None]
    canvas.paint(canvas.y >= ridge, np.broadcast_to(blue * np.reshape((0.42, 0.52, 0.56), (3, 1, 1)),
                                                    canvas.images.shape))
    meadow = (1 + canvas.smooth(12, 16, 0.25))[:, None] * np.reshape((0.36, 0.5, 0.24), (3, 1, 1))
    canvas.paint((canvas.y >= road.horizon) & (canvas.x > 0), meadow)


def _road(canvas: Canvas, road: Road) -> None:
    """Pavement, asphalt of two lanes, solid lines at its sides, a broken one between the lanes."""
    near = np.clip((canvas.y - road.horizon) / (HEIGHT - road.horizon), 0, None)
    ground = near > 0
    aside = (canvas.x - road.middle(near)) / np.maximum(LANE * near, 0.3)
    canvas.paint(ground & (aside > -4.1) & (aside < 2.1), (0.62, 0.6, 0.57))
    asphalt = (0.3 + canvas.smooth(10, 8, 0.035))[:, None] * np.reshape((1.0, 1.0, 1.06), (3, 1, 1))
    canvas.paint(ground & (aside > -3.25) & (aside < 1.25), asphalt)
    # Lines keep most of a pixel where the road is far, or they would come and go with the raster.
    thick = np.maximum(0.07, 0.42 / np.maximum(LANE * near, 0.3))
    sides = (abs(aside - 1) < thick) | (abs(aside + 3) < thick)
    dash = np.sin(5.2 / np.maximum(near, 0.05) + canvas.uniform(0, 6.28)) > -0.2
    lines = sides | ((abs(aside + 1) < thick) & dash)
    canvas.paint(ground & (near > 0.03) & lines, MARK, "lane_marks")


def _tree(canvas: Canvas, road: Road, there: Field) -> None:
    near, side = canvas.uniform(0.1, 0.5), canvas.side()
    x = road.column(near, side * canvas.uniform(2.8, 5.5) - 1 + (side < 0) * -0.6)
    bottom, size = road.row(near), (4 + 26 * near) * canvas.uniform(0.8, 1.2)
    canvas.paint(there & canvas.box(x, bottom, 0.16 * size + 0.6, 0.6 * size), (0.33, 0.22, 0.13), "tree")
    green = canvas.uniform(0.7, 1.2)[:, 0] * np.array([(0.17, 0.37, 0.16)])
    crown = canvas.disc(x, bottom - 0.8 * size, 0.42 * size, 1.15)
    canvas.paint(there & crown, green, "tree")
    canvas.paint(there & crown & canvas.disc(x - 0.12 * size, bottom - 0.95 * size, 0.2 * size), green * 1.3, "tree")


def _sign(canvas: Canvas, road: Road, there: Field) -> None:
    near, side = canvas.uniform(0.28, 0.5), canvas.side()
    x = road.column(near, np.where(side > 0, 1.7, -3.7))
    bottom, radius = road.row(near), 1.5 + 4.5 * near
    top = bottom - 22 * near
    canvas.paint(there & canvas.box(x, bottom, 0 * x + 1.0, bottom - top), POLE, "sign")
    colour = SIGN_COLOURS[canvas.rng.integers(0, len(SIGN_COLOURS), canvas.n)]
    round_ = canvas.happens(0.5)
    diamond = abs(canvas.x - x) + abs(canvas.y - top) <= radius * 1.2
    board = np.where(round_, canvas.disc(x, top, radius), diamond)
    small = np.where(round_, canvas.disc(x, top, radius * 0.5), canvas.box(x, top + 0.5, radius, 0 * x + 1))
    canvas.paint(there & board, colour, "sign")
    canvas.paint(there & board & small, np.clip(1.1 - colour, 0, 0.9), "sign")


def _pedestrian(canvas: Canvas, road: Road, there: Field) -> None:
    near, side = canvas.uniform(0.32, 0.6), canvas.side()
    x = road.column(near, np.where(side > 0, canvas.uniform(1.5, 2.0), canvas.uniform(-4.0, -3.5)))
    bottom, tall = road.row(near), 6 + 16 * near
    coat, trousers = (CLOTHES[canvas.rng.integers(0, len(CLOTHES), canvas.n)] for _ in range(2))
    wide = 0.26 * tall
    legs = canvas.box(x, bottom, wide * 0.8, 0.45 * tall) & (abs(canvas.x - x) > 0.09 * wide)
    canvas.paint(there & legs, 0.6 * trousers, "pedestrian")
    canvas.paint(there & canvas.box(x, bottom - 0.42 * tall, wide, 0.4 * tall), coat, "pedestrian")
    canvas.paint(there & canvas.disc(x, bottom - 0.9 * tall, 0.115 * tall), SKIN, "pedestrian")


def _mast(canvas: Canvas, road: Road, there: Field) -> tuple[Field, Field]:
    """Paint a traffic light's pole and box; return the column and the row of the box's middle."""
    near = canvas.uniform(0.3, 0.45)
    x, bottom = road.column(near, 1.5 + 0 * near), road.row(near)
    x = np.clip(x, 6, WIDTH - 6)
    middle = np.maximum(bottom - 38 * near, 7)
    canvas.paint(there & canvas.box(x, bottom, 0 * x + 1.2, bottom - middle), POLE)
    canvas.paint(there & canvas.box(x, middle + 5.5, 0 * x + 6, 0 * x + 11), DARK)
    return x, middle


def _lamps(canvas: Canvas, place: tuple[Field, Field], lights: dict[str, Field]) -> None:
    """Paint the box once more, for what stands in front of the pole does not hide it, and the lit lamp."""
    x, middle = place
    canvas.paint((lights["red_light"] | lights["green_light"])
                 & canvas.box(x, middle + 5.5, 0 * x + 6, 0 * x + 11), DARK)
    for kind, below in (("red_light", -2.7), ("green_light", 2.7)):
        canvas.paint(lights[kind] & canvas.disc(x, middle + below, 0 * x + 2.3), LIT[kind], kind)


def _car(canvas: Canvas, road: Road, there: Field, gap: Field) -> None:
    """Paint the car ahead; a gap of 0 is the nearest, 1 the farthest; depth goes as 1 over nearness."""
    near = 1 / (1 / NEAREST + gap * (1 / FARTHEST - 1 / NEAREST))
    x, bottom, wide = road.middle(near), road.row(near), 1.45 * LANE * near
    colour = CAR_COLOURS[canvas.rng.integers(0, len(CAR_COLOURS), canvas.n)] * canvas.uniform(0.85, 1.1)[:, 0]
    for parts, paint in (
            (canvas.box(x, bottom + 0.06 * wide, wide * 0.95, 0.14 * wide), np.array(DARK)),
            (canvas.box(x, bottom - 0.02 * wide, wide, 0.42 * wide), colour),
            (canvas.box(x, bottom - 0.4 * wide, wide * 0.78, 0.34 * wide), colour * 0.9),
            (canvas.box(x, bottom - 0.45 * wide, wide * 0.64, 0.22 * wide), np.array((0.2, 0.25, 0.3))),
            (canvas.box(x, bottom - 0.1 * wide, wide * 0.3, 0.1 * wide), np.array((0.8, 0.8, 0.75))),
            (canvas.box(x - 0.4 * wide, bottom - 0.26 * wide, wide * 0.14, 0.1 * wide)
             | canvas.box(x + 0.4 * wide, bottom - 0.26 * wide, wide * 0.14, 0.1 * wide), np.array((0.5, 0.08, 0.08)))):
        canvas.paint(there & parts, paint, "lead_car")


def _weather(canvas: Canvas) -> None:
    """Light of the day, and the camera's noise."""
    canvas.images *= canvas.uniform(0.75, 1.05)[..., None]
    canvas.images += 0.02 * canvas.rng.standard_normal(canvas.images.shape, dtype=np.float32)
    np.clip(canvas.images, 0, 1, out=canvas.images)


def _columns(*values: Field) -> Field:
    return np.stack([value.reshape(-1) for value in values], axis=1).astype(np.float32)
