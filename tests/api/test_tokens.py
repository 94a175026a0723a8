"""Which secrets are taken: long ones, from the environment or from a file that nobody else can read."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from relorch.errors import InvalidValue
from relorch.serve.server import new_token
from relorch.serve.tokens import operators_by_token

ANA, BEN = "Zk3v9QmT1xW7rB5nY8cD2f", "0f9e8d7c6b5a49382716051423324150"


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """A file of tokens that is its owner's alone."""
    path = tmp_path / "tokens"
    path.write_text(f"# who, and by which secret\n\nana {ANA}\nBen van Dam\t{BEN}\n")
    path.chmod(0o600)
    return path


def refusal(file: Path | None, **environment: str) -> str:
    with pytest.raises(InvalidValue) as caught:
        operators_by_token(environment, "ana", file)
    assert ANA not in str(caught.value)
    return caught.value.why


def test_without_any_there_are_none() -> None:
    assert operators_by_token({}, "ana") == {}


def test_the_one_of_the_environment_is_the_operators() -> None:
    assert operators_by_token({"RELORCH_TOKEN": ANA}, "ana") == {ANA: "ana"}


def test_each_line_of_the_file_is_an_operator(file: Path) -> None:
    assert operators_by_token({}, "ana", file) == {ANA: "ana", BEN: "Ben van Dam"}


def test_what_relorch_makes_itself_is_long_enough() -> None:
    for _ in range(200):
        operators_by_token({"RELORCH_TOKEN": new_token()}, "ana")


@pytest.mark.parametrize(
    "token", ["", "secret", "a" * 64, "abcdefgh" * 2, "1234567890" * 3, "0123456789abcdef0123456789abcde", ANA[:21]]
)
def test_one_that_can_be_guessed_is_refused(token: str) -> None:
    assert "python3 -c 'import secrets" in refusal(None, RELORCH_TOKEN=token)


@pytest.mark.parametrize("token", [f"{ANA}é", f"{ANA} x", f"{ANA}\n", f"{ANA};"])
def test_one_that_no_header_could_carry_is_refused(token: str) -> None:
    assert refusal(None, RELORCH_TOKEN=token).startswith("may hold only letters")


@pytest.mark.parametrize("mode", [0o644, 0o640, 0o604, 0o620, 0o700, 0o666])
def test_a_file_that_others_can_read_is_refused(file: Path, mode: int) -> None:
    file.chmod(mode)
    assert refusal(file) == "it has to be yours alone; set its mode to 0600 (chmod 600)"


@pytest.mark.parametrize(
    ("line", "why"),
    [
        ("ana", "line 1 is not a name, a blank and a token"),
        (f"ana {ANA}\nben {ANA}", "line 2 repeats a token; each operator needs their own"),
        ("ana short", "line 1: the token can be guessed: it has less than 128 bits; make one with: "),
        (f"\u3164 {ANA}", "line 1: the name must not be blank"),
        (f"{'a' * 201} {ANA}", "line 1: the name is longer than 200 characters"),
    ],
)
def test_a_wrong_line_is_named_by_its_number(file: Path, line: str, why: str) -> None:
    file.write_text(line)
    assert refusal(file).startswith(why)


def test_the_environments_may_not_stand_in_the_file_for_somebody_else(file: Path) -> None:
    assert refusal(file, RELORCH_TOKEN=ANA) == "line 3 repeats a token; each operator needs their own"


def test_what_is_no_text_file_is_refused(tmp_path: Path, file: Path) -> None:
    os.mkfifo(tmp_path / "pipe", 0o600)
    assert refusal(tmp_path / "pipe") == "it is no file"
    assert refusal(tmp_path / "none") == "it cannot be read: No such file or directory"
    file.write_bytes(b"\xff\xfe")
    assert refusal(file) == "it is no text in UTF-8"
    file.write_bytes(b"#" * 70_000)
    assert refusal(file) == "it is longer than 64 KB"
