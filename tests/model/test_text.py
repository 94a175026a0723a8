"""What a text may hold, and the one form in which it is stored."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from relorch.errors import InvalidValue, shown
from relorch.model import text
from relorch.model.values import Category

CONTROLS = [chr(code) for code in (*range(0x20), *range(0x7F, 0xA0))]
SURROGATES = ["\ud800", "\udbff", "\udc00", "\udfff"]
ANY_TEXT = st.text(st.characters(), max_size=30)


def named(character: str) -> str:
    return f"U+{ord(character):04X}"


@pytest.mark.parametrize("character", [*CONTROLS, *SURROGATES, "\u2028", "\u2029"], ids=named)
def test_a_one_line_text_holds_no_control_character_and_no_lone_surrogate(character: str) -> None:
    with pytest.raises(InvalidValue, match=re.escape(named(character))):
        text.line("name", f"acme{character}prod")


@pytest.mark.parametrize("character", [c for c in CONTROLS if c not in "\t\n\r"] + SURROGATES, ids=named)
def test_a_text_of_several_lines_holds_only_lf_and_tab_beside_characters(character: str) -> None:
    with pytest.raises(InvalidValue, match=re.escape(named(character))):
        text.block("notes", f"one{character}two")


@pytest.mark.parametrize("character", ["\x1c", "\x1d", "\x1e", "\x1f", "\x85", "\x00", "\x1b"], ids=named)
def test_a_control_character_at_the_end_is_refused_not_dropped(character: str) -> None:
    for value in (f"{character}acme", f"acme{character}"):
        with pytest.raises(InvalidValue, match=re.escape(named(character))):
            text.line("name", value)


def test_blanks_at_the_ends_of_a_one_line_text_are_dropped() -> None:
    assert text.line("name", "  eu 1  ") == "eu 1"


@pytest.mark.parametrize("blank", ["", " ", "   "])
def test_a_one_line_text_is_not_blank(blank: str) -> None:
    with pytest.raises(InvalidValue, match=r"^name .*must not be blank\.$"):
        text.line("name", blank)


@pytest.mark.parametrize(
    ("written", "stored"),
    [
        ("one\r\ntwo\r\n", "one\ntwo"),
        ("one\rtwo\r", "one\ntwo"),
        ("one\n\ntwo\n\n\n", "one\n\ntwo"),
        ("\n\tone\ttwo  ", "\n\tone\ttwo  "),
        ("Größe 👩‍🚀 \u202e", "Größe 👩‍🚀 \u202e"),
    ],
)
def test_a_text_of_several_lines_has_lf_only_and_no_newline_at_its_end(written: str, stored: str) -> None:
    assert text.block("notes", written) == stored
    assert text.content("x" + written) == "x" + stored


@pytest.mark.parametrize("nothing", [None, "", "  "])
def test_an_optional_one_line_text_that_is_blank_is_none(nothing: str | None) -> None:
    assert text.optional_line("version_number", nothing) is None


@pytest.mark.parametrize("nothing", [None, "", "  ", "\n\t\n"])
def test_an_optional_text_of_several_lines_that_is_blank_is_none(nothing: str | None) -> None:
    assert text.optional_block("description", nothing) is None


@pytest.mark.parametrize("nothing", [None, "", "  ", "\r\n"])
def test_a_required_reason_says_something(nothing: str | None) -> None:
    with pytest.raises(InvalidValue, match=r"^reason .*must say why"):
        text.reason(nothing, required=True)
    assert text.reason(nothing, required=False) is None


@pytest.mark.parametrize(
    ("check", "limit"),
    [
        (lambda value: text.line("name", value), 200),
        (lambda value: text.line("version_number", value, text.VERSION_LIMIT), 100),
        (lambda value: text.block("notes", value), 4_000),
        (lambda value: text.reason(value, required=True), 4_000),
        (lambda value: text.metadata({"db_host": value})["db_host"], 4_000),
    ],
)
def test_limits_are_in_characters(check: Callable[[str], str], limit: int) -> None:
    assert check("ü" * limit) == "ü" * limit
    with pytest.raises(InvalidValue, match=f"is longer than {limit:,} characters"):
        check("ü" * (limit + 1))


def test_content_is_at_most_64_kb_of_utf_8_and_not_blank() -> None:
    assert text.content("x" * 65_536) == "x" * 65_536
    assert text.content("ü" * 32_768) == "ü" * 32_768
    for too_long in ("x" * 65_537, "ü" * 32_769):
        with pytest.raises(InvalidValue, match="^content .*is longer than"):
            text.content(too_long)
    with pytest.raises(InvalidValue, match="^content .*must not be blank"):
        text.content(" \n\t\n")


@pytest.mark.parametrize("label", ["a", "0", "acme-prod", "a-1-b", "x" * 63, "1--2"])
def test_a_namespace_is_an_rfc_1123_label(label: str) -> None:
    assert text.namespace(label) == label


@pytest.mark.parametrize(
    "label",
    ["", "-", "-a", "a-", "A", "acme.prod", "acme_prod", "acme prod", " acme", "acme\n", "x" * 64, "ä", "٣", "a;b", 7],
)
def test_anything_else_is_no_namespace(label: Any) -> None:
    with pytest.raises(InvalidValue, match=r"^namespace .*RFC 1123|^namespace 7: must be a text"):
        text.namespace(label)


def test_metadata_is_sorted_by_key_and_its_texts_are_cleaned() -> None:
    given_order = {"region": "eu\r\n", "_a-1": "", "db_host": "db1"}
    assert list(text.metadata(given_order).items()) == [("_a-1", ""), ("db_host", "db1"), ("region", "eu")]
    assert text.metadata(None) == {}


@pytest.mark.parametrize("key", ["", "1a", "-a", "a.b", "a b", "ä", "a\n", "x" * 201, 1, None])
def test_a_key_of_metadata_is_a_plain_name(key: Any) -> None:
    with pytest.raises(InvalidValue, match=r"^metadata .*a key must begin with a letter or '_'"):
        text.metadata({key: "x"})


@pytest.mark.parametrize("value", [None, 1, True, ["a"], {"a": "b"}])
def test_a_value_of_metadata_is_a_text(value: Any) -> None:
    with pytest.raises(InvalidValue, match=r"^metadata db_host .*must be a text"):
        text.metadata({"db_host": value})


@pytest.mark.parametrize("value", [[], [("a", "b")], "a=b", 1])
def test_metadata_is_a_map(value: Any) -> None:
    with pytest.raises(InvalidValue, match=r"^metadata .*must be a map"):
        text.metadata(value)


@pytest.mark.parametrize("value", ["Deploy", "", None, 1, "deploy\n"])
def test_one_of_lists_what_is_known(value: Any) -> None:
    with pytest.raises(InvalidValue, match=r"^category .*(must be one of deploy, verify|must be a text)"):
        text.one_of("category", value, Category)


@pytest.mark.parametrize("value", [0, -1, 2**63, True, 1.0, "1", None])
def test_an_id_is_a_whole_number_from_1(value: Any) -> None:
    with pytest.raises(InvalidValue, match=r"^step_id .*must be a whole number from 1\.$"):
        text.number("step_id", value)
    assert text.number("step_id", 2**63 - 1) == 2**63 - 1


@pytest.mark.parametrize("value", [0, 1, "true", None])
def test_nothing_but_true_and_false_is_a_yes_or_no(value: Any) -> None:
    with pytest.raises(InvalidValue, match=r"^required .*must be true or false"):
        text.flag("required", value)


@given(ANY_TEXT)
def test_a_stored_text_stays_as_it_is_when_it_is_stored_again(value: str) -> None:
    for clean in (lambda given: text.line("name", given), lambda given: text.block("notes", given)):
        try:
            stored = clean(value)
        except InvalidValue:
            continue
        assert clean(stored) == stored


@given(ANY_TEXT)
def test_a_value_in_a_message_is_printable_whatever_it_is(value: str) -> None:
    assert shown(value).isprintable()
    assert str(InvalidValue("name", value, "must not be blank")).isprintable()


def test_each_id_of_a_list_is_named_in_a_message() -> None:
    assert shown(list(range(1, 101))) == str(list(range(1, 101)))
    assert shown(tuple(range(1, 1_235))) == f"{list(range(1, 101))} and 1,134 more"
    assert shown(["x" * 100]).endswith("… (104 characters)")
    assert len(shown([10**4_000] * 3)) < 100


def test_a_long_value_in_a_message_is_cut_and_its_length_told() -> None:
    with pytest.raises(InvalidValue) as caught:
        text.line("name", "x" * 5_000)
    assert len(str(caught.value)) < 150
    assert "(5000 characters)" in str(caught.value)


@pytest.mark.parametrize(
    ("name", "seen"),
    [
        ("plain", "plain"),
        ("two\nlines\tand a tab", "two\nlines\tand a tab"),
        ("\x1b[31mred", "⟨U+001B⟩[31mred"),
        ("\x7f", "⟨U+007F⟩"),
        ("ab\u202ecd", "ab⟨U+202E⟩cd"),
        ("Müller 👩‍🚀", "Müller 👩‍🚀"),
    ],
)
def test_what_a_screen_would_hide_stands_there(name: str, seen: str) -> None:
    assert text.visible(name) == seen
