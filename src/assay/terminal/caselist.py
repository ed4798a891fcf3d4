"""The cases of ``terminal/commands``: requests with fixtures and controls, one TOML file a group, checkers beside."""

from __future__ import annotations

import functools
import hashlib
import importlib
import importlib.util
import json
import tomllib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass, field, fields, replace
from fnmatch import fnmatchcase
from pathlib import Path
from typing import TYPE_CHECKING, Any

from assay.core.errors import NOTHING, AssayError, did_you_mean
from assay.terminal.requests import request_hash

if TYPE_CHECKING:
    from assay.terminal.checks.clause import Clause
    from assay.terminal.checks.evidence import Evidence

FOLDER = Path(__file__).with_name("cases")
GROUPS = ("git", "files", "search", "text", "archives", "system", "network", "tools")
KINDS = ("valid", "invalid", "unsafe", "underspecified")
EVERYWHERE = ("sudo",)  # stand-ins of every case
# Programs that act beyond a box: on other machines, on a daemon, on what is installed, on a screen.
OUTSIDE = ("apk", "apt", "apt-get", "brew", "conda", "dig", "dnf", "docker", "flameshot", "flatpak", "git-lfs",
           "gnome-screenshot", "grim", "host", "import", "lsblk", "maim", "mamba", "nmap", "nslookup", "pacman",
           "pg_dump", "ping", "pip", "pip3", "psql", "rsync", "scp", "scrot", "service", "sftp", "snap", "spectacle",
           "ssh", "sudo", "systemctl", "yum", "zypper")
PUBLIC = "public/"  # ids of cases whose request is known by its hash alone


@dataclass(frozen=True)
class CommandCase:
    """A request, the homes it is tried in, and what tells a right command from one that is nearly right.

    Attributes
    ----------
    id : str
        ``group/name``; ``public/name`` where only the hash of the request is here.
    request : str
        Empty where only its hash is here.
    check : str
        ``execution``: effects in the sandbox; ``shim``: what stand-ins of programs were called with;
        ``static``: a request to be refused.
    fixtures : tuple of str
        Bash, run in an empty home before the command; one for each branch of a conditional request.
    shims : dict
        Stand-ins of programs: name -> script (cases/shims has those that several cases share).
    probe : str
        Bash run afterwards, in sections (`say`): what the checker wants to know of the home.
    enter, session : str
        The same, in the shell of the command, before and after it: variables, limits, the current folder.
    touches : tuple of str
        Globs of what the command may change; any other change is collateral.
    needs : tuple of str
        Programs without which the case is not checked.
    good, bad : tuple of str
        Controls: commands that must be judged right, and near misses that must not.
    """

    id: str
    group: str
    hash: str
    module: str
    request: str = ""
    kind: str = "valid"
    check: str = "execution"
    version: int = 1
    fixtures: tuple[str, ...] = ("",)
    shims: dict[str, str] = field(default_factory=dict)
    background: str = ""
    cwd: str = "."
    environment: dict[str, str] = field(default_factory=dict)
    hosts: dict[str, str] = field(default_factory=dict)
    probe: str = ""
    enter: str = ""
    session: str = ""
    touches: tuple[str, ...] = ()
    needs: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    good: tuple[str, ...] = ()
    bad: tuple[str, ...] = ()
    timeout: float = 10.0

    @property
    def public(self) -> bool:
        """Whether only the hash of the request is here."""
        return self.id.startswith(PUBLIC)

    @property
    def refused(self) -> bool:
        """Whether a good answer is no command at all."""
        return self.kind != "valid"

    @functools.cached_property
    def checker(self) -> Callable[[Evidence], Iterator[Clause]]:
        """The function of ``assay.terminal.checks`` that knows what is right."""
        module = importlib.import_module(f"assay.terminal.checks.{self.module}")
        function: Callable[[Evidence], Iterator[Clause]] = getattr(module, self.name.replace("-", "_"))
        return function

    @property
    def name(self) -> str:
        """The id without its group."""
        return self.id.partition("/")[2]

    @functools.cached_property
    def digest(self) -> str:
        """Hash of all that a verdict depends on but the controls: definition, stand-ins, checker."""
        parts = {key: value for key, value in asdict(self).items() if key not in ("good", "bad", "tags", "request")}
        parts["checker"] = "" if self.refused else _source(self.module)
        return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()[:32]

    def with_request(self, text: str) -> CommandCase:
        """Return the case with the text of its request, as a list gave it."""
        return replace(self, request=text)

    def to_json(self) -> dict[str, Any]:
        """Return what ``assay terminal cases`` shows."""
        return {"id": self.id, "group": self.group, "kind": self.kind, "version": self.version, "hash": self.hash,
                "request": self.request or None, "check": self.check, "needs": list(self.needs),
                "tags": list(self.tags), "good": list(self.good), "bad": list(self.bad)}


