"""Finding recipes for requests in other words than theirs."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from assay.core.errors import AssayError
from assay.terminal import recipebook
from assay.terminal.retrieve import index_of, search

EVERYDAY = """\
How many lines are there in report.txt? | count-lines
I want to know how big the folder build is | folder-size
which folders in /var take the most space | folder-sizes
Show the ten biggest files under ~/Videos | find-biggest
get rid of all the .pyc files below this directory | delete-by-extension
find every markdown file in docs | find-extension
search the word "deprecated" in every python file | search-extension
Rename draft.md to final.md | rename-file
move every png into pictures/ | move-by-extension
compress my thesis folder into thesis.tar.gz | tar-create
unpack release.tgz | tar-extract
extract data.zip into the directory raw | zip-extract-to
what does bundle.zip contain | zip-list
print lines 20 to 30 of server.log | show-range
the last 50 lines of /var/log/syslog | show-last
keep watching app.log for new lines | watch-file
replace "http://" with "https://" in config.yaml | replace-in-file
sort scores.txt numerically | sort-numbers
which words occur most in speech.txt | count-words-each
pull all e-mail addresses out of contacts.html | extract-emails
convert windows line endings in run.bat | line-ends-unix
turn notes.txt to uppercase | to-upper
sum the second column of sales.txt | column-sum
show me the third column of data.txt | column-print
pretty-print response.json | json-pretty
is settings.json valid JSON? | json-check
who is hogging port 5432 | port-who
kill the process with PID 4711 | kill-process
force quit process 912 | kill-process-force
terminate all firefox processes | kill-name
list what eats the most CPU right now | process-top-cpu
how much RAM is left | memory
how full are my disks | disk-free
what's my kernel version | kernel-version
which distro am I running | system-version
since when is this machine up | load
what time is it in Asia/Kolkata | time-zone-at
convert epoch 1700000000 to a readable date | time-from-stamp
restart nginx | service-restart
make sure docker starts on boot | service-enable
see the journal of sshd | service-log
list my crontab | cron-list
install ripgrep with apt | apt-install
update every package on my Ubuntu box | apt-upgrade
what's my IP on the LAN | ip-local
what is my external IP | ip-public
can I reach db.example.com on port 3306? | port-check
ping 10.0.0.1 three times | ping-host
download https://example.org/data/file.iso | download
save https://example.org/logo as logo.png | download-as
only show me the HTTP headers of https://example.org | http-headers
serve the current directory on port 9000 | http-server
make a new ssh key pair | ssh-key-make
copy my public key to admin@10.1.2.3 | ssh-key-copy
upload report.pdf to server.example.com | ssh-copy-to
clone https://github.com/user/repo.git | git-clone
undo my last commit but keep the work | git-undo-commit
throw away my local edits to src/main.c | git-discard-file
create a branch named experiment and check it out | git-branch-create
delete the local branch old-idea | git-branch-delete
what branch is checked out | git-branch-current
show commits from the last two weeks | git-log-since
who wrote each line of utils.py | git-blame
stash what I am working on | git-stash
bring back my stash | git-stash-pop
push branch hotfix to origin for the first time | git-push-new
tag this version v1.2.0 | git-tag
commit everything tracked with message "fix typo" | git-commit-all
change the last commit message to "better words" | git-amend-message
stop tracking secrets.env without deleting it | git-untrack
which files still conflict after the merge | git-conflicts
open a shell inside the container web | docker-shell
show the logs of container api | docker-logs
how much space does docker take up | docker-disk
create a virtualenv for python in env | python-venv
install everything from requirements.txt | pip-install-requirements
upgrade numpy with pip | pip-upgrade
which pip packages have newer versions | pip-outdated
make script.sh executable | make-executable
set permissions of id_rsa to 600 | change-mode
give ownership of /srv/www to www-data, recursively | change-owner-folder
add alice to the docker group | user-to-group
what's in my PATH variable | path-show
set EDITOR_NAME to vim in this shell | environment-set
sha256 of ubuntu.iso | checksum-sha256
compare old.conf and new.conf | compare-files
find files that are identical under photos/ | find-duplicates
files changed within the last 2 hours | find-changed-minutes
anything older than 90 days in /tmp/cache | find-older
make a symlink called current pointing to releases/v5 | link-symbolic
split video.mp4 into 50 MB chunks | split-size
generate a random password for me | password-random
encrypt diary.txt with a passphrase | encrypt-file
extract text from paper.pdf | pdf-text
resize photo.jpg to 1024 pixels wide | image-resize
which tables does app.sqlite have | sqlite-tables
dump the postgres database shop into shop.sql | postgres-dump
start a tmux session named work | tmux-new
calculate 17*23 | calculate
delete all empty directories in here | delete-empty-folders
remove trailing whitespace from main.c | trim-line-ends
"""
NONSENSE = """\
the moon tastes of velvet on tuesdays
seven seven purple potato dance
make me a sandwich with extra cheese
teleport my desk to the kitchen
tell my cat to stop meowing
paint the living room blue
convert the keyboard into a piano with strings
write a poem about autumn
book a flight to Lisbon for tomorrow
asdf qwer zxcv
do the thing
fix it
"""


@pytest.fixture(autouse=True)
def one_index(folders: Path, monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory) -> None:
    """The index is made once for all tests here but for those that say otherwise."""
    monkeypatch.setenv("ASSAY_CACHE", str(tmp_path_factory.getbasetemp() / "recipes"))


def ids(request: str, k: int = 3) -> list[str]:
    return [found.recipe_id for found in search(request, k)]


def test_everyday_requests_find_their_recipe_first() -> None:
    pairs = [line.rsplit(" | ", 1) for line in EVERYDAY.splitlines()]
    missed = {request: ids(request) for request, expected in pairs if ids(request)[:1] != [expected]}
    assert not missed
    assert len(pairs) > 90


def test_nothing_is_found_for_nonsense() -> None:
    assert {request: found for request in NONSENSE.splitlines() if (found := ids(request))} == {}
    assert search("") == search("the of a") == search("count lines", 0) == []


def test_what_is_found_says_all_that_is_shown() -> None:
    found = search("count the lines of 'my notes.txt'")[0]
    assert (found.recipe_id, found.command, found.slots) == ("count-lines", "wc -l {file}", ("file",))
    assert found.task in recipebook.recipes()[[r.id for r in recipebook.recipes()].index("count-lines")].tasks
    assert found.explanation == "Counts the line ends."
    assert 0.85 < found.score <= 1
    assert found.filled is not None
    assert found.filled.command == "wc -l 'my notes.txt'"
    assert found.credit == ""


def test_scores_fall_and_no_recipe_comes_twice() -> None:
    found = search("delete the files in this folder", 10)
    assert len(found) > 3
    assert [item.score for item in found] == sorted((item.score for item in found), reverse=True)
    assert len({item.recipe_id for item in found}) == len(found)


def test_other_forms_of_a_word_and_words_of_the_same_meaning_count() -> None:
    assert ids("counting the line of a.txt")[0] == "count-lines"
    assert ids("erase the directory old/")[0] == "delete-folder"


def test_a_recipe_that_deletes_is_not_first_where_nobody_speaks_of_deleting() -> None:
    assert ids("files older than 90 days in cache/")[0] == "find-older"
    assert ids("delete files older than 90 days in cache/")[0] == "delete-older"


def test_the_end_of_a_name_tells_what_is_meant() -> None:
    assert ids("unpack photos.zip")[0] == "zip-extract"
    assert ids("unpack photos.tar.xz")[0] == "tar-extract"


def test_the_index_is_made_once_in_the_cache(folders: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ASSAY_CACHE", str(folders / "cache"))
    path = index_of()
    assert path.parent == folders / "cache" / "terminal"
    before = path.stat()
    search("count lines")
    after = index_of().stat()
    assert (after.st_ino, after.st_mtime_ns) == (before.st_ino, before.st_mtime_ns)
    assert len(list(path.parent.iterdir())) == 1


def test_other_recipes_are_another_index(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    before = index_of()
    mine = tmp_path / "recipes.toml"
    mine.write_text('[[recipe]]\nid = "a"\ntasks = ["sing a song"]\ncommand = "sing"\nexplanation = "Sings."\n')
    monkeypatch.setattr(recipebook, "FILE", mine)
    assert index_of() != before
    assert ids("sing me a song") == ["a"]


def test_many_who_come_first_at_once_agree(folders: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ASSAY_CACHE", str(folders / "cache"))
    code = "from assay.terminal.retrieve import search; print(search('count the lines of a.txt')[0].recipe_id)"
    started = [subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True) for _ in range(3)]
    assert [process.communicate()[0].strip() for process in started] == ["count-lines"] * 3


def test_an_index_that_may_not_be_written_is_read(folders: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ASSAY_CACHE", str(folders / "cache"))
    path = index_of()
    path.chmod(0o444)
    assert ids("count the lines of a.txt")[0] == "count-lines"
    assert sqlite3.connect(path).execute("select count(*) from recipe").fetchone() == (len(recipebook.recipes()),)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60)
@given(st.text() | st.text('ab "*()-:^{}\\\'.', max_size=40))
def test_any_text_can_be_looked_for(text: str) -> None:
    assert len(search(text)) <= 3


PAGE = """\
# frobnicate

