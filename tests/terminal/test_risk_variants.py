"""The same command in other words keeps its level; nothing around it lowers it; no text breaks the assessment."""

from __future__ import annotations

import functools
import shlex

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assay.terminal.risk import LEVELS, assess
from assay.terminal.risk.levels import ORDER
from terminal.risk_commands import cases

PLAIN = [
    "rm x", "rm -rf build", "rm -rf /", "rm -rf ~", "ls -l", "cat f", "mkdir new", "touch new", "git status",
    "git push --force", "git push", "git reset --hard", "git clean -n", "dd if=x of=/dev/sda", "mkfs.ext4 /dev/sdb",
    "kill -9 5", "kill -0 5", "kill -9 -1", "pkill python", "docker rm web", "docker system prune -a",
    "docker ps", "reboot", "make",
    "chmod -R 755 d", "chmod 644 f", "find . -delete", "find / -delete", "find . -name x", "frobnicate x", "rm --help",
    "rsync -a --delete a b", "truncate -s 0 f", "crontab -r", "dropdb x", "kubectl delete pod x", "tar tf a.tar",
    "pip install x",
]
OTHER_WORDS = {  # of the program's name
    "backslash": lambda name: f"{name[0]}\\{name[1:]}" if name[1:] else f"\\{name}",
    "backslash first": lambda name: f"\\{name}",
    "double quotes": lambda name: f'"{name}"',
    "single quotes": lambda name: f"'{name}'",
    "half quoted": lambda name: f"{name[0]}'{name[1:]}'",
    "empty quotes inside": lambda name: f'{name[0]}""{name[1:]}',
    "ansi quotes": lambda name: f"$'{name}'",
    "ansi codes": lambda name: "$'" + "".join(f"\\x{ord(letter):02x}" for letter in name) + "'",
    "translated": lambda name: f'$"{name}"',
    "path": lambda name: f"/usr/bin/{name}",
    "line joined": lambda name: f"{name[0]}\\\n{name[1:]}",
}
AROUND = {  # programs that run it
    "sudo": "sudo {}", "sudo as": "sudo -u bob -E {}", "doas": "doas {}", "env": "env {}", "busybox": "busybox {}",
    "env with": "env -u A X=1 {}", "nohup": "nohup {}", "nice": "nice -n 5 {}", "setsid": "setsid {}",
    "timeout": "timeout -k 5 10 {}", "stdbuf": "stdbuf -oL {}", "ionice": "ionice -c 3 {}", "chroot": "chroot dir {}",
    "flock": "flock lock {}", "strace": "strace -f -e trace=file {}", "find": "find . -maxdepth 0 -exec {} \\;",
    "loader": "/lib64/ld-linux-x86-64.so.2 {}", "doubled": "sudo env nice nohup {}",
    "escaped": "\\sudo {}", "unshare": "unshare -r {}",
}
ONCE = {  # words of the shell, that are no programs, and what joins its words: nothing may be around them
    "watch": "watch -n 5 {}",
    "time": "time {}", "time -p": "time -p {}", "command": "command {}", "exec": "exec {}", "variable": "X=1 {}",
    "variables": "X=1 Y='a b' {}", "coproc": "coproc {}", "xargs": "echo | xargs {}", "xargs -I": "echo | xargs -I@ {}",
}
CODE = {  # programs that run it as code
    "sh": "sh -c {}", "bash": "bash -c {}", "bash -ec": "bash -ec {}", "zsh": "zsh -c {}", "ssh": "ssh host {}",
    "ssh with": "ssh -p 22 -i key me@host {}", "sudo sh": "sudo sh -c {}", "su": "su - bob -c {}",
    "env -S": "env -S {}",
    "script": "script -c {} /dev/null", "find sh": "find . -exec sh -c {} \\;", "timeout sh": "timeout 5 sh -c {}",
    "flock -c": "flock f -c {}", "twice": "sh -c 'sh -c \"$0\"' {}", "parallel": "parallel {} ::: ''",
}
CODE_OF_THE_SHELL = {
    "eval": "eval {}", "alias": "alias a={}", "here-string": "bash <<< {}", "piped": "printf %s {} | sh",
    "echoed": "echo {} | bash", "xargs sh": "echo | xargs sh -c {}", "trap": "trap {} EXIT",
}
INSIDE = {  # constructs of the shell; the command stands on lines of its own
    "if": "if true; then\n{}\nfi", "condition": "if\n{}\nthen :; fi", "else": "if false; then :; else\n{}\nfi",
    "for": "for i in 1 2; do\n{}\ndone", "while": "while true; do\n{}\nbreak; done", "group": "{{\n{}\n}}",
    "until": "until\n{}\ndo break; done", "case": "case x in x)\n{}\n;; esac", "function": "f() {{\n{}\n}}; f",
    "function not called": "function g {{\n{}\n}}", "subshell": "(\n{}\n)", "substitution": "echo $(\n{}\n)",
    "quoted substitution": 'echo "$(\n{}\n)"', "assigned": "x=$(\n{}\n)", "process": "cat <(\n{}\n)",
    "background": "{{\n{}\n}} &", "not": "! {{\n{}\n}}", "piped": "{{\n{}\n}} | cat",
    "redirected": "{{\n{}\n}} > /dev/null 2>&1", "c-style": "for ((i=0;i<2;i++)); do\n{}\ndone",
    "default": "echo ${{x:-$(\n{}\n)}}",
}
BESIDE = ["{}\nls", "ls\n{}", "ls; {}", "true && {}", "{}\n:", "cat /dev/null | wc -l\n{}", "{}\necho done # rm"]


