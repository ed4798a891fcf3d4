"""What a request names."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assay.terminal.values import values


def seen(request: str) -> list[tuple[str, str]]:
    return [(value.kind, value.text) for value in values(request)]


@pytest.mark.parametrize(("request_", "expected"), [
    ("keep 'my file.txt' and “that one” and `x y`", [("quoted", "my file.txt"), ("quoted", "that one"),
                                                   ("quoted", "x y")]),
    ("don't touch Ada's file", []),
    ("get https://example.org/a/b.zip, please", [("url", "https://example.org/a/b.zip")]),
    ("clone git@example.org:me/tool.git.", [("url", "git@example.org:me/tool.git")]),
    ("log in as ada@example.org", [("mail", "ada@example.org")]),
    ("ping example.org and 10.0.0.1", [("host", "example.org"), ("host", "10.0.0.1")]),
    ("files in ~/My-Docs/a.d, in /var/log and in src/", [("path", "~/My-Docs/a.d"), ("path", "/var/log"),
                                                         ("path", "src/")]),
    ("notes.txt, .bashrc and Makefile.am", [("file", "notes.txt"), ("file", ".bashrc"), ("file", "Makefile.am")]),
    ("everything in . but not ..", [("path", "."), ("path", "..")]),
    ("the end. Another sentence.", []),
    ("all *.log files and *_old.*", [("pattern", "*.log"), ("pattern", "*_old.*")]),
    ("every .PNG here, .xyz files too", [("extension", "PNG"), ("extension", "xyz")]),
    ("all pdf files", [("extension", "pdf")]), ("each python file", [("extension", "py")]),
    ("rename jpeg files to jpg", [("extension", "jpeg"), ("extension", "jpg")]),
    ("is it valid json", []), ("a zip file of it", []),
    ("over 20 MB, under 3gb, 512 bytes", [("size", "20M"), ("size", "3G"), ("size", "512c")]),
    ("3 days, a week, two hours, last month, since yesterday", [("span", "3 day"), ("span", "a week"),
                                                                ("span", "two hour"), ("span", "1 month"),
                                                                ("span", "1 day")]),
    ("the first five lines, the second column, line 3 and the 4th", [("number", "5"), ("number", "2"),
                                                                    ("number", "3"), ("number", "4")]),
    ("tag v1.2.0 on 2024-05-06", [("version", "v1.2.0"), ("date", "2024-05-06")]),
    ("chmod 644 it, mode 0755, or go-rwx", [("mode", "644"), ("mode", "0755"), ("mode", "go-rwx")]),
    ("the first 100 lines", [("number", "100")]),
    ("commit 3f2a91c or HEAD~2", [("commit", "3f2a91c"), ("commit", "HEAD~2")]),
    ("set $EDITOR and MY_KEY", [("variable", "EDITOR"), ("variable", "MY_KEY")]),
    ("the time in Asia/Tokyo", [("zone", "Asia/Tokyo")]), ("what is 3*(4+5)", [("sum", "3*(4+5)")]),
])
def test_each_kind_is_seen(request_: str, expected: list[tuple[str, str]]) -> None:
    assert seen(request_) == expected


@given(st.text(alphabet=st.characters(codec="utf-8")) | st.text("ab1 ./~*'\"$-_:@%()", max_size=60))
def test_values_stand_where_they_say_and_do_not_overlap(text: str) -> None:
    end = 0
    for value in values(text):
        assert end <= value.start < value.end <= len(text)
        assert value.text
        end = value.end
