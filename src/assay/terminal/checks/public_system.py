"""What is right for the published requests about the system and the network."""

from __future__ import annotations

import posixpath
import re

from assay.terminal.checks.clause import Clauses, must, spares
from assay.terminal.checks.evidence import Evidence
from assay.terminal.checks.network import parsed, requests, sent
from assay.terminal.checks.options import flags, option, plain
from assay.terminal.checks.system import ids, pids


def mask_of_interface(run: Evidence) -> Clauses:
    yield must("the mask of en0 is shown", re.search(r"255\.255\.252\.0|/22\b|0xfffffc00", run.stdout))
    yield must("that of another interface is not", not re.search(r"255\.255\.255\.0|/24\b|255\.0\.0\.0", run.stdout))


def who_am_i(run: Evidence) -> Clauses:
    yield must("the name of the user is printed, and no other user's",
               re.search(r"(^|[\s(:])user\b", run.stdout) and not run.named(("root", "nobody")))


def processor_use_to_file(run: Evidence) -> Clauses:
    text = run.home.text("cpu.txt").strip()
    first = re.search(r"%?Cpu\(s\)|\bus\b.*\bsy\b.*\bid\b|^\s*-?\d+([.,]\d+)?\s*%|%CPU|\bidle\b", text, re.MULTILINE)
    alone = re.fullmatch(r"\d+[.,]\d+", text)
    yield must("cpu.txt says how busy the processor is", (first or alone) and re.search(r"\d", text))
    yield must("and is about nothing else", not re.search(r"^Mem:\s|Filesystem|Model name", text, re.MULTILINE))


def heavy_processes(run: Evidence) -> Clauses:
    known, shown = ids(run), pids(run)
    for name in ("heavy", "middle"):
        yield must(f"the process {name} is shown", run.named([name]) or known.get(name) in shown)
    yield must("the light one is not", not run.named(["light"]) and known.get("light") not in shown)
    yield must("nor are others", len(run.lines) <= 4)


def disk_usage(run: Evidence) -> Clauses:
    yield must("it is shown how full file systems are", re.search(r"\s\d+%(\s|$)", run.stdout))


def hardware_address(run: Evidence) -> Clauses:
    text = run.stdout.lower()
    yield must("the address of en0 is shown", "52:54:00:ab:cd:01" in text)
    yield must("that of another interface is not", "52:54:00:ef:01:02" not in text)


def free_a_port(run: Evidence) -> Clauses:
    yield must("the process at the port does not run any more", "4321" not in run.told("alive"))
    yield spares("the process at the other port still runs", "43210" in run.told("alive"))


def age_of_process(run: Evidence) -> Clauses:
    yield must("it is shown for how long the process runs, or since when",
               re.search(r"02-03:14:07|\b184447\b|Nov 26 18:02:11|\bNov26\b", run.stdout))
    yield must("the age of another is not shown", not re.search(r"11-23:59:01|12-00:00:05|01:15:09", run.stdout))
    yield must("not the time on the processor alone",
               re.search(r"02-03:14:07|184447|18:02:11", run.stdout) or "00:12:44" not in run.stdout)


def end_python(run: Evidence) -> Clauses:
    alive = run.told("alive")
    yield must("no Python process runs any more", not {"one", "two"} & set(alive))
    yield spares("others that have the word in their command line still run", {"watch", "notes"} <= set(alive))


def hard_limit_of_files(run: Evidence) -> Clauses:
    yield must("the hard limit, 4096, is shown", 4096 in run.numbers())


def hard_limit_of_processes(run: Evidence) -> Clauses:
    def by_shell(call: list[str]) -> bool:
        return "100000" in call and "u" in flags(call) and ("H" in flags(call) or "S" not in flags(call))

    limits = [option(call, "--nproc") or option(call, "-u") or "" for call in run.called("prlimit")]
    lines = [line for call in run.called("tee <") for line in " ".join(call).splitlines()]
    yield must("the hard limit is set to 100000", any(map(by_shell, run.called("ulimit")))
               or any(re.fullmatch(r"(100000|\d*:100000)", limit) for limit in limits)
               or any(re.fullmatch(r"\s*(\*|user|@\S+)\s+(hard|-)\s+nproc\s+100000\s*", line) for line in lines))


