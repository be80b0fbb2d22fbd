"""Ways to hand over a prompt, and formats of the answer."""

from __future__ import annotations

from ..scenario import scenario
from ..stage import STREAM, Stage


@scenario("prompt_stdin", "a prompt on stdin")
def stdin(stage: Stage) -> None:
    stage.claude(step="start", prompt=None, stdin=b"from stdin")


@scenario("prompt_stdin_and_argument", "a prompt on stdin and another as argument")
def both(stage: Stage) -> None:
    stage.claude(step="start", prompt="argument", stdin=b"from stdin")


@scenario("prompt_none", "no prompt at all")
def none(stage: Stage) -> None:
    stage.claude(step="start", prompt=None)


@scenario("prompt_empty", "an empty prompt")
def empty(stage: Stage) -> None:
    stage.claude(step="start", prompt="")


@scenario("prompt_blank", "a prompt of spaces")
def blank(stage: Stage) -> None:
    stage.claude(step="start", prompt="   ")


@scenario("prompt_dashes", "a prompt that starts with dashes, as it is and after --")
def dashes(stage: Stage) -> None:
    stage.claude(step="as it is", prompt="--hello there")
    stage.start("-p", *STREAM, "--", "--hello there", step="after two dashes")


@scenario("prompt_one_dash", "a prompt that is a list, with a dash before its first word")
def one_dash(stage: Stage) -> None:
    stage.claude(step="start", prompt="- hello there")


@scenario("prompt_non_ascii", "a prompt with an emoji, a line separator and a new line")
def non_ascii(stage: Stage) -> None:
    stage.claude(step="start", prompt="grüße 🚀 \u2028 two\nlines")


@scenario("output_text", "--output-format text")
def text(stage: Stage) -> None:
    stage.start("-p", "hello", step="start")


@scenario("output_json", "--output-format json, with --verbose and without")
def as_json(stage: Stage) -> None:
    stage.start("-p", "hello", "--output-format", "json", step="start")
    stage.start("-p", "hello", "--output-format", "json", "--verbose", step="verbose")


@scenario("output_text_dead_id", "a dead id with --output-format text and json")
def text_dead(stage: Stage) -> None:
    dead = "11111111-1111-4111-8111-111111111111"
    stage.start("-p", "hello", "--resume", dead, step="text")
    stage.start("-p", "hello", "--output-format", "json", "--resume", dead, step="json")


@scenario("stream_without_verbose", "--output-format stream-json without --verbose")
def not_verbose(stage: Stage) -> None:
    stage.start("-p", "hello", "--output-format", "stream-json", step="start")


@scenario("unknown_option", "an option that no release has")
def unknown_option(stage: Stage) -> None:
    stage.claude("--no-such-option", step="start")


@scenario("version", "--version")
def version(stage: Stage) -> None:
    stage.start("--version", step="start")
