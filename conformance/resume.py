"""Checks of the capability `resume`: a dispatch finds its conversation again, and says truly when it does not."""

from __future__ import annotations

import re
import shutil
from collections import Counter
from pathlib import Path
from typing import Any, Literal

from pytest_claude_sessions.cli import Start, overlap
from pytest_claude_sessions.manager import DispatchResult
from pytest_claude_sessions.suite.check import check
from pytest_claude_sessions.suite.trial import Trial

KEY = "chat"


def begun(trial: Trial, *, key: str = KEY, prompt: str = "first prompt", cwd: Path | None = None) -> str:
    """A conversation with one turn; its id, proven on the disk."""
    result = trial.manager.dispatch(prompt, key=key, cwd=cwd)
    trial.succeeded(result, given="the first dispatch of a key")
    trial.judge(
        trial.prompts(result.session_id) == [prompt],
        given="the first dispatch of a key",
        expected="an id that is the name of a transcript with the prompt",
        seen=f"id {result.session_id}, transcripts {transcripts(trial)}",
    )
    return str(result.session_id)


def carried_on(trial: Trial, result: DispatchResult, *prompts: str, given: str) -> None:
    """Judge that a dispatch succeeded in a conversation that holds these prompts, the last one sent now."""
    trial.succeeded(result, given=given)
    held = trial.prompts(result.session_id)
    trial.judge(
        held[: len(prompts) - 1] == list(prompts[:-1]) and held[-1:] == [prompts[-1]] and result.resumed,
        given=given,
        expected=f"resumed = True, and one conversation on the disk with the prompts {list(prompts)}",
        seen=f"resumed = {result.resumed}, id {result.session_id} with the prompts {held}",
    )
    replies = [int(n) for n in re.findall(r"reply to (\d+) messages", "\n".join(replies_of(trial, result.session_id)))]
    trial.judge(
        len(replies) < 2 or replies[-1] > replies[0],
        given=given,
        expected="Claude answers with the earlier turns in its conversation",
        seen=f"it answered to {replies} messages, turn by turn",
    )


def started_fresh(trial: Trial, result: DispatchResult, prompt: str, dead: str, *, given: str) -> None:
    """Judge that a dispatch began a new conversation, with the prompt once, and said so."""
    trial.succeeded(result, given=given)
    trial.judge(
        not result.resumed and result.session_id != dead and trial.prompts(result.session_id)[-1:] == [prompt],
        given=given,
        expected=f"resumed = False, and a new conversation that holds {prompt!r}",
        seen=f"resumed = {result.resumed}, id {result.session_id} (dead: {dead}), transcripts {transcripts(trial)}",
    )
    copies = sum(trial.prompts(t.session_id).count(prompt) for t in trial.config.transcripts())
    trial.equal(copies, 1, given=f"{given}; how often the prompt is on the disk")


def kept(trial: Trial, session_id: str, *, given: str) -> None:
    """Judge that the id is still the stored one."""
    trial.judge(
        trial.manager.get_session(KEY) == session_id,
        given=given,
        expected=f"the stored id is still {session_id}",
        seen=f"it is {trial.manager.get_session(KEY)}",
    )


def transcripts(trial: Trial) -> dict[str, list[str]]:
    """Ids on the disk with their prompts."""
    return {t.session_id: [p[:60] for p in t.prompts] for t in trial.config.transcripts()}


def replies_of(trial: Trial, session_id: str | None) -> list[str]:
    """The answers that a conversation holds."""
    transcript = trial.transcript(session_id)
    return [turn.reply or "" for turn in transcript.turns] if transcript else []


def lose(trial: Trial, session_id: str) -> None:
    """Take the transcript away, as retention or a new container does."""
    transcript = trial.transcript(session_id)
    assert transcript is not None
    transcript.path.unlink()


def overlapping(starts: list[Start]) -> list[tuple[Start, Start]]:
    """Starts that ran at the same time."""
    pairs = [(a, b) for n, a in enumerate(starts) for b in starts[n + 1 :]]
    return [(a, b) for a, b in pairs if overlap(a, b)]


