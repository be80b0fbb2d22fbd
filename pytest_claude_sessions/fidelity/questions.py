"""The questions that the page answers, each with the facet of `releases.json` that holds the answer."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

Say = Callable[[Any], str]


@dataclass(frozen=True, slots=True)
class Question:
    """One question.

    :param text: as a reader would ask it
    :param facet: where the answers are
    :param say: an answer in words
    :param scenarios: those that try it
    """

    text: str
    facet: str
    say: Say
    scenarios: tuple[str, ...]


def _yes(if_true: str, if_false: str) -> Say:
    return lambda value: if_true if value else if_false


def _dead_id(value: Any) -> str:
    where = {
        "stderr": "`No conversation found with session ID: <id>` on stderr alone, no frame",
        "errors": "a `result/error_during_execution` frame with it in `errors`; nothing on stderr",
        "both": "a `result/error_during_execution` frame with it in `errors`, and the same line on stderr",
    }[value["report"]]
    if value["report"] == "stderr":
        return where
    return where + (
        "; the frame names the id that was asked for"
        if value["names"] == "requested"
        else "; the frame names an id that was never used"
    )


def _text(value: Any) -> str:
    text = str(value).split("\n")[0].rstrip()
    return f"`{text.replace('$id', '<id>').replace('$value', '<value>')}`"


def _option(value: Any) -> str:
    return "unknown option" if value is None else f"`{value}`"


def _mode(value: Any) -> str:
    return f"`{value:04o}`"


def _fork(value: Any) -> str:
    if value is None:
        return "unknown option"
    ids = {
        "new": "bear the new id",
        "kept": "still bear the old id",
        "answers": "bear the old id in prompts, the new one in answers",
    }
    return f"a new transcript with the history copied into it; the copied records {ids[value['session_id']]}"


def _leaves(value: Any) -> str:
    if value is None:
        return "nothing"
    return "an empty transcript under another id" if value == "" else "a transcript with a summary record alone"


def _turn(value: Any) -> str:
    before = [name for name in value["prompt"] if not name.startswith(("attachment", "api-"))]
    if "user" in before:
        return "the prompt's record, before the request is sent"
    return "no prompt: it is written together with the answer" + (" (queue operations alone before)" if before else "")


def _registry(value: Any) -> str:
    return "no registry" if value is None else ", ".join(f"`{key.lstrip('?')}`" for key in value)


def _hooks(value: Any) -> str:
    return ", ".join(f"`{name}`" for name in value) or "none"


def _stop_input(value: Any) -> str:
    form = value.get("Stop")
    return "no Stop hook is run" if form is None else ", ".join(f"`{key.lstrip('?')}`" for key in sorted(form))


def _unwritable(value: Any) -> str:
    if value["status"] == 0 and value["text"]:
        return "it prints an unhandled rejection and ends with status 0, without a frame"
    if value["text"]:
        return "it crashes with a Node.js stack trace, status 1"
    return "it answers, status 0, and saves nothing"


def _full(value: Any) -> str:
    if "full" in value:
        return "it answers, then a `system/session_writes_lost` frame and a line on stderr; status 0"
    return "it crashes" if value["transcript"] == "crash" else "it answers and says nothing of it; status 0"


def _signals(value: Any) -> str:
    return ", ".join(f"SIG{name}: {'as the system ends it' if code is None else code}" for name, code in value.items())


def _error(value: Any) -> str:
    told = f"`{value['text'].replace('$request_id', '<request id>')}`"
    fields = [f"`error: {value['error']}`"] if value["error"] else []
    fields += [f"`api_error_status: {value['status']}`"] if value["status"] else []
    fields += ["a `rate_limit_event` frame before"] if value.get("event") else []
    return told + (f" ({', '.join(fields)})" if fields else "")


def _titles(value: Any) -> str:
    return "no: only UUIDs" if value is None else "yes, a title given with /rename (`custom-title` record)"


def _reader(name: str, if_true: str, if_false: str) -> Say:
    return lambda value: if_true if value[name] else if_false


def _registry_left(value: Any) -> str:
    return "`sessions/<pid>.json` stays behind" if value["registry_left"] else "nothing stays in the registry"


SECTIONS: tuple[tuple[str, tuple[Question, ...]], ...] = (
    (
        "Resuming",
        (
            Question(
                "Does `--resume ID` keep the id?",
                "resume_new_id",
                _yes("no: a new id, and a new transcript into which the history is copied", "yes"),
                ("resume",),
            ),
            Question("What does a resume leave behind besides?", "resume_leaves", _leaves, ("resume",)),
            Question("What is printed for an id that has no transcript?", "dead_id", _dead_id, ("resume_unknown",)),
            Question(
                "What is printed for a `--resume` value that is no UUID?",
                "text:resume_not_uuid",
                _text,
                ("resume_not_uuid",),
            ),
            Question("Can a conversation be resumed by its title?", "titles", _titles, ("resume_title",)),
            Question(
                "Is a conversation found from another working directory?",
                "resume_scope",
                lambda value: "no" if value == "project" else "yes, in every project",
                ("resume_other_cwd",),
            ),
            Question(
                "Which conversation does `--continue` take?",
                "continue_scope",
                lambda value: (
                    "the newest of the project directory"
                    if value == "project"
                    else "the newest of the project directory that began in this working directory"
                ),
                ("continue", "cwd_encode_alike"),
            ),
            Question("What does `--fork-session` make?", "fork", _fork, ("fork",)),
        ),
    ),
    (
        "Choosing an id",
        (
            Question("Is there `--session-id`?", "option:session-id", _option, ("session_id",)),
            Question(
                "What is printed when a transcript of that id exists?", "text:in_use", _text, ("session_id_in_use",)
            ),
            Question(
                "What is printed for `--session-id` with `--resume`?",
                "text:session_id_with_resume",
                _text,
                ("session_id_with_resume", "session_id_with_continue"),
            ),
            Question(
                "May it go with `--resume` and `--fork-session`?",
                "text:session_id_with_fork",
                _yes("yes", "no"),
                ("session_id_with_fork",),
            ),
        ),
    ),
    (
        "What is on the disk",
        (
            Question("File mode of a transcript", "file_mode", _mode, ("fresh",)),
            Question("Mode of the project directory", "dir_mode", _mode, ("fresh",)),
            Question(
                "What of a first prompt is on the disk while the model answers?",
                "turn_first",
                _turn,
                ("sigkill_during",),
            ),
            Question(
                "Does a working directory work whose name encodes to more than 200 characters?",
                "long_paths",
                _yes("yes: the first 200 characters, `-`, a hash in base 36", "no"),
                ("cwd_long",),
            ),
            Question(
                "Is there `--no-session-persistence`?",
                "option:no-session-persistence",
                _option,
                ("no_session_persistence",),
            ),
            Question(
                "Does `CLAUDE_CODE_SKIP_PROMPT_HISTORY` keep a conversation from being saved?",
                "no_history_variable",
                _yes("yes", "no"),
                ("skip_prompt_history",),
            ),
            Question(
                "Does `claude -p` remove transcripts older than `cleanupPeriodDays`?",
                "cleanup",
                _yes("yes, when it starts", "no"),
                ("retention_user",),
            ),
            Question("Keys of `sessions/<pid>.json` while it runs", "running_file", _registry, ("running_file",)),
            Question(
                "What of the registry is left when a start is refused?", "start", _registry_left, ("resume_unknown",)
            ),
            Question(
                "What happens where the config directory cannot be written?", "unwritable", _unwritable, ("read_only",)
            ),
            Question("What happens when the disk is full?", "unwritable", _full, ("full_disk",)),
        ),
    ),
    (
        "Damaged transcripts",
        (
            Question(
                "Is a byte order mark tolerated?",
                "reader",
                _reader("reads_bom", "yes", "no: the first line is lost"),
                ("damaged_bom",),
            ),
            Question(
                "Is the history before a broken link of `parentUuid` still known?",
                "reader",
                _reader("bridges_gaps", "yes", "no"),
                ("damaged_nul_bytes", "damaged_torn_answer"),
            ),
            Question(
                "Is an unanswered last prompt answered with `No response requested.`?",
                "reader",
                _reader("answers_dangling", "yes", "no"),
                ("made_user_only",),
            ),
            Question(
                "Is the record of a failed request sent to the API as an answer?",
                "reader",
                _reader("keeps_api_errors", "yes", "no"),
                ("server_error", "cut_connection"),
            ),
            Question(
                "Is a conversation resumed whose last answer names no model?",
                "reader",
                lambda value: (
                    "no: the program hangs until a signal comes" if value.get("hangs_without_model") else "yes"
                ),
                ("made_minimal", "made_answer_only"),
            ),
            Question(
                "Is a torn last line ended before the next record is written?",
                "mends_last_line",
                _yes("yes", "no: the next record is lost with it"),
                ("damaged_no_last_newline",),
            ),
        ),
    ),
    (
        "Hooks and settings",
        (
            Question("Which hooks of a session run under `-p`?", "hooks", _hooks, ("hooks_all",)),
            Question("Keys of a Stop hook's input", "hooks", _stop_input, ("hook_stop",)),
            Question(
                "Are managed settings in `managed-settings.d` read?",
                "settings",
                _reader("managed", "yes", "no"),
                ("hook_stop_managed", "retention_managed"),
            ),
            Question(
                "Does SessionEnd run after a refused resume?",
                "hook_life",
                _reader("after_refusal", "yes", "no"),
                ("hooks_dead_id",),
            ),
        ),
    ),
    (
        "Failures and signals",
        (
            Question("What is said at a usage limit?", "api_error:usage_limit", _error, ("usage_limit",)),
            Question("What is said for status 401?", "api_error:auth_failure", _error, ("auth_failure",)),
            Question("What is said for status 529?", "api_error:overloaded", _error, ("overloaded",)),
            Question(
                "What is said when the connection is cut?", "api_error:cut_connection", _error, ("cut_connection",)
            ),
            Question("Exit status after a signal", "signals", _signals, ("sigint_during", "sigterm_during")),
        ),
    ),
)
