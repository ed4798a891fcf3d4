"""Data sets: mirror, cache, URL, in this order, by sha256; archives and lists of sums that mean harm are refused."""

from __future__ import annotations

import hashlib
import io
import os
import stat
import string
import subprocess
import tarfile
import tempfile
import zipfile
from collections.abc import Callable
from pathlib import Path, PurePosixPath
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assay import AssayError, Remote, RemoteSet
from assay.core import data

RIGHT, WRONG = b"the right bytes\n", b"the wrong bytes\n"
URL = "https://toy.invalid/set/numbers.txt"


def sha(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


REMOTE = Remote(URL, sha(RIGHT))


@pytest.fixture(autouse=True)
def _forget() -> None:
    """Every test is a process that has fetched nothing yet."""
    data._fetch.cache_clear()


@pytest.fixture
def mirrors(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    folders = [tmp_path / "mirror-1", tmp_path / "mirror-2"]
    monkeypatch.setenv("ASSAY_MIRROR", os.pathsep.join(map(str, folders)))
    return folders


def put(content: bytes, *parts: Any) -> Path:
    path = Path(*parts)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    return path


def cached(tmp_path: Path) -> list[bytes]:
    return [path.read_bytes() for path in (tmp_path / "cache").rglob("*") if path.is_file()]


# -- where a file comes from


def test_a_right_file_of_a_mirror_is_copied_into_the_cache(mirrors: list[Path], tmp_path: Path) -> None:
    put(RIGHT, mirrors[0], "numbers", "numbers.txt")
    path = data.fetch(REMOTE, "numbers")
    assert path.read_bytes() == RIGHT
    assert path.is_relative_to(tmp_path / "cache")


def test_the_next_place_is_tried_when_one_is_wrong(mirrors: list[Path]) -> None:
    put(WRONG, mirrors[0], "numbers", "numbers.txt")
    put(RIGHT, mirrors[1], "numbers", "numbers.txt")
    assert data.fetch(REMOTE, "numbers").read_bytes() == RIGHT


def test_wrong_in_the_mirror_and_right_in_the_cache(mirrors: list[Path]) -> None:
    put(RIGHT, mirrors[0], "numbers", "numbers.txt")
    path = data.fetch(REMOTE, "numbers")
    put(WRONG, mirrors[0], "numbers", "numbers.txt")
    data._fetch.cache_clear()
    assert data.fetch(REMOTE, "numbers") == path
    assert path.read_bytes() == RIGHT


def test_a_damaged_file_in_the_cache_is_replaced(mirrors: list[Path]) -> None:
    put(RIGHT, mirrors[0], "numbers", "numbers.txt")
    put(WRONG, data.fetch(REMOTE, "numbers"))
    data._fetch.cache_clear()
    assert data.fetch(REMOTE, "numbers").read_bytes() == RIGHT


def test_a_copy_that_is_right_stays_as_it_is(mirrors: list[Path]) -> None:
    put(RIGHT, mirrors[0], "numbers", "numbers.txt")
    before = data.fetch(REMOTE, "numbers").stat()
    data._fetch.cache_clear()
    after = data.fetch(REMOTE, "numbers").stat()
    assert (before.st_ino, before.st_mtime_ns) == (after.st_ino, after.st_mtime_ns)


def test_where_none_is_right_the_error_says_what_was_looked_for_and_found(mirrors: list[Path], tmp_path: Path) -> None:
    put(WRONG, mirrors[0], "numbers", "numbers.txt")
    with pytest.raises(AssayError) as caught:
        data.fetch(REMOTE, "numbers")
    error = caught.value
    assert error.code == 3
    for text in ("numbers/numbers.txt", sha(RIGHT), f"{mirrors[0]}/numbers/numbers.txt: sha256 {sha(WRONG)}",
                 f"{mirrors[1]}/numbers/numbers.txt: no such file", f"{URL}: not asked, ASSAY_OFFLINE is set"):
        assert text in error.message
    assert "ASSAY_MIRROR" in error.hint
    assert str(tmp_path / "cache") in error.hint
    assert cached(tmp_path) == []


def test_a_folder_in_place_of_the_file_is_passed_over(mirrors: list[Path]) -> None:
    (mirrors[0] / "numbers" / "numbers.txt").mkdir(parents=True)
    put(b"", mirrors[1] / "numbers")
    with pytest.raises(AssayError, match="IsADirectoryError"):
        data.fetch(REMOTE, "numbers")


def test_a_cache_that_cannot_be_written_is_an_error_that_says_so(mirrors: list[Path], tmp_path: Path) -> None:
    put(RIGHT, mirrors[0], "numbers", "numbers.txt")
    put(b"a file where the folder should be", tmp_path / "cache")
    with pytest.raises(AssayError, match="cannot be written") as caught:
        data.fetch(REMOTE, "numbers")
    assert caught.value.code == 3
    assert "ASSAY_CACHE" in caught.value.hint


def test_others_may_read_what_is_cached(mirrors: list[Path]) -> None:
    put(RIGHT, mirrors[0], "numbers", "numbers.txt")
    old = os.umask(0o022)
    try:
        assert stat.S_IMODE(data.fetch(REMOTE, "numbers").stat().st_mode) == 0o644
    finally:
        os.umask(old)


# -- a URL


def test_a_right_file_is_downloaded_once(server: Any, tmp_path: Path) -> None:
    server.files["/numbers.txt"] = RIGHT
    remote = Remote(f"{server.url}/numbers.txt?download=1", sha(RIGHT))
    for _ in range(2):
        data._fetch.cache_clear()
        path = data.fetch(remote, "numbers")
    assert (path.name, path.read_bytes()) == ("numbers.txt", RIGHT)
    assert server.asked == ["/numbers.txt?download=1"]
    assert cached(tmp_path) == [RIGHT]


@pytest.mark.parametrize("content", [WRONG, b"", None])
def test_a_wrong_download_never_enters_the_cache(server: Any, tmp_path: Path, content: bytes | None) -> None:
    if content is not None:
        server.files["/numbers.txt"] = content
    with pytest.raises(AssayError) as caught:
        data.fetch(Remote(f"{server.url}/numbers.txt", sha(RIGHT)), "numbers")
    found = f"sha256 {sha(content)}" if content is not None else "404"
    assert found in caught.value.message
    assert caught.value.code == 3
    assert cached(tmp_path) == []


def test_a_mirror_that_is_right_spares_the_url(server: Any, mirrors: list[Path]) -> None:
    put(RIGHT, mirrors[1], "numbers", "numbers.txt")
    assert data.fetch(Remote(f"{server.url}/numbers.txt", sha(RIGHT)), "numbers").read_bytes() == RIGHT
    assert server.asked == []


def test_offline_opens_no_socket(python: Callable[..., subprocess.CompletedProcess[str]]) -> None:
    code = """
import socket, sys
class Forbidden(socket.socket):
    def __init__(self, *args, **kwargs):
        print("SOCKET"); raise AssertionError("a socket was opened")
socket.socket = Forbidden
socket.getaddrinfo = socket.create_connection = lambda *a, **k: print("LOOKUP")
from assay import AssayError, Model, Remote
from assay.core import data
from assay.flow import weights
for ask in (lambda: data.fetch(Remote("http://127.0.0.1:1/x.txt", "0" * 64), "x"),
            lambda: weights.locate(Model("m", "f", "a:b", {"w": "{weights}"}, url="http://127.0.0.1:1/w.pt"))):
    try:
        ask()
    except AssayError as error:
        print(error.code)
"""
    assert python(code, env={"ASSAY_OFFLINE": "1"}).stdout.split() == ["3", "4"]
    # The same code does open one when it may: the check can fail.
    assert "SOCKET" in (online := python(code, env={"ASSAY_OFFLINE": ""}).stdout) or "LOOKUP" in online


# -- sets of files


def test_a_set_is_a_folder_of_its_own_filled_from_wherever_each_file_is(server: Any, mirrors: list[Path]) -> None:
    put(b"one", mirrors[0], "pair", "a", "one.txt")
    server.files["/base/b/two.txt"] = b"two"
    pair = RemoteSet("pair", f"{server.url}/base/", {"a/one.txt": sha(b"one"), "b/two.txt": sha(b"two")})
    folder = data.fetch(pair, "ignored")
    assert (folder / "a" / "one.txt").read_bytes() == b"one"
    assert (folder / "b" / "two.txt").read_bytes() == b"two"
    assert server.asked == ["/base/b/two.txt"]


def test_another_list_of_files_is_another_folder(mirrors: list[Path]) -> None:
    put(b"one", mirrors[0], "pair", "one.txt")
    put(b"two", mirrors[0], "pair", "two.txt")
    one = data.fetch(RemoteSet("pair", "https://x", {"one.txt": sha(b"one")}), "p")
    both = data.fetch(RemoteSet("pair", "https://x", {"one.txt": sha(b"one"), "two.txt": sha(b"two")}), "p")
    assert one != both
    assert not (one / "two.txt").exists()


names = st.lists(st.text(string.ascii_letters + string.digits + " .-_äß", min_size=1, max_size=8).filter(
    lambda part: part.strip(" .")), min_size=1, max_size=3).map("/".join).map(str.strip)


@given(st.dictionaries(names, st.binary(max_size=8), max_size=6), st.sampled_from(["  ", " *"]),
       st.sampled_from(["\n", "\r\n"]))
def test_sums_are_read_as_sha256sum_writes_them(files: dict[str, bytes], mark: str, end: str) -> None:
    lines = [f"{sha(content)}{mark}{name}{end}" for name, content in files.items()]
    with tempfile.TemporaryDirectory() as folder:
        path = put("".join(lines).encode(), folder, "sums")
        read = RemoteSet.from_sums("set", "https://x", path)
    assert read.files == {name: sha(content) for name, content in files.items()}


def test_sums_agree_with_the_program(tmp_path: Path) -> None:
    put(b"one", tmp_path, "set", "a b", "one.txt")
    put(b"two", tmp_path, "set", "two.txt")
    command = ["sha256sum", "a b/one.txt", "two.txt"]
    done = subprocess.run(command, cwd=tmp_path / "set", capture_output=True, check=True)
    read = RemoteSet.from_sums("set", "https://x", put(done.stdout, tmp_path, "sums"))
    assert read.files == {"a b/one.txt": sha(b"one"), "two.txt": sha(b"two")}


@pytest.mark.parametrize("line", [
    "no sum at all", "0" * 64, f"{'0' * 63}  short.txt", f"{'g' * 64}  no-hex.txt", f"{'0' * 64} one-space.txt",
    f"{'0' * 64}  ../outside.txt", f"{'0' * 64}  /etc/passwd", f"{'0' * 64}  a/../../b", f"{'0' * 64}  ..\\b",
    f"\\{'0' * 64}  escaped\\nname",
])
def test_a_line_that_is_no_sum_is_named(tmp_path: Path, line: str) -> None:
    path = put(f"{'0' * 64}  fine.txt\n\n{line}\n".encode(), tmp_path, "sums")
    with pytest.raises(AssayError) as caught:
        RemoteSet.from_sums("set", "https://x", path)
    assert f"{path}, line 3" in caught.value.message
    assert caught.value.code == 3


# -- archives


def tar_of(members: dict[str, bytes | tarfile.TarInfo], mode: str = "w:gz") -> bytes:
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode=mode) as tar:  # type: ignore[call-overload]
        for name, content in members.items():
            info = content if isinstance(content, tarfile.TarInfo) else tarfile.TarInfo(name)
            info.size = 0 if isinstance(content, tarfile.TarInfo) else len(content)
            tar.addfile(info, None if isinstance(content, tarfile.TarInfo) else io.BytesIO(content))
    return stream.getvalue()


def zip_of(members: dict[str, bytes | zipfile.ZipInfo]) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as zipped:
        for name, content in members.items():
            if isinstance(content, zipfile.ZipInfo):
                zipped.writestr(content, "/etc/passwd")
            else:
                zipped.writestr(name, content)
    return stream.getvalue()


def link(name: str, target: str, kind: bytes = tarfile.SYMTYPE) -> tarfile.TarInfo:
    info = tarfile.TarInfo(name)
    info.type, info.linkname = kind, target
    return info


def zip_link(name: str) -> zipfile.ZipInfo:
    info = zipfile.ZipInfo(name)
    info.create_system, info.external_attr = 3, 0o120777 << 16
    return info


@pytest.mark.parametrize("make", [tar_of, zip_of])
def test_an_archive_is_unpacked_beside_itself(mirrors: list[Path], make: Any) -> None:
    content = make({"set/a.txt": b"a", "set/deep/b.txt": b"b"})
    put(content, mirrors[0], "set", "set.archive")
    remote = Remote("https://toy.invalid/set.archive", sha(content), unpack=True)
    folder = data.fetch(remote, "set")
    assert (folder / "set" / "deep" / "b.txt").read_bytes() == b"b"
    marker = folder / "set" / "a.txt"
    before = marker.stat().st_mtime_ns
    data._fetch.cache_clear()
    assert data.fetch(remote, "set") == folder
    assert marker.stat().st_mtime_ns == before


HOSTILE = {
    "tar-climbs": tar_of({"good.txt": b"x", "../evil.txt": b"x"}),
    "tar-climbs-later": tar_of({"good.txt": b"x", "a/../../evil.txt": b"x"}),
    "tar-absolute": tar_of({"good.txt": b"x", "/evil-of-assay/evil.txt": b"x"}),
    "tar-link-out": tar_of({"good.txt": b"x", "link": link("link", "/etc/passwd")}),
    "tar-link-in": tar_of({"good.txt": b"x", "link": link("link", "good.txt")}),
    "tar-hard-link": tar_of({"good.txt": b"x", "link": link("link", "../../evil.txt", tarfile.LNKTYPE)}),
    "tar-device": tar_of({"good.txt": b"x", "null": link("null", "", tarfile.CHRTYPE)}),
    "tar-pipe": tar_of({"good.txt": b"x", "pipe": link("pipe", "", tarfile.FIFOTYPE)}),
    "zip-climbs": zip_of({"good.txt": b"x", "../evil.txt": b"x"}),
    "zip-backslash": zip_of({"good.txt": b"x", "..\\evil.txt": b"x"}),
    "zip-absolute": zip_of({"good.txt": b"x", "/evil-of-assay/evil.txt": b"x"}),
    "zip-link": zip_of({"good.txt": b"x", "link": zip_link("link")}),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_member_is_named_and_nothing_is_unpacked(mirrors: list[Path], tmp_path: Path, name: str) -> None:
    put(HOSTILE[name], mirrors[0], "set", "set.archive")
    remote = Remote("https://toy.invalid/set.archive", sha(HOSTILE[name]), unpack=True)
    for _ in range(2):  # and it does not become right by being asked again
        with pytest.raises(AssayError, match="would leave the folder or is a link; nothing was unpacked") as caught:
            data.fetch(remote, "set")
        assert caught.value.code == 3
    assert cached(tmp_path) == [HOSTILE[name]]
    assert not list(tmp_path.rglob("*evil*"))
    assert not Path("/evil-of-assay/evil.txt").exists()


@given(st.lists(st.sampled_from(["a", "b.txt", ".", "..", "...", "~", "", "\\", "c:"]), min_size=1, max_size=5),
       st.sampled_from(["", "/"]), st.sampled_from([tar_of, zip_of]))
def test_whatever_members_are_called_nothing_is_written_outside(parts: list[str], root: str, make: Any) -> None:
    name = root + "/".join(parts) or "empty"
    with tempfile.TemporaryDirectory() as top:
        archive = put(make({name: b"x"}), top, "set.archive")
        folder = Path(top) / "inner" / "unpacked"
        try:
            data.unpack(archive, folder)
        except AssayError:
            assert not folder.exists() or not any(path.is_file() for path in folder.rglob("*"))
        else:
            assert ".." not in PurePosixPath(name).parts
        outside = [path for path in Path(top).rglob("*") if path.is_file() and not path.is_relative_to(folder)]
        assert outside == [archive]


@pytest.mark.parametrize("content", [
    b"no archive", b"", tar_of({"a": b"x" * 9000})[:-400], zip_of({"a": b"x" * 9000})[:-400],
    zip_of({"a": b"x" * 9000}).replace(b"xxxx", b"yyyy"),
])
def test_what_is_no_whole_archive_is_an_error_of_the_data(mirrors: list[Path], tmp_path: Path, content: bytes) -> None:
    put(content, mirrors[0], "set", "set.archive")
    with pytest.raises(AssayError) as caught:
        data.fetch(Remote("https://toy.invalid/set.archive", sha(content), unpack=True), "set")
    assert caught.value.code == 3
    assert cached(tmp_path) == [content]


def test_two_processes_may_unpack_at_once(mirrors: list[Path],
                                          python: Callable[..., subprocess.CompletedProcess[str]]) -> None:
    content = tar_of({f"set/{n}.txt": bytes(20_000) for n in range(100)})
    put(content, mirrors[0], "set", "set.archive")
    code = f"""
import os
from assay import Remote
from assay.core import data
children = []
for _ in range(4):
    if (child := os.fork()) == 0:
        folder = data.fetch(Remote("https://toy.invalid/set.archive", "{sha(content)}", True), "set")
        os._exit(0 if len(list((folder / "set").iterdir())) == 100 else 1)
    children.append(child)
print([os.waitpid(child, 0)[1] for child in children])
"""
    assert python(code).stdout == "[0, 0, 0, 0]\n"
