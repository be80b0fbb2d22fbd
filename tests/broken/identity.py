"""Managers that are broken in `identity`."""

from __future__ import annotations

import os
import re
import shutil
import time
import uuid
from dataclasses import replace
from pathlib import Path

from pytest_claude_sessions.environment import Environment
from pytest_claude_sessions.manager import DispatchRequest, ManagerError
from pytest_claude_sessions.reference.answer import Answer
from pytest_claude_sessions.reference.dispatch import Conversation, Dispatch, Start
from pytest_claude_sessions.reference.identity import LEGACY_ID
from pytest_claude_sessions.reference.manager import ReferenceManager
from pytest_claude_sessions.reference.store import Row

from . import Broken


def hashed(text: str, namespace: uuid.UUID = uuid.NAMESPACE_URL) -> str:
    return str(uuid.uuid5(namespace, text))


class Deriving(ReferenceManager):
    """Derives as the reference does wherever `name_of` gives the workspace id back."""

    def name_of(self, workspace_id: str) -> str:
        return workspace_id

    def derive_session_id(self, workspace_id: str | None) -> str:
        if not (workspace_id or "").strip():
            return LEGACY_ID
        return hashed(f"coder-workspace://{self.name_of((workspace_id or '').strip())}")


# ---------------------------------------------------------------- ID-01


class WrongNamespace(ReferenceManager):
    def derive_session_id(self, workspace_id: str | None) -> str:
        name = (workspace_id or "").strip()
        return hashed(f"coder-workspace://{name}", uuid.NAMESPACE_DNS) if name else LEGACY_ID


class TrimsSlashes(Deriving):
    def name_of(self, workspace_id: str) -> str:
        return workspace_id.strip("/")


class FoldsCaseUndeclared(Deriving):
    def name_of(self, workspace_id: str) -> str:
        return workspace_id.lower()


class AsciiOnly(Deriving):
    def name_of(self, workspace_id: str) -> str:
        return workspace_id.encode("unicode-escape").decode("ascii")


# ---------------------------------------------------------------- ID-02


class SaltedByHashSeed(Deriving):
    def name_of(self, workspace_id: str) -> str:
        return f"{workspace_id}{hash(workspace_id)}"


class MixesTimeZone(Deriving):
    def name_of(self, workspace_id: str) -> str:
        return f"{workspace_id}{time.strftime('%z', time.localtime(0))}"


class MixesDirectory(Deriving):
    def name_of(self, workspace_id: str) -> str:
        return f"{workspace_id}{os.getcwd()}"


class ForgetsLettersInC(Deriving):
    def name_of(self, workspace_id: str) -> str:
        plain = os.environ.get("LC_ALL") == "C"
        return workspace_id.encode("ascii", "replace").decode() if plain else workspace_id


class CountsWorkspaces(Deriving):
    """The same ids as long as the process lives, and as long as nobody asks in another order."""

    def name_of(self, workspace_id: str) -> str:
        self.known = getattr(self, "known", {})
        return f"{workspace_id}{self.known.setdefault(workspace_id, time.monotonic_ns())}"


class RemembersARandomId(ReferenceManager):
    def derive_session_id(self, workspace_id: str | None) -> str:
        name = hashed((workspace_id or "").strip())
        note = self.environment.state_dir / f"id-{name}"
        if not note.exists():
            note.write_text(hashed(str(uuid.uuid4())))
        return note.read_text()


# ---------------------------------------------------------------- ID-03


class OneForAll(ReferenceManager):
    def derive_session_id(self, workspace_id: str | None) -> str:
        return LEGACY_ID


class FirstBlockOnly(Deriving):
    def name_of(self, workspace_id: str) -> str:
        return workspace_id[:255]


class Slugs(Deriving):
    def name_of(self, workspace_id: str) -> str:
        return re.sub(r"[^\w]+", "-", workspace_id)


class DeclaresToFoldAndDoesNot(Deriving):
    def __init__(self, environment: Environment) -> None:
        super().__init__(environment)
        self.options = {**self.options, "workspace_case": "fold"}


# ---------------------------------------------------------------- ID-04


class KeepsUuids(Deriving):
    """A workspace id that is a UUID already is used as it is."""

    def derive_session_id(self, workspace_id: str | None) -> str:
        try:
            return str(uuid.UUID(workspace_id))
        except (ValueError, TypeError, AttributeError):
            return super().derive_session_id(workspace_id)