@check("RES-01")
def id_is_the_name_of_a_transcript(trial: Trial) -> None:
    """After the first dispatch the stored id is the stem of a transcript that exists."""
    session_id = begun(trial)
    kept(trial, session_id, given="the first dispatch of a key, answered")
    trial.equal(
        [s.requested_resume for s in trial.starts], [None], given="what the first dispatch asked Claude to resume"
    )


@check("RES-02")
def next_dispatch_resumes(trial: Trial) -> None:
    """The second dispatch resumes the first one's id."""
    session_id = begun(trial)
    result = trial.manager.dispatch("second prompt", key=KEY)
    carried_on(trial, result, "first prompt", "second prompt", given="the second dispatch of a key")
    trial.equal(trial.starts[-1].requested_resume, session_id, given="what the second dispatch asked Claude to resume")


@check("RES-02")
def other_key_has_a_conversation_of_its_own(trial: Trial) -> None:
    """A dispatch of another key in the same directory does not carry on with the first key's conversation."""
    first = begun(trial)
    other = begun(trial, key="other", prompt="other prompt")
    trial.judge(first != other, given="two keys in one directory", expected="two ids", seen=f"one id {first}")
    result = trial.manager.dispatch("second prompt", key=KEY)
    carried_on(trial, result, "first prompt", "second prompt", given="the first key again, after another one")


@check("RES-03")
def resumes_in_another_process(trial: Trial) -> None:
    """A manager that shares nothing but the disk carries on."""
    begun(trial)
    result = trial.process().dispatch("second prompt", key=KEY)
    carried_on(trial, result, "first prompt", "second prompt", given="a dispatch by a manager in a new process")


@check("RES-03")
def resumes_after_a_restart(trial: Trial) -> None:
    """The same environment handed to the factory again carries on."""
    begun(trial)
    result = trial.restart().dispatch("second prompt", key=KEY)
    carried_on(trial, result, "first prompt", "second prompt", given="a dispatch after a restart")


@check("RES-04")
def starts_fresh_when_the_transcript_is_gone(trial: Trial) -> None:
    """A conversation that is gone from the disk is begun anew, with the prompt once."""
    dead = begun(trial)
    lose(trial, dead)
    result = trial.manager.dispatch("second prompt", key=KEY)
    started_fresh(trial, result, "second prompt", dead, given="a stored id whose transcript is gone")
    again = trial.manager.dispatch("third prompt", key=KEY)
    carried_on(trial, again, "second prompt", "third prompt", given="the dispatch after that")


@check("RES-04")
def starts_fresh_when_claude_says_so(trial: Trial) -> None:
    """Claude's own word counts, also where the transcript seems to be there."""
    dead = begun(trial)
    trial.claude.dead_id(when="resume")
    result = trial.manager.dispatch("second prompt", key=KEY)
    started_fresh(trial, result, "second prompt", dead, given="Claude answers 'No conversation found'")
    fresh = [start for start in trial.starts[1:] if start.requested_resume is None]
    trial.equal(len(fresh), 1, given="fresh starts of that dispatch")


@check("RES-05", cases={"requested": "requested", "fresh": "fresh"})
def dead_id_is_not_stored_again(trial: Trial, names: Literal["requested", "fresh"]) -> None:
    """Whichever id the failed attempt's frames name, the surviving conversation's is stored."""
    dead = begun(trial)
    trial.claude.dead_id(when="resume", names=names, report="both", init=True)
    result = trial.manager.dispatch("second prompt", key=KEY)
    started_fresh(trial, result, "second prompt", dead, given=f"a refused resume whose frames name the {names} id")
    kept(trial, str(result.session_id), given="after that dispatch")
    again = trial.restart().dispatch("third prompt", key=KEY)
    carried_on(trial, again, "second prompt", "third prompt", given="the next dispatch, after a restart")


