"""Driving frames: what is there is where the masks say, and the targets follow from it alone."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from scipy import stats

from assay.core.errors import AssayError
from assay.explain.driving import KINDS, LABELS, drive, render


@pytest.fixture(scope="module")
def frames():
    return drive(1500, seed=2)


def column(frames, label):
    return frames.labels[:, LABELS.index(label)].bool()


def test_shapes_types_and_range(frames):
    images, targets, masks = render(4, seed=2)
    assert (images.shape, targets.shape, images.dtype) == ((4, 3, 48, 80), (4, 2), torch.float32)
    assert list(masks) == list(KINDS)
    assert all(mask.shape == (4, 48, 80) and mask.dtype == torch.bool for mask in masks.values())
    assert frames.labels.shape == (1500, 7)
    assert 0 <= frames.images.min() < frames.images.max() <= 1
    assert (frames.targets[:, 0].abs() <= 1).all()
    assert ((frames.targets[:, 1] > 0) & (frames.targets[:, 1] <= 1)).all()


def test_same_seed_same_frames():
    first, again, other = render(20, 5), render(20, 5), render(20, 6)
    assert torch.equal(first[0], again[0])
    assert torch.equal(first[1], again[1])
    assert not torch.equal(first[0], other[0])


@pytest.mark.parametrize("n", [1, 63, 64, 65, 200])
def test_a_frame_does_not_depend_on_how_many_are_asked_for(frames, n):
    few = drive(n, seed=2)
    assert torch.equal(few.images, frames.images[:n])
    assert torch.equal(few.targets, frames.targets[:n])
    assert torch.equal(few.labels, frames.labels[:n])
    assert all(torch.equal(few.masks[kind], frames.masks[kind][:n]) for kind in KINDS)


def test_a_pixel_shows_one_thing(frames):
    assert torch.stack(list(frames.masks.values())).sum(0).max() == 1


@pytest.mark.parametrize(("kind", "label"), [("red_light", "red light"), ("green_light", "green light")])
def test_lights_are_visible_where_the_labels_say(frames, kind, label):
    mask, there = frames.masks[kind], column(frames, label)
    assert torch.equal(mask.flatten(1).any(1), there)
    own, other = (0, 1) if kind == "red_light" else (1, 0)
    assert (frames.images[:, own] - frames.images[:, other])[mask].min() > 0.4
    assert mask[there].flatten(1).sum(1).min() >= 9
    assert not (column(frames, "red light") & column(frames, "green light")).any()


def test_a_car_is_larger_the_smaller_the_gap(frames):
    there = column(frames, "car ahead")
    area = frames.masks["lead_car"].flatten(1).sum(1)
    assert (area[there] > 4).all()
    assert (area[~there] == 0).all()
    free = there & ~column(frames, "red light")
    assert stats.spearmanr(area[free], frames.targets[free, 1]).statistic < -0.95


def test_velocity_is_what_the_docstring_says(frames):
    velocity, car, red = frames.targets[:, 1], column(frames, "car ahead"), column(frames, "red light")
    assert (velocity[~car & ~red] == 1).all()
    assert (velocity[~car & red] == 0.25).all()
    assert velocity[car & ~red].min() >= 0.1
    assert velocity[car & ~red].max() <= 0.9
    assert velocity[car & red].max() <= 0.9 / 4


def test_steering_turns_with_the_road(frames):
    steering = frames.targets[:, 0]
    assert steering[column(frames, "curve left")].max() < 0.1 < steering[column(frames, "curve right")].max()
    far = frames.masks["lane_marks"][:, 20:26].float().sum(1)
    middle = (far * torch.arange(80)).sum(1) / far.sum(1)
    assert np.corrcoef(middle, steering)[0, 1] > 0.8


def test_distractors_decide_nothing():
    values = []
    for seed in range(4):
        _, targets, masks = render(500, seed)
        for kind in ("tree", "sign", "pedestrian", "green_light"):
            area = masks[kind].flatten(1).sum(1)
            # A light is red or green: green is compared where there is no red one.
            among = ~masks["red_light"].flatten(1).any(1) if kind == "green_light" else area >= 0
            values.append(stats.spearmanr(area[among], targets[among, 1]).pvalue)
    assert np.min(values) > 1e-3


def test_refused():
    with pytest.raises(AssayError, match="found 0"):
        render(0)
