"""What is right for the requests about developers' tools: the calls of stand-ins, and what real tools made."""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Sequence
from urllib.parse import urlsplit

from assay.terminal.checks.clause import Clauses, must, spares
from assay.terminal.checks.evidence import Evidence
from assay.terminal.checks.options import flags, option, plain

# The containers of the stand-in: name -> id, and which of them run.
CONTAINERS = {"web": "3f1c9a2b7d10", "web-db": "8b2e4d6f0a11", "api": "0daa6ab42c7e", "job": "c55d1e9f3b20",
              "webjob": "77ab03c1d2e4"}
RUNNING = {"web", "web-db", "api"}
VALUED = ("ptvewumhla", ["--publish", "--name", "--env", "--volume", "--network", "--restart", "--workdir", "--user",
                         "--signal", "--time", "--tail", "--since", "--until", "--filter", "--format"])


def docker(run: Evidence, verb: str) -> list[list[str]]:
    """Return the arguments of the calls ``docker VERB``, ``docker container VERB`` and ``docker image VERB``."""
    calls = [call[1:] if call[:1] in (["container"], ["image"]) else call for call in run.called("docker", "podman")]
    return [call[1:] for call in calls if call[:1] == [verb]]


def containers(words: Sequence[str]) -> set[str]:
    """Return the names of the containers that these names or beginnings of ids stand for."""
    return {name for name, number in CONTAINERS.items() for word in words
            if word == name or (len(word) >= 3 and number.startswith(word))}


def confirmed(run: Evidence, call: Sequence[str]) -> bool:
    """Whether a prune goes ahead: forced, or told so."""
    said = [answer[0].strip().lower() for answer in run.called("docker <") if answer]
    return bool({"f", "--force"} & flags(call)) or any(answer in ("y", "yes") for answer in said)


def removed(run: Evidence) -> set[str]:
    """Return the containers that are gone: a running one only by force."""
    gone: set[str] = set()
    stopped = CONTAINERS.keys() - RUNNING
    for call in docker(run, "stop") + docker(run, "kill"):
        stopped |= containers(call)
    for call in docker(run, "rm"):
        gone |= containers(call) if {"f", "--force"} & flags(call) else containers(call) & stopped
    if any(confirmed(run, call) for call in run.called("docker") if "prune" in call and "image" not in call):
        gone |= stopped
    return gone


def remove_stopped_containers(run: Evidence) -> Clauses:
    gone = removed(run)
    yield must("both stopped containers are removed", {"job", "webjob"} <= gone)
    yield spares("no running container is removed or stopped",
                 not gone & RUNNING and not docker(run, "stop") and not docker(run, "kill"))
    yield spares("nothing but containers is removed",
                 not docker(run, "rmi") and not [call for call in run.called("docker") if "system" in call])


def run_web_server(run: Evidence) -> Clauses:
    begun = docker(run, "run") or docker(run, "create")
    call = begun[-1] if begun else []
    words = plain(call, *VALUED)
    image = words[0].removeprefix("docker.io/").removeprefix("library/") if words else ""
    before = call[:call.index(words[0])] if words else []
    ports = option(before, "-p", "--publish") or ("" if "-dp" not in before else before[before.index("-dp") + 1])
    created = not docker(run, "run") and docker(run, "start") == [["front"]]
    yield must("the image is nginx:1.25", image == "nginx:1.25")
    yield must("it runs in the background", {"d", "--detach"} & flags(before) or created)
    yield must("its name is front", option(before, "--name") == "front")
    yield must("port 8080 here is its port 80", re.fullmatch(r"([\d.]+:)?8080:80(/tcp)?", ports or ""))


def list_inside_container(run: Evidence) -> Clauses:
    calls = docker(run, "exec")
    words = plain(calls[0], "wueT", ["--workdir", "--user", "--env"]) if len(calls) == 1 else []
    told = " ".join(calls[0][calls[0].index(words[0]) + 1:]) if words else ""
    folder = option(calls[0][:calls[0].index(words[0])], "-w", "--workdir") if words else None
    yield must("a command runs in the container web, and in no other", containers(words[:1]) == {"web"})
    yield must("it lists", re.search(r"\b(ls|find|dir|tree)\b", told))
    yield must("the folder /etc/nginx",
               re.search(r"/etc/nginx/?(?![\w/.])", told) or (folder or "").rstrip("/") == "/etc/nginx")


def file_out_of_container(run: Evidence) -> Clauses:
    text = run.home.text("access.log")
    by_exec = [call for call in docker(run, "exec") if call[-2:] == ["cat", "/var/log/nginx/access.log"]]
    yield must("access.log is here, as it is in the container web", text == "web /var/log/nginx/access.log\n" or (
        text.startswith("10.0.0.1") and by_exec and containers(by_exec[0][:-2]) == {"web"}))


def installed(run: Evidence) -> list[list[str]]:
    """Return the arguments of the calls ``pip install``."""
    calls = run.called("pip", "pip3")
    return [call[call.index("install") + 1:] for call in calls if "install" in call]


def install_exact_version(run: Evidence) -> Clauses:
    packages = [re.sub("={2,3}", "==", word.replace(" ", "")) for call in installed(run)
                for word in plain(call, "rcite", ["--target", "--index-url"])]
    yield must("requests is installed in version 2.31.0", "requests==2.31.0" in packages)
    yield spares("nothing else is installed", len(packages) <= 1)


def freeze_packages(run: Evidence) -> Clauses:
    lines = [line.strip() for line in run.home.lines("requirements.txt") if line.strip()]
    yield must("requirements.txt has the three packages with their versions, as pip reads them",
               sorted(lines) == ["numpy==1.26.4", "requests==2.31.0", "urllib3==2.2.1"])