@check("RES-05")
def dead_id_is_gone_when_the_fresh_start_fails_too(trial: Trial) -> None:
    """An id that Claude refused is not asked for again, also when nothing took its place."""
    dead = begun(trial)
    trial.claude.dead_id(when="resume")
    trial.claude.crash(at="start")
    failed = trial.manager.dispatch("second prompt", key=KEY)
    trial.judge(not failed.ok, given="both starts fail", expected="a failed dispatch", seen=f"{failed}")
    seen = len(trial.starts)
    result = trial.manager.dispatch("third prompt", key=KEY)
    started_fresh(trial, result, "third prompt", dead, given="the dispatch after a refused id and a failed fresh start")
    asked = [start.requested_resume for start in trial.starts[seen:]]
    trial.judge(
        dead not in asked, given="that dispatch", expected=f"{dead} is not asked for", seen=f"asked for {asked}"
    )


@check("RES-06", cases={"dead-and-crash": "crash", "dead-for-ever": "dead_id"})
def at_most_two_starts(trial: Trial, then: str) -> None:
    """However often Claude fails, a dispatch starts it at most twice."""
    begun(trial)
    trial.claude.dead_id(when="resume", times=None)
    if then == "crash":
        trial.claude.crash(at="start", times=None, when="fresh")
    else:
        trial.claude.dead_id(times=None, when=None)
    seen = len(trial.starts)
    result = trial.manager.dispatch("second prompt", key=KEY)
    number = len(trial.starts) - seen
    trial.judge(not result.ok, given="a Claude that fails every time", expected="a failed dispatch", seen=f"{result}")
    trial.judge(
        1 <= number <= 2, given="a Claude that fails every time", expected="one or two starts", seen=f"{number} starts"
    )


def _crash_before(trial: Trial) -> None:
    trial.claude.crash(at="start", stderr="Error: something else")


def _killed(trial: Trial) -> None:
    trial.claude.crash(at="init", signal="KILL")


def _hangs(trial: Trial) -> None:
    trial.claude.hang(at="init")


FAILURES: dict[str, Any] = {
    "authentication": lambda trial: trial.claude.auth_failure(),
    "rate-limit": lambda trial: trial.claude.usage_limit(resets_at=None),
    "overload": lambda trial: trial.claude.overloaded(),
    "crash": _crash_before,
    "kill": _killed,
    "time-out": _hangs,
}


@check("RES-07", cases=FAILURES)
def other_failures_keep_the_id(trial: Trial, fails: Any) -> None:
    """A failure that is no dead id ends the dispatch; the id stays, and no other conversation is begun."""
    session_id = begun(trial)
    fails(trial)
    timeout = 0.5 if fails is _hangs else None
    result = trial.manager.dispatch("second prompt", key=KEY, timeout=timeout)
    trial.judge(not result.ok, given="a resume that fails", expected="a failed dispatch", seen=f"{result}")
    kept(trial, session_id, given="a resume that failed, but not for a dead id")
    fresh = [start for start in trial.starts[1:] if start.requested_resume is None]
    trial.equal(len(fresh), 0, given="fresh starts after such a failure")
    again = trial.manager.dispatch("third prompt", key=KEY)
    carried_on(trial, again, "first prompt", "third prompt", given="the next dispatch, with Claude well again")


@check("RES-08", cases={"stderr": "stderr", "errors": "errors", "both": "both"})
def not_found_is_recognised_wherever_it_stands(trial: Trial, report: Literal["stderr", "errors", "both"]) -> None:
    """On stderr alone, in the result's errors alone, or in both."""
    dead = begun(trial)
    trial.claude.dead_id(when="resume", report=report)
    result = trial.manager.dispatch("second prompt", key=KEY)
    started_fresh(trial, result, "second prompt", dead, given=f"'No conversation found' reported by {report}")


@check("RES-09")
def answer_with_the_same_words_is_an_answer(trial: Trial) -> None:
    """Assistant text that quotes the refusal is no refusal."""
    session_id = begun(trial)
    words = f"No conversation found with session ID: {session_id}"
    trial.claude.reply(words)
    result = trial.manager.dispatch("second prompt", key=KEY)
    trial.succeeded(result, given="an answer that quotes 'No conversation found'")
    kept(trial, session_id, given="an answer that quotes 'No conversation found'")
    trial.equal(trial.prompts(session_id), ["first prompt", "second prompt"], given="the conversation after it")


