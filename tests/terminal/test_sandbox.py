"""The sandbox: what a command is given, what is seen of it, what it cannot reach."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from assay.core.errors import AssayError
from assay.terminal import sandbox
from assay.terminal.box.limits import MB, Limits
from assay.terminal.sandbox import Job, Result
from sandboxes import WHO, folder_of, needs_namespaces, run_as, running, wait_until

pytestmark = needs_namespaces


@pytest.fixture(params=WHO)
def who(request: pytest.FixtureRequest) -> str:
    return request.param


def checked(command: str, who: str = "me", limits: Limits | None = None, **more: Any) -> Result:
    job = Job(command, **more)
    result = run_as(who, sandbox.run, job, *([limits] if limits else []))
    assert result.status == "checked", result.reason
    return result


def paths(result: Result) -> dict[str, str]:
    return {change.path: change.change for change in result.changes}


# What is seen

def test_output_exit_code_and_changes(who: str) -> None:
    result = checked("echo out; echo err >&2; mkdir d; echo x > d/f; exit 3", who)
    assert (result.rc, result.stdout, result.stderr) == (3, "out\n", "err\n")
    assert paths(result) == {"d": "created", "d/f": "created"}
    assert (result.timed_out, result.limit) == (False, None)
    assert result.seconds > 0


def test_a_fixture_makes_the_world_before_the_command(who: str) -> None:
    result = checked("rm a; echo 2 > b; chmod 600 c; ln -sfn b l; rm -r d; mv e f", who,
                     fixture="echo 1 > a; echo 1 > b; echo 1 > c; ln -s a l; mkdir d; echo 1 > d/x; echo 1 > e")
    assert paths(result) == {"a": "deleted", "b": "modified", "c": "mode", "d": "deleted", "d/x": "deleted",
                             "e": "deleted", "f": "created", "l": "modified"}
    assert result.home_before["d/x"].content == b"1\n"
    assert result.home_after["l"].target == "b"


def test_changes_are_plain_data() -> None:
    document = checked("echo 1 > a").to_json()
    (change,) = document["changes"]
    assert change == {"path": "a", "change": "created", "before": None, "after": {
        "type": "file", "mode": "644", "size": 2, "target": None,
        "sha256": "4355a46b19d348dc2f57c046f8ef63d4538ebb936000f3c9ee954a27460dd865"}}
    assert document["limit"] is None
    assert document["calls"] == []


def test_the_homes_own_mode_is_looked_at_too(who: str) -> None:
    assert paths(checked("chmod 0 .", who, fixture="touch f")) == {".": "mode"}


def test_nothing_done_is_no_change(who: str) -> None:
    result = checked("cat a > /dev/null; touch a; cp a b; rm b; chmod 600 a; chmod 644 a", who, fixture="echo 1 > a")
    assert result.changes == []


def test_names_are_kept_byte_for_byte(who: str) -> None:
    result = checked("touch 'sp ace' $'new\\nline' $'\\xff' -- -dash '*' ' '", who)
    assert set(paths(result)) == {"sp ace", "new\nline", os.fsdecode(b"\xff"), "-dash", "*", " "}


def test_what_may_not_be_read_is_seen_and_left_as_it_was(who: str) -> None:
    result = checked("mkdir d; echo 1 > d/f; chmod 0 d/f d; echo 1 > g; chmod 200 g; mkdir e; touch e/x; chmod 444 e",
                     who, after="stat -c '%n %a' d e g")
    assert {name: (entry.mode, entry.size) for name, entry in result.home_after.items()} == {
        "d": ("000", None), "d/f": ("000", 2), "e": ("444", None), "e/x": ("644", 0), "g": ("200", 2)}
    assert result.home_after["d/f"].sha256 == result.home_after["g"].sha256 is not None
    assert result.after.split() == ["d", "0", "e", "444", "g", "200"]


def test_special_files_and_links_are_not_followed(who: str) -> None:
    result = checked("mkfifo p; ln -s /etc/passwd l; ln -s . loop; ln f g", who, fixture="echo 1 > f")
    assert {change.path: change.after.type for change in result.changes if change.after} == {
        "p": "other", "l": "link", "loop": "link", "g": "file"}


def test_looking_leaves_no_time_of_access() -> None:
    result = checked("stat -c %X f", fixture="echo 1 > f; touch -a -d 2001-01-01 f")
    assert result.stdout == "978307200\n"


def test_a_nest_too_deep_to_look_at_is_not_checked(who: str) -> None:
    job = Job("for i in $(seq 200); do mkdir d; cd d; done")
    result = run_as(who, sandbox.run, job)
    assert result.status == "not-checked"
    assert "nested" in result.reason


def test_a_failing_fixture_is_said_and_nothing_is_run() -> None:
    result = sandbox.run(Job("echo ran > ran", fixture="echo 'no such thing' >&2; false; echo never"))
    assert result.status == "not-checked"
    assert result.reason == "the fixture ended with exit code 1: no such thing"
    assert result.rc is None


def test_the_command_starts_where_it_is_to(who: str) -> None:
    assert checked("pwd; echo 1 > x", who, fixture="mkdir -p 'a b'/c", cwd="a b/c").stdout == "/home/user/a b/c\n"
    missing = sandbox.run(Job("pwd", cwd="nowhere"))
    assert (missing.status, "cwd" in missing.reason) == ("not-checked", True)


def test_variables_reach_all_scripts(who: str) -> None:
    result = checked('echo "$A"', who, fixture='echo "$A" > f', environment={"A": "a b\n'\""}, after='echo "$A"')
    assert result.stdout == result.after == result.home_after["f"].content.decode() == "a b\n'\"\n"


def test_the_environment_is_the_boxs_own() -> None:
    lines = dict(line.split("=", 1) for line in checked("env").stdout.splitlines())
    assert lines["HOME"] == "/home/user"
    assert (lines["TZ"], lines["LANG"], lines["PAGER"], lines["GIT_CONFIG_NOSYSTEM"]) == ("UTC", "C.UTF-8", "cat", "1")
    assert checked("git init -q; git commit -q --allow-empty -m x; git log --format='%an %ad' --date=iso").stdout == (
        "User 2024-01-15 12:00:00 +0000\n")


# Shims, background, probes

def test_calls_of_shims_are_written_down_and_answered(who: str) -> None:
    shims = {"docker": 'case $1 in ps) echo "box up";; esac', "psql": 'record stdin "$(cat)"; exit 4', "lsblk": ""}
    command = "docker ps -a | grep up; docker rm 'a b' $'c\\nd' ''; echo q | psql -c x; which docker"
    result = checked(command, who, shims=shims)
    assert result.stdout == "box up\n/opt/box/bin/docker\n"
    assert result.calls == [["docker", "ps", "-a"], ["docker", "rm", "a b", "c\nd", ""], ["psql", "-c", "x"],
                            ["stdin", "q"]]


def test_a_shim_may_name_its_interpreter() -> None:
    result = checked("tool x", shims={"tool": "#!/bin/bash\n[[ $1 == x ]] && echo ${BASH_VERSION%%.*}"})
    assert result.stdout.strip().isdigit()
    assert result.calls == [["tool", "x"]]


def test_what_runs_in_the_background_meets_the_command(who: str) -> None:
    two, left = "sleep 77 & sleep 777 &", "pgrep -a sleep | cut -d' ' -f2-"
    both = checked("pkill -f 'sleep 77'", who, background=two, after=left)  # matches 777 as well
    assert (both.rc, both.after) == (0, "")
    assert checked("kill $(pgrep -fx 'sleep 77')", who, background=two, after=left).after == "sleep 777\n"


def test_the_text_of_the_command_is_in_no_process() -> None:
    result = checked("pgrep -f marmalade; cat /proc/[0-9]*/cmdline | tr '\\0' ' '")
    assert result.stdout.count("marmalade") == 0
    assert "cat" in result.stdout


def test_questions_are_asked_after_the_end(who: str) -> None:
    result = checked("echo 1 > f; cd /tmp; exit 5", who, after="pwd; cat f; echo 2 > g; echo noise >&2")
    assert result.after == "/home/user\n1\n"
    assert "g" not in paths(result)


def test_the_shell_itself_can_be_asked(who: str) -> None:
    result = checked("cd d; export X='1 2'; alias ll='ls -l'", who, fixture="mkdir d",
                     same_shell_setup="Y=set; shopt -s expand_aliases", same_shell_probe='pwd; echo "$X $Y"; alias ll')
    assert result.probe == "/home/user/d\n1 2 set\nalias ll='ls -l'\n"
    assert (result.rc, result.stdout) == (0, "")


def test_the_probe_leaves_the_exit_code_alone() -> None:
    assert checked("false", same_shell_probe="true").rc == 1


def test_output_that_comes_a_moment_after_the_shell_has_ended_is_kept() -> None:
    assert checked("echo late > >(sleep 0.02; cat)").stdout == "late\n"


def test_a_command_that_kills_all_it_can_leaves_the_box_to_be_asked(who: str) -> None:
    result = checked("kill -9 -1; pkill -9 .", who, background="sleep 99 &", after="pgrep sleep || echo gone")
    assert result.after == "gone\n"


def test_signals_end_a_command_with_128_more() -> None:
    assert checked("kill -TERM $$").rc == 143


def test_removing_everything_leaves_log_and_questions(who: str) -> None:
    folders = "/home /opt /run /tmp /var /bin /lib /dev"
    result = checked(f"docker ps; rm -rf --no-preserve-root {folders}; docker stop x", who, shims={"docker": "echo up"},
                     fixture="mkdir -p a/b; echo 1 > a/b/c", after="ls -A; echo still here")
    assert result.after == "still here\n"
    assert result.calls == [["docker", "ps"], ["docker", "stop", "x"]]
    assert paths(result) == {"a": "deleted", "a/b": "deleted", "a/b/c": "deleted"}


def test_removing_the_root_takes_the_home_and_nothing_else() -> None:
    result = checked("rm -rf --no-preserve-root / 2>/dev/null; docker ps", fixture="echo 1 > f",
                     shims={"docker": "echo up"}, after="ls -A; ls /usr/bin/env", timeout=120)
    assert paths(result) == {"f": "deleted"}
    assert result.calls == [["docker", "ps"]]
    assert result.after == "/usr/bin/env\n"
    assert Path("/usr/bin/env").exists()


# What cannot be reached

def test_the_callers_environment_is_nowhere(who: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ASSAY_TEST_SECRET", "marmalade")
    result = checked("env; cat /proc/*/environ /proc/self/environ | tr '\\0' '\\n'", who, background="sleep 9 &")
    assert "marmalade" not in result.stdout
    assert result.stdout.count("HOME=/home/user") >= 3  # of process 1, too: it can be read


def test_there_is_no_network_but_loopback(who: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        result = checked(f"ls /proc/sys/net/ipv4/conf; (echo x > /dev/tcp/127.0.0.1/{port}) 2>&1; "
                         "(echo x > /dev/tcp/192.0.2.1/80) 2>&1", who)
    interfaces, refused, unreachable = result.stdout.split("bash: ")[0], *result.stdout.splitlines()[-3::2]
    assert interfaces.split() == ["all", "default", "lo"]
    assert "refused" in refused
    assert "unreachable" in unreachable


def test_loopback_works_inside(who: str) -> None:
    server = "python3 -m http.server --bind 127.0.0.1 8123 >/dev/null 2>&1 & " \
             "until (: > /dev/tcp/127.0.0.1/8123) 2>/dev/null; do sleep 0.02; done"
    result = checked("exec 3<>/dev/tcp/127.0.0.1/8123; printf 'GET /f HTTP/1.0\\r\\n\\r\\n' >&3; tail -1 <&3", who,
                     fixture="echo served > f", background=server)
    assert result.stdout == "served\n"


def test_only_the_home_and_temporary_folders_can_be_written(who: str) -> None:
    closed = "/ /usr /usr/bin /etc /opt /opt/box /opt/box/bin /home /var /var/log /dev /root /proc"
    places = "/home/user /tmp /var/tmp /run /dev/shm"
    result = checked(f"for d in {closed} {places}; do touch $d/x 2>/dev/null && echo $d; done; "
                     "echo 1 >> /etc/passwd; echo 1 >> /opt/box/init", who)
    assert result.stdout.split() == places.split()
    assert result.rc == 1


def test_other_files_and_processes_of_this_machine_are_not_there(who: str) -> None:
    known = {"bin", "dev", "etc", "home", "lib", "lib32", "lib64", "libx32", "opt", "proc", "run", "sbin", "tmp", "usr",
             "var"}
    assert set(checked("ls /", who).stdout.split()) <= known
    assert checked("ls /home; id; hostname; cat /etc/hostname; wc -l < /etc/passwd", who).stdout == (
        "user\nuid=1000(user) gid=1000(user) groups=1000(user)\nbox\nbox\n3\n")
    processes = checked("ls /proc | grep '^[0-9]'", who).stdout.split()
    assert max(map(int, processes)) < 30


def test_there_are_no_powers_to_gain(who: str) -> None:
    result = checked("grep -E '^(CapPrm|CapEff|CapBnd|NoNewPrivs)' /proc/self/status; mount -t tmpfs x /tmp", who)
    assert result.stdout.split() == ["CapPrm:", "0" * 16, "CapEff:", "0" * 16, "CapBnd:", "0" * 16, "NoNewPrivs:", "1"]
    assert result.rc != 0


def test_the_terminal_cannot_be_written_to() -> None:
    assert checked("echo x > /dev/tty").rc != 0


# Limits

def test_a_fork_bomb_is_contained(who: str) -> None:
    result = checked(":(){ :|:& };:; sleep 8; echo end", who)
    assert result.limit == "processes"
    assert result.rc is None


def test_as_many_processes_as_said_and_no_more(who: str) -> None:
    count = "import os, time\nfor n in range(400):\n  try:\n    if not os.fork(): time.sleep(9); os._exit(0)\n" \
            "  except BlockingIOError: break\n  print(n + 1, flush=True)"
    forks = int(checked(f"python3 -c '{count}'", who).stdout.split()[-1])  # it may be stopped before it is refused one
    assert 240 <= forks <= 256


def test_threads_count(who: str) -> None:
    many = "import threading, time\nfor n in range(400): threading.Thread(target=time.sleep, args=(9,)).start()"
    assert checked(f"python3 -c '{many}'", who).limit == "processes"


def test_processes_of_the_same_user_outside_do_not_count(who: str) -> None:
    small = Limits(processes=40)
    asked = 'for n in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do sleep 1 & done; wait; echo fine'
    user = sandbox.unprivileged() or (os.geteuid(), os.getegid())
    become = {"user": user[0], "group": user[1], "extra_groups": []} if os.geteuid() == 0 else {}
    others = [subprocess.Popen(["sleep", "60"], **become) for _ in range(60)]
    try:
        assert checked(asked, who, small).stdout == "fine\n"
    finally:
        for other in others:
            other.kill()
            other.wait()


def test_a_file_can_be_so_large_only(who: str) -> None:
    result = checked("head -c 3M /dev/zero > f", who, Limits(file=2 * MB))
    assert result.limit == "disk"
    assert result.home_after["f"].size == 2 * MB


def test_a_home_can_hold_so_much_only(who: str) -> None:
    endless = "n=0; while :; do n=$((n + 1)); head -c 1M /dev/zero > f$n || exit; sleep 0.01; done"
    result = checked(endless, who, Limits(home=20 * MB))
    assert result.limit == "disk"
    assert result.rc is None
    assert 20 <= len(result.changes) < 200


def test_temporary_folders_can_be_filled_without_harm(who: str) -> None:
    for place in ("/tmp", "/var/tmp", "/dev/shm", "/run"):
        assert checked(f"head -c 9M /dev/zero > {place}/f", who, Limits(temporary=8 * MB)).limit == "disk"


@pytest.mark.parametrize("stream", [1, 2])
def test_a_flood_of_output_is_stopped(who: str, stream: int) -> None:
    result = checked(f"yes >&{stream}", who)
    assert (result.limit, result.rc, result.timed_out) == ("output", None, False)
    assert len(result.stdout if stream == 1 else result.stderr) == MB


def test_exactly_as_much_output_as_allowed_is_no_flood() -> None:
    result = checked("head -c 1048576 /dev/zero | tr '\\0' x")
    assert (result.limit, result.rc, len(result.stdout)) == (None, 0, MB)


def test_a_flood_from_what_is_left_running_is_stopped() -> None:
    assert checked("yes & sleep 0.01", after="sleep 1").limit == "output"


def test_address_space_is_limited(who: str) -> None:
    result = checked("python3 -c 'bytearray(5 << 30)' || echo refused", who)
    assert "MemoryError" in result.stderr
    assert result.stdout == "refused\n"


def test_a_time_out_leaves_nothing_over(who: str) -> None:
    result = checked("touch f; sleep 3141.5 & (setsid sleep 3141.5 &) ; nohup sleep 3141.5", who, timeout=0.5,
                     after="echo never")
    assert (result.timed_out, result.limit, result.rc, result.after) == (True, "time", None, "")
    assert paths(result) == {"f": "created", "nohup.out": "created"} or paths(result) == {"f": "created"}
    assert running("3141.5") == []


def test_nothing_is_left_over_after_an_ordinary_end(who: str, monkeypatch: pytest.MonkeyPatch) -> None:
    checked("sleep 2718.2 & (setsid sleep 2718.2 &)", who, background="sleep 2718.2 &")
    assert running("2718.2") == []
    with folder_of(who) as place:
        monkeypatch.setenv("TMPDIR", str(place))
        checked("mkdir -p d/e; chmod 0 d/e d", who)
        assert list(place.iterdir()) == []


DRIVER = """
import sys
from assay.terminal.sandbox import Job, run
run(Job("sleep 1414.2", fixture="mkdir d; chmod 0 d", timeout=60))
"""


def test_the_box_dies_with_its_driver(tmp_path: Path) -> None:
    driver = subprocess.Popen([sys.executable, "-c", DRIVER], env={**os.environ, "TMPDIR": str(tmp_path)})
    try:
        wait_until(lambda: running("1414.2"))
    finally:
        driver.kill()
        driver.wait()
    wait_until(lambda: not running("1414.2"))
    wait_until(lambda: not running("assay-box-"))


def test_runs_side_by_side_do_not_meet() -> None:
    def one(number: int) -> Result:
        return checked("tool; cat f; sleep 0.05", fixture=f"echo {number} > f", shims={"tool": f"echo shim {number}"})

    with ThreadPoolExecutor(6) as pool:
        for number, result in enumerate(pool.map(one, range(24))):
            assert result.stdout == f"shim {number}\n{number}\n"
            assert result.calls == [["tool"]]


# Where there is none

def test_without_bwrap_nothing_is_run(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    result = sandbox.run(Job(f"touch {tmp_path}/ran"))
    assert (result.status, result.rc) == ("not-checked", None)
    assert "install the package bubblewrap" in result.reason
    assert not (tmp_path / "ran").exists()


def test_a_bwrap_that_fails_is_asked_why(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    bwrap = tmp_path / "bwrap"
    bwrap.write_text("#!/bin/sh\necho no luck today >&2\nexit 1\n")
    for path in (bwrap, tmp_path, *tmp_path.parents):
        if path.stat().st_uid == os.geteuid():
            path.chmod(path.stat().st_mode | 0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    assert "no luck today" in str(sandbox.available())


def test_without_user_namespaces_nothing_is_run() -> None:
    script = "from assay.terminal.sandbox import Job, run; r = run(Job('true')); print(r.status, r.reason)"
    done = subprocess.run(
        ["unshare", "-Ur", "sh", "-c", 'echo 0 > /proc/sys/user/max_user_namespaces; exec "$@"', "sh",
         sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.startswith("not-checked no sandbox: bwrap: ")


def test_a_root_that_cannot_become_somebody_else_is_limited_too() -> None:
    script = "from assay.terminal.sandbox import Job, run; result = run(Job(':(){ :|:& };:; sleep 8; true')); " \
             "print(result.status, result.limit)"
    done = subprocess.run(["unshare", "-Ur", sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout == "checked processes\n"


def test_a_nul_is_refused() -> None:
    with pytest.raises(AssayError, match="NUL"):
        sandbox.run(Job("echo \0"))
