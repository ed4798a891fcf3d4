"""Recipes: what a network is trained again for, and what it is not; what the numbered parts make."""

from __future__ import annotations

import dataclasses

import pytest
import torch

from assay.explain import driving, fitting, recipes, scenes
from assay.explain.models import build
from assay.explain.recipes import RECIPES, USE, VERSIONS, Phase, Recipe
from assay.explain.samples import Samples

SCENES = RECIPES["scenes-cnn"]


@pytest.mark.parametrize("change", [
    {"options": {"layers": (8, "M", 8)}}, {"samples": 3999}, {"phases": (Phase("classes", 6, 2e-3),)},
    {"phases": (Phase("classes", 5, 2e-3, "classifier"),)}, {"mean": (0.4,)}, {"turned": False}, {"batch": 64},
    {"decay": 0.0}, {"seed": 1}, {"data": "driving"}, {"arch": "vit"}])
def test_what_decides_weights_is_in_the_digest(change):
    assert dataclasses.replace(SCENES, **change).digest != SCENES.digest


@pytest.mark.parametrize("change", [{"reach": {"accuracy": 0.99}}, {"outputs": ("a", "b", "c", "d", "e")},
                                    {"range": (0.0, 255.0)}, {"input_shape": (3, 65, 65)}])
def test_what_only_says_how_good_it_is_or_how_it_is_used_is_not(change):
    assert set(change) <= set(USE)
    assert dataclasses.replace(SCENES, **change).digest == SCENES.digest


@pytest.mark.parametrize(("part", "again"), [
    ("digits", {"digits-cnn"}), ("scenes", {"scenes-cnn", "scenes-resnet", "scenes-vit"}), ("driving", {"driving-cnn"}),
    ("vit", {"scenes-vit"}), ("resnet", {"scenes-resnet"}), ("textures", {"textures-cnn"}),
    ("cnn", {"digits-cnn", "scenes-cnn", "driving-cnn", "textures-cnn"}),
    ("loop", set(RECIPES))])
def test_a_new_version_concerns_only_networks_it_has_a_part_in(monkeypatch, part, again):
    before = {name: recipe.digest for name, recipe in RECIPES.items()}
    monkeypatch.setitem(recipes.VERSIONS, part, VERSIONS[part] + 1)
    assert {name for name, recipe in RECIPES.items() if recipe.digest != before[name]} == again


def test_another_recipe_is_no_reason(monkeypatch):
    before = RECIPES["scenes-vit"].digest
    monkeypatch.setitem(recipes.RECIPES, "scenes-cnn", dataclasses.replace(SCENES, seed=1))
    assert RECIPES["scenes-vit"].digest == before


def test_a_field_that_is_new_is_no_reason_while_it_has_its_default():
    @dataclasses.dataclass(frozen=True)
    class Later(Recipe):
        smoothing: float = 0.0

    known = {field.name: getattr(SCENES, field.name) for field in dataclasses.fields(SCENES)}
    assert Later(**known).digest == SCENES.digest
    assert Later(**known, smoothing=0.1).digest != SCENES.digest


# What the parts of `VERSIONS` make. If one of these tests fails, weights made by the code as it was are not those that
# it makes now: raise the number in `VERSIONS`, so that networks are trained again, and write the new values here.
WHY = "it makes something else: raise its number in recipes.VERSIONS, and put the new values here"


def test_scenes_are_those_of_their_version():
    images, labels, masks = scenes.render(70, 0)
    assert VERSIONS["scenes"] == 2
    assert labels[:12].tolist() == [0, 0, 1, 4, 4, 0, 3, 1, 4, 2, 1, 1], WHY
    assert labels[64:].tolist() == [0, 4, 4, 0, 3, 1], WHY
    assert float(images.mean()) == pytest.approx(0.49796, abs=2e-5), WHY
    assert int(masks.sum()) == pytest.approx(7758, abs=5), WHY


def test_driving_frames_are_those_of_their_version():
    frames = driving.drive(70, 0)
    assert VERSIONS["driving"] == 2
    assert frames.labels.sum(0).tolist() == [19, 33, 47, 25, 17, 34, 29], WHY
    assert float(frames.images.mean()) == pytest.approx(0.43987, abs=2e-5), WHY
    assert frames.targets.mean(0).tolist() == pytest.approx([0.083, 0.5073], abs=1e-4), WHY
    assert [int(mask.sum()) for mask in frames.masks.values()] == pytest.approx(
        [5612, 2269, 407, 286, 12038, 1076, 898], abs=5), WHY


@pytest.mark.parametrize(("arch", "options", "version", "size"), [
    ("cnn", {"layers": (4, "M", 6)}, 1, 62.15498),
    ("resnet", {"block": "basic", "width": 4, "depths": (1, 1, 1, 1)}, 1, 1802.00702),
    ("vit", {"image_size": 16, "patch_size": 8, "num_layers": 1, "num_heads": 2, "hidden_dim": 8, "mlp_dim": 8}, 2,
     210.16426)])
def test_first_weights_are_those_of_their_version(arch, options, version, size):
    model = build(arch, 3, seed=0, **options)
    assert VERSIONS[arch] == version
    assert sum(float(p.detach().abs().sum()) for p in model.parameters()) == pytest.approx(size, rel=1e-4), WHY


def test_the_loop_is_that_of_its_version():
    """The loss after a few steps, of a recipe that uses all that the loop can do."""
    generator = torch.Generator().manual_seed(0)
    samples = Samples(torch.rand(64, 3, 16, 16, generator=generator), {
        "classes": torch.arange(64) % 3, "labels": (torch.arange(128).reshape(64, 2) % 3 == 0).float(),
        "targets": torch.rand(64, 2, generator=generator)})
    recipe = Recipe("vit", {"image_size": 16, "patch_size": 8, "num_layers": 1, "num_heads": 2, "hidden_dim": 8,
                            "mlp_dim": 8}, "scenes", 64,
                    (Phase("classes", 2, 3e-3, blocks=5e-3), Phase("labels", 1, 1e-2),
                     Phase("targets", 1, 1e-2, "heads")), {}, ("a", "b"), (3, 16, 16), (0.5,), (0.25,), turned=True)
    said = []
    fitting.fit(recipe, samples, said.append)
    losses = [float(text.rpartition(" ")[2]) for text in said]
    assert VERSIONS["loop"] == 1
    assert losses == pytest.approx([1.5084, 1.3220, 0.7594, 28.2851], rel=2e-3), WHY
