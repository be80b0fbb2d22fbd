"""Checks of the capability `store`: an id that was stored is there again, and nothing else is."""

from __future__ import annotations

import contextlib
import os
import stat
from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

from pytest_claude_sessions.config_dir import ConfigDir
from pytest_claude_sessions.suite.check import check
from pytest_claude_sessions.suite.trial import Trial


# ---------------------------------------------------------------------- one key, one id
@check("STO-01")
def stored_ids_are_returned(trial: Trial) -> None:
    """Each of two keys gets its own id back."""
    manager = trial.manager
    alpha, beta = trial.new_id(), trial.new_id()
    manager.set_session("alpha", alpha)
    manager.set_session("beta", beta)
    trial.equal(manager.get_session("alpha"), alpha, given="an id stored for 'alpha', then another for 'beta'")
    trial.equal(manager.get_session("beta"), beta, given="an id stored for 'alpha', then another for 'beta'")


@check("STO-01")
def unknown_keys_give_none(trial: Trial) -> None:
    """A key that was never stored has no id, before the first write and after it."""
    manager = trial.manager
    trial.equal(manager.get_session("alpha"), None, given="a store to which nothing was written yet")
    session_id = trial.new_id()
    manager.set_session("alpha", session_id)
    trial.equal(manager.get_session("beta"), None, given="an id stored for 'alpha' and none for 'beta'")
    trial.equal(manager.get_session("alpha"), session_id, given="an id stored for 'alpha'")


@check("STO-02")
def ids_survive_a_restart(trial: Trial) -> None:
    """The manager ends, starts again, and still knows both ids."""
    alpha, beta = trial.new_id(), trial.new_id()
    trial.manager.set_session("alpha", alpha)
    trial.restart()
    trial.equal(trial.manager.get_session("alpha"), alpha, given="an id stored before a restart")
    trial.manager.set_session("beta", beta)
    trial.restart()
    trial.equal(trial.manager.get_session("alpha"), alpha, given="an id stored two restarts ago")
    trial.equal(trial.manager.get_session("beta"), beta, given="an id stored between two restarts")


@check("STO-02")
def ids_are_known_to_another_process(trial: Trial) -> None:
    """What one process stored, the next one reads: it is on the disk, not in the memory of a process."""
    alpha, beta = trial.new_id(), trial.new_id()
    trial.manager.set_session("alpha", alpha)
    trial.process().set_session("beta", beta)
    reader = trial.process()
    trial.equal(reader.get_session("alpha"), alpha, given="an id stored in one process and read in another")
    trial.equal(reader.get_session("beta"), beta, given="an id stored by a second process and read in a third")


@check("STO-02")
def ids_survive_a_kill(trial: Trial) -> None:
    """What was answered as stored is there after a SIGKILL too: nothing waits for an orderly end."""
    session_id = trial.new_id()
    writer = trial.process()
    writer.set_session("alpha", session_id)
    trial.killed(writer)
    given = "an id stored by a process that was killed after it had answered"
    trial.equal(trial.manager.get_session("alpha"), session_id, given=given)


# ---------------------------------------------------------------------- keys
KEYS_APART: dict[str, tuple[str, ...]] = {
    "case": ("alpha", "Alpha", "ALPHA"),
    "case-beyond-ascii": ("straße", "STRASSE", "strasse", "İd", "id", "ıd"),
    "composed-and-decomposed": ("caf\u00e9", "cafe\u0301", "cafe"),
    "compatibility-forms": ("file1", "\ufb01le1", "file\u2460", "file\uff11"),
    "white-space-around": ("alpha", " alpha", "alpha ", "alpha\n", "alpha\t", "alpha\u00a0", "alpha\r\n"),
    "white-space-inside": ("a b", "a  b", "a\tb", "a\nb", "ab", "a\u200bb"),
    "white-space-alone": (" ", "  ", "\t", "\n"),
    "prefixes": ("alpha", "alph", "alphas", "alpha:1", "alpha:10"),
    "separators": ("a/b", "a-b", "a_b", "a.b", "a:b", "a\\b", "a%2Fb", "a--b", "a|b"),
    "path-steps": ("beta", "./beta", "../beta", "alpha/../beta", "/beta", "beta/", "..", "."),
    "control-characters": ("a\x01", "a\x02", "a\x1b[0m", "a\x7f", "a\r", "a"),
    "very-long": ("k" * 10_000, "k" * 9_999, "k" * 9_999 + "j", "j" + "k" * 9_999),
    "very-long-beyond-ascii": ("漢" * 5_000, "漢" * 5_000 + "字", "字" + "漢" * 5_000),
    "like-options": ("--resume", "-r", "--", "resume", "--resume=x"),
    "like-json": ('"alpha"', "alpha", "null", "None", "{}", '{"id": "alpha"}', '","', "__proto__", "constructor"),
    "like-numbers": ("1", "01", "1.0", "+1", "true", "1e0"),
    "like-patterns": ("*", "alpha*", "alph?", "%", "alph_", "[a-z]lpha", "alpha", "alpha'; --"),
    "like-file-names": ("sessions.json", "alpha.json", "alpha", ".lock", "alpha.lock", "alpha.bak"),
    "astral-characters": ("\U0001f600", "\U0001f601", "\ud7ff", "\uffee"),
}