class UpperCase(Deriving):
    def derive_session_id(self, workspace_id: str | None) -> str:
        return super().derive_session_id(workspace_id).upper()


class NamesItRaw(Deriving):
    """What needs no hashing, so it was thought."""

    def derive_session_id(self, workspace_id: str | None) -> str:
        if workspace_id is not None and ":" in workspace_id:
            return workspace_id
        return super().derive_session_id(workspace_id)


# ---------------------------------------------------------------- ID-05


class StripsNewlinesAlone(ReferenceManager):
    def derive_session_id(self, workspace_id: str | None) -> str:
        name = (workspace_id or "").rstrip("\n")
        return hashed(f"coder-workspace://{name}") if name.strip() else LEGACY_ID


class StripsWhenAskedAlone(ReferenceManager):
    """The method strips, the dispatch has a line of its own and does not."""

    def _conversation(self, request: DispatchRequest) -> Conversation:
        conversation = super()._conversation(request)
        if not (request.workspace_id or "").strip():
            return conversation
        derived = hashed(f"coder-workspace://{request.workspace_id}")
        return replace(conversation, name=derived, derived=derived)


# ---------------------------------------------------------------- ID-06


class HashesTheEmptyName(ReferenceManager):
    def derive_session_id(self, workspace_id: str | None) -> str:
        return LEGACY_ID if workspace_id is None else hashed(f"coder-workspace://{workspace_id.strip()}")


class TakesBlankForAName(Deriving):
    def derive_session_id(self, workspace_id: str | None) -> str:
        if workspace_id and not workspace_id.strip():
            return hashed(f"coder-workspace://{workspace_id}")
        return super().derive_session_id(workspace_id)


class TakesEmptyForUnset(ReferenceManager):
    def _conversation(self, request: DispatchRequest) -> Conversation:
        if not request.key and not request.workspace_id:
            raise ManagerError("unsupported", "either a key or a workspace id must be set")
        return super()._conversation(request)


# ---------------------------------------------------------------- ID-07


class OneStartDispatch(Dispatch):
    """Believes its first guess."""

    def _second_start(self, conversation: Conversation, start: Start, answer: Answer, cwd: Path) -> Start | None:
        return None


class CreatesAlwaysDispatch(OneStartDispatch):
    def _first_start(self, conversation: Conversation, row: Row | None, cwd: Path) -> Start:
        return Start(session_id=conversation.derived)


class CreatesAlways(ReferenceManager):
    dispatch_type = CreatesAlwaysDispatch


class LetsClaudeChooseDispatch(Dispatch):
    def _fresh_start(self, conversation: Conversation, cwd: Path) -> Start:
        return Start()


class LetsClaudeChoose(ReferenceManager):
    dispatch_type = LetsClaudeChooseDispatch


class AsksItsStoreAloneDispatch(OneStartDispatch):
    """Resumes what it remembers, and creates what it does not."""

    def _first_start(self, conversation: Conversation, row: Row | None, cwd: Path) -> Start:
        return Start(resume=row.session_id) if row else Start(session_id=conversation.derived)


class AsksItsStoreAlone(ReferenceManager):
    dispatch_type = AsksItsStoreAloneDispatch


class NotesTheStartTooSoonDispatch(AsksItsStoreAloneDispatch):
    def _first_start(self, conversation: Conversation, row: Row | None, cwd: Path) -> Start:
        start = super()._first_start(conversation, row, cwd)
        conversation.store.put(conversation.name, Row(conversation.derived or "", 0, str(cwd)))
        return start


class NotesTheStartTooSoon(ReferenceManager):
    dispatch_type = NotesTheStartTooSoonDispatch


# ---------------------------------------------------------------- ID-08


class KeyedByDirectory(ReferenceManager):
    def _conversation(self, request: DispatchRequest) -> Conversation:
        conversation = super()._conversation(request)
        derived = self.derive_session_id(str(request.cwd))
        return replace(conversation, name=derived, derived=derived)