def name_of_machine(run: Evidence) -> Clauses:
    yield must("the name is printed", run.named(["box"]) and len(run.lines) <= 4)


def own_address(run: Evidence) -> Clauses:
    yield must("an address of this machine is shown", run.named(("192.168.1.23", "203.0.113.77")))


def round_trip(run: Evidence) -> Clauses:
    hosts = [plain(call, "cWwistIQMpm")[-1:] for call in run.called("ping", "fping")]
    yield must("google.com is asked", hosts and all(host in (["google.com"], ["www.google.com"]) for host in hosts))
    yield must("it is shown how long the answer took", run.named(("14.2", "13.9")))


def time_with_zone(run: Evidence) -> Clauses:
    found = [(int(hour) % 12, int(minute)) for hour, minute in re.findall(r"(?<!\d)(\d{1,2}):(\d\d)", run.stdout)]
    hour, minute = map(int, (run.told("now") or ["0:0"])[0].split(":"))
    now = (hour % 12) * 60 + minute
    near = [one for one in found if (now - one[0] * 60 - one[1]) % 720 <= 2]
    yield must("the time is shown", near)
    yield must("with the time zone", re.search(r"\bUTC\b|\bGMT\b|[+-]00:?00\b|\dZ\b", run.stdout))


def devices_in_network(run: Evidence) -> Clauses:
    names = ("192.168.1.1", "192.168.1.20", "192.168.1.31")
    yield must("the three devices are shown", run.named(names) == set(names))


def post_to_endpoint(run: Evidence) -> Clauses:
    asked = [request for request in requests(run) if request["port"] == 9000]
    yield must("one POST request reached the address", [request["method"] for request in asked] == ["POST"])
    yield must("its body is the JSON", [parsed(request["body"]) for request in asked] == [{"ping": True}])
    yield spares("no other address was asked", len(asked) == len(requests(run)))


def variables_with_letters(run: Evidence) -> Clauses:
    yield must("both variables are shown", run.named(("DM_API_KEY", "API_URL")) == {"DM_API_KEY", "API_URL"})
    yield must("no other is", not run.named(("MY_APP", "APLI", "HOME", "PATH")))


def known_users(run: Evidence) -> Clauses:
    users = {name for name in run.told("users") if name}
    yield must("all users are named", users and run.named(users) == users)


def forget_names(run: Evidence) -> Clauses:
    services = {"systemd-resolved", "nscd", "dnsmasq", "unbound", "bind9", "named"}
    again = {"restart", "reload", "reload-or-restart", "force-reload", "try-restart"}
    units = [[word.removesuffix(".service") for word in call] for call in run.called("systemctl")]
    units += [[call[1], call[0]] for call in run.called("service") if len(call) > 1]
    yield must("the cache is flushed, or what keeps it is started anew",
               any("flush-caches" in call for call in run.called("resolvectl"))
               or any("--flush-caches" in call for call in run.called("systemd-resolve"))
               or any(call and call[0] in again and services & set(call[1:]) for call in units)
               or any(option(call, "-i", "--invalidate") == "hosts" for call in run.called("nscd"))
               or any("flush" in call for call in run.called("rndc")))


def open_ports(run: Evidence) -> Clauses:
    found = re.findall(r"(?::|^)(\d+)\b|\b(\d+)/tcp", run.stdout, re.MULTILINE)
    yield must("both ports are shown", {"8123", "9123"} <= {number for pair in found for number in pair})


def folder_to_machine(run: Evidence) -> Clauses:
    yield must("the folder, with all it holds, goes to the home folder of aluo",
               sent(run, "demoFolder", "aluo@206.126.213.191", r"(~|~/|/home/aluo|\./?)?"))


