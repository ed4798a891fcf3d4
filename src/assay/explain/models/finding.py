"""The network that a command names: a registered one, an architecture with weights, a repository or a folder."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from assay.core.errors import NOTHING, AssayError, did_you_mean

if TYPE_CHECKING:
    from assay.explain.models.network import Network

MEAN, STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)  # of ImageNet, which published weights are trained on
SIDE = 224
FREE = ("cnn", "resnet")  # architectures without a size of their own: a picture is not resized for them


def find_network(model: str, weights: str | None = None, sha256: str | None = None, classes: int | None = None,
                 source: Path | None = None) -> Network:
    """Return the network that a command names.

    Parameters
    ----------
    model : str
        A registered network; an architecture of `build`, with weights; ``hf:REPO@REVISION``, or a folder that
        transformers has saved.
    weights, sha256, classes
        For an architecture: as for `load`.
    source : Path, optional
        The sample's file: its size is that of an architecture that takes any. Else pictures are 3 x 224 x 224.

    Raises
    ------
    AssayError
        Exit code 5 if there is no such network or architecture; 3 for a wrong hash; 2 for options that do not fit.
    LoadError
        If it cannot load.
    """
    from assay.explain.models.registered import entry
    from assay.explain.models.registered import named as registered

    if (weights, sha256, classes) != (None, None, None):
        return _built(model, weights, sha256, classes, source)
    if not model.startswith("hf:"):
        try:
            entry(model)
        except AssayError as error:
            if not Path(model).is_dir():
                raise _unknown(model, error) from None
        else:
            return registered(model)
    from assay.explain.models.huggingface import load_folder

    return load_folder(model)


def _built(arch: str, weights: str | None, sha256: str | None, classes: int | None, source: Path | None) -> Network:
    from assay.explain.models.loading import PUBLISHED, load

    if weights is None:
        raise AssayError(f"--model {arch}: --classes and --sha256 go with --weights", "name a file or a URL")
    module = load(arch, classes or 1000, weights, sha256)
    from assay.explain.models.network import Network
    from assay.explain.reading import shape_of

    natural = arch in PUBLISHED
    shape = shape_of(source, pictures=arch in FREE) if source else None
    return Network(module, shape or (3, SIDE, SIDE), MEAN if natural else (0.0,), STD if natural else (1.0,), name=arch)


def _unknown(model: str, error: AssayError) -> AssayError:
    """Return the error of a name that is no network, with what else it may have meant."""
    from assay.explain.models.loading import PUBLISHED

    if model in PUBLISHED or model in ("resnet", "vit", "cnn"):
        return AssayError(f"--model {model}: an architecture, not a network",
                          "give its weights: --weights FILE or URL, and --classes K", NOTHING)
    hint = error.hint or did_you_mean(model, PUBLISHED)
    return AssayError(f"--model: {error.message}", hint, NOTHING)
