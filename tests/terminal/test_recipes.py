"""The model that answers from recipes."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from assay.terminal.answer import parse
from assay.terminal.context import JUDGED
from assay.terminal.prompts import render
from assay.terminal.recipes import NOTHING, answer, reply, request_of


@pytest.fixture(autouse=True)
def one_index(folders: Path, monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory) -> None:
    """The index is made once for all tests here."""
    monkeypatch.setenv("ASSAY_CACHE", str(tmp_path_factory.getbasetemp() / "recipes"))


@pytest.mark.parametrize(("request_", "command"), [
    ("How many lines are there in report.txt?", "wc -l report.txt"),
    ("Show the ten biggest files under ~/Videos", r"find ~/Videos -type f -printf '%s\t%p\n' | sort -rn | head -n 10"),
    ("get rid of all the .pyc files below this directory", "find . -type f -name '*.pyc' -delete"),
    ("Rename draft.md to final.md", "mv draft.md final.md"),
    ("compress my thesis folder into thesis.tar.gz", "tar -czf thesis.tar.gz thesis"),
    ("extract data.zip into the directory raw", "unzip data.zip -d raw"),
    ("print lines 20 to 30 of server.log", "sed -n '20,30p' server.log"),
    ('replace "http://" with "https://" in config.yaml', r"sed -i 's/http:\/\//https:\/\//g' config.yaml"),
    ("sum the second column of sales.txt", "awk '{ sum += $2 } END { print sum }' sales.txt"),
    ("kill the process with PID 4711", "kill 4711"), ("terminate all firefox processes", "pkill -x firefox"),
    ("restart nginx", "sudo systemctl restart nginx"), ("install ripgrep with apt", "sudo apt-get install -y ripgrep"),
    ("can I reach db.example.com on port 3306?", "nc -zv -w 5 db.example.com 3306"),
    ("ping 10.0.0.1 three times", "ping -c 3 10.0.0.1"),
    ("clone https://github.com/user/repo.git", "git clone https://github.com/user/repo.git"),
    ("create a branch named experiment and check it out", "git switch -c experiment"),
    ('commit everything tracked with message "fix typo"', "git commit -am 'fix typo'"),
    ("show commits from the last two weeks", "git log --oneline --since='14 days ago'"),
    ("add alice to the docker group", "sudo usermod -aG docker alice"),
    ("anything older than 90 days in /var/cache/x", "find /var/cache/x -type f -mtime +90"),
    ("calculate 17*23", "awk 'BEGIN { print 17*23 }'"),
])
def test_it_answers_with_the_values_of_the_request(request_: str, command: str) -> None:
    replied = parse(answer(request_), "regular")
    assert (replied.status, replied.via) == ("ok", "raw")
    assert [item.command for item in replied.commands] == [command]
    assert replied.commands[0].explanations


@pytest.mark.parametrize("request_", ["", "asdf qwer", "rename the file", "a sandwich, please", "delete that one",
                                      "copy notes.txt", "merge the branch", "{", "Request: x"])
def test_it_refuses_where_nothing_fits_or_something_is_missing(request_: str) -> None:
    replied = parse(answer(request_), "regular")
    assert (replied.status, replied.via, replied.reason) == ("refused", "raw", NOTHING)


@pytest.mark.parametrize("variant", ["regular-few-chat", "fast-few-chat", "regular-zero-chat", "fast-few-completion",
                                     "regular-retrieved-completion"])
def test_it_finds_request_and_format_in_any_prompt(variant: str) -> None:
    mode: Any = variant.split("-")[0]
    prompt = render(variant, "count the lines of a.txt", JUDGED, data="some data\nRequest: no\nPlatform: x")
    replied = parse(reply(prompt.messages), mode)
    assert (replied.status, replied.via) == ("ok", "raw")
    assert [item.command for item in replied.commands] == ["wc -l a.txt"]


def test_a_turn_is_undressed_and_any_other_text_left() -> None:
    dressed = render("regular-zero-chat", "two\nlines: Platform: x", JUDGED).messages[-1]["content"]
    assert request_of(dressed) == "two\nlines: Platform: x"
    assert request_of("Request: nothing else") == "Request: nothing else"


def test_the_answer_repeats_the_request_as_it_was() -> None:
    assert json.loads(answer("Wörter zählen?"))["input"] == "Wörter zählen?"
