"""Networks trained on first use: the same weights again, a card, one training for several workers, no bad network."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import subprocess
import sys
import time
from pathlib import Path

import pytest
import torch

from assay.core.errors import AssayError, LoadError
from assay.explain import recipes
from assay.explain.models import named
from assay.explain.recipes import RECIPES, Phase
from assay.explain.samples import samples
from assay.explain.train import folder, train, trained


@pytest.fixture(scope="module")
def digits(tmp_path_factory):
    """The folder of a trained digits-cnn, its card, and the seconds it took."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("ASSAY_CACHE", str(tmp_path_factory.mktemp("digits")))
        started = time.process_time()
        card = train("digits-cnn")
        yield folder("digits-cnn"), card, time.process_time() - started


@pytest.fixture
def cached(digits, monkeypatch):
    """The cache that holds digits-cnn."""
    monkeypatch.setenv("ASSAY_CACHE", str(digits[0].parent.parent))
    return digits[0]


@pytest.fixture
def small(monkeypatch):
    """A recipe that takes a second and learns little."""
    recipe = dataclasses.replace(RECIPES["scenes-cnn"], samples=128, phases=(Phase("classes", 1, 1e-3),))
    monkeypatch.setitem(recipes.RECIPES, "scenes-cnn", recipe)
    return recipe


def test_digits_reach_their_score_in_time(digits):
    _, card, seconds = digits
    assert card["scores"]["accuracy"] >= 0.97
    assert seconds < 20


def test_the_card_says_how_it_came_about(digits):
    place, card, _ = digits
    stored = json.loads((place / "card.json").read_text())
    assert stored.items() <= card.items()
    assert stored["sha256"] == hashlib.sha256((place / "weights.safetensors").read_bytes()).hexdigest()
    assert stored["data"] == {"name": "digits", "train": 1400, "test": 397}
    assert stored["recipe"]["seed"] == 0
    assert stored["versions"]["torch"] == torch.__version__
    assert stored["reach"] == {"accuracy": 0.97}


def test_the_same_recipe_gives_the_same_weights(digits):
    """Whatever the number of threads and the state of the generator."""
    code = ("import torch; torch.set_num_threads(2); torch.rand(5)\n"
            "from assay.explain.train import train\nprint(train('digits-cnn')['sha256'])")
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == digits[1]["sha256"]


def test_a_trained_network_answers_as_its_score_says(cached):
    network = named("digits-cnn")
    _, test = samples("digits")
    with torch.no_grad():
        found = network.module(network.normalise(test.inputs)).argmax(1)
    accuracy = float((found == test.answers["classes"]).double().mean())
    assert accuracy == json.loads((cached / "card.json").read_text())["scores"]["accuracy"]
    assert (network.labels, network.range, network.input_shape) == (tuple("0123456789"), (0, 16), (1, 8, 8))


def test_training_does_not_touch_what_is_global(small, monkeypatch):
    monkeypatch.setitem(recipes.RECIPES, "scenes-cnn", dataclasses.replace(small, reach={"accuracy": 0.0}))
    threads, state = torch.get_num_threads(), torch.random.get_rng_state()
    train("scenes-cnn")
    assert torch.get_num_threads() == threads
    assert torch.equal(torch.random.get_rng_state(), state)


def test_it_is_trained_once_and_again_only_when_asked(cached):
    before = (cached / "card.json").stat().st_mtime_ns
    said = []
    train("digits-cnn", say=said.append)
    trained("digits-cnn")
    assert (cached / "card.json").stat().st_mtime_ns == before
    assert not said


def test_too_low_a_score_is_a_load_error_and_no_network(small):
    with pytest.raises(LoadError, match=r"accuracy 0\.\d+") as error:
        named("scenes-cnn")
    assert "expected: 0.9500 or more" in error.value.message
    assert error.value.code == 4
    assert not list(folder("scenes-cnn").glob("*.safetensors"))
    assert not list(folder("scenes-cnn").glob("*.json"))