NEAR_MISSES = {
    "to-continue": "No conversation found to continue",
    "picker": "No conversations found to resume",
    "short-id": "Session 9087632b was not found.",
    "expired": "session expired",
    "other-id": "No conversation found with session ID: 00000000-0000-4000-8000-000000000000",
    "quoted": 'Error: hook said "No conversation found with session ID" and failed',
}


@check("RES-09", cases=NEAR_MISSES)
def near_misses_are_other_failures(trial: Trial, words: str) -> None:
    """An error that only sounds like it keeps the id and starts nothing fresh."""
    session_id = begun(trial)
    trial.claude.error(stderr=words, errors=[words], exit=1)
    result = trial.manager.dispatch("second prompt", key=KEY)
    trial.judge(not result.ok, given=f"an error {words!r}", expected="a failed dispatch", seen=f"{result}")
    kept(trial, session_id, given=f"an error {words!r}")
    again = trial.manager.dispatch("third prompt", key=KEY)
    carried_on(trial, again, "first prompt", "third prompt", given="the next dispatch")


@check("RES-10", cases={"init": "ephemeral_init", "hook": "ephemeral_hook", "all": "ephemeral_all"})
def ephemeral_ids_are_not_stored(trial: Trial, misbehaviour: str) -> None:
    """An id that no transcript bears is not stored, whichever frames name it."""
    getattr(trial.claude, misbehaviour)()
    result = trial.manager.dispatch("first prompt", key=KEY)
    trial.succeeded(result, given="a stream in which some frames name an id that is never written")
    stored = trial.manager.get_session(KEY)
    named = {t.session_id for t in trial.config.transcripts()}
    nothing = misbehaviour == "ephemeral_all" and stored is None
    trial.judge(
        nothing or stored in named,
        given="a stream in which some frames name an id that is never written",
        expected=f"the stored id is the name of a transcript: {sorted(named)}",
        seen=f"stored: {stored}",
    )
    again = trial.manager.dispatch("second prompt", key=KEY)
    if nothing:
        trial.succeeded(again, given="the next dispatch")
    else:
        carried_on(trial, again, "first prompt", "second prompt", given="the next dispatch")


@check("RES-11")
def new_id_of_a_resumed_conversation_is_adopted(trial: Trial) -> None:
    """Each of three turns resumes the turn before it."""
    if not trial.behaviour["resume_new_id"] and not trial.real:
        trial.claude.new_id_on_resume(times=None)
    ids: list[str | None] = [begun(trial)]
    prompts = ["first prompt"]
    for prompt in ("second prompt", "third prompt", "fourth prompt"):
        prompts.append(prompt)
        result = trial.manager.dispatch(prompt, key=KEY)
        carried_on(trial, result, *prompts, given="a conversation that gets a new id with each resume")
        ids.append(result.session_id)
    asked = [start.requested_resume for start in trial.starts]
    trial.equal(asked, [None, *ids[:-1]], given="what each dispatch asked Claude to resume")


@check("RES-12")
def id_after_a_reset_is_stored(trial: Trial) -> None:
    """A conversation that is reset inside a turn goes on under the new id."""
    before = begun(trial)
    trial.claude.reset(when="resume")
    result = trial.manager.dispatch("second prompt", key=KEY)
    trial.succeeded(result, given="a turn in which the conversation is reset")
    after = [t.session_id for t in trial.config.transcripts() if t.session_id != before]
    trial.judge(
        trial.manager.get_session(KEY) in after,
        given="a turn in which the conversation is reset",
        expected=f"the stored id is the one after the reset: {after}",
        seen=f"stored: {trial.manager.get_session(KEY)}, before the reset {before}",
    )