class TakesWhatIsThereDispatch(Dispatch):
    """With no row of its own it resumes whatever the directory has, as `--continue` does."""

    def _first_start(self, conversation: Conversation, row: Row | None, cwd: Path) -> Start:
        if row is None:
            there = sorted(self.transcripts.config_dir.glob("projects/*/*.jsonl"))
            if there:
                return Start(resume=there[-1].stem)
        return super()._first_start(conversation, row, cwd)


class TakesWhatIsThere(ReferenceManager):
    dispatch_type = TakesWhatIsThereDispatch


# ---------------------------------------------------------------- ID-09


class RawWithoutPython(ReferenceManager):
    def derive_session_id(self, workspace_id: str | None) -> str:
        if shutil.which("python3", path=self.environment.env.get("PATH", "")) is None:
            return (workspace_id or "").strip() or LEGACY_ID
        return super().derive_session_id(workspace_id)


class RandomWithoutUuidgen(ReferenceManager):
    def derive_session_id(self, workspace_id: str | None) -> str:
        if shutil.which("python3", path=self.environment.env.get("PATH", "")) is None:
            return str(uuid.uuid4())
        return super().derive_session_id(workspace_id)


BROKEN = [
    Broken("ID-01", WrongNamespace, "7708c591-5e83-52a5-aa90-d9dd59e528d7"),
    Broken("ID-01", TrimsSlashes, "the workspace id '/team/work space/'", subtle="the usual case"),
    Broken("ID-01", FoldsCaseUndeclared, "efc8e550-8be0-55b1-ae65-e336784142ea", subtle="the usual case"),
    Broken("ID-01", AsciiOnly, "the workspace id 'größe-漢字-🎉'", subtle="for ASCII"),
    Broken("ID-02", SaltedByHashSeed, "asked for in a second process"),
    Broken("ID-02", MixesTimeZone, "asked for in a second process", subtle="in one place"),
    Broken("ID-02", MixesDirectory, "asked for in a second process", subtle="in one place"),
    Broken("ID-02", ForgetsLettersInC, "asked for in a second process", subtle="for ASCII"),
    Broken("ID-02", CountsWorkspaces, "asked for in a second process", subtle="in one process"),
    Broken("ID-02", RemembersARandomId, "asked for in a second process"),
    Broken("ID-03", OneForAll, "distinct ids of 1000 workspace ids"),
    Broken("ID-03", FirstBlockOnly, "expected:    3 ids, none of them", subtle="the usual case"),
    Broken("ID-03", Slugs, "the workspace ids ['a/b', 'a-b'", subtle="the usual case"),
    Broken("ID-03", DeclaresToFoldAndDoesNot, "options.workspace_case = fold", subtle="the word, not the deed"),
    Broken("ID-04", KeepsUuids, "a lower-case UUID of version 5", subtle="the usual case"),
    Broken("ID-04", UpperCase, "a lower-case UUID of version 5"),
    Broken("ID-04", NamesItRaw, "the workspace id 'ses_01:agent:7'", subtle="the usual case"),
    Broken("ID-05", StripsNewlinesAlone, r"\r\n' and 'a1b2c3d4"),
    Broken(
        "ID-05", StripsWhenAskedAlone, "then one of the same with a newline at its end", subtle="one method of several"
    ),
    Broken("ID-06", HashesTheEmptyName, "the uuid5 of an empty name"),
    Broken("ID-06", TakesBlankForAName, "the workspace id ' '", subtle="one form of several"),
    Broken("ID-06", TakesEmptyForUnset, "a dispatch with the workspace id ''", subtle="one method of several"),
    Broken("ID-07", CreatesAlways, "the second dispatch"),
    Broken("ID-07", LetsClaudeChoose, "--session-id and --resume of the first dispatch of a workspace"),
    Broken("ID-07", AsksItsStoreAlone, "the manager's own files gone", subtle="the usual case"),
    Broken("ID-07", NotesTheStartTooSoon, "the program back in its place", subtle="until something fails"),
    Broken("ID-08", OneForAll, "two workspaces in one home and directory"),
    Broken("ID-08", KeyedByDirectory, "two workspaces in one home and directory"),
    Broken("ID-08", TakesWhatIsThere, "two managers with a workspace each", subtle="when alone"),
    Broken("ID-09", RawWithoutPython, "no --session-id, or one that Claude takes"),
    Broken("ID-09", RandomWithoutUuidgen, "then a dispatch with the tools back", subtle="the word, not the deed"),
]