def test_a_network_that_was_there_survives_a_failed_training(small, monkeypatch):
    monkeypatch.setitem(recipes.RECIPES, "scenes-cnn", dataclasses.replace(small, reach={"accuracy": 0.0}))
    first = train("scenes-cnn")
    monkeypatch.setattr("assay.explain.fitting.score", lambda *_: {"accuracy": -1.0})
    with pytest.raises(LoadError):
        train("scenes-cnn", again=True)
    assert train("scenes-cnn")["sha256"] == first["sha256"]


def test_a_damaged_file_is_exit_3(cached, tmp_path, monkeypatch):
    monkeypatch.setenv("ASSAY_CACHE", str(tmp_path / "copy"))
    place = folder("digits-cnn")
    place.mkdir(parents=True)
    for name in ("card.json", "weights.safetensors"):
        (place / name).write_bytes((cached / name).read_bytes())
    (place / "weights.safetensors").write_bytes(b"damaged")
    with pytest.raises(AssayError, match="wrong sha256") as error:
        trained("digits-cnn")
    assert error.value.code == 3
    assert "assay models train -m digits-cnn --again" in error.value.hint


@pytest.mark.parametrize("text", ["no card", "[]", '{"sha256": "0"}'])
def test_a_card_that_cannot_be_read_is_exit_3(cached, tmp_path, monkeypatch, text):
    monkeypatch.setenv("ASSAY_CACHE", str(tmp_path / "copy"))
    folder("digits-cnn").mkdir(parents=True)
    (folder("digits-cnn") / "card.json").write_text(text)
    with pytest.raises(AssayError, match="is no card") as error:
        trained("digits-cnn")
    assert error.value.code == 3
    assert "assay models train -m digits-cnn --again" in error.value.hint


def test_a_reach_that_was_raised_holds_for_what_is_there(cached, monkeypatch):
    monkeypatch.setitem(recipes.RECIPES, "digits-cnn",
                        dataclasses.replace(RECIPES["digits-cnn"], reach={"accuracy": 0.9999}))
    with pytest.raises(LoadError, match=r"expected: 0\.9999 or more"):
        trained("digits-cnn")


def test_another_recipe_has_another_place(small, monkeypatch):
    first = folder("scenes-cnn")
    monkeypatch.setitem(recipes.RECIPES, "scenes-cnn", dataclasses.replace(small, seed=1))
    assert folder("scenes-cnn") != first


def test_two_processes_train_it_once(tmp_path):
    code = "from assay.explain.train import train\nprint(train('digits-cnn')['sha256'])"
    both = [subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
            for _ in range(2)]
    outputs = [process.communicate(timeout=250) for process in both]
    assert outputs[0][0] == outputs[1][0] != ""
    assert sum(err.count("training digits-cnn") for _, err in outputs) == 1


def test_the_verb(assay, cached):
    env = {"ASSAY_CACHE": str(cached.parent.parent)}
    network, = assay("models", "train", "-m", "digits*", "--json", env=env).json["networks"]
    assert (network["name"], network["ok"]) == ("digits-cnn", True)
    assert network["scores"]["accuracy"] >= 0.97
    assert Path(network["folder"]) == cached
    assert "0.99" in assay("models", "train", "-m", "digits-cnn", env=env).out
    assert "digits-cnn, driving-cnn" in assay("models", "train", "-m", "vgg16", env=env, code=5).err
    assert "skimage-textures/brick.png" in assay("models", "train", "-m", "textures-cnn", env=env, code=3).err


def test_no_such_recipe():
    with pytest.raises(AssayError, match="did you mean") as error:
        train("digit-cnn")
    assert error.value.code == 5


@pytest.mark.slow
@pytest.mark.parametrize("name", ["scenes-cnn", "scenes-resnet", "scenes-vit", "driving-cnn"])
def test_rendered_networks_reach_their_scores_in_time(name):
    started = time.process_time()
    card = train(name)
    assert all(card["scores"][key] >= reach for key, reach in RECIPES[name].reach.items())
    assert time.process_time() - started < 120
    assert train(name, again=True)["sha256"] == card["sha256"]