@check("STO-03", cases=KEYS_APART)
def keys_are_kept_apart(trial: Trial, keys: tuple[str, ...]) -> None:
    """Keys that a careless store takes for one another each have an id of their own, after a restart too."""
    manager = trial.manager
    ids: dict[str, str] = {}
    for key in keys:
        stored = ", ".join(_shown(other) for other in ids) or "nothing"
        trial.equal(manager.get_session(key), None, given=f"the key {_shown(key)}, while stored is {stored}")
        ids[key] = trial.new_id()
        manager.set_session(key, ids[key])
    for key, session_id in ids.items():
        trial.equal(manager.get_session(key), session_id, given=f"the key {_shown(key)} among {len(keys)} alike")
    manager = trial.restart()
    for key, session_id in ids.items():
        trial.equal(manager.get_session(key), session_id, given=f"the key {_shown(key)} after a restart")


def _shown(key: str) -> str:
    text = ascii(key)
    return text if len(text) <= 40 else f"{text[:12]}...{text[-12:]} ({len(key)} characters)"


# ---------------------------------------------------------------------- the last write
@check("STO-04")
def the_last_write_wins(trial: Trial) -> None:
    """Of several ids for one key the last is kept, and the keys beside it keep theirs."""
    manager = trial.manager
    ids = {key: trial.new_id() for key in ("alpha", "beta", "gamma")}
    for key, session_id in ids.items():
        manager.set_session(key, session_id)
    for _ in range(3):
        ids["beta"] = trial.new_id()
        manager.set_session("beta", ids["beta"])
    for when in ("at once", "after a restart"):
        asked = manager if when == "at once" else trial.restart()
        for key, session_id in ids.items():
            given = f"'beta' written four times, 'alpha' and 'gamma' once; {key!r} read {when}"
            trial.equal(asked.get_session(key), session_id, given=given)


@check("STO-04")
def writes_of_another_process_are_left_alone(trial: Trial) -> None:
    """A manager that has read the store before another process wrote to it does not write the older state back."""
    alpha, beta, gamma, last = (trial.new_id() for _ in range(4))
    trial.manager.set_session("alpha", alpha)
    other = trial.process()
    other.set_session("beta", beta)
    other.set_session("alpha", last)
    trial.manager.set_session("gamma", gamma)
    reader = trial.process()
    given = "a manager that wrote 'alpha', then another process 'beta' and 'alpha', then the first one 'gamma'"
    for key, session_id in (("alpha", last), ("beta", beta), ("gamma", gamma)):
        trial.equal(reader.get_session(key), session_id, given=f"{given}; {key!r} read by a third process")


# ---------------------------------------------------------------------- what is no id
_UUID = "0b7c2f52-6a53-4c1e-8f0d-3f2f6f1f9a10"
NOT_IDS: dict[str, Any] = {
    "placeholder": "initial",
    "error-text": "No conversation found with session ID: " + _UUID,
    "null-as-text": "null",
    "empty": "",
    "blank": "   ",
    "path": "../../" + _UUID,
    "path-behind": _UUID + "/../../x",
    "option": "--dangerously-skip-permissions",
    "option-with-id": "--resume=" + _UUID,
    "command-behind": _UUID + "; touch pwned",
    "line-behind": _UUID + "\n--dangerously-skip-permissions",
    "newline-behind": _UUID + "\n",
    "space-before": " " + _UUID,
    "prefix": "ses_" + _UUID,
    "file-name": _UUID + ".jsonl",
    "two-ids": f"{_UUID} {_UUID}",
    "too-short": _UUID[:-1],
    "too-long": _UUID + "0",
    "not-hexadecimal": "g" + _UUID[1:],
    "digits-beyond-ascii": "\uff10" + _UUID[1:],
    "hyphens-misplaced": "0b7c2f526-a53-4c1e-8f0d-3f2f6f1f9a10",
    "none": None,
    "number": 42,
    "boolean": True,
    "object": {"id": _UUID},
    "list": [_UUID],
}