@check("RES-13", cases={"before-init": "start", "after-init": "init"})
def killed_before_a_turn_leaves_no_dead_id(trial: Trial, at: Literal["start", "init"]) -> None:
    """A first Claude that was killed before it wrote leaves nothing that a later resume fails on."""
    trial.claude.crash(at=at, signal="KILL")
    failed = trial.manager.dispatch("lost prompt", key=KEY)
    trial.judge(
        not failed.ok, given="Claude killed before its first turn", expected="a failed dispatch", seen=f"{failed}"
    )
    result = trial.manager.dispatch("first prompt", key=KEY)
    trial.succeeded(result, given="the dispatch after Claude was killed before its first turn")
    outcomes = [start.outcome for start in trial.starts[1:]]
    trial.equal(outcomes, ["answered"], given="what became of Claude's starts in that dispatch")
    again = trial.manager.dispatch("second prompt", key=KEY)
    carried_on(trial, again, "first prompt", "second prompt", given="the dispatch after that")


def _workspace_id(trial: Trial) -> str:
    if "identity" not in trial.capabilities:
        trial.not_applicable("the manager declares no identity, so it has no workspaces")
    if not trial.has_session_id_option:
        trial.not_applicable(f"release {trial.claude.release.version} has no --session-id")
    return trial.manager.derive_session_id("workspace-1")


@check("RES-14")
def id_in_use_is_resumed(trial: Trial) -> None:
    """A conversation that exists under the derived id is carried on with, and nothing is deleted."""
    derived = _workspace_id(trial)
    trial.config.add_conversation(
        cwd=trial.environment.workdir, turns=[("first prompt", "an answer")], session_id=derived
    )
    result = trial.manager.dispatch("second prompt", workspace_id="workspace-1")
    carried_on(trial, result, "first prompt", "second prompt", given="a workspace whose id is in use already")


@check("RES-14")
def id_in_use_without_a_turn_starts_fresh(trial: Trial) -> None:
    """Where no turn is in the transcript a fresh conversation begins, and the bytes are kept."""
    derived = _workspace_id(trial)
    made = trial.config.add_conversation(cwd=trial.environment.workdir, turns=1, session_id=derived)
    trial.config.damage(made, "bookkeeping_only")
    stub = made.path.read_bytes()
    result = trial.manager.dispatch("first prompt", workspace_id="workspace-1")
    trial.succeeded(result, given="a workspace whose id is in use by a transcript without a turn")
    trial.equal(trial.prompts(result.session_id)[-1:], ["first prompt"], given="the conversation that survives")
    files = [path for path in trial.environment.config_dir.rglob("*") if path.is_file()]
    trial.judge(
        any(path.read_bytes().startswith(stub) for path in files),
        given="a workspace whose id is in use by a transcript without a turn",
        expected="its bytes are still on the disk",
        seen=f"files: {[str(path.relative_to(trial.environment.config_dir)) for path in files]}",
    )


@check("RES-14")
def key_in_use_is_resumed(trial: Trial) -> None:
    """A manager that passes --session-id for a key gets over a first turn that was cut off."""
    begun(trial, key="another")
    if trial.starts[0].requested_session_id is None:
        trial.not_applicable("the manager passes no --session-id for a key")
    trial.claude.crash(at="end", exit=1)
    trial.manager.dispatch("first prompt", key=KEY)
    before = {t.path for t in trial.config.transcripts()}
    result = trial.manager.dispatch("second prompt", key=KEY)
    trial.succeeded(result, given="the dispatch after a first turn that ended without a result")
    gone = [str(path) for path in before if not path.exists() and not list(path.parent.glob(path.name + "*"))]
    trial.equal(gone, [], given="transcripts that were deleted")


@check("RES-15")
def session_options_do_not_conflict(trial: Trial) -> None:
    """--session-id never comes with --resume or --continue, and --continue is not used where an id is known."""
    dead = begun(trial)
    trial.succeeded(trial.manager.dispatch("second prompt", key=KEY), given="the second dispatch of a key")
    if "identity" in trial.capabilities:
        for prompt in ("workspace prompt", "workspace prompt again"):
            trial.succeeded(trial.manager.dispatch(prompt, workspace_id="workspace-1"), given="a workspace's dispatch")
    lose(trial, trial.manager.get_session(KEY) or dead)
    trial.succeeded(trial.manager.dispatch("third prompt", key=KEY), given="a dispatch whose transcript is gone")
    for start in trial.starts:
        continues = start.raw["requested"]["continue"]
        trial.judge(
            not continues and None in (start.requested_resume, start.requested_session_id),
            given="first, second and later dispatches of a key and a workspace",
            expected="at most one of --resume and --session-id, and no --continue",
            seen=f"claude {' '.join(start.argv)[:300]}",
        )


