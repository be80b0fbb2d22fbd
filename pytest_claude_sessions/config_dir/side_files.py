"""What a conversation leaves besides its transcript: subagents' transcripts, tool results, to-do lists, logs.

Seen on the real program, release by release, with an API that had it start a subagent and run a command whose
output was too long for the transcript.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final, Literal

from ..claude.release import Release, parse_version
from ..claude.transcript import append, assistant_record, user_record
from .instant import epoch_ms, now

SubagentPlace = Literal["inline", "beside", "below"]

_SUBAGENTS: Final[dict[str, SubagentPlace]] = {
    "1.0.0": "inline",  # in the parent's transcript, marked isSidechain
    "2.0.77": "beside",  # agent-<7 hex digits>.jsonl next to it
    "2.1.50": "below",  # <session id>/subagents/agent-<17 hex digits>.jsonl
}
# What of a prompt's record a subagent's does not have.
_MAIN_ONLY: Final = frozenset({"permissionMode", "promptSource", "turnOrigin", "turnPosition"})

# File or directory (with a final /) -> the releases that leave it, from the first and up to the second.
_SIDE_FILES: Final[dict[str, tuple[str, str | None]]] = {
    "todos/{id}.json": ("1.0.0", "1.0.31"),
    "todos/{id}-agent-{id}.json": ("1.0.31", "2.1.112"),
    "debug/{id}.txt": ("2.0.77", "2.1.112"),
    "projects/{project}/{id}/tool-results/b0a1b2c3d.txt": ("2.1.50", None),
    "projects/{project}/memory/": ("2.1.112", None),
    "session-env/{id}/": ("2.1.160", None),
    "shell-snapshots/": ("1.0.98", None),
}
_CONTENTS: Final[Mapping[str, str]] = {"todos": "[]", "debug": "a log line\n", "projects": "1\n2\n3\n"}


def subagent_place(release: Release) -> SubagentPlace:
    """Where a release keeps a subagent's transcript."""
    version = parse_version(release.version)
    fits = [place for since, place in _SUBAGENTS.items() if parse_version(since) <= version]
    return fits[-1] if fits else "inline"


def subagent_path(transcript: Path, agent_id: str, release: Release) -> Path:
    """The file that holds a subagent's records.

    :param transcript: of the conversation that started it.
    :param agent_id: its id, in hex digits.
    :param release: whose layout.
    """
    place = subagent_place(release)
    if place == "inline":
        return transcript
    if place == "beside":
        return transcript.with_name(f"agent-{agent_id}.jsonl")
    return transcript.with_suffix("") / "subagents" / f"agent-{agent_id}.jsonl"


def add_subagent(
    transcript: Path,
    release: Release,
    *,
    session_id: str,
    cwd: str,
    prompt: str,
    reply: str,
    agent_id: str | None = None,
    at: float | None = None,
) -> Path:
    """Write the records of a subagent: a prompt and an answer that bear the parent's session id.

    :param transcript: of the conversation that started it.
    :param release: whose form and layout.
    :param session_id: of the conversation.
    :param cwd: of the conversation.
    :param prompt: what the subagent was asked, and answered.
    :param reply: what the subagent was asked, and answered.
    :param agent_id: hex digits; random ones of the release's length when None.
    :param at: epoch seconds; the present when None.
    :returns: The file that was written to.
    """
    place = subagent_place(release)
    if agent_id is None:
        agent_id = "a" + os.urandom(8).hex()[: 6 if place == "beside" else 16]
    moment = epoch_ms(now()) / 1000 if at is None else at
    asked = user_record(release, session_id=session_id, cwd=cwd, prompt=prompt, now=moment)
    answer = assistant_record(release, session_id=session_id, cwd=cwd, reply=reply, now=moment, parent=asked["uuid"])
    path = subagent_path(transcript, agent_id, release)
    records = [_of_subagent(record, None if place == "inline" else agent_id) for record in (asked, answer)]
    append(os.fspath(path), records, release.behaviour["file_mode"])
    if place == "below":
        about = {"agentType": "general-purpose", "description": "a subagent of a test"}
        path.with_name(f"agent-{agent_id}.meta.json").write_text(json.dumps(about, separators=(",", ":")))
    return path


def side_files(config_dir: Path, project: str, session_id: str, release: Release) -> list[Path]:
    """The paths of what a release leaves besides the transcript."""
    version = parse_version(release.version)
    return [
        config_dir / name.format(id=session_id, project=project)
        for name, (since, until) in _SIDE_FILES.items()
        if parse_version(since) <= version and (until is None or version < parse_version(until))
    ]


def add_side_files(config_dir: Path, project: str, session_id: str, release: Release) -> list[Path]:
    """Make them, and give their paths, also of those that were there before."""
    made = side_files(config_dir, project, session_id, release)
    for path in made:
        if not path.suffix:
            path.mkdir(parents=True, exist_ok=True)
            continue
        path.parent.mkdir(parents=True, exist_ok=True)
        if not path.exists():
            path.write_text(_CONTENTS[path.relative_to(config_dir).parts[0]], encoding="utf-8")
    log = config_dir / "debug" / f"{session_id}.txt"
    if log in made:
        latest = log.with_name("latest")
        latest.unlink(missing_ok=True)
        latest.symlink_to(log)
        made.append(latest)
    return made


def _of_subagent(record: Mapping[str, Any], agent_id: str | None) -> dict[str, Any]:
    out: dict[str, Any] = {}
    for key, value in record.items():
        if key in _MAIN_ONLY:
            continue
        if key in ("type", "message") and agent_id is not None and "agentId" not in out:
            out["agentId"] = agent_id
        out[key] = True if key == "isSidechain" else value
    return out