@check("STO-09", cases=NOT_IDS)
def what_is_no_id_is_refused(trial: Trial, value: Any) -> None:
    """What is not a UUID is refused as such; stored ids, the config dir and Claude stay out of it."""
    manager = trial.manager
    good, better = trial.new_id(), trial.new_id()
    manager.set_session("alpha", good)
    before = trial.tree()
    given = f"{value!r} as the id of a key"
    for key in ("alpha", "beta"):
        kind = manager.refusal_of(partial(manager.set_session, key, value))
        trial.equal(kind, "invalid_session_id", given=f"{given} that has {'one' if key == 'alpha' else 'none'}")
    for when in ("at once", "after a restart"):
        asked = manager if when == "at once" else trial.restart()
        trial.equal(asked.get_session("alpha"), good, given=f"{given} that has one, refused; read {when}")
        trial.equal(asked.get_session("beta"), None, given=f"{given} that has none, refused; read {when}")
    trial.unchanged(before, trial.tree(), given=f"{given}, refused; the config dir")
    trial.equal(trial.starts, [], given=f"{given}, refused; starts of Claude")
    trial.manager.set_session("alpha", better)
    trial.equal(trial.manager.get_session("alpha"), better, given="a valid id after the refusal")


# ---------------------------------------------------------------------- files
@check("STO-12", cases={"000": 0o000, "022": 0o022})
def files_are_the_owners_alone(trial: Trial, mask: int) -> None:
    """What `set_session` leaves on the disk nobody else can read, in this process and in another."""
    before = _files(trial.root)
    with _umask(mask):
        for number, manager in enumerate((trial.manager, trial.process())):
            session_id = trial.new_id()
            manager.set_session(f"key-{number}", session_id)
            trial.equal(manager.get_session(f"key-{number}"), session_id, given=f"an id stored under umask {mask:03o}")
    _judge_modes(trial, _files(trial.root) - before, f"ids stored under umask {mask:03o}")


@check("STO-12", cases={"000": 0o000, "022": 0o022})
def files_of_a_dispatch_are_the_owners_alone(trial: Trial, mask: int) -> None:
    """What a dispatch leaves in the state directory nobody else can read."""
    if "resume" not in trial.capabilities:
        trial.not_applicable("the manager does not declare resume")
    with _umask(mask):
        trial.succeeded(trial.restart().dispatch("hello", key="alpha"), given=f"a dispatch under umask {mask:03o}")
    _judge_modes(trial, _files(trial.environment.state_dir), f"a dispatch under umask {mask:03o}")


def _files(root: Path) -> set[Path]:
    """Regular files of the manager's: those of the fake and managed settings are left out."""
    others = {"claude", "managed-settings.d"}
    files = (path for path in root.rglob("*") if path.relative_to(root).parts[0] not in others)
    return {path for path in files if not path.is_symlink() and path.is_file()}


def _judge_modes(trial: Trial, files: set[Path], given: str) -> None:
    trial.judge(bool(files), given=given, expected="at least one file of the manager's", seen="no new file")
    modes = {path.relative_to(trial.root): stat.S_IMODE(path.stat().st_mode) for path in files}
    open_ = sorted(f"{path} {mode:04o}" for path, mode in modes.items() if mode & 0o077)
    trial.judge(not open_, given=given, expected="files of mode 0600, for their owner alone", seen=", ".join(open_))


@contextlib.contextmanager
def _umask(mask: int) -> Iterator[None]:
    before = os.umask(mask)
    try:
        yield
    finally:
        os.umask(before)


# ---------------------------------------------------------------------- two config dirs
@check("STO-13")
def config_dirs_have_ids_of_their_own(trial: Trial) -> None:
    """Under another config dir the ids of the first are neither offered nor lost."""
    first = trial.environment
    other_dir = first.home / "other-config"
    other = replace(first, config_dir=other_dir).with_env(CLAUDE_CONFIG_DIR=str(other_dir))
    here = trial.config.add_conversation(cwd=first.workdir, turns=1).session_id
    there = ConfigDir(other_dir, trial.claude.release).create().add_conversation(cwd=first.workdir, turns=1).session_id
    trial.manager.set_session("alpha", here)
    trial.manager.set_session("beta", here)
    trial.equal(trial.manager.get_session("alpha"), here, given="an id stored under the first config dir")
    trial.restart(other)
    trial.equal(trial.manager.get_session("alpha"), None, given="an id of another config dir")
    trial.manager.set_session("alpha", there)
    trial.equal(trial.restart().get_session("alpha"), there, given="an id stored under the second config dir")
    trial.restart(first)
    for key in ("alpha", "beta"):
        stored = "stored" if key == "alpha" else "not stored"
        given = f"an id of the first config dir, back from another where {key!r} was {stored}"
        trial.equal(trial.manager.get_session(key), here, given=given)
