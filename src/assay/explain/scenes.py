"""Rendered scenes in which it is known what decides: the shape of the one red object is the class, nothing else is.

A smooth random background, noise, and 4 to 7 objects that do not touch. The other objects' colours, shapes, sizes and
places are drawn independently of the class, so only the pixels of the red object can tell it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from assay.explain.blocks import in_blocks
from assay.explain.smooth import blend

if TYPE_CHECKING:
    from torch import Tensor

SIZE = 64
SHAPES = ("disc", "square", "triangle", "cross", "ring")
RED = (0.88, 0.10, 0.10)
OTHERS = np.array([  # none is red: red exceeds the larger of green and blue by at most 0.06
    (0.16, 0.62, 0.22), (0.13, 0.36, 0.85), (0.92, 0.86, 0.18), (0.12, 0.74, 0.78), (0.72, 0.22, 0.80),
    (0.93, 0.93, 0.93), (0.14, 0.14, 0.16)], dtype=np.float32)
FEWEST, MOST = 4, 7
RADII = (6.0, 9.0)  # pixels, of the circle that holds the object
GAP = 1.5  # pixels between those circles, and to the border
TRIES = 60
REACH = 10  # half the side of the window that an object is painted in

Field = np.ndarray


def render(n: int, seed: int = 0) -> tuple[Tensor, Tensor, Tensor]:
    """Return `n` scenes with their classes and what decides them.

    Parameters
    ----------
    n : int
    seed : int
        The same seed gives the same scenes, scene i whatever `n` is.

    Returns
    -------
    images : tensor of float32 [N, 3, 64, 64]
        In 0..1. Red minus the larger of green and blue is at least 0.5 on the red object and below 0.3 elsewhere.
    labels : tensor of int64 [N]
        Index into `SHAPES`.
    masks : tensor of bool [N, 64, 64]
        The pixels of the red object.

    Raises
    ------
    AssayError
        If `n` is less than 1, or the seed is negative.
    """
    import torch

    images, labels, masks = (torch.from_numpy(part) for part in in_blocks("scenes", n, seed, _block))
    return images, labels, masks


@dataclass(frozen=True)
class Objects:
    """The objects of N scenes, `MOST` places each; the first is the red one, places past `count` are empty."""

    count: Field  # [N]
    centre: Field  # [N, MOST, 2], (row, column) in pixels
    radius: Field  # [N, MOST]
    shape: Field  # [N, MOST], index into SHAPES
    colour: Field  # [N, MOST, 3]
    angle: Field  # [N, MOST], radians
    light: Field  # [N], direction of the light, radians


def _block(n: int, rng: np.random.Generator) -> tuple[Field, Field, Field]:
    objects = _objects(n, rng)
    owner, shade = _painted(objects)
    images = _background(n, rng)
    taken = owner >= 0
    scene, row, column = np.nonzero(taken)
    paint = objects.colour[scene, owner[taken]] * shade[taken][:, None]
    images[scene, :, row, column] = paint
    noise = 0.016 * rng.standard_normal(images.shape, dtype=np.float32)
    images += np.clip(noise, -0.04, 0.04)
    return np.clip(images, 0, 1), objects.shape[:, 0].astype(np.int64), owner == 0


def _objects(n: int, rng: np.random.Generator) -> Objects:
    count = rng.integers(FEWEST, MOST + 1, n)
    radius = rng.uniform(*RADII, (n, MOST))
    colour = OTHERS[rng.integers(0, len(OTHERS), (n, MOST))]
    colour[:, 0] = RED
    # One jitter for all three channels leaves the hue and what separates red from the others as they are.
    colour = colour + rng.uniform(-0.05, 0.05, (n, MOST, 1)).astype(np.float32)
    return Objects(count, _places(count, radius, rng), radius, rng.integers(0, len(SHAPES), (n, MOST)), colour,
                   rng.uniform(0, 2 * np.pi, (n, MOST)), rng.uniform(0, 2 * np.pi, n))


def _places(count: Field, radius: Field, rng: np.random.Generator) -> Field:
    """Return centres [N, MOST, 2] whose circles neither touch each other nor the border."""
    n = len(count)
    centre = np.empty((n, MOST, 2))
    todo = np.arange(n)
    while len(todo):
        placed, stuck = _attempt(count[todo], radius[todo], rng)
        centre[todo] = placed
        todo = todo[stuck]
    return centre


def _attempt(count: Field, radius: Field, rng: np.random.Generator) -> tuple[Field, Field]:
    """Return centres, and in which scenes an object found no room: those are begun anew."""
    n = len(count)
    centre, stuck = np.full((n, MOST, 2), -1e3), np.zeros(n, bool)
    for place in range(MOST):
        margin = radius[:, place, None, None] + GAP
        drawn = margin + rng.random((n, TRIES, 2)) * (SIZE - 2 * margin)
        distance = np.linalg.norm(drawn[:, :, None] - centre[:, None, :place], axis=3)
        free = (distance > (radius[:, :place] + radius[:, place, None] + GAP)[:, None]).all(axis=2)
        wanted = count > place
        stuck |= wanted & ~free.any(axis=1)
        chosen = drawn[np.arange(n), free.argmax(axis=1)]  # the first that is free
        centre[wanted, place] = chosen[wanted]
    return centre, stuck


def _painted(objects: Objects) -> tuple[Field, Field]:
    """Return which object each pixel shows, [N, 64, 64], -1 for none, and how bright it is there."""
    n = len(objects.count)
    scene, place = np.nonzero(np.arange(MOST) < objects.count[:, None])
    corner = np.floor(objects.centre[scene, place]).astype(int) - REACH
    steps = np.arange(2 * REACH + 1)
    rows, columns = corner[:, 0, None] + steps, corner[:, 1, None] + steps
    radius = objects.radius[scene, place][:, None, None]
    # A pixel's middle is half a pixel from its index.
    down = ((rows + 0.5 - objects.centre[scene, place, 0, None])[:, :, None] / radius).astype(np.float32)
    right = ((columns + 0.5 - objects.centre[scene, place, 1, None])[:, None, :] / radius).astype(np.float32)
    inside = _inside(right, down, objects.angle[scene, place], objects.shape[scene, place])
    light = objects.light[scene][:, None, None].astype(np.float32)
    bright = 1 + 0.06 * np.clip(np.cos(light) * right + np.sin(light) * down, -1, 1)
    # Windows may stand out of the picture; the object in them does not.
    owner = np.full((n, SIZE + 4 * REACH, SIZE + 4 * REACH), -1, np.int8)
    shade = np.ones(owner.shape, np.float32)
    one, row, column = np.nonzero(inside)
    where = scene[one], rows[one, row] + 2 * REACH, columns[one, column] + 2 * REACH
    owner[where], shade[where] = place[one], bright[inside]
    middle = slice(2 * REACH, 2 * REACH + SIZE)
    return owner[:, middle, middle], shade[:, middle, middle]


def _inside(right: Field, down: Field, angle: Field, shape: Field) -> Field:
    """Return which pixels [M, h, w] of each window lie in the object; lengths in units of its radius."""
    cos, sin = (part.astype(np.float32)[:, None, None] for part in (np.cos(angle), np.sin(angle)))
    u, v = cos * right + sin * down, cos * down - sin * right
    inside = np.empty(u.shape, bool)
    for index, name in enumerate(SHAPES):
        chosen = shape == index
        inside[chosen] = OUTLINES[name](u[chosen], v[chosen])
    return inside


# Every outline lies in the circle of radius 1.
OUTLINES: dict[str, Callable[[Field, Field], Field]] = {
    "disc": lambda u, v: u * u + v * v <= 0.85**2,
    "square": lambda u, v: np.maximum(abs(u), abs(v)) <= 0.7,
    "triangle": lambda u, v: np.maximum(abs(u) * np.float32(np.sqrt(3) / 2) + v / 2, -v) <= 0.5,
    "cross": lambda u, v: (np.minimum(abs(u), abs(v)) <= 0.27) & (np.maximum(abs(u), abs(v)) <= 0.93),
    "ring": lambda u, v: (u * u + v * v <= 0.95**2) & (u * u + v * v >= 0.52**2),
}


def _background(n: int, rng: np.random.Generator) -> Field:
    """Return smooth random colours [N, 3, 64, 64]: brightness in 0.25..0.75, little tint."""
    knots = 5
    bright = 0.5 + rng.uniform(-0.25, 0.25, (n, 1, knots, knots))
    tint = rng.uniform(-0.08, 0.08, (n, 3, knots, knots))
    weights = blend(SIZE, knots)
    return (weights @ (bright + tint).astype(np.float32) @ weights.T).astype(np.float32)
