"""Networks that `transformers` loads: from a folder, or from a repository on Hugging Face at a fixed revision."""

from __future__ import annotations

import json
import os
import re
import tempfile
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from assay.core import config
from assay.core.errors import AssayError, LoadError, describe

if TYPE_CHECKING:
    from assay.explain.models.network import Network

HUB = "https://huggingface.co"  # unless HF_ENDPOINT names another host
TIMEOUT = 2.0  # seconds until a host that does not answer is given up
FILES = ["*.json", "*.txt", "*.model", "*.safetensors"]
WANTED = "the weights come as .safetensors: files that may run code when read are not taken"


def load_folder(source: str, device: str = "cpu") -> Network:
    """Return the network of a folder or of ``hf:REPO@REVISION``.

    Its class, labels, size and normalisation are those that the folder states.

    Parameters
    ----------
    source : str
    device : str

    Raises
    ------
    AssayError
        If `source` names no revision.
    LoadError
        If the repository is not at hand, `transformers` is not installed, or the folder cannot be loaded.
    """
    folder = find_folder(source)
    try:
        import transformers
    except ImportError as error:
        raise LoadError(f"{source}: needs transformers", "pip install 'assay[transformers]'") from error
    try:
        settings = transformers.AutoConfig.from_pretrained(folder, local_files_only=True)
        kind = getattr(transformers, (settings.architectures or ["AutoModel"])[0])
        module = kind.from_pretrained(folder, local_files_only=True, use_safetensors=True, dtype="float32")
    except Exception as error:
        raise LoadError(f"{source}: transformers cannot load it: {describe(error)}", WANTED) from error
    return _network(source, folder, settings, module.to(device).eval())


def find_folder(source: str) -> Path:
    """Return the local folder, fetching the repository's small files and weights if they are not there yet.

    Raises
    ------
    AssayError, LoadError
        As `load_folder`.
    """
    if not source.startswith("hf:"):
        folder = Path(source).expanduser()
        if not (folder / "config.json").is_file():
            raise LoadError(f"{source}: no config.json in this folder", "name a folder that transformers has saved")
        return folder
    match = re.fullmatch(r"hf:([\w.-]+(?:/[\w.-]+)?)@([\w./-]+)", source)
    if match is None:
        raise AssayError(f"{source!r}: expected hf:REPO@REVISION",
                         "name the revision (a commit): without it the network may change under the same name")
    repository, revision = match.groups()
    place = Path("huggingface") / f"{repository.replace('/', '--')}@{revision.replace('/', '--')}"
    for root in (*config.mirrors(), config.cache()):
        if (root / place / "config.json").is_file():
            return root / place
    return _download(source, repository, revision, config.cache() / place)


def _download(source: str, repository: str, revision: str, folder: Path) -> Path:
    endpoint = os.environ.get("HF_ENDPOINT", "").rstrip("/") or HUB
    url = f"{endpoint}/{repository}/tree/{revision}"
    try:
        if config.offline():
            raise OSError("not asked, ASSAY_OFFLINE is set")
        _reachable(endpoint)
        _fetch(repository, revision, endpoint, folder)
    except Exception as error:
        raise LoadError(f"{source}: not at hand\n  expected from: {url}\n  found: {describe(error)}",
                        f"put the files of {url} into {folder}, or into a folder {folder.parent.name}/{folder.name} "
                        "below a mirror") from error
    return folder


def _fetch(repository: str, revision: str, endpoint: str, folder: Path) -> None:
    """Make `folder` the repository's files, all of them or none: what is there counts as complete."""
    import huggingface_hub

    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder.parent) as partial:
        whole = Path(partial) / "whole"
        huggingface_hub.snapshot_download(repository, revision=revision, local_dir=whole, allow_patterns=FILES,
                                          etag_timeout=TIMEOUT, endpoint=endpoint)
        if not (whole / "config.json").is_file():
            raise FileNotFoundError("the repository has no config.json")
        with suppress(OSError):  # another process was faster
            whole.replace(folder)


def _reachable(endpoint: str) -> None:
    """Raise OSError at once where the client would try again for minutes."""
    import socket

    host = urlsplit(endpoint)
    port = host.port or (80 if host.scheme == "http" else 443)
    socket.create_connection((str(host.hostname), port), timeout=TIMEOUT).close()


def _network(source: str, folder: Path, settings: Any, module: Any) -> Network:
    from assay.explain.models.network import Network

    names = getattr(settings, "id2label", None) or {}
    labels = [str(names[i]) for i in sorted(names)] if sorted(names) == list(range(len(names))) else []
    size, channels = getattr(settings, "image_size", None), getattr(settings, "num_channels", 3)
    path = folder / "preprocessor_config.json"
    picture = json.loads(path.read_text("utf-8")) if path.is_file() else {}
    if size is None and not picture:
        length = getattr(settings, "max_position_embeddings", 1)
        return Network(module, (length,), labels=tuple(labels), layout="tokens", name=source)
    height, width = _size(picture.get("size", size))
    scaled = picture.get("do_rescale", True)
    normalised = picture.get("do_normalize", bool(picture))
    mean, std = (picture.get(key, default) if normalised else default
                 for key, default in (("image_mean", [0.0]), ("image_std", [1.0])))
    return Network(module, (channels, height, width), tuple(mean), tuple(std),
                   (0.0, 1.0) if scaled else (0.0, 255.0), tuple(labels), name=source)


def _size(given: Any) -> tuple[int, int]:
    if isinstance(given, dict):
        given = [given["height"], given["width"]] if "height" in given else next(iter(given.values()))
    first, second = given if isinstance(given, (list, tuple)) else (given, given)
    return int(first), int(second)