def address_of_server(run: Evidence) -> Clauses:
    names = ("198.51.100.24", "198.51.100.25", "198.51.100.26")
    yield must("the address of that host is shown, and no other's", run.named(names) == {"198.51.100.24"})


def fetch_from_endpoint(run: Evidence) -> Clauses:
    saved = [path for path in run.home.files() if run.home.text(path) == "PK the right data\n"]
    yield must("what is at the address was saved", len(saved) == 1)
    yield spares("the files that were here are as before", not run.changed("modified", "deleted"))


def mine_alone(run: Evidence) -> Clauses:
    paths = ["Documents/LLM", *(f"Documents/LLM/{name}" for name in
                                run.home.files("Documents/LLM") | run.home.folders("Documents/LLM"))]
    yield must("all of it has mode 700", {run.home.mode(path) for path in paths} == {0o700} and len(paths) == 5)


def random_file(run: Evidence) -> Clauses:
    dense = [int(size) for size in run.told("dense") if size.strip().isdigit()]
    yield must("it has 50 MB", run.home.size("randdata") in (50_000_000, 50 << 20))
    # Taken at the beginning, in the middle and near the end: random bytes do not compress.
    yield must("they are random", len(dense) == 3 and min(dense[:2]) > 99_000)


def make_it_mine(run: Evidence) -> Clauses:
    root = "Documents/mywork"
    everything = {root, *(f"{root}/{name}" for name in run.home.files(root) | run.home.folders(root))}
    owned: set[str] = set()
    beyond = False
    for call in run.called("chown"):
        words = plain(call, "", ["--from", "--reference"])
        if not words or not re.fullmatch(r"(user|1000)([:.](user|1000)?)?", words[0]):
            continue
        for word in words[1:]:
            path = posixpath.normpath(word.replace("/home/user/", "").replace("~/", ""))
            path = path if path.startswith("Documents") else posixpath.normpath(f"Documents/{path}")
            deep = bool({"R", "--recursive"} & flags(call))
            owned |= {one for one in everything if one == path or (deep and one.startswith(path + "/"))}
            beyond |= not (path == root or path.startswith(root + "/"))
    yield must("all of it is given to the user", owned == everything)
    yield spares("nothing else is", not beyond)


def usb_devices(run: Evidence) -> Clauses:
    yield must("the devices are shown", run.named(("046d", "0781")) == {"046d", "0781"}
               or ("046d" in run.stdout and "0781" in run.stdout))


def forget_variables(run: Evidence) -> Clauses:
    left = {line.partition("=")[0] for line in run.shell("left")}
    yield must("both variables are gone", not left & {"GEMINI_API_KEY", "GEMINI_MODEL"})
    yield spares("those with similar names are left", {"MY_GEMINI_X", "GEMINI", "GEMINIX_Y"} <= left)


def time_in_city(run: Evidence) -> Clauses:
    calls = run.called("curl")
    place = re.compile(r"(https?://)?(www\.)?worldtimeapi\.org/api/timezone/America/New_York(\.(txt|json))?/?")
    yield must("the service is asked for New York", len(calls) == 1 and any(map(place.fullmatch, calls[0])))
    yield must("with a GET request", all(option(call, "-X", "--request") in (None, "GET") for call in calls)
               and not any({"d", "F", "--data", "--json", "--form"} & flags(call) for call in calls))


def drives(run: Evidence) -> Clauses:
    yield must("both drives are shown", run.named(("sda", "nvme0n1")) == {"sda", "nvme0n1"})


def mount_again(run: Evidence) -> Clauses:
    steps = [(call[0], list(call[1:])) for call in run.calls if call[0] in ("mount", "umount")]
    mine = [(program, words) for program, words in steps if "/dev/disk4" in words]
    anew = any(program == "mount" and "remount" in (option(words, "-o") or "").split(",") for program, words in mine)
    twice = [program for program, _ in mine] == ["umount", "mount"]
    yield must("the device is mounted again", anew or twice)
    yield must("remounted is printed", "remounted" in run.lines)
    yield spares("no other device is touched", len(mine) == len(steps))
