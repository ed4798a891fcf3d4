"""A check in the sandbox against bare bwrap with the same command, alternated; and checks a second, two at once."""

import resource
import shutil
import statistics
import subprocess
import time
from concurrent.futures import ThreadPoolExecutor

from assay.terminal import sandbox
from assay.terminal.sandbox import Job

COMMAND = "ls -A; docker ps"
FIXTURE = "git init -q repo; cd repo; for n in 1 2 3; do echo $n > f$n; git add .; git commit -qm $n; done"
SMALL = Job("ls -A / | wc -l")
WHOLE = Job(COMMAND, fixture=FIXTURE, shims={"docker": "echo up"}, after="git -C repo log --oneline | wc -l")
ROUNDS, PAIRS = 21, 40


def bare():
    """The least that bwrap needs for the same command; what it prints."""
    command = [shutil.which("bwrap"), "--unshare-all", "--ro-bind", "/usr", "/usr", "--symlink", "usr/bin", "/bin",
               "--symlink", "usr/lib", "/lib", "--symlink", "usr/lib64", "/lib64", "--proc", "/proc", "--dev", "/dev",
               "bash", "-c", SMALL.command]
    subprocess.run(command, check=True, capture_output=True)


def checked(job):
    result = sandbox.run(job)
    assert result.status == "checked", result.reason
    return result


def cpu_seconds():
    mine, theirs = (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return mine.ru_utime + mine.ru_stime + theirs.ru_utime + theirs.ru_stime


def seconds(call):
    """Wall-clock and CPU seconds, those of all processes that were started included."""
    began, used = time.perf_counter(), cpu_seconds()
    call()
    return time.perf_counter() - began, cpu_seconds() - used


def main():
    result = checked(WHOLE)
    assert (result.stdout, result.after, result.calls) == ("repo\nup\n", "3\n", [["docker", "ps"]]), result
    ways = {"bare bwrap": bare, "the same command, checked": lambda: checked(SMALL),
            "with a fixture of 3 commits, a shim, a question": lambda: checked(WHOLE)}
    times = {name: [] for name in ways}
    for _ in range(ROUNDS):
        for name, call in ways.items():
            times[name].append(seconds(call))
    medians = {name: [statistics.median(column) for column in zip(*rows, strict=True)] for name, rows in times.items()}
    least = medians["bare bwrap"][0]
    for name, (wall, cpu) in medians.items():
        print(f"{name:50} {1e3 * wall:6.1f} ms, {1e3 * cpu:5.1f} CPU-ms  {wall / least:5.1f} x bare bwrap")
    for job, name in ((SMALL, "small checks"), (WHOLE, "whole checks")):
        with ThreadPoolExecutor(2) as pool:
            took, _ = seconds(lambda job=job, pool=pool: list(pool.map(checked, [job] * PAIRS)))
        print(f"{name}, two at once: {PAIRS / took:5.1f} a second")


if __name__ == "__main__":
    main()