@functools.cache
def level(command: str) -> str:
    return assess(command, "/nowhere").level


def at_least(command: str, than: str) -> bool:
    return LEVELS[level(command)] >= LEVELS[than]


@pytest.mark.parametrize("variant", OTHER_WORDS)
def test_another_spelling_of_the_program_keeps_the_level(variant: str) -> None:
    for command in PLAIN:
        name, _, rest = command.partition(" ")
        other = f"{OTHER_WORDS[variant](name)} {rest}"
        assert level(other) == level(command), other


@pytest.mark.parametrize("variant", AROUND | ONCE)
def test_a_program_around_it_keeps_the_level(variant: str) -> None:
    for command in PLAIN:
        other = (AROUND | ONCE)[variant].format(command)
        assert level(other) == level(command), other


@pytest.mark.parametrize("variant", CODE | CODE_OF_THE_SHELL)
def test_as_code_for_a_shell_it_keeps_the_level(variant: str) -> None:
    for command in PLAIN:
        other = (CODE | CODE_OF_THE_SHELL)[variant].format(shlex.quote(command))
        assert level(other) == level(command), other


@settings(max_examples=200, deadline=None)
@given(st.sampled_from(PLAIN), st.lists(st.sampled_from([*AROUND, *CODE]), max_size=4),
       st.sampled_from(sorted(ONCE.keys() - {"watch"}) + sorted(CODE_OF_THE_SHELL)))
def test_any_of_them_around_each_other_keep_the_level(command: str, inner: list[str], outer: str) -> None:
    other = command
    for variant in inner:
        other = AROUND[variant].format(other) if variant in AROUND else CODE[variant].format(shlex.quote(other))
    other = ONCE[outer].format(other) if outer in ONCE else CODE_OF_THE_SHELL[outer].format(shlex.quote(other))
    assert level(other) == level(command), other


def whole_cases(first: int) -> list[str]:
    """Return every eighth command of the list that is whole."""
    return [case.command for case in cases()[first % 8::8] if assess(case.command, "/nowhere").parse == "ok"]


@pytest.mark.parametrize("construct", INSIDE)
def test_inside_a_construct_nothing_is_lowered(construct: str) -> None:
    for command in whole_cases(len(INSIDE[construct])):
        other = INSIDE[construct].format(command)
        assert at_least(other, level(command)), other


@pytest.mark.parametrize("beside", BESIDE)
def test_a_harmless_command_beside_lowers_nothing(beside: str) -> None:
    for command in whole_cases(BESIDE.index(beside)):
        other = beside.format(command)
        assert at_least(other, level(command)), other


ALPHABET = st.sampled_from(list("rm -f/~*$x\"'\\`(){}[];&|<>#\n\t!=:?+@%,.0aé\u202e\x1b\0\ud800\ue000"))
SIGNS = st.sampled_from([
    ";", "\n", " | ", " && ", " || ", " & ", "$(", ")", "`", "'", '"', "<<E\n", "{ ", "; }", " > "])
COMMANDS = [case.command for case in cases()]


@settings(max_examples=500, deadline=None)
@given(st.one_of(st.text(), st.text(ALPHABET, max_size=60)))
def test_no_text_breaks_it(text: str) -> None:
    check(text)


@settings(max_examples=300, deadline=None)
@given(st.lists(st.sampled_from(COMMANDS), min_size=1, max_size=4),
       st.lists(SIGNS, min_size=4, max_size=4), st.data())
def test_no_composition_of_commands_breaks_it(commands: list[str], signs: list[str], data: st.DataObject) -> None:
    text = "".join(command + sign for command, sign in zip(commands, signs, strict=False))
    start = data.draw(st.integers(0, len(text)))
    check(text)
    check(text[:start])
    check(text[start:])


def check(text: str) -> None:
    risk = assess(text, "/nowhere")
    assert risk.level in LEVELS
    assert risk.rank == LEVELS[risk.level]
    assert risk.level == max((found.level for found in risk.findings), key=ORDER.index, default="read-only")
    assert risk.parse == "ok" or risk.rank >= 2
    for found in risk.findings:
        assert found.rule != "not-assessed", found.why
        assert 0 <= found.start <= found.end <= len(text)
        assert text[found.start:found.end] == found.text
