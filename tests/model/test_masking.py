"""What is found is masked, wherever it stands, and nothing else."""

from __future__ import annotations

import pytest

from relorch.model.masking import Masking
from relorch.model.secret_text import secrets_in

AWS = "AKIA" + "IOSFODNN7ABCDEFG"


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
        ("${{ vars.a | sh }} --token=s3cr3t-one ${{ vars.b }}", "${{ vars.a | sh }} --token=<masked 1> ${{ vars.b }}"),
    ],
)
def test_only_the_secret_is_masked(text: str, left: str) -> None:
    assert masked(text) == [left]
    assert secrets_in(left) == ()


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