@check("RES-16")
def resumes_where_it_was_started(trial: Trial) -> None:
    """Asked from another directory, Claude still works in the conversation's own."""
    home, elsewhere = trial.directory("here"), trial.directory("elsewhere")
    begun(trial, cwd=home)
    result = trial.manager.dispatch("second prompt", key=KEY, cwd=elsewhere)
    carried_on(trial, result, "first prompt", "second prompt", given="a dispatch that names another directory")
    trial.equal(Path(str(trial.starts[-1].cwd)).resolve(), home.resolve(), given="where Claude was resumed")


@check("RES-17", cases={"exit-0": 0, "exit-1": 1})
def is_error_is_a_failure(trial: Trial, status: int) -> None:
    """A result with is_error set fails the dispatch, though its subtype says success."""
    session_id = begun(trial)
    trial.claude.error(text="API Error: out of order", is_error=True, subtype="success", exit=status, at="turn")
    result = trial.manager.dispatch("second prompt", key=KEY)
    trial.judge(
        not result.ok,
        given=f"a result with is_error true, subtype success, exit status {status}",
        expected="a failed dispatch",
        seen=f"{result}",
    )
    kept(trial, session_id, given="after it")


@check("RES-18", cases={"same-process": False, "two-processes": True})
def one_claude_at_a_time(trial: Trial, processes: bool) -> None:
    """Two dispatches of one key at once never run two Claudes on its conversation, and no prompt is lost."""
    begun(trial)
    if not trial.real:
        trial.claude.slow_start(seconds=0.25, times=None)
    first, second = (trial.process(), trial.process()) if processes else (trial.manager, trial.manager)
    results = trial.together(
        lambda: first.dispatch("left prompt", key=KEY), lambda: second.dispatch("right prompt", key=KEY)
    )
    _answered_one_by_one(trial, results, ["left prompt", "right prompt"], earlier=["first prompt"])


@check("RES-18")
def one_first_turn_at_a_time(trial: Trial) -> None:
    """Two first dispatches of one key at once begin one conversation."""
    manager = trial.manager
    if not trial.real:
        trial.claude.slow_start(seconds=0.25, times=None)
    results = trial.together(
        lambda: manager.dispatch("left prompt", key=KEY), lambda: manager.dispatch("right prompt", key=KEY)
    )
    _answered_one_by_one(trial, results, ["left prompt", "right prompt"], earlier=[])


def _answered_one_by_one(trial: Trial, results: list[DispatchResult], prompts: list[str], earlier: list[str]) -> None:
    given = "two dispatches of one key at once"
    crossed = overlapping(trial.starts[len(earlier) :])
    trial.judge(
        not crossed, given=given, expected="one Claude at a time", seen=f"{len(crossed)} pairs of starts ran together"
    )
    answered = [prompt for prompt, result in zip(prompts, results, strict=True) if result.ok]
    refused = [result.error for result in results if not result.ok]
    trial.judge(
        bool(answered) and set(refused) <= {"busy"},
        given=given,
        expected="both answered, or one refused as busy",
        seen=f"{results}",
    )
    held = trial.prompts(trial.manager.get_session(KEY))
    trial.judge(
        Counter(held) == Counter(earlier + answered),
        given=given,
        expected=f"the stored conversation holds {earlier + answered}, each once",
        seen=f"it holds {held}; all transcripts: {transcripts(trial)}",
    )


