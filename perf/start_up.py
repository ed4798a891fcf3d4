"""CPU time of starts that compute nothing, as a ratio to a bare Python start; alternated, median of 9."""

import os
import resource
import statistics
import subprocess
import sys

COMMANDS = {
    "python -c pass": [sys.executable, "-c", "pass"],
    "assay --help": [sys.executable, "-m", "assay", "--help"],
    "assay list": [sys.executable, "-m", "assay", "list"],
    "assay cmd --help": [sys.executable, "-m", "assay", "cmd", "--help"],
}


# As users have it: modules are kept compiled.
ENVIRONMENT = {**{name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"},
               "ASSAY_OFFLINE": "1"}


def cpu_seconds(command):
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, env=ENVIRONMENT)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def main():
    times = {name: [] for name in COMMANDS}
    for _ in range(9):
        for name, command in COMMANDS.items():
            times[name].append(cpu_seconds(command))
    bare = statistics.median(times["python -c pass"])
    for name, values in times.items():
        median = statistics.median(values)
        print(f"{name:16} {median:6.3f} CPU-s  {median / bare:5.1f} x bare Python")


if __name__ == "__main__":
    main()
