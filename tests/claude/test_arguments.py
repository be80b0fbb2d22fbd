from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_claude_sessions.claude.arguments import Arguments, UsageError, parse
from pytest_claude_sessions.claude.release import OBSERVED, Release

NEWEST = Release.of("2.1.329")


def read(*words: str, version: str = "2.1.329") -> Arguments:
    return parse(words, Release.of(version))


@pytest.mark.parametrize("words", [["--resume", "X"], ["--resume=X"], ["-r", "X"], ["-rX"]])
def test_every_way_to_give_an_optional_value(words: list[str]) -> None:
    arguments = read("-p", *words, "hello")
    assert arguments.text("resume") == "X"
    assert arguments.operands == ["hello"]


def test_an_optional_value_is_not_taken_when_it_looks_like_an_option() -> None:
    arguments = read("--resume", "--verbose", "hello")
    assert arguments.has("resume")
    assert arguments.text("resume") is None
    assert arguments.has("verbose")


def test_a_required_value_is_taken_whatever_it_looks_like() -> None:
    assert read("--session-id", "--verbose").text("session-id") == "--verbose"


def test_nothing_after_two_dashes_is_an_option() -> None:
    arguments = read("-p", "--", "--resume evil", "--version")
    assert arguments.operands == ["--resume evil", "--version"]
    assert not arguments.has("resume")
    assert not arguments.has("version")


def test_an_option_that_takes_many_goes_on_to_the_next_option() -> None:
    arguments = read("--allowedTools", "Read", "Bash(git *)", "-p", "hello")
    assert arguments.given["allowedTools"] == ["Read", "Bash(git *)"]
    assert arguments.operands == ["hello"]


def test_flags_can_be_joined() -> None:
    arguments = read("-pc", "hello")
    assert arguments.has("print")
    assert arguments.has("continue")
    assert arguments.operands == ["hello"]


def test_one_dash_alone_is_an_operand() -> None:
    assert read("-p", "-").operands == ["-"]


def test_another_spelling_is_the_same_option() -> None:
    assert read("--allowed-tools", "Read").given["allowedTools"] == ["Read"]


@pytest.mark.parametrize(
    ("words", "text"),
    [
        (["--frobnicate"], "error: unknown option '--frobnicate'\n"),
        (["--resum", "x"], "error: unknown option '--resum'\n(Did you mean --resume?)\n"),
        (["-Z"], "error: unknown option '-Z'\n"),
        (["--verbose=yes"], "error: unknown option '--verbose=yes'\n"),
        (["--session-id"], "error: option '--session-id <uuid>' argument missing\n"),
        (
            ["--output-format", "xml"],
            "error: option '--output-format <format>' argument 'xml' is invalid. "
            "Allowed choices are text, json, stream-json.\n",
        ),
        (
            ["--permission-mode=bogus"],
            "error: option '--permission-mode <mode>' argument 'bogus' is invalid. "
            "Allowed choices are acceptEdits, auto, bypassPermissions, manual, dontAsk, plan.\n",
        ),
    ],
)
def test_refusals_are_worded_as_the_program_words_them(words: list[str], text: str) -> None:
    with pytest.raises(UsageError) as caught:
        read("-p", "x", *words)
    assert caught.value.text == text


@pytest.mark.parametrize(
    ("option", "since", "before"),
    [
        ("--session-id=x", "1.0.98", "1.0.31"),
        ("--fork-session", "1.0.128", "1.0.98"),
        ("--permission-mode=plan", "1.0.31", "1.0.0"),
        ("--include-hook-events", "2.1.112", "2.1.50"),
        ("--no-session-persistence", "2.0.77", "2.0.0"),
    ],
)
def test_options_appear_with_their_release(option: str, since: str, before: str) -> None:
    assert read(option, version=since).given
    with pytest.raises(UsageError, match="unknown option"):
        read(option, version=before)


def test_version_is_answered_whatever_else_is_wrong() -> None:
    assert read("--frobnicate", "--version").has("version")


def test_what_the_python_sdk_says_is_understood() -> None:
    words = ["--output-format", "stream-json", "--verbose", "--system-prompt", "", "--allowedTools", "Read,Write"]
    words += ["--max-turns", "3", "--max-budget-usd", "1.5", "--model", "opus", "--permission-prompt-tool", "stdio"]
    words += ["--resume=X", "--settings", "{}", "--add-dir", "/a", "--mcp-config", "{}", "--include-partial-messages"]
    words += ["--fork-session", "--setting-sources=", "--plugin-dir", "/p", "--betas", "b", "--effort", "high"]
    words += ["--thinking", "adaptive", "--json-schema", "{}", "--input-format", "stream-json"]
    arguments = read(*words)
    assert arguments.operands == []
    assert arguments.text("system-prompt") == ""
    assert arguments.text("setting-sources") == ""
    assert arguments.text("resume") == "X"


@given(st.lists(st.text(min_size=1).filter(lambda word: not word.startswith("-")), max_size=5))
@pytest.mark.parametrize("version", [OBSERVED[0], OBSERVED[-1]])
def test_words_without_dashes_are_operands(version: str, words: list[str]) -> None:
    assert parse(["-p", *words], Release.of(version)).operands == words


@given(st.lists(st.text(), max_size=5))
def test_every_word_after_two_dashes_is_an_operand(words: list[str]) -> None:
    assert parse(["-p", "--", *words], NEWEST).operands == words


@given(st.text(min_size=1).filter(lambda text: "=" not in text))
def test_a_value_after_an_equals_sign_is_bound_to_its_option(value: str) -> None:
    assert parse([f"--resume={value}"], NEWEST).text("resume") == value