@check("RES-19")
def killed_holder_does_not_lock_the_key(trial: Trial) -> None:
    """A manager killed in the middle of a dispatch leaves the key free for its successor."""
    begun(trial)
    gate = trial.claude.hold(at="turn")
    holder = trial.process()
    trial.background(lambda: holder.dispatch("cut off prompt", key=KEY))
    gate.wait_reached()
    trial.killed(holder)
    gate.open()
    result = trial.manager.dispatch("third prompt", key=KEY)
    carried_on(trial, result, "first prompt", "third prompt", given="a dispatch after the key's holder was killed")
    crossed = overlapping(trial.starts)
    trial.equal(len(crossed), 0, given="pairs of Claude's starts that ran together")


@check("RES-20", cases={"in-the-turn": ("turn", False), "deaf": ("turn", True), "before-it": ("start", False)})
def hanging_claude_is_ended(trial: Trial, how: tuple[Literal["start", "turn"], bool]) -> None:
    """At the time-out Claude is ended with its children, the failure is reported, and the id is kept."""
    session_id = begun(trial)
    trial.claude.hang(at=how[0], child=True, ignore_term=how[1])
    result = trial.manager.dispatch("second prompt", key=KEY, timeout=0.5)
    trial.judge(
        not result.ok and result.error == "timeout",
        given="a Claude that hangs, and a time-out of 0.5 s",
        expected="a failed dispatch of the kind timeout",
        seen=f"{result}",
    )
    running = trial.claude_processes()
    trial.judge(
        not running,
        given="the time-out of a Claude with a child",
        expected="both are ended",
        seen=f"running: {running}",
    )
    kept(trial, session_id, given="after the time-out")
    again = trial.manager.dispatch("third prompt", key=KEY)
    carried_on(trial, again, "first prompt", "third prompt", given="the next dispatch")


PROMPTS = {
    "option": "--resume evil",
    "short-option": "-p",
    "double-dash": "-- help",
    "quotes": "it's \"quoted\" and 'quoted'",
    "lines": "one line\nand another\n\tthird",
    "substitution": "$(touch pwned) `touch pwned` ${HOME}",
    "metacharacters": "a; touch pwned & touch pwned | cat > pwned * ? [x] \\n",
    "other-scripts": "こんにちは · Ünïcödé · 🦊",
    "1-MiB": "x" * (1024 * 1024),
}


@check("RES-21", cases=PROMPTS)
def prompt_arrives_unchanged(trial: Trial, prompt: str) -> None:
    """Whatever the prompt holds, it reaches the conversation as it is, at a start and at a resume."""
    begun(trial, prompt=prompt)
    result = trial.manager.dispatch(prompt + " again", key=KEY)
    carried_on(trial, result, prompt, prompt + " again", given="a second dispatch with such a prompt")
    run = [str(path) for path in trial.root.rglob("pwned*")]
    trial.equal(run, [], given="files that running parts of the prompt would have made")


DIRECTORIES = {
    "spaces": "with some spaces",
    "dots": "v1.2.3",
    "underscores": "snake_case_dir",
    "non-ascii": "Übergröße-文档",
    "emoji": "fox-🦊",
    "at-and-plus": "a@b+c",
}


@check("RES-22", cases=DIRECTORIES)
def conversation_is_found_in_any_directory(trial: Trial, name: str) -> None:
    """However the directory is called, the next dispatch carries on, also after a restart."""
    cwd = trial.directory(name)
    begun(trial, cwd=cwd)
    result = trial.restart().dispatch("second prompt", key=KEY, cwd=cwd)
    carried_on(trial, result, "first prompt", "second prompt", given=f"a working directory called {name!r}")


@check("RES-22")
def conversation_is_found_through_a_link(trial: Trial) -> None:
    """A directory that is reached by a symbolic link is the same directory."""
    target = trial.directory("target")
    link = target.with_name("link")
    link.symlink_to(target)
    begun(trial, cwd=link)
    result = trial.restart().dispatch("second prompt", key=KEY, cwd=target)
    carried_on(trial, result, "first prompt", "second prompt", given="a directory reached by a link, then directly")


