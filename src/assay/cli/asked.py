"""What ``assay cmd`` does: explain, assess, show what would be sent, or ask and then print or show the menu."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import click

from assay.cli import streams
from assay.cli.errors import note
from assay.core.errors import printable

if TYPE_CHECKING:
    from assay.terminal.proposal import Item, Proposal
    from assay.terminal.session import Session

FAILED = 1
RISKY = 2  # rank of commands about which something is said where nobody looks at a menu


def run(text: str, risk: str | None, explain: str | None, show_request: bool, only_print: bool, line: bool,
        try_first: bool, as_json: bool, **question: Any) -> int:
    """Do one of the things that ``assay cmd`` does; returns the exit code."""
    streams.tolerant()
    text = printable(text)
    if risk is not None:
        return _risk(_joined(risk, text), as_json)
    if explain is not None:
        return _explain(_joined(explain, text), as_json, question)
    from assay.terminal.session import Session

    data = streams.piped()
    session = Session(request=_request(text, data), data=data, note=note, **question)
    if show_request:
        return _show_request(session)
    proposal = session.propose()
    if as_json:
        return _json(session, proposal, try_first)
    if only_print or line:
        return _print(proposal, line)
    if streams.at_terminal():
        return _menu(session, proposal, try_first)
    return _plain(session, proposal, try_first)


def _joined(*words: str) -> str:
    return " ".join(filter(None, words))


def _request(text: str, data: str) -> str:
    """Return the request, asked for at a terminal where none was given."""
    from assay.core.errors import AssayError

    if not text.strip() and streams.at_terminal():
        from assay.terminal import lines

        text = lines.edit("request: ") or ""
    if not text.strip():
        raise AssayError("no request: expected words that say what is to be done",
                         "assay cmd find the ten largest files" + (", beside what is piped in" if data else ""))
    return text.strip()


# -- without asking for commands


def _risk(text: str, as_json: bool) -> int:
    """Assess commands: the one given, or those on standard input."""
    from assay.terminal import showing
    from assay.terminal.look import Look
    from assay.terminal.risk import assess
    from assay.terminal.visible import visible

    commands = list(_read_commands()) if text == "-" else [text]
    if not commands or not (text == "-" or text.strip()):
        raise click.UsageError("--risk: expected a command, found none; - reads them from standard input")
    look = Look.of(sys.stdout)
    for number, command in enumerate(commands):
        found = assess(command)
        if as_json:
            click.echo(json.dumps(found.to_json()))
            continue
        if number:
            click.echo()
        for shown in look.code(visible(command, spaces=True), ""):
            click.echo(shown)
        for shown in showing.risk(found, look, most=len(found.findings)):
            click.echo(shown)
    return 0


def _read_commands() -> Iterator[str]:
    """Yield commands from standard input: separated by NUL if there is one, else one a line, blank lines left out."""
    text = streams.everything()
    if "\0" in text:
        yield from text.removesuffix("\0").split("\0")
    else:
        yield from (line for line in text.split("\n") if line.strip())


def _explain(command: str, as_json: bool, question: dict[str, Any]) -> int:
    from assay.cli import explained

    if not command.strip():
        raise click.UsageError("--explain: expected a command, found none")
    return explained.run(command, as_json, **question)


def _show_request(session: Session) -> int:
    where, body = session.request_body()
    click.echo(json.dumps(body, indent=2, ensure_ascii=False))
    note(f"{where}; nothing was sent")
    for secret in session.redactor.found:
        note(f"{secret['placeholder']} stands for: {secret['kind']}")
    return 0


# -- without a menu


def _json(session: Session, proposal: Proposal, try_first: bool) -> int:
    document = proposal.to_json()
    if try_first and proposal.ok:
        document["preview"] = session.try_out(proposal).to_json()
    click.echo(json.dumps(document, indent=2 if sys.stdout.isatty() else None))
    return _code(proposal)


def _print(proposal: Proposal, as_line: bool) -> int:
    """Write the commands alone; what is to be known of them goes to stderr."""
    if not proposal.ok:
        return _refused(proposal)
    from assay.terminal.shellint import one_line
    from assay.terminal.visible import visible

    # Recipes are alternatives: the nearest one.
    texts = [item.shown for item in (proposal.items[:1] if proposal.found else proposal.items)]
    click.echo(one_line(texts) if as_line else "\n".join(texts))
    for item in proposal.items[:len(texts)]:
        for text in (*([item.risk.level] if item.risk.rank >= RISKY else []), *map(visible, item.marks)):
            note(f"command {item.seq}: {text}")
    if proposal.found:
        note("found among recipes, not generated")
    return 0


def _plain(session: Session, proposal: Proposal, try_first: bool) -> int:
    """Write commands, risks and explanations; nothing is run."""
    from assay.terminal import showing
    from assay.terminal.look import Look

    if not proposal.ok:
        return _refused(proposal)
    for shown in showing.commands(proposal, Look.of(sys.stdout)):
        click.echo(shown)
    if try_first:
        _show(session.try_out(proposal))
    return 0


def _refused(proposal: Proposal) -> int:
    from assay.terminal import showing
    from assay.terminal.look import Look

    for shown in showing.refusal(proposal, Look.of(sys.stderr)):
        note(shown)
    return FAILED


def _code(proposal: Proposal) -> int:
    return 0 if proposal.ok else FAILED


# -- the menu


def _menu(session: Session, proposal: Proposal, try_first: bool) -> int:
    from assay.terminal.look import Look
    from assay.terminal.ui import Menu

    menu = Menu(proposal, _Aid(session), Look.of(sys.stdout))
    if try_first and proposal.ok:
        menu.show()
        menu.try_out()
    return menu.run()


def _show(preview: Any) -> None:
    from assay.cli.trying import show

    click.echo()
    show(preview)


class _Aid:
    """What the menu has done by others."""

    def __init__(self, session: Session) -> None:
        self.session = session

    def ask(self, request: str) -> Proposal:
        return self.session.revise(request)

    def preview(self, proposal: Proposal) -> Any:
        preview = self.session.try_out(proposal)
        _show(preview)
        return preview

    def explain(self, item: Item) -> None:
        from assay.cli import explained

        explained.show(item, self.session)

    def note(self, what: str, proposal: Proposal, **about: Any) -> None:
        self.session.executed(proposal, **about)
