"""What is right for the requests about the network: what servers were asked, what came back, what was called."""

from __future__ import annotations

import json
import re
from typing import Any

from assay.terminal.checks.clause import Clauses, must, spares
from assay.terminal.checks.evidence import Evidence
from assay.terminal.checks.options import flags, option, plain
from assay.terminal.checks.system import ids, pids


def requests(run: Evidence) -> list[dict[str, Any]]:
    """Return what the web servers were asked, in order."""
    return [json.loads(line) for line in run.told("requests")]


def download_as(run: Evidence) -> Clauses:
    yield must("out/q1.pdf is the report of that server", run.home.text("out/q1.pdf") == "the right report\n")


def status_code(run: Evidence) -> Clauses:
    yield must("503 is printed, and nothing else", run.stdout.strip() == "503")


def post_json(run: Evidence) -> Clauses:
    asked = requests(run)
    last = asked[-1] if asked else {"headers": {}, "method": "", "body": "", "path": "", "port": 0}
    yield must("one POST request reached the address", len(asked) == 1 and (
        last["method"], last["port"], last["path"]) == ("POST", 8000, "/users"))
    yield must("its body is the JSON", parsed(last["body"]) == {"name": "Ada", "id": 7})
    yield must("it says that it is JSON", last["headers"].get("content-type", "").startswith("application/json"))


def parsed(text: str) -> Any:
    """Return what JSON stands for; None if it is none."""
    try:
        return json.loads(text)
    except ValueError:
        return None


def bearer_token(run: Evidence) -> Clauses:
    asked = [(request["port"], request["path"], request["headers"].get("authorization")) for request in requests(run)]
    yield must("the address was asked with the token", (8000, "/me", "Bearer tok-4711.abc") in asked)


def who_listens(run: Evidence) -> Clauses:
    known = ids(run)
    shown = pids(run) | {int(number) for number in re.findall(r"pid=(\d+)", run.stdout)}
    yield must("the process is shown", known.get("5000") in shown)
    yield must("neither its client nor the process at 50001 is",
               not shown & {known.get("client"), known.get("50001")})


def listening_ports(run: Evidence) -> Clauses:
    yield must("the three ports are printed, ascending, each once", run.lines == ["8001", "9100", "10080"])


def names_from_api(run: Evidence) -> Clauses:
    yield must("the three names are printed as they are", run.lines == ["Ada L.", "Bob", 'Cy "the" Kid'])


def download_linked_tables(run: Evidence) -> Clauses:
    wanted = {"jan.csv": "1\n", "feb.csv": "2\n", "mar.csv": "3\n"}
    found = {name: run.home.text(f"data/{name}") for name in run.home.files("data")}
    yield must("the three tables are in data", wanted.items() <= found.items())
    yield must("nothing else is", found.keys() <= wanted.keys() | {"robots.txt"})


def address_of_host(run: Evidence) -> Clauses:
    yield must("10.1.2.3 is printed, and nothing else", run.stdout.split() == ["10.1.2.3"])


def resume_download(run: Evidence) -> Clauses:
    starts = [request["headers"].get("range", "") for request in requests(run) if request["method"] == "GET"]
    yield must("big.bin is whole", run.told("same") == ["yes"])
    yield must("only the rest was fetched", starts == ["bytes=100000-"])


def upload_with_put(run: Evidence) -> Clauses:
    got = [request for request in requests(run) if request["path"] == "/in/report.txt" and request["port"] == 8000]
    yield must("a PUT request reached the address", [request["method"] for request in got] == ["PUT"])
    yield must("its body is the file, byte for byte", [request["body"] for request in got]
               == [run.before.text("report.txt")])


def ping_three_times(run: Evidence) -> Clauses:
    calls = [call for call in run.called("ping") if plain(call, "cWwistIQMpm") == ["192.0.2.7"]]
    yield must("the host is pinged three times", sum(int(option(call, "-c") or 1000) for call in calls) == 3)
    yield must("each waits at most a second", calls and all(option(call, "-W") == "1" for call in calls))
    yield spares("no other host is", len(calls) == len(run.called("ping")))


def copy_to_web_server(run: Evidence) -> Clauses:
    yield must("the folder, with all it holds, goes to /var/www as deploy, through port 2222",
               sent(run, "site", "deploy@web1.example", "/var/www", "2222"))


def sent(run: Evidence, folder: str, login: str, target: str, port: str | None = None) -> bool:
    """Whether a call takes a folder of the home, with all it holds, to a folder of another machine.

    Parameters
    ----------
    folder, login : str
        The folder; ``user@host``.
    target : str
        A regular expression.
    port : str, optional
        Where SSH listens; None for the usual one.
    """
    place = re.compile(rf"{re.escape(login)}:{target}/?({re.escape(folder)}/?)?")

    def copies(words: list[str]) -> bool:
        sources = [re.sub(r"^(/home/user/|~/|\./)", "", word).rstrip("/") for word in words[:-1]]
        return sources == [folder] and bool(place.fullmatch(words[-1]))

    def through(call: list[str], flag: str) -> bool:
        setting = option(call, "-o") or ""
        return (option(call, flag) or (setting.partition("=")[2] if setting.startswith("Port=") else None)) == port

    by_scp = any(through(call, "-P") and "r" in flags(call) and copies(plain(call, "PioFJlcSD"))
                 for call in run.called("scp"))
    by_rsync = any({"a", "r", "--archive", "--recursive"} & flags(call) and copies(plain(call, "eTBf", ["--rsh"]))
                   and (re.findall(r"-p\s*(\d+)", option(call, "-e", "--rsh") or "") or [None])[0] == port
                   for call in run.called("rsync"))
    told = " ".join(word for call in run.called("sftp <", "ssh") for word in call)
    by_ssh = any(login in call and through(call, "-p") and re.search(r"\b(tar|cpio)\b", told)
                 and re.search(target, told) for call in run.called("ssh"))
    puts = re.search(rf"\bput -\w*[rR]\w* \S*{re.escape(folder)}\b", told) and re.search(target, told)
    by_sftp = puts and any(login in call and through(call, "-P") for call in run.called("sftp"))
    return bool(by_scp or by_rsync or by_ssh or by_sftp)


def final_address(run: Evidence) -> Clauses:
    yield must("the address at the end is printed, and no other",
               run.stdout.split() == ["http://localhost:8001/final/page"])


def open_or_closed(run: Evidence) -> Clauses:
    word = "open" if run.before.exists("up") else "closed"
    yield must(f"{word} is printed, and nothing else", run.lines == [word])
