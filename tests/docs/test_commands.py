"""Every command that the documents quote is one that the program accepts."""

import re
import shlex
from pathlib import Path

import click
import pytest

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").glob("*.md")),
         *(page for folder in ("tutorials", "explain") for page in sorted((ROOT / "docs" / folder).glob("*.md")))]
# A line of a console block, or of a notebook cell; and `assay ...` within a sentence.
LINES = re.compile(r"^(?:\$ |%%bash\n)(assay .*)$|`(assay [a-z][^`]*)`", re.MULTILINE)
MAKE = re.compile(r"^\$ make ([a-z-]+)|`make ([a-z-]+)", re.MULTILINE)


def quoted() -> list[tuple[str, str]]:
    texts = [(page.name, page.read_text("utf-8").replace("\\\n", " ")) for page in PAGES]
    return [(name, match[1] or match[2]) for name, text in texts for match in LINES.finditer(text)]


@pytest.mark.parametrize(("page", "line"), quoted())
def test_quoted_commands_parse(page: str, line: str) -> None:
    from assay.cli.commands import verbs

    words = shlex.split(line, comments=True)[1:]
    context = click.Context(verbs, info_name="assay")
    command: click.Command = verbs
    while words and isinstance(command, click.Group):
        inner = command.get_command(context, words[0])
        assert inner is not None, f"{page}: no command {words[0]!r} in {line!r}"
        command, words = inner, words[1:]
    # Parsing only: nothing runs. Sentences may leave out arguments, never invent options.
    known = {name for item in command.get_params(context) for name in item.opts + item.secondary_opts}
    unknown = [word for word in words if re.match(r"--?[a-zA-Z]", word) and word.partition("=")[0] not in known]
    assert not unknown, f"{page}: {line!r} has options that {command.name} does not know"


def test_quoted_make_targets_exist() -> None:
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE))
    quoted_targets = {match[1] or match[2] for page in PAGES for match in MAKE.finditer(page.read_text("utf-8"))}
    assert quoted_targets
    assert quoted_targets <= targets


def test_relative_links_lead_somewhere() -> None:
    link = re.compile(r"\]\((?!https?:|#|generated/)([^)#]+)\)")
    dead = [f"{page.name}: {target}" for page in PAGES for target in link.findall(page.read_text("utf-8"))
            if not (page.parent / target).exists() and "generated/" not in target]
    assert not dead
