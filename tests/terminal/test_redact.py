"""Secrets leave no text, and every text comes back exactly."""

from __future__ import annotations

import base64
import hashlib
import json
import time

import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

from assay.terminal.redact import Redactor, entropy

ENVIRON = {"MY_TOKEN": "tok-en value 1", "DB_PASSWORD": "geheim!!", "API_KEY_ID": "AB12CD34", "HOME": "/home/someone",
           "SHORT_KEY": "abc", "AWS_SECRET": "a/b+c=d*e(f)[g]\\h", "NESTED_KEY": "tok-en value 1 and more"}
RANDOM = base64.b64encode(hashlib.sha256(b"x").digest()).decode().rstrip("=").replace("/", "a").replace("+", "b")
SECRETS = {
    "aws-key": "AKIAIOSFODNN7EXAMPLE", "github-token": "ghp_16C7e42F292c6912E7710c838347Ae178B4a",
    "gitlab-token": "glpat-abcdEFGH1234_-xyz789", "api-key": "sk-proj-abcDEF123_456-ghiJKL",
    "slack-token": "xoxb-123456789012-abcdEFGH", "google-key": "AIzaSyA-1234567890abcdefghijklmnopqrstuv",
    "jwt": "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0In0.dozjgNryP4J3jVmNHl0w5N_XgL0n3I9P", "random": RANDOM,
    "pem": "-----BEGIN OPENSSH PRIVATE KEY-----\nb3BlbnNzaC1rZXktdjEAAAAA\nBG5vbmU=\n-----END OPENSSH PRIVATE KEY-----",
}
OTHERS = ["gho_16C7e42F292c6912E7710c838347Ae178B4a", "github_pat_11ABCDEFG0abcdefghijkl_mnopqr", "xoxp-1-2-3-abcdefgh"]


def whole(text: str, environ: dict[str, str] | None = None) -> tuple[str, Redactor]:
    redactor = Redactor(environ or {})
    redacted = redactor.redact(text)
    assert redactor.restore(redacted) == text
    return redacted, redactor


@pytest.mark.parametrize("kind", SECRETS)
@pytest.mark.parametrize("around", [
    "{}", "use {} now", "'{}'", '"{}",', "x={}", "({})", "a\n{}\nb", "curl -H 'X: {}' x.org"])
def test_a_known_shape_is_replaced_wherever_it_stands(kind: str, around: str) -> None:
    text = around.format(SECRETS[kind])
    redacted, redactor = whole(text)
    assert redacted == around.format("__ASSAY_SECRET_1__")
    assert redactor.found == [{"placeholder": "__ASSAY_SECRET_1__", "kind": kind}]


@pytest.mark.parametrize("secret", OTHERS)
def test_other_tokens_of_the_same_kinds(secret: str) -> None:
    assert secret not in whole(f"token {secret}")[0]


@pytest.mark.parametrize(("text", "secret"), [
    ("password=hunter2", "hunter2"), ("password: hunter2", "hunter2"), ("Password = hunter2;", "hunter2"),
    ("DB_PASSWORD=hunter2 psql", "hunter2"), ('{"password": "two words"}', "two words"), ("passwd: 'it is'", "it is"),
    ("--password=hunter2", "hunter2"), ("mysql --password hunter2 -u root", "hunter2"),
    ("PASSPHRASE=hunter2", "hunter2"), ("pass: hunter2", "hunter2"), ("api_key=abcdefgh", "abcdefgh"),
    ("secret: abc123def", "abc123def"),
    ("client-secret = 'a b c'", "a b c"), ("https://x.org/?token=abc123&b=1", "abc123"),
    ("mypassword=hunter2", "hunter2"),
    ("Authorization: Bearer abc.def", "abc.def"), ("-H 'Authorization: Basic dXNlcjpwYXNz'", "dXNlcjpwYXNz"),
    ("Bearer abcdef123", "abcdef123"), ("https://me:hunter2@example.org/x", "hunter2"), ("password=a$b", "a$b"),
    ("postgres://me:p@ss@db:5432/x", "p@ss"), ("redis://:hunter2@host", "hunter2"), ("password=$ecret1", "$ecret1"),
])
def test_a_value_with_a_name_is_replaced_and_the_name_stays(text: str, secret: str) -> None:
    redacted, redactor = whole(text)
    assert redacted == text.replace(secret, "__ASSAY_SECRET_1__")
    assert len(redactor.found) == 1


@pytest.mark.parametrize("text", [
    "show the password file", "password=$DB_PASSWORD", 'password="${PASS:?}"', "password: <your password>",
    "password=***", "compass: north", "git show 4b825dc642cb6eb9a060e54bf8d69288fbee4904",
    "git diff 4b825dc642cb6eb9a060e54bf8d69288fbee4904..HEAD",
    "ls /usr/local/lib/python3.11/site-packages/some_package_2/module_3.py", "pass the salt",
    "cat ~/projects/2024/Reports/March2024/Summary1", "123456789012345678901234567890",
    "tar xzf backup-2024-01-15-production-server-42.tar.gz", "cd ./src/components/Version2/LongComponentName3/index",
    "https://github.com/someone/Project2024/blob/main/README", "find . -name '*.py' -mtime -7 | xargs wc -l",
    "the bearer of news", "a_very_long_name_without_any_digit_at_all",
    "aaaaaaaaaaaaaaaaaaaaaaaaaaaa1", "docker run -p 8080:80 nginx", "keys: none", "sk-1", "",
])
def test_what_is_no_secret_stays(text: str) -> None:
    redacted, redactor = whole(text)
    assert redacted == text
    assert redactor.found == []