def new_conda_environment(run: Evidence) -> Clauses:
    def words(verb: str) -> list[str]:
        return [word for call in run.called("conda", "mamba", "micromamba")
                if verb in call and option(call, "-n", "--name") == "lab"
                for word in plain(call[call.index(verb) + 1:], "ncp", ["--name", "--channel"])]

    made, later = words("create"), words("install")
    created = [call for call in run.called("conda", "mamba", "micromamba") if "create" in call]
    yield must("one environment named lab is created", len(created) == 1
               and option(created[0], "-n", "--name") == "lab")
    yield must("with Python 3.11", {"python=3.11", "python==3.11", "python=3.11.*"} & {*made, *later})
    yield must("with numpy", [word for word in [*made, *later] if re.fullmatch(r"numpy([=<>].*)?", word)])


def database(run: Evidence, program: str) -> list[dict[str, str]]:
    """Return where each call of a PostgreSQL client goes: host, user, db, port; and its file, what it was told."""
    found = []
    told = [entry[0] if entry else "" for entry in run.called(f"{program} <")]
    variables = run.called(f"{program} env")
    for index, call in enumerate(run.called(program)):
        place = dict(entry.split("=", 1) for entry in variables[index]) if index < len(variables) else {}
        words = plain(call, "hUdpfcFvLnto", ["--host", "--username", "--dbname", "--port", "--file", "--command"])
        name = option(call, "-d", "--dbname") or (words[0] if words else "")
        place |= {"db": name or place.get("db", "")} | _address(name)
        for key, names in (("host", ("-h", "--host")), ("user", ("-U", "--username")), ("port", ("-p", "--port")),
                           ("file", ("-f", "--file")), ("sql", ("-c", "--command"))):
            place[key] = option(call, *names) or place.get(key, "")
        place["user"] = place["user"] or (words[1] if len(words) > 1 else "")
        found.append(place | {"told": told[index] if index < len(told) else ""})
    return found


def _address(name: str) -> dict[str, str]:
    """Return the parts of a connection string, as a URL or as ``key=value``."""
    if name.startswith(("postgres://", "postgresql://")):
        url = urlsplit(name)
        return {"host": url.hostname or "", "user": url.username or "", "db": url.path.strip("/"),
                "port": str(url.port or "")}
    if "=" in name:
        parts = dict(part.split("=", 1) for part in name.split() if "=" in part)
        return {"host": parts.get("host", ""), "user": parts.get("user", ""), "db": parts.get("dbname", ""),
                "port": parts.get("port", "")}
    return {}


def run_sql_file(run: Evidence) -> Clauses:
    calls = database(run, "psql")
    place = calls[0] if len(calls) == 1 else {}
    yield must("psql is called once, for the database shop", place.get("db") == "shop")
    yield must("on the host db1, as admin", (place.get("host"), place.get("user")) == ("db1", "admin"))
    yield must("it is given the SQL of schema.sql", (place.get("file") or "").removeprefix("./") == "schema.sql"
               or "CREATE TABLE items" in place.get("told", "") or "CREATE TABLE items" in place.get("sql", ""))


def table_to_csv(run: Evidence) -> Clauses:
    rows = list(csv.reader(run.home.text("users.csv").splitlines()))
    yield must("it begins with the names of the columns", rows[:1] == [["id", "name", "note"]])
    yield must("it has the rows of the table", rows[1:] == [
        ["1", "Ada", "likes, commas"], ["2", "Bob", ""], ["3", "Cy", 'says "hi"']])


def certificate_expiry(run: Evidence) -> Clauses:
    def says(section: str) -> bool:
        text = " ".join(run.stdout.split())
        return any(" ".join(form.split()) in text for line in run.told(section) for form in line.split("|"))

    yield must("the end of its validity is shown", says("right"))
    yield must("not that of another certificate", not says("other"))


def make_in_folder(run: Evidence) -> Clauses:
    yield must("docs was built in lib", run.home.text("lib/made-docs") == "in lib\n")
    yield must("the shell is where it was", run.shell("pwd") == ["/home/user"])


def tmux_session(run: Evidence) -> Clauses:
    yield must("there is a session called work", "work" in run.told("sessions"))
    yield must("tick.sh runs in it", run.told("in") == ["work"])
    yield spares("the other session is left", "work2" in run.told("sessions"))


def tidy_json(run: Evidence) -> Clauses:
    text = run.home.text("config.json")
    data = json.loads(run.before.text("config.json"))
    forms = [json.dumps(data, indent=2, sort_keys=True, ensure_ascii=ascii) for ascii in (True, False)]
    yield must("its keys are sorted and it is indented by two spaces", text.strip() in forms)


def change_setting(run: Evidence) -> Clauses:
    yield must("PORT is 9090, and every other line as before", run.home.lines(".env") == [
        "PORT=9090" if line == "PORT=8080" else line for line in run.before.lines(".env")])


def install_if_listed(run: Evidence) -> Clauses:
    files = [option(call, "-r", "--requirement") for call in installed(run)]
    printed = [line for line in run.lines if "nothing to install" in line]
    if run.before.exists("requirements.txt"):
        yield must("pip installs from the file",
                   [(file or "").removeprefix("./").removeprefix("/home/user/") for file in files]
                   == ["requirements.txt"])
        yield must("nothing else is printed", not printed)
    else:
        yield must("it is said that there is nothing to install", printed == ["nothing to install"])
        yield spares("nothing is installed", not installed(run))