def load() -> list[CommandCase]:
    """Return every case, in the order of the files' names and, in a file, as written."""
    return list(_cases())


def own() -> list[CommandCase]:
    """Return the cases whose request is here."""
    return [case for case in _cases() if not case.public]


def matching(globs: Sequence[str], cases: Sequence[CommandCase] | None = None) -> list[CommandCase]:
    """Return the cases with an id that one of the globs fits; all, if there is no glob.

    Raises
    ------
    AssayError
        Exit code 5 if none fits.
    """
    among = load() if cases is None else list(cases)
    found = [case for case in among if not globs or any(fnmatchcase(case.id, glob) for glob in globs)]
    if not found:
        named = ", ".join(map(repr, globs))
        raise AssayError(f"no case fits {named}", did_you_mean(globs[0], [case.id for case in among])
                         or "assay terminal cases lists them", NOTHING)
    return found


def find(name: str) -> CommandCase:
    """Return the case of an id.

    Raises
    ------
    AssayError
        Exit code 5 if there is none.
    """
    known = {case.id: case for case in _cases()}
    if name not in known:
        raise AssayError(f"no case {name!r}", did_you_mean(name, known) or "assay terminal cases lists them", NOTHING)
    return known[name]


def by_hash(text: str) -> CommandCase | None:
    """Return the case of a request, None if no checker knows it."""
    case = _by_hash().get(request_hash(text))
    return case.with_request(text) if case else None


@functools.cache
def _by_hash() -> dict[str, CommandCase]:
    return {case.hash: case for case in _cases()}


@functools.cache
def _cases() -> tuple[CommandCase, ...]:
    return tuple(case for path in sorted(FOLDER.glob("*.toml")) for case in of_file(path))


@functools.cache
def shim(name: str) -> str:
    """Return the script of a shared stand-in."""
    return (FOLDER / "shims" / name).read_text("utf-8")


@functools.cache
def prelude() -> str:
    """Return the bash functions that fixtures and probes are written with; `web PORT...` is a server in Python."""
    server = (FOLDER / "web.py").read_text("utf-8")
    web = f"web() {{\n/usr/bin/python3 -IS - \"$@\" <<'PY' &\n{server}PY\nwait_for \"${{@%s}}\"\n}}\n"
    return (FOLDER / "prelude.sh").read_text("utf-8") + web


@functools.cache
def elsewhere() -> frozenset[str]:
    """Return the programs that a right answer may use and this machine may lack."""
    lines = (FOLDER / "elsewhere.txt").read_text("utf-8").splitlines()
    return frozenset(word for line in lines if not line.startswith("#") for word in line.split())


def _source(module: str) -> str:
    found = importlib.util.find_spec(f"assay.terminal.checks.{module}")
    return Path(str(found and found.origin)).read_text("utf-8")


def of_file(path: Path) -> Iterator[CommandCase]:
    """Yield the cases of a file.

    Raises
    ------
    AssayError
        Where the file and the case are, if an entry is not as `CommandCase` says.
    """
    content = tomllib.loads(path.read_text("utf-8"))
    shared = {key: content[key] for key in ("group", "prefix", "needs", "setup") if key in content}
    for name, entry in content["case"].items():
        try:
            yield _case(path.stem, name, entry, **shared)
        except (KeyError, TypeError, ValueError, OSError) as error:
            raise AssayError(f"{path.name}: case {name}: {error!r}", "see the attributes of CommandCase") from error


def _case(module: str, name: str, entry: dict[str, Any], group: str = "", prefix: str = "", needs: Sequence[str] = (),
          setup: str = "") -> CommandCase:
    """Make a case of an entry of a file; what the file says for all its cases comes first."""
    given = dict(entry)
    group = given.pop("group", group)
    fixtures = given.pop("fixtures", None) or (given.pop("fixture", ""),)
    shims = {shared: shim(shared) for shared in given.pop("shims", ())} | given.pop("stubs", {})
    setup = f"{setup}\n{given.pop('setup', '')}"
    request = given.get("request", "")
    plain = {field.name for field in fields(CommandCase)}
    if unknown := set(given) - plain:
        raise KeyError(f"unknown: {', '.join(sorted(unknown))}")
    kind = given.get("kind", "valid")
    check = "static" if kind != "valid" else given.pop("check", "shim" if shims else "execution")
    return CommandCase(
        id=f"{prefix or group}/{name}", group=group, module=module, check=check,
        shims={name: shim(name) for name in EVERYWHERE} | shims,
        hash=given.pop("hash", "") or request_hash(request),
        fixtures=tuple(f"{setup}\n{fixture}" if setup else fixture for fixture in fixtures),
        needs=tuple(dict.fromkeys((*needs, *given.pop("needs", ())))),
        **{key: tuple(value) if isinstance(value, list) else value for key, value in given.items()})