def test_values_of_variables_named_like_secrets_are_replaced() -> None:
    redactor = Redactor(ENVIRON)
    text = "use geheim!! and tok-en value 1 at /home/someone with abc and a/b+c=d*e(f)[g]\\h AB12CD34."
    assert redactor.redact(text) == (
        "use __ASSAY_SECRET_1__ and __ASSAY_SECRET_2__ at /home/someone with abc and __ASSAY_SECRET_3__ "
        "__ASSAY_SECRET_4__.")
    assert {found["kind"] for found in redactor.found} == {"variable"}


def test_a_value_that_holds_another_is_one_secret() -> None:
    assert Redactor(ENVIRON).redact("tok-en value 1 and more") == "__ASSAY_SECRET_1__"


def test_variables_of_this_process_are_taken_by_default(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SOME_ACCESS_TOKEN", "from-this-process")
    assert Redactor().redact("x from-this-process") == "x __ASSAY_SECRET_1__"


def test_a_secret_has_one_placeholder_over_a_conversation() -> None:
    redactor = Redactor({})
    assert redactor.redact("password=hunter22") == "password=__ASSAY_SECRET_1__"
    assert redactor.redact("is hunter22 good? or password: other33") == (
        "is __ASSAY_SECRET_1__ good? or password: __ASSAY_SECRET_2__")
    assert redactor.restore("echo __ASSAY_SECRET_2__ __ASSAY_SECRET_1__") == "echo other33 hunter22"


def test_a_placeholder_in_the_text_is_not_taken_for_ours() -> None:
    redactor = Redactor({})
    redactor.redact("password=hunter22")
    text = "what is __ASSAY_SECRET_1__ or __ASSAY_SECRET_7__?"
    redacted = redactor.redact(text)
    assert "hunter22" not in redactor.restore(redacted)
    assert redactor.restore(redacted) == text


def test_a_placeholder_that_was_never_given_stays() -> None:
    redactor = Redactor({})
    redactor.redact("password=hunter22")
    for number in ("2", "0", "01", "99999999999", "x", "-1", ""):
        text = f"__ASSAY_SECRET_{number}__"
        assert redactor.restore(text) == text


def test_what_is_found_never_holds_a_value() -> None:
    redactor = Redactor(ENVIRON)
    redactor.redact(" ".join([*SECRETS.values(), *ENVIRON.values(), "password=hunter22"]))
    told = json.dumps(redactor.found)
    assert not [value for value in (*SECRETS.values(), "geheim!!", "hunter22") if value in told]


def test_entropy_counts_bits_a_character() -> None:
    assert entropy("aaaa") == 0
    assert entropy("abab") == 1
    assert entropy("abcdefgh") == 3


PARTS = st.one_of(
    st.sampled_from([*SECRETS.values(), *OTHERS, *ENVIRON.values(), "__ASSAY_SECRET_1__", "__ASSAY_SECRET_", "1__", "/",
                     "password=", "password: ", "https://u:", "@host", "Bearer ", " ", "\n", "'", '"', "eyJ",
                     "-----BEGIN X-----"]),
    st.text(max_size=12))
TEXTS = st.one_of(st.text(), st.lists(PARTS, max_size=12).map("".join))


@settings(max_examples=500, deadline=None)
@given(st.lists(TEXTS, min_size=1, max_size=3))
@example(["__ASSAY_SECRET_1password=__ASSAY_SECRET_1__x", "__ASSAY_SECRET_1__ASSAY_SECRET_1__"])
@example(["password=x__ASSAY_SECRET_1__ password=__"])
def test_every_text_comes_back(texts: list[str]) -> None:
    redactor = Redactor(ENVIRON)
    redacted = [redactor.redact(text) for text in texts]
    assert [redactor.restore(text) for text in redacted] == texts


@settings(max_examples=300, deadline=None)
@given(st.sampled_from([*SECRETS.values(), *OTHERS, *(set(ENVIRON.values()) - {"abc", "/home/someone"})]),
       st.text(max_size=20), st.text(max_size=20))
def test_no_secret_survives(secret: str, before: str, after: str) -> None:
    redacted = Redactor(ENVIRON).redact(f"{before} {secret} {after} {secret}")
    assert secret not in redacted


@settings(max_examples=300, deadline=None)
@given(st.text(st.characters(exclude_categories=["Z", "Cc", "Cs"], exclude_characters="\"'"), min_size=5, max_size=30),
       st.sampled_from(["password={}", "password: {}", "x password={} y {}", 'password="{}"', "--password {}",
                        "pwd='{}'"]))
def test_no_password_survives(secret: str, form: str) -> None:
    value = secret.rstrip(";,)]}`|&")
    # What stands for a value is none; an address's next field and an escape end one.
    assume(len(value) >= 5 and value not in "__ASSAY_SECRET_1__" and not set(value) & set("&\\"))
    assume(not value.startswith(("$", "<", "*", "x", ".", "%", "{", "-", "=", ">", ":")))
    assert value not in Redactor({}).redact(form.format(value, value))


def test_a_long_text_takes_no_time() -> None:
    began = time.process_time()
    for piece in ("a", "a1B2", "password=", "-----BEGIN ", "eyJa.", "--a-", "https://a:", "__ASSAY_SECRET_", "a.a:"):
        text = piece * (200_000 // len(piece))
        redactor = Redactor({})
        assert redactor.restore(redactor.redact(text)) == text
    assert time.process_time() - began < 60  # seconds of CPU, where a pattern that went wrong would take hours
