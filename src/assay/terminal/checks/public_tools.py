"""What is right for the published requests about developers' tools."""

from __future__ import annotations

import gzip
import re

from assay.terminal.checks.clause import Clauses, must, spares
from assay.terminal.checks.evidence import Evidence
from assay.terminal.checks.options import flags, option, plain
from assay.terminal.checks.tools import RUNNING, confirmed, containers, database, docker, installed

IMAGES = {"a1b2c3d4e5f6": "nginx:1.25", "0f9e8d7c6b5a": "postgres:16", "5e6f7a8b9c0d": "busybox:1.36",
          "1122334455aa": ""}
CONDA = ("conda", "mamba", "micromamba")


def package_for_numbers(run: Evidence) -> Clauses:
    by_pip = [word for call in installed(run) for word in plain(call, "rcite", ["--target", "--index-url"])]
    others = [word for call in run.called(*CONDA) if "install" in call for word in plain(call, "ncp", ["--name"])]
    packages = [word for call in run.called("apt", "apt-get") if "install" in call for word in plain(call)]
    yield must("the package is installed", "python3-numpy" in packages or any(
        re.fullmatch(r"numpy([=<>!~]=?.*)?", word) for word in by_pip + others))


def environments(run: Evidence, verb: str) -> list[list[str]]:
    """Return the calls ``conda VERB`` and ``conda env VERB``."""
    return [call for call in run.called(*CONDA) if verb in call[:2]]


def replace_environment(run: Evidence) -> Clauses:
    gone = {option(call, "-n", "--name") for call in environments(run, "remove")
            if call[:1] == ["env"] or "--all" in call}
    made = [call for call in environments(run, "create") if option(call, "-n", "--name") == "demo2"]
    entered = [call for call in run.called(*CONDA) if call[:1] == ["activate"] and "demo2" in call]
    later = [call for call in environments(run, "install") if option(call, "-n", "--name") == "demo2" or entered]
    words = [word for call in made + later for word in plain(call, "ncp", ["--name", "--channel"])]
    yield must("the environment demo is removed", "demo" in gone)
    yield must("an environment demo2 is created", len(made) == 1)
    yield must("with Python 3.9", [word for word in words if re.fullmatch(r"python={1,2}3\.9(\.\*)?", word)])
    yield must("and matplotlib", [word for word in words if re.fullmatch(r"matplotlib(-base)?([=<>].*)?", word)])
    yield spares("no other environment is removed", gone <= {"demo"})


def python_environment(run: Evidence) -> Clauses:
    settings = run.home.text("demovenv/pyvenv.cfg")
    yield must("there is an environment of the name", "home" in settings)
    yield must("with a Python of its own", run.home.exists("demovenv/bin/python"))


def connect_to_database(run: Evidence) -> Clauses:
    calls = database(run, "psql")
    place = calls[-1] if calls else {}
    yield must("psql is called for the database", place.get("db") == "my_db")
    yield must("on this machine", place.get("host") in ("localhost", "127.0.0.1", "::1"))
    yield must("at the usual port", place.get("port") in ("", "5432"))
    yield must("as admin", place.get("user") == "admin")


def remove_images(run: Evidence) -> Clauses:
    words = [word for verb in ("rmi", "rm") for call in docker(run, verb) for word in call]
    gone = {number for number, name in IMAGES.items() for word in words
            if word == name or (len(word) >= 3 and number.startswith(word))}
    everything = any("prune" in call and confirmed(run, call) and {"a", "--all"} & flags(call)
                     for call in run.called("docker"))
    removed = [call for call in run.called("docker") if call[:1] == ["rm"] or call[:2] == ["container", "rm"]]
    yield must("all images are removed", everything or gone == IMAGES.keys())
    yield spares("no container is", not removed and not [
        call for call in run.called("docker") if call[:1] in (["system"], ["container"]) and "prune" in call])


def installed_packages(run: Evidence) -> Clauses:
    lists = (("bash", "curl"), ("numpy", "requests"), ("numpy", "python"))
    yield must("what is installed is listed", any(run.named(names) == set(names) for names in lists))
    yield must("not what could be", "0ad" not in run.stdout)
    yield spares("nothing is installed or removed",
                 not [call for call in run.calls if {"install", "remove"} & set(call)])


def container_logs(run: Evidence) -> Clauses:
    calls = docker(run, "logs")
    words = [plain(call, "n", ["--tail", "--since", "--until"]) for call in calls]
    yield must("the logs of that container are shown, and no other's",
               [containers(found) for found in words] == [{"api"}] and len(words[0]) == 1)


def mouse_in_tmux(run: Evidence) -> Clauses:
    yield must("the mouse works in a new tmux", run.told("mouse") == ["on"])
    yield spares("the other settings are as before", run.told("kept") == ["5000"] and run.told("status") == ["off"])


def new_key(run: Evidence) -> Clauses:
    made = run.changed("created")
    pairs = [path for path in made if f"{path}.pub" in made and "PRIVATE KEY" in run.home.text(path)
             and run.home.text(f"{path}.pub").startswith(("ssh-", "ecdsa-", "sk-"))]
    yield must("there is a new pair of keys", pairs)
    yield spares("the keys that were there are left", not run.changed("deleted", "modified"))


def dump_database(run: Evidence) -> Clauses:
    texts = []
    for path in run.changed("created"):
        data = run.home.bytes(path)
        try:
            texts.append((gzip.decompress(data) if data[:2] == b"\x1f\x8b" else data).decode(errors="replace"))
        except (OSError, EOFError):
            continue
    yield must("a new file holds the dump of the database",
               any(re.search(r"PostgreSQL database dump of my_db\s*$", text) for text in texts))
    yield spares("no file that was here is changed", not run.changed("modified", "deleted"))


def stop_containers(run: Evidence) -> Clauses:
    stopped = containers([word for verb in ("stop", "kill") for call in docker(run, verb) for word in call])
    yield must("all containers that run are stopped", stopped >= RUNNING)
    yield spares("none is removed", not docker(run, "rm") and not [c for c in run.called("docker") if "prune" in c])


def picture_of_screen(run: Evidence) -> Clauses:
    yield must("the file has a picture of the whole screen",
               b"whole screen" in run.home.bytes("Desktop/m_screenshot.png"))
