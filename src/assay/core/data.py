"""Data sets by sha256: mirror, then cache, then URL; a wrong file is never kept. Archives are unpacked safely."""

from __future__ import annotations

import functools
import hashlib
import os
import shutil
import tarfile
import tempfile
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

from assay.core import config
from assay.core.errors import DATA, AssayError, describe
from assay.core.record import digest

CONNECT_TIMEOUT, READ_TIMEOUT = 2.0, 60.0


@dataclass(frozen=True)
class Remote:
    """One file: where it comes from and its sha256. `unpack` makes `fetch` return the folder of an archive."""

    url: str
    sha256: str
    unpack: bool = False


@dataclass(frozen=True)
class RemoteSet:
    """Many files below one base URL, each with its sha256; a mirror holds them under `name`."""

    name: str
    base_url: str
    files: Mapping[str, str] = field(default_factory=dict)

    def __hash__(self) -> int:
        return hash((self.name, self.digest))

    @property
    def digest(self) -> str:
        """sha256 over names and hashes: another list of files is another folder in the cache."""
        return digest(dict(self.files))

    @classmethod
    def from_sums(cls, name: str, base_url: str, sums: Path) -> RemoteSet:
        """Read the files from the output of ``sha256sum``: a hash, two spaces, a path on every line."""
        lines = [line.split(maxsplit=1) for line in sums.read_text(encoding="utf-8").splitlines() if line.strip()]
        return cls(name, base_url, {path.strip(): sha for sha, path in lines})


def fetch(item: Remote | RemoteSet, name: str) -> Path:
    """Return the local file of a `Remote`, or the folder of a `RemoteSet` or an unpacked archive.

    Parameters
    ----------
    item : Remote or RemoteSet
    name : str
        Name of the data set: its folder in a mirror (a `RemoteSet` has its own).

    Raises
    ------
    AssayError
        Exit code 3 if no place has a file with the right hash; nothing wrong enters the cache.
    """
    return _fetch(item, name, config.cache() / "data", tuple(config.mirrors()))


@functools.cache
def _fetch(item: Remote | RemoteSet, name: str, folder: Path, mirrors: tuple[Path, ...]) -> Path:
    # Cached: a benchmark asks for its path in every case. The folders are part of the key.
    if isinstance(item, RemoteSet):
        folder = folder / f"{item.name}-{item.digest[:12]}"
        for path, sha in item.files.items():
            fetch_file(folder / path, sha, item.base_url.rstrip("/") + "/" + path, f"{item.name}/{path}")
        return folder
    basename = item.url.rsplit("/", 1)[-1]
    file = folder / item.sha256[:12] / basename
    fetch_file(file, item.sha256, item.url, f"{name}/{basename}")
    return _unpacked(file) if item.unpack else file


def fetch_file(target: Path, sha256: str, url: str, mirror_path: str) -> Path:
    """Make `target` the file with the hash, from a mirror, the cache (it may be there already) or the URL."""
    looked: list[str] = []
    for candidate in [*(mirror / mirror_path for mirror in config.mirrors()), target]:
        found = _sha256(candidate)
        if found == sha256:
            return _copied(candidate, target)
        looked.append(f"{candidate}: {f'sha256 {found}' if found else 'no such file'}")
    if config.offline():
        looked.append(f"{url}: not asked, ASSAY_OFFLINE is set")
    else:
        try:
            return download(url, target, sha256)
        except Exception as error:
            looked.append(f"{url}: {describe(error)}")
    raise AssayError(
        f"{mirror_path}: not found with the expected sha256\n  expected: {sha256}\n  looked in: "
        + "\n             ".join(looked),
        f"put the right file at {target}, or name a folder that holds {mirror_path} in ASSAY_MIRROR",
        DATA,
    )


def download(url: str, target: Path, sha256: str | None) -> Path:
    """Fetch `url` to `target` through a temporary file, checking the hash if it is known.

    Raises
    ------
    Exception
        Whatever pooch raises when the host is out of reach, or ValueError for a wrong hash.
    """
    import pooch

    pooch.get_logger().setLevel("WARNING")
    target.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=target.parent) as folder:
        downloader = (pooch.HTTPDownloader(timeout=(CONNECT_TIMEOUT, READ_TIMEOUT))
                      if url.startswith("http") else None)
        got = pooch.retrieve(url, known_hash=None, fname=target.name, path=folder, downloader=downloader)
        found = _sha256(Path(got))
        if sha256 and found != sha256:
            raise ValueError(f"sha256 {found}")
        os.replace(got, target)
    return target


def _copied(source: Path, target: Path) -> Path:
    if source != target:
        target.parent.mkdir(parents=True, exist_ok=True)
        with source.open("rb") as stream, tempfile.NamedTemporaryFile(dir=target.parent, delete=False) as partial:
            shutil.copyfileobj(stream, partial)
        os.replace(partial.name, target)
    return target


def _sha256(path: Path) -> str | None:
    if not path.is_file():
        return None
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def _unpacked(archive: Path) -> Path:
    folder = archive.with_name(archive.name + ".unpacked")
    if not folder.is_dir():
        partial = Path(tempfile.mkdtemp(dir=archive.parent))
        unpack(archive, partial)
        os.replace(partial, folder)
    return folder


def unpack(archive: Path, folder: Path) -> None:
    """Unpack a tar or zip archive into `folder`.

    Raises
    ------
    AssayError
        Exit code 3, before anything is written, if a member has an absolute path, climbs out with ``..``,
        is a link or a device; or if the file is no archive.
    """
    if tarfile.is_tarfile(archive):
        with tarfile.open(archive) as tar:
            for member in tar.getmembers():
                _check_member(archive, member.name, member.isfile() or member.isdir())
            tar.extractall(folder, filter="data")
    elif zipfile.is_zipfile(archive):
        with zipfile.ZipFile(archive) as zipped:
            for info in zipped.infolist():
                # The upper 16 bits hold the Unix mode; 0o12 is the file type of a symbolic link.
                _check_member(archive, info.filename, (info.external_attr >> 28) != 0o12)
            zipped.extractall(folder)
    else:
        raise AssayError(f"{archive}: expected a tar or zip archive", code=DATA)


def _check_member(archive: Path, name: str, plain: bool) -> None:
    path = PurePosixPath(name.replace("\\", "/"))
    if path.is_absolute() or ".." in path.parts or ":" in path.parts[0:1] or not plain:
        raise AssayError(f"{archive}: member {name!r} would leave the folder or is a link; nothing was unpacked",
                         "the archive is not what its publisher made; do not use it", DATA)
