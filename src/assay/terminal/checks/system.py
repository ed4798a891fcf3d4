"""What is right for the requests about the system: which processes live, what the shell has become, what was called."""

from __future__ import annotations

import re

from assay.terminal.checks.clause import Clauses, must, spares
from assay.terminal.checks.evidence import Evidence


def pids(run: Evidence) -> set[int]:
    """Return the ids of processes that stdout names: first or second word of a line, or a folder of /proc."""
    words = [word for line in run.lines for word in line.split()[:2] if word.isdigit()]
    lists = [word for line in run.lines if re.fullmatch(r"[\d\s]+", line) for word in line.split()]
    return {int(number) for number in [*words, *lists, *re.findall(r"/proc/(\d+)", run.stdout)]}


def ids(run: Evidence) -> dict[str, int]:
    """Return the processes of the background by name."""
    return {name: int(number) for name, number in run.table("ids").items()}


def stop_one_script(run: Evidence) -> Clauses:
    alive = "\n".join(run.told("alive"))
    yield must("worker.sh does not run any more", "bash ./worker.sh" not in alive)
    yield spares("webworker.sh still runs", "./webworker.sh" in alive)
    yield spares("report.sh, which has the name as an argument, still runs", "./report.sh" in alive)


def most_memory(run: Evidence) -> Clauses:
    found = run.order(("gamma", "alpha", "delta", "beta"))
    yield must("gamma, alpha, delta are named, in this order, and beta is not", found == ["gamma", "alpha", "delta"])
    yield must("no more than three, and a header", len(run.lines) <= 10)


def background_low_priority(run: Evidence) -> Clauses:
    log = run.told("log")
    yield must("it ran to its end", run.told("ended") == ["/tmp/ended"])
    yield must("in the background", run.shell("then") == ["running"])
    yield must("with the lowest priority", "priority 19" in log)
    yield must("output and errors are in backup.log", {"begun", "trouble"} <= set(log))


def export_variable(run: Evidence) -> Clauses:
    yield must("the shell has the variable", run.shell("here") == ["test"])
    yield must("what it starts has it too", run.shell("inherited") == ["test"])
    yield spares("variables with similar names are as before", run.shell("others") == ["prod", "prod"])


def path_first(run: Evidence) -> Clauses:
    yield must("programs in ~/tools/bin are found first", run.shell("found") == ["/home/user/tools/bin/awk"])
    yield must("it is the first folder of PATH", "".join(run.shell("path")).startswith("/home/user/tools/bin"))
    yield spares("all others are still found", len(run.shell("still")) == 2)


def folder_sizes(run: Evidence) -> Clauses:
    lines = [line for line in run.lines if run.named(("big", "two words", "small"), line)]
    order = [name for line in lines for name in ("big", "two words", "small") if run.named([name], line)]
    yield must("the three folders, largest first", order == ["big", "two words", "small"])
    yield must("neither files nor folders elsewhere or deeper",
               not run.named(("file.bin", "sub", "elsewhere", "d.bin")))
    yield must("with their sizes in units that people can read",
               [bool(re.search(r"\d[.,]?\d*\s?[KMkm]i?B?\b", line)) for line in lines] == [True] * 3
               and run.sizes(3_000_000, 0.08))


def command_line_of(run: Evidence) -> Clauses:
    yield must("the command line with its arguments is shown", "app.sh --port 8101 --name first" in run.stdout)
    yield must("no other is", "8201" not in run.stdout and "8102" not in run.stdout)


def send_usr1(run: Evidence) -> Clauses:
    yield must("the process has received USR1", run.told("right") == ["usr1"])
    yield spares("the other process has not", run.told("other") == [])
    running = {line.split()[-1] for line in run.told("alive") if "daemon.sh" in line}  # a child looks like its parent
    yield spares("both still run", running >= {"other", "right"})


def nightly_cron(run: Evidence) -> Clauses:
    table = [" ".join(line.split()) for line in run.told("table")]
    kept = ["# jobs of mine", "0 5 * * 1 /usr/local/bin/weekly", "30 2 * * * /usr/local/bin/backup.sh"]
    wanted = re.compile(r'30 0?2 \* \* \* .*(~|\$HOME|/home/user)"?/bin/backup\.sh')
    yield must("the table has the new job", [line for line in table if wanted.match(line)])
    yield spares("the entries that were there are left", [line for line in table if line in kept] == kept)
    yield spares("there is nothing else", len(table) <= 4)


def restart_and_enable(run: Evidence) -> Clauses:
    calls = [[word.removesuffix(".service") for word in call if not word.startswith("-")]
             for call in run.called("systemctl")]
    calls += [[action, unit] for unit, action in (call[:2] for call in run.called("service") if len(call) > 1)]
    done = [(call[0], unit) for call in calls for unit in call[1:]]
    stopped = ("stop", "nginx") in done and ("start", "nginx") in done[done.index(("stop", "nginx")):]
    yield must("nginx is restarted", ("restart", "nginx") in done or stopped)
    yield must("nginx is enabled, and stays so", ("enable", "nginx") in done and ("disable", "nginx") not in done)
    yield spares("no other service is touched", {unit for action, unit in done if action != "status"} <= {"nginx"})


def retry_five_times(run: Evidence) -> Clauses:
    wanted = 5 if run.before.exists("never") else 1 if run.before.exists("always") else 3
    yield must(f"it ran {wanted} times", len(run.told("runs")) == wanted)


def stop_after_a_second(run: Evidence) -> Clauses:
    slow = run.before.exists("slow")
    yield must("it was started once", run.told("marks")[:1] == ["begun"] and run.told("marks").count("begun") == 1)
    if slow:
        yield must("it was stopped before its end", "ended" not in run.told("marks") and run.told("alive") == [])
        # Two seconds would be another answer; a machine with much to do gets the time between.
        yield must("after about a second", int("".join(run.shell("milliseconds")) or 0) in range(900, 1900))
    else:
        yield must("what ends in time is not stopped", "ended" in run.told("marks"))


def paused_processes(run: Evidence) -> Clauses:
    known, shown = ids(run), pids(run)
    yield must("the stopped process is shown", known.get("paused.sh") in shown)
    yield must("no process of another state is",
               not run.named(("Tick.sh", "STOP.sh")) and not shown & {known.get("Tick.sh"), known.get("STOP.sh")})


def who_has_it_open(run: Evidence) -> Clauses:
    known, shown = ids(run), pids(run)
    yield must("the process that has data.db open is shown", known.get("data.db") in shown)
    yield must("no process that has another file open is",
               not shown & {known.get("data.db-wal"), known.get("mydata.db")})


def running_or_start(run: Evidence) -> Clauses:
    alive = run.told("alive")
    if run.before.exists("up"):
        yield must("running is printed", run.lines[-1:] == ["running"])
        yield spares("no second one was started", alive.count("syncd") == 1)
    else:
        yield must("syncd was started", alive.count("syncd") == 1)
        yield must("running is not printed", "running" not in run.lines)
    yield spares("the helper still runs", "syncd-helper" in alive)
