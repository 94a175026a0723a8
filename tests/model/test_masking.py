"""What is found is masked, wherever it stands, and nothing else."""

from __future__ import annotations

import pytest

from relorch.model.masking import Masking
from relorch.model.secret_text import secrets_in

AWS = "AKIA" + "IOSFODNN7ABCDEFG"

LETTERS = "pLIix6MEOLeMa61EqJomTEI1JEzO3joOj37Hb5kQ2wZ9sUdYtRfVgCxN8aWe4iKhLm0T"
JWT = "eyJhbGciOiJIUzI1NiJ9." + "eyJzdWIiOiIxMjM0In0." + "zdWrprNHHzlM1MIoSK3M6OBYA3EHTWg2V6XByGbB9XU"

TOKENS = [
    *(f"{kind}_{LETTERS[:36]}" for kind in ("ghp", "gho", "ghu", "ghs", "ghr")),
    f"github_pat_{LETTERS[:59]}",
    *(f"{kind}-{LETTERS[:20]}" for kind in ("glpat", "gldt", "glft", "glsoat", "glrt", "glcbt", "glcbt-4f_")),
    f"glptt-{LETTERS[:40]}",
    f"glpat-{LETTERS[:56]}",
    JWT,
    AWS,
    f"sk-proj-{LETTERS[:20]}T3BlbkFJ{LETTERS[20:40]}",
    f"pypi-AgEIcHlwaS5vcmc{LETTERS}{LETTERS}",
    f"SG.{LETTERS[:22]}.{LETTERS[:43]}",
    f"xoxb-123456789012-123456789012-{LETTERS[:24].lower()}",
    "https://hooks.slack.com/services/T00000000/B00000000/" + LETTERS[:24],
    "sk_live_" + LETTERS[:24],
    f"AccountKey={LETTERS}{LETTERS[:18]}==",
    f"//registry.npmjs.org/:_authToken=npm_{LETTERS[:36]}",
    f"npm_{LETTERS[:36]}",
    f"hvs.{LETTERS[:24]}",
    f"dckr_pat_{LETTERS[:27]}",
    f"AIza{LETTERS[:35]}",
]


def masked(*texts: str) -> list[str]:
    masking = Masking()
    for text in texts:
        masking.search(text)
    return [masking(text)[0] for text in texts]


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("PGPASSWORD='s3cr3t-one' psql", "PGPASSWORD='<masked 1>' psql"),
        ('"api_key": "s3cr3t-one",', '"api_key": "<masked 1>",'),
        ("password: s3cr3t1", "password: <masked 1>"),
        ("psql postgres://app:pw12@db/app", "psql postgres://app:<masked 1>@db/app"),
        (
            "CREATE USER a PASSWORD 'abcd'; -- password 'abcd'",
            "CREATE USER a PASSWORD '<masked 1>'; -- password '<masked 1>'",
        ),
        (f"aws configure set k {AWS} --x ${{{{ vars.y }}}}", "aws configure set k <masked 1> --x ${{ vars.y }}"),
        ("curl -H 'Authorization: Bearer abcdefghij0123456789'", "curl -H 'Authorization: Bearer <masked 1>'"),
        ("sshpass -p 's3cr3t' ssh h", "sshpass -p '<masked 1>' ssh h"),
        ("mysql -P 3306 -u app -ps3cr3t db", "mysql -P 3306 -u app -p<masked 1> db"),
        ("curl -s -u app:s3cr3t https://x", "curl -s -u app:<masked 1> https://x"),
        ("curl --user 'app:two words' x", "curl --user 'app:<masked 1>' x"),
        ("docker login -u app -p s3cr3t r.example", "docker login -u app -p <masked 1> r.example"),
        ("redis-cli -h db -a s3cr3t ping", "redis-cli -h db -a <masked 1> ping"),
        ("--set db.pass=s3cr3t,a=b", "--set db.pass=<masked 1>,a=b"),
        ("--set adminPass=s3cr3t", "--set adminPass=<masked 1>"),
        *((f'{name}="s3cr3t"', f'{name}="<masked 1>"') for name in ("pw", "pass", "pat", "credential", "db_pw")),
        ("${{ vars.a | sh }} --token=s3cr3t-one ${{ vars.b }}", "${{ vars.a | sh }} --token=<masked 1> ${{ vars.b }}"),
    ],
)
def test_only_the_secret_is_masked(text: str, left: str) -> None:
    assert masked(text) == [left]
    assert secrets_in(left) == ()


@pytest.mark.parametrize("token", TOKENS)
def test_nothing_of_a_token_is_left(token: str) -> None:
    (left,) = masked(f"echo {token} | login")
    secret = token.removeprefix("//registry.npmjs.org/:_authToken=")
    assert [secret[at : at + 8] for at in range(len(secret) - 7) if secret[at : at + 8] in left] == []
    assert left.endswith((" | login", "<masked 1>"))


def test_a_secret_is_masked_in_every_text_under_one_number() -> None:
    first, second, third = masked("other=s3cr3t-one", "password=s3cr3t-one", "token=s3cr3t-two")
    assert (first, second, third) == ("other=<masked 1>", "password=<masked 1>", "token=<masked 2>")


def test_a_short_secret_is_masked_only_where_it_was_found() -> None:
    assert masked("password=four", "four steps") == ["password=<masked 1>", "four steps"]


@pytest.mark.parametrize("kind", ["RSA PRIVATE KEY", "PRIVATE KEY", "OPENSSH PRIVATE KEY", "PGP PRIVATE KEY BLOCK"])
def test_a_private_key_goes_with_all_its_lines(kind: str) -> None:
    lines = "MIIEowIBAAKCAQEA7bq98\nq98zMIIEowIBAAKCAQEA7b\nabc="
    whole = f"a\n-----BEGIN {kind}-----\n{lines}\n-----END {kind}-----\nb"
    assert masked(whole) == ["a\n<masked 1>\nb"]
    cut_off = f"a\n-----BEGIN {kind}-----\n{lines}".removesuffix("\nabc=") + "\nthat was all\n"
    assert masked(cut_off) == ["a\n<masked 1>\nthat was all\n"]


def test_what_was_searched_says_how_much_was_masked() -> None:
    masking = Masking()
    masking.search("password=s3cr3t-one token=s3cr3t-one")
    masking.search("nothing here")
    assert (masking.found, masking.masked) == (True, 0)
    assert masking("password=s3cr3t-one token=s3cr3t-one")[1] == 2
    assert masking.masked == 1
    assert masking("nothing here") == ("nothing here", 0)
