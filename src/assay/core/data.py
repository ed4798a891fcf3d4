"""Data sets by sha256: mirror, then cache, then URL; a wrong file is never kept. Archives are unpacked safely."""

from __future__ import annotations

import functools
import hashlib
import lzma
import os
import re
import shutil
import tarfile
import tempfile
import zipfile
import zlib
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from urllib.parse import urlsplit

from assay.core import config
from assay.core.errors import DATA, AssayError, describe
from assay.core.files import replacing
from assay.core.record import digest

SUMS_LINE = re.compile("(?P<sha>[0-9a-f]{64}) [ *](?P<path>.+?)\r?")
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
        """Read the files from the output of ``sha256sum``: a hash, a space, a space or ``*``, a path on every line.

        Raises
        ------
        AssayError
            Exit code 3 if a line is something else, or a path is not below the base URL; it names file and line.
        """
        files = {}
        for number, line in enumerate(sums.read_text(encoding="utf-8").split("\n"), 1):
            match = SUMS_LINE.fullmatch(line)
            if match and _stays_inside(match["path"]):
                files[match["path"]] = match["sha"]
            elif line.strip():
                raise AssayError(f"{sums}, line {number}: expected a sha256 and a relative path, found {line!r}",
                                 "write the file with sha256sum, in the folder that the base URL stands for", DATA)
        return cls(name, base_url, files)


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
    basename = file_name(item.url)
    file = folder / item.sha256[:12] / basename
    fetch_file(file, item.sha256, item.url, f"{name}/{basename}")
    return _unpacked(file) if item.unpack else file


def file_name(url: str) -> str:
    """Return the last part of the URL's path, without a query.

    >>> file_name("https://example.org/files/crystals.zip?download=1")
    'crystals.zip'
    """
    return PurePosixPath(urlsplit(url).path).name


def fetch_file(target: Path, sha256: str, url: str, mirror_path: str) -> Path:
    """Make `target` the file with the hash, from a mirror, the cache (it may be there already) or the URL.

    `sha256` may be the first 8 or more digits, as some publishers put them into a file's name.
    """
    looked: list[str] = []
    for candidate in [*(mirror / mirror_path for mirror in config.mirrors()), target]:
        found = _found(candidate)
        if _matches(found, sha256):
            return candidate if candidate == target else _copied(candidate, target, sha256)
        looked.append(f"{candidate}: {found}")
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
        found = _found(Path(got))
        if sha256 and not _matches(found, sha256):
            raise ValueError(found)
        with Path(got).open("rb") as stream, replacing(target) as copy:
            shutil.copyfileobj(stream, copy)
    return target


def _copied(source: Path, target: Path, sha256: str) -> Path:
    if not _matches(_found(target), sha256):
        try:
            with source.open("rb") as stream, replacing(target) as copy:
                shutil.copyfileobj(stream, copy)
        except OSError as error:
            raise AssayError(f"{target}: cannot be written: {describe(error)}",
                             "check free space and permissions, or name another folder in ASSAY_CACHE", DATA) from error
    return target


def _matches(found: str, sha256: str) -> bool:
    return found.startswith(f"sha256 {sha256}") and len(sha256) >= 8


def _found(path: Path) -> str:
    """Return ``sha256 ...`` of the file, or in words why there is none."""
    try:
        with path.open("rb") as stream:
            return f"sha256 {hashlib.file_digest(stream, 'sha256').hexdigest()}"
    except FileNotFoundError:
        return "no such file"
    except OSError as error:
        return describe(error)


def _unpacked(archive: Path) -> Path:
    folder = archive.with_name(archive.name + ".unpacked")
    if folder.is_dir():
        return folder
    with tempfile.TemporaryDirectory(dir=archive.parent) as partial:
        whole = Path(partial) / "whole"
        unpack(archive, whole)
        with suppress(OSError):  # another process was faster
            os.replace(whole, folder)
    return folder


def unpack(archive: Path, folder: Path) -> None:
    """Unpack a tar or zip archive into `folder`.

    Raises
    ------
    AssayError
        Exit code 3, before anything is written, if a member has an absolute path, climbs out with ``..``,
        is a link or a device; or if the file is no archive, or a damaged one.
    """
    try:
        if tarfile.is_tarfile(archive):
            _unpack_tar(archive, folder)
        elif zipfile.is_zipfile(archive):
            _unpack_zip(archive, folder)
        else:
            raise AssayError(f"{archive}: expected a tar or zip archive", code=DATA)
    except (tarfile.TarError, zipfile.BadZipFile, zlib.error, lzma.LZMAError, EOFError, OSError, ValueError) as error:
        raise AssayError(f"{archive}: cannot be unpacked: {describe(error)}",
                         "the archive may be damaged, or the disk full", DATA) from error


def _unpack_tar(archive: Path, folder: Path) -> None:
    with tarfile.open(archive) as tar:
        for member in tar.getmembers():
            _check_member(archive, member.name, member.isfile() or member.isdir())
        tar.extractall(folder, filter="data")


def _unpack_zip(archive: Path, folder: Path) -> None:
    with zipfile.ZipFile(archive) as zipped:
        for info in zipped.infolist():
            # The upper 16 bits hold the Unix mode; 0o12 is the file type of a symbolic link.
            _check_member(archive, info.filename, (info.external_attr >> 28) != 0o12)
        zipped.extractall(folder)


def _stays_inside(name: str) -> bool:
    path = PurePosixPath(name.replace("\\", "/"))
    return not path.is_absolute() and ".." not in path.parts


def _check_member(archive: Path, name: str, plain: bool) -> None:
    if not _stays_inside(name) or not plain:
        raise AssayError(f"{archive}: member {name!r} would leave the folder or is a link; nothing was unpacked",
                         "the archive is not what its publisher made; do not use it", DATA)
