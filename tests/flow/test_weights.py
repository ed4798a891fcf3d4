"""Weights files: found where data are, checked by their hash, and clearly missed, before anything slow is begun."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path
from typing import Any

import pytest

from assay import AssayError, Model
from assay.flow import weights

RIGHT, OTHER = b"weights of the model", b"weights of another one"
URL = "https://toy.invalid/files/net.pt?download=1"


def model(sha256: str | None = None, url: str = URL, **further: Any) -> Model:
    return Model("net", "lab", "assay_lab:load", {"path": "{weights}"}, url=url, sha256=sha256, **further)


def sha(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


@pytest.fixture
def mirrored(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The weights file in a mirror."""
    path = tmp_path / "mirror" / "net" / "net.pt"
    path.parent.mkdir(parents=True)
    path.write_bytes(RIGHT)
    monkeypatch.setenv("ASSAY_MIRROR", os.pathsep.join([str(tmp_path / "none"), str(tmp_path / "mirror")]))
    return path


def test_a_model_without_weights_needs_none() -> None:
    assert weights.locate(Model("m", "lab", "a:b", {"x": "weights"})) is None


def test_a_known_hash_is_checked(mirrored: Path) -> None:
    found = weights.locate(model(sha(RIGHT)))
    assert found is not None
    assert found.read_bytes() == RIGHT
    mirrored.write_bytes(OTHER)
    found.unlink()
    with pytest.raises(AssayError) as caught:
        weights.locate(model(sha(RIGHT)))
    assert caught.value.code == 3
    assert sha(OTHER) in caught.value.message
    assert not found.exists()


def test_the_first_digits_of_a_hash_are_checked_and_the_whole_is_recorded(mirrored: Path) -> None:
    with pytest.raises(AssayError) as caught:
        weights.locate(model(sha(OTHER)[:8]))
    assert caught.value.code == 3
    found = weights.locate(model(sha(RIGHT)[:8]))
    assert found is not None
    assert found.with_name("net.pt.sha256").read_text().strip() == sha(RIGHT)
    found.write_bytes(OTHER)
    mirrored.unlink()
    with pytest.raises(AssayError, match="not at hand"):
        weights.locate(model(sha(RIGHT)[:8]))


def test_an_unknown_hash_is_recorded_at_first_use_and_checked_ever_after(mirrored: Path) -> None:
    found = weights.locate(model())
    assert found is not None
    assert found.with_name("net.pt.sha256").read_text().strip() == sha(RIGHT)
    assert weights.locate(model()) == found
    found.write_bytes(OTHER)
    assert weights.locate(model()) == found
    assert found.read_bytes() == RIGHT  # from the mirror, which still has what was recorded
    found.write_bytes(OTHER)
    mirrored.write_bytes(OTHER)
    with pytest.raises(AssayError, match="not at hand") as caught:
        weights.locate(model())
    assert sha(RIGHT) in caught.value.message


def test_a_file_that_was_put_into_the_cache_by_hand_is_taken() -> None:
    with pytest.raises(AssayError) as caught:
        weights.locate(model())
    place = Path(caught.value.hint.removeprefix("put the file at ").partition(",")[0])
    place.parent.mkdir(parents=True)
    place.write_bytes(RIGHT)
    assert weights.locate(model()) == place
    assert place.with_name("net.pt.sha256").read_text().strip() == sha(RIGHT)


def test_without_a_file_the_error_names_it_where_it_comes_from_and_where_it_may_be_put(tmp_path: Path) -> None:
    with pytest.raises(AssayError) as caught:
        weights.locate(model())
    error = caught.value
    assert error.code == 4
    for text in ("model net", "net.pt", URL, "ASSAY_OFFLINE"):
        assert text in error.message
    assert str(tmp_path / "cache" / "weights") in error.hint
    assert "net/net.pt below a mirror" in error.hint


def test_a_download_is_recorded_once_and_a_wrong_one_is_not_kept(server: Any, tmp_path: Path) -> None:
    server.files["/net.pt"] = RIGHT
    loose = model(url=f"{server.url}/net.pt")
    found = weights.locate(loose)
    assert found is not None
    assert found.read_bytes() == RIGHT
    server.files["/net.pt"] = OTHER
    assert weights.locate(loose) == found
    assert server.asked == ["/net.pt"]
    with pytest.raises(AssayError, match="not at hand"):
        weights.locate(model("0" * 64, url=f"{server.url}/net.pt"))
    assert OTHER not in [path.read_bytes() for path in (tmp_path / "cache").rglob("*") if path.is_file()]


def test_a_host_that_does_not_answer_is_an_error(server: Any) -> None:
    url = server.url.rpartition(":")[0] + ":9/net.pt"  # nobody listens there
    with pytest.raises(AssayError, match="not at hand") as caught:
        weights.locate(model(url=url))
    assert caught.value.code == 4


def test_an_entry_that_asks_for_weights_and_has_no_url_is_an_error() -> None:
    with pytest.raises(AssayError, match="no url") as caught:
        weights.locate(model(url=""))
    assert caught.value.code == 4


# -- available


@pytest.mark.parametrize(("entry", "expected", "reason"), [
    (Model("m", "lab", "json:loads"), True, ""),
    (Model("m", "lab", "no_such_package.sub:load"), False, "needs no_such_package: pip install 'assay[lab]'"),
    (Model("m", "lab", "json:loads", meta={"requires": ["json", "no_such"]}), False, "needs no_such"),
    (Model("m", "lab", "no_such_package:load", environment="torch"), True, "environment torch"),
    (model(), False, "net.pt are not at hand; they come from https://toy.invalid"),
])
def test_whether_a_model_can_be_tried_and_why_not(entry: Model, expected: bool, reason: str) -> None:
    available, why = weights.available(entry)
    assert available is expected
    assert reason in why
    assert bool(why) == bool(reason)


def test_weights_in_a_mirror_make_a_model_available(mirrored: Path) -> None:
    available, _ = weights.available(Model("net", "lab", "json:loads", {"path": "{weights}"}, url=URL))
    assert available


# -- of the hash only the first digits are published


def test_eight_digits_are_checked_and_then_the_whole_hash_is_recorded(mirrored: Path) -> None:
    entry = model(sha(RIGHT)[:8])
    found = weights.locate(entry)
    assert found is not None
    assert weights.recorded(found) == sha(RIGHT)
    mirrored.write_bytes(OTHER)
    assert weights.locate(entry) == found
    assert found.read_bytes() == RIGHT


@pytest.mark.parametrize("digits", [sha(OTHER)[:8], sha(RIGHT)[:7], sha(RIGHT)[:4], sha(RIGHT) + "0"])
def test_other_digits_and_too_few_of_them_match_nothing(mirrored: Path, digits: str) -> None:
    with pytest.raises(AssayError, match="not at hand") as caught:
        weights.locate(model(digits))
    assert caught.value.code == 3
    assert digits in caught.value.message


def test_imported_models_are_not_available() -> None:
    available, reason = weights.available(Model("m", "lab", "assay:load", meta={"imported": True}))
    assert not available
    assert reason.startswith("imported")
