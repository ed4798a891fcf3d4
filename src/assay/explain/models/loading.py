"""Networks with weights from a file, a URL or Hugging Face; nothing is used whose hash is not what it should be."""

from __future__ import annotations

import hashlib
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urlsplit

from assay.core.errors import DATA, AssayError, LoadError
from assay.core.model import Model
from assay.flow import weights as core_weights

if TYPE_CHECKING:
    from torch import nn

BASE = "https://download.pytorch.org/models/"
# Weights on ImageNet as torchvision publishes them; the name carries the first 8 digits of the file's sha256.
PUBLISHED = {
    "vgg11": "vgg11-8a719046.pth", "vgg13": "vgg13-19584684.pth", "vgg16": "vgg16-397923af.pth",
    "vgg19": "vgg19-dcbb9e9d.pth", "vgg11_bn": "vgg11_bn-6002323d.pth", "vgg16_bn": "vgg16_bn-6c64b313.pth",
    "resnet18": "resnet18-f37072fd.pth", "resnet50": "resnet50-11ad3fa6.pth", "vit_b_16": "vit_b_16-c867db91.pth",
}


def load(arch: str, classes: int = 1000, weights: str | Path | None = None, sha256: str | None = None, *,
         device: str = "cpu", **options: Any) -> nn.Module:
    """Return a network with weights from a file or a URL, in evaluation mode.

    Parameters
    ----------
    arch : str
        As for `build`; or ``hf:REPO@REVISION`` or a folder, which `transformers` loads: its configuration says the
        rest, and the other arguments are not used.
    classes : int
    weights : str or Path, optional
        ``.pt .pth .safetensors .npz``, a file or a URL. Without it the weights published for `arch`.
    sha256 : str, optional
        Checked always where it is given; 64 hexadecimal digits, or the first 8 or more. Of a URL without it the hash
        is recorded at first use and checked ever after; published files are checked by the digits in their name.
    device : str
    **options
        Arguments of the architecture's class.

    Raises
    ------
    AssayError
        Exit code 3 if the hash is another; 2 if an argument is wrong.
    LoadError
        If the file is not at hand, cannot be read, or does not fit; keys that are missing, too many or misshapen
        are named.

    Examples
    --------
    ``load("resnet18", classes=10, weights="trained.safetensors")``
    """
    if arch.startswith("hf:") or Path(arch).is_dir():
        from assay.explain.models.huggingface import load_folder

        return load_folder(arch, device=device).module
    if weights is None and arch not in PUBLISHED:
        raise AssayError(f"{arch}: no weights are published for this architecture",
                         f"name a file or a URL; there are published ones for {', '.join(PUBLISHED)}")
    path = find_weights(arch, str(weights or BASE + PUBLISHED[arch]), sha256)
    return from_file(arch, path, classes, device=device, **options)


def from_file(arch: str, weights: str | Path, classes: int = 1000, *, device: str = "cpu",
              **options: Any) -> nn.Module:
    """Return a network with the weights of a local file whose hash has been checked; the rest as for `load`."""
    from assay.explain.models.architectures import empty
    from assay.explain.models.state import fill, read_state

    module = empty(arch, classes, **options)
    return fill(module, read_state(Path(weights)), f"{arch} from {weights}").to(device)


def find_weights(owner: str, source: str, sha256: str | None = None) -> Path:
    """Return the local file of a path or a URL, its hash checked. It imports nothing slow.

    Parameters
    ----------
    owner : str
        The folder of a mirror that may hold the file.
    source : str
        A path or a URL.
    sha256 : str, optional
        Whole or its first 8 or more digits.

    Raises
    ------
    AssayError
        Exit code 3 if the hash is another, 2 if `sha256` is none.
    LoadError
        If the file is not at hand.
    """
    if sha256 is not None and not re.fullmatch("[0-9a-f]{8,64}", sha256):
        raise AssayError(f"sha256 {sha256!r}: expected 64 hexadecimal digits in small letters, or the first 8 or more")
    url = urlsplit(source)
    name = (url.path if url.scheme else source).rsplit("/", 1)[-1]
    published = name.rpartition("-")[2].partition(".")[0] if name in PUBLISHED.values() else None
    if url.scheme in ("http", "https"):
        model = Model(owner, "network", "assay.explain.models.loading:from_file", {"weights": "{weights}"},
                      url=source, sha256=sha256 or published)
        found = core_weights.locate(model)
        assert found is not None
        return found
    path = Path(unquote(url.path) if url.scheme == "file" else source).expanduser()
    if not path.is_file():
        raise LoadError(f"{owner}: weights {path.name} are not at hand\n  expected at: {path.absolute()}",
                        "put the file there, or name another one or a URL")
    for expected in filter(None, (sha256, published)):
        _check(path, expected)
    return path


def _check(path: Path, expected: str) -> None:
    with path.open("rb") as stream:
        found = hashlib.file_digest(stream, "sha256").hexdigest()
    if not found.startswith(expected):
        raise AssayError(f"{path}: wrong sha256\n  expected: {expected}\n  found:    {found}",
                         "the file is not what was asked for, or was damaged on the way: fetch it again", DATA)
