"""The ends of a start other than an answer: a refusal, a script's error, a signal."""

from __future__ import annotations

import _signal as signal  # type: ignore[import-not-found]  # `signal` imports `enum`: a quarter of a start

from . import frames
from .events import tell
from .forms import new_uuid
from .misbehaviour import Crash
from .opening import leave_refused

TYPE_CHECKING = False
if TYPE_CHECKING:
    from .program import Program
    from .session import Refused


class Signalled(BaseException):
    """A signal that ends the program came in."""

    def __init__(self, number: int) -> None:
        self.number = number


def refuse(program: Program, refused: Refused) -> tuple[str, int]:
    """Say that the conversation cannot be had, in the form of the release or of the script."""
    rules = program.behaviour["dead_id"]
    report, names, begun, status = rules["report"], rules["names"], refused.begun, 1
    if refused.outcome == "not_found" and "dead_id" in program.steps:
        report = program.steps.option("dead_id", "report", report)
        names = program.steps.option("dead_id", "names", names)
        begun = program.steps.option("dead_id", "init", begun)
        status = program.steps.option("dead_id", "exit", status)
    framed = refused.framed and program.out.streams
    if not framed and report != "silent":
        report = "stderr"
    wanted = program.arguments.text("resume")
    named = (
        wanted if names == "requested" and refused.outcome == "not_found" and wanted else program.started or new_uuid()
    )
    if begun and framed:
        program.session = program.finder.new(named)
        program.init(named)
    if refused.framed:
        leave_refused(program, begun and framed)
    if report in ("errors", "both"):
        program.out.frame(frames.error_result(program.release, session_id=named, errors=[refused.text]))
    if report in ("stderr", "both"):
        program.out.error(refused.text + "\n")
    if refused.outcome == "not_found" and program.behaviour["hook_life"]["after_refusal"]:
        program.session = program.finder.new(named)
        tell(program, "SessionEnd", reason="other", prompt_id=None)
    return refused.outcome, int(status)


def end_with_error(program: Program) -> None:
    """End as a script's "error" step says.

    :raises Crash: always.
    """
    step = program.steps
    errors = step.option("error", "errors")
    if program.out.streams and (errors is not None or step.option("error", "text") is not None):
        named = program.session.id if hasattr(program, "session") else new_uuid()
        frame = frames.error_result(
            program.release,
            session_id=named,
            errors=errors or [],
            subtype=step.option("error", "subtype", "error_during_execution"),
            is_error=step.option("error", "is_error", True),
        )
        if step.option("error", "text") is not None:
            frame["result"] = step.option("error", "text")
        program.out.frame(frame)
    elif step.option("error", "text") is not None:
        program.out.line(step.option("error", "text"))
    text = step.option("error", "stderr", "")
    raise Crash(int(step.option("error", "exit", 1)), text and text + "\n", "api_error")


def listen(program: Program) -> None:
    """Hear the signals that end the program."""

    def heard(number: int, frame: object) -> None:
        raise Signalled(number)

    for name, status in program.behaviour["signals"].items():
        if status is not None:
            signal.signal(getattr(signal, "SIG" + name), heard)


def stop_listening(program: Program) -> None:
    """Let nothing come between the end and the journal's last word on it."""
    for name in program.behaviour["signals"]:
        signal.signal(getattr(signal, "SIG" + name), signal.SIG_IGN)


def end_after_signal(program: Program, number: int) -> int:
    """End after a signal as the release does; returns the exit status."""
    name = next(name for name in program.behaviour["signals"] if getattr(signal, "SIG" + name) == number)
    stop_listening(program)
    if hasattr(program, "turns"):
        if name == "INT" and program.turns.busy:
            program.turns.interrupted()
        elif program.turns.busy:
            program.turns.signalled()
    if hasattr(program, "running"):
        program.running.gone()
    return int(program.behaviour["signals"][name])