> Turn gadgets into widgets.
> More information: <https://example.org>.

- Turn one gadget into a widget:

`frobnicate {{[-o|--once]}} {{path/to/gadget}}`

- Turn every gadget of a directory, with a number of `workers`:

`frobnicate --jobs {{4}} {{path/to/directory}} {{path/to/other_directory}}`

- Paint a widget:

`frobnicate paint {{colour}}`

- E[x]tract its core:

`frobnicate x {{widget.wid[.gz|.xz]}}`
"""


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    folder = tmp_path / "tldr"
    for part, name, text in (("common", "frobnicate", PAGE), ("linux", "lint", "# lint\n\n- Lint:\n\n`lint`\n"),
                             ("osx", "mac", "# mac\n\n- Only there:\n\n`mac`\n")):
        (folder / "pages" / part).mkdir(parents=True, exist_ok=True)
        (folder / "pages" / part / f"{name}.md").write_text(text)
    return folder


def test_a_checkout_of_tldr_pages_is_searched_instead_and_credited(checkout: Path) -> None:
    found = search("turn the gadget a.gad into a widget", folder=checkout)[0]
    assert found.recipe_id == "tldr/frobnicate/1"
    assert found.command == "frobnicate -o {file}"
    assert found.filled is not None
    assert found.filled.command == "frobnicate -o a.gad"
    assert found.credit == "tldr-pages, CC BY 4.0"
    assert found.explanation == "frobnicate: Turn gadgets into widgets."
    assert search("count the lines of a.txt", folder=checkout) == []


def test_placeholders_become_slots_of_their_kind(checkout: Path) -> None:
    found = {item.recipe_id: item.command for item in search("turn gadgets into widgets", folder=checkout)}
    assert found["tldr/frobnicate/2"] == "frobnicate --jobs {n} {folder} {folder2}"
    assert search("paint the widget", folder=checkout)[0].command == "frobnicate paint {value}"


def test_letters_that_stand_for_an_option_are_part_of_their_word(checkout: Path) -> None:
    found = search("extract the core", folder=checkout)[0]
    assert (found.recipe_id, found.command) == ("tldr/frobnicate/4", "frobnicate x {file}")


def test_a_page_that_changed_is_read_again(checkout: Path) -> None:
    search("turn gadgets", folder=checkout)
    page = checkout / "pages" / "common" / "frobnicate.md"
    page.write_text(PAGE.replace("Paint a widget", "Polish some brass"))
    os.utime(page, (0, 0))
    assert search("polish brass", folder=checkout)[0].recipe_id == "tldr/frobnicate/3"


def test_a_folder_that_is_no_checkout_is_told(tmp_path: Path) -> None:
    with pytest.raises(AssayError, match="pages/common") as caught:
        search("count lines", folder=tmp_path)
    assert caught.value.code == 3


def test_pages_folders_themselves_will_do(checkout: Path) -> None:
    assert search("paint the widget", folder=checkout / "pages")[0].recipe_id == "tldr/frobnicate/3"