@check("RES-23")
def decoy_config_dir_is_left_alone(trial: Trial) -> None:
    """With CLAUDE_CONFIG_DIR set, ~/.claude is not written, and what is in it does not count."""
    decoy = trial.environment.home / ".claude"
    decoy.mkdir()
    (decoy / "settings.json").write_text("{}")
    dead = begun(trial)
    shutil.copytree(trial.environment.config_dir / "projects", decoy / "projects")
    before = trial.tree(decoy)
    result = trial.manager.dispatch("second prompt", key=KEY)
    carried_on(trial, result, "first prompt", "second prompt", given="a decoy ~/.claude beside the config dir")
    lose(trial, str(result.session_id))
    fresh = trial.manager.dispatch("third prompt", key=KEY)
    started_fresh(trial, fresh, "third prompt", dead, given="a transcript that only a decoy ~/.claude still has")
    trial.unchanged(before, trial.tree(decoy), given="a decoy ~/.claude")


MARKERS = ("CLAUDE_CODE_CHILD_SESSION", "CLAUDECODE", "CLAUDE_CODE_SESSION_ID", "CLAUDE_PID")


@check("RES-24")
def marks_of_an_enclosing_claude_are_not_handed_on(trial: Trial) -> None:
    """A manager that itself runs inside Claude starts a Claude that keeps its transcript."""
    trial.restart(trial.environment.with_env(**dict.fromkeys(MARKERS, "1")))
    begun(trial)
    handed = sorted(set(MARKERS) & set(trial.starts[-1].env))
    trial.equal(handed, [], given="marks of an enclosing Claude that the child got")


@check("RES-25")
def missing_directory_is_told(trial: Trial) -> None:
    """A working directory that is gone is an error of its own kind; the id stays, and works once it is back."""
    cwd = trial.directory("project")
    session_id = begun(trial, cwd=cwd)
    shutil.rmtree(cwd)
    result = trial.manager.dispatch("second prompt", key=KEY, cwd=cwd)
    trial.judge(
        not result.ok and result.error == "cwd_missing",
        given="a conversation whose working directory is gone",
        expected="a refusal of the kind cwd_missing",
        seen=f"{result}",
    )
    kept(trial, session_id, given="after that refusal")
    cwd.mkdir()
    again = trial.manager.dispatch("third prompt", key=KEY, cwd=cwd)
    carried_on(trial, again, "first prompt", "third prompt", given="the directory is back")


@check("RES-26")
def resume_gets_the_same_options(trial: Trial) -> None:
    """Apart from what picks the conversation, start and resume are called alike."""
    extra = trial.directory("extra")
    trial.restart(model="claude-opus-4-1", permission_mode="acceptEdits", add_dirs=[str(extra)])
    begun(trial)
    result = trial.manager.dispatch("second prompt", key=KEY)
    carried_on(trial, result, "first prompt", "second prompt", given="the second dispatch of a key")
    first, second = (_other_options(start) for start in trial.starts[-2:])
    trial.equal(second, first, given="the options of the resume, against those of the start")


def _other_options(start: Start) -> list[str]:
    """The arguments less the prompt and what picks the conversation."""
    words = [word for word in start.argv if word not in (start.prompt, "--")]
    for option in ("--resume", "-r", "--session-id"):
        words = [word for word in words if not word.startswith(option + "=")]
        if option in words:
            at = words.index(option)
            del words[at : at + 2]
    return sorted(words)


@check("RES-27")
def cold_start_is_reported(trial: Trial) -> None:
    """A resume that answers without the earlier turns is told as such; one that answers with them is not."""
    begun(trial)
    warm = trial.manager.dispatch("second prompt", key=KEY)
    carried_on(trial, warm, "first prompt", "second prompt", given="a resume with the earlier turns")
    trial.equal([w for w in warm.warnings if w.startswith("cold_start:")], [], given="a resume with the earlier turns")
    trial.claude.cold_resume(when="resume")
    cold = trial.manager.dispatch("third prompt", key=KEY)
    trial.succeeded(cold, given="a resume that Claude answers without the earlier turns")
    trial.judge(
        not cold.resumed and any(warning.startswith("cold_start:") for warning in cold.warnings),
        given="a resume that Claude answers without the earlier turns",
        expected="resumed = False and a warning cold_start:",
        seen=f"{cold}",
    )
