"""Damaged transcripts, and what each release makes of them (QUA-04, QUA-05, QUA-06).

The outcomes were measured: a copy of a conversation of one and of two turns, which the release itself had written,
was damaged and resumed with `--resume`, alone in its project directory, against an API that records what it is
sent. Where the two differ, the worse one counts.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Final, Literal

from ..claude.release import NEWEST, Release, parse_version
from . import mutations
from .mutations import Mutation
from .odd_files import ODD_FILES, OddFile

Outcome = Literal["whole", "cut", "lost", "refused", "failed"]
"""What a resume makes of a damaged transcript.

"whole": everything that the file still holds reaches the model. "cut": a part of it. "lost": nothing, and the program
goes on without a word. "refused": 'No conversation found with session ID'. "failed": another error.
"""

_FATAL: Final = frozenset({"lost", "refused", "failed"})


class UnknownDamage(LookupError):
    """A name that is neither in `DAMAGES` nor in `ODD_FILES`."""

    def __init__(self, given: object) -> None:
        super().__init__(f"no damage {given!r}; there are {', '.join(sorted({**DAMAGES, **ODD_FILES}))}")


@dataclass(frozen=True, slots=True)
class Damage:
    """One way in which a transcript can be damaged.

    :ivar name: how to ask for it.
    :ivar description: what is wrong with the file.
    :ivar mutate: the bytes of a transcript and its session id -> the damaged bytes.
    :ivar outcomes: release -> what it makes of the file, from that release on.
    """

    name: str
    description: str
    mutate: Mutation = field(repr=False)
    outcomes: Mapping[str, Outcome]

    @property
    def fatal(self) -> bool:
        """Whether the newest known release no longer continues the conversation."""
        return self.fatal_in(NEWEST)

    def outcome_in(self, release: Release | str) -> Outcome:
        """What a release makes of it; one that was not measured does as the measured one before it.

        :raises UnknownRelease: for a version that is none.
        """
        version = parse_version(release if isinstance(release, str) else release.version)
        known = list(self.outcomes.items())
        return next((what for since, what in reversed(known) if parse_version(since) <= version), known[0][1])

    def fatal_in(self, release: Release | str) -> bool:
        """Whether a release refuses the file, fails on it, or goes on without anything of the conversation."""
        return self.outcome_in(release) in _FATAL

    def harmless_in(self, release: Release | str) -> bool:
        """Whether a release resumes with all that the file still holds: it is a valid transcript there (QUA-04)."""
        return self.outcome_in(release) == "whole"

    def apply(self, path: str | os.PathLike[str]) -> None:
        """Damage a transcript in place; its mode and time stamps stay.

        :param path: the file, whose name gives the session id.
        """
        file = Path(path)
        status = file.stat()
        data = self.mutate(file.read_bytes(), file.name.removesuffix(".jsonl"))
        with file.open("r+b") as opened:  # the same inode, as a crash leaves it
            opened.write(data)
            opened.truncate()
        os.utime(file, ns=(status.st_atime_ns, status.st_mtime_ns))

    def put(self, path: Path) -> Path:
        """Damage a transcript in place and give its path."""
        self.apply(path)
        return path


def damage_of(kind: str | Damage | OddFile) -> Damage | OddFile:
    """The damage of that name.

    :raises UnknownDamage: when there is none.
    """
    if isinstance(kind, (Damage, OddFile)):
        return kind
    found = DAMAGES.get(kind) or ODD_FILES.get(kind)
    if found is None:
        raise UnknownDamage(kind)
    return found


def harmless_damages(release: Release | str = NEWEST) -> tuple[Damage, ...]:
    """What this release resumes with all that the file still holds."""
    return tuple(damage for damage in DAMAGES.values() if damage.harmless_in(release))


def fatal_damages(release: Release | str = NEWEST) -> tuple[Damage, ...]:
    """What ends the conversation in this release."""
    return tuple(damage for damage in DAMAGES.values() if damage.fatal_in(release))


_WHOLE: Final[Mapping[str, Outcome]] = {"1.0.0": "whole"}
_REFUSED: Final[Mapping[str, Outcome]] = {"1.0.0": "refused"}
# The walk from the last record back to the first ends at a missing one. From 2.1.112 on it goes on behind the gap
# when the two sides of it are a second apart, and still ends when they are a minute apart.
_GAP: Final[Mapping[str, Outcome]] = {"1.0.0": "cut"}
_BOM: Final[Mapping[str, Outcome]] = {"1.0.0": "cut", "2.0.77": "whole"}
_NULL: Final[Mapping[str, Outcome]] = {
    "1.0.0": "whole",
    "2.1.50": "refused",
    "2.1.160": "failed",
    "2.1.329": "whole",
}
_SIDE: Final[Mapping[str, Outcome]] = {"1.0.0": "whole", "2.0.77": "refused"}
_ATTACHED: Final[Mapping[str, Outcome]] = {"1.0.0": "refused", "2.1.329": "lost"}

_TABLE: Final[tuple[tuple[Mutation, str, Mapping[str, Outcome]], ...]] = (
    (mutations.no_final_newline, "the last line has no line end", _WHOLE),
    (mutations.nested_session_id_first, "the first sessionId stands inside another object", _WHOLE),
    (mutations.crlf, "lines end in CR LF", _WHOLE),
    (mutations.blank_lines, "a blank line before each record", _WHOLE),
    (mutations.unknown_record_types, "records of a type that no release writes", _WHOLE),
    (mutations.untyped_records, "objects without a type, or with one that is no text", _WHOLE),
    (mutations.not_objects, "lines that are JSON and no objects", _NULL),
    (mutations.bookkeeping_first, "bookkeeping records before the first turn", _WHOLE),
    (mutations.torn_last_line, "the last record is cut off in the middle", _WHOLE),
    (mutations.torn_next_turn, "the start of one more prompt, cut off inside a character", _WHOLE),
    (mutations.garbage_line, "a line that is no JSON and no UTF-8 before the last turn", _WHOLE),
    (mutations.nul_line, "a line of NUL bytes before the last turn", _WHOLE),
    (mutations.nul_block, "NUL bytes in front of the last prompt's record", _GAP),
    (mutations.nul_tail, "NUL bytes at the end", _WHOLE),
    (mutations.byte_order_mark, "a byte order mark at the start", _BOM),
    (mutations.foreign_session_id, "the records bear another session id than the file's name", _WHOLE),
    (mutations.repeated_records, "every record stands there twice", _WHOLE),
    (mutations.unanswered, "it ends with the last prompt", _WHOLE),
    (mutations.lone_surrogate, "prompts with half a surrogate pair, escaped", _WHOLE),
    (mutations.invalid_utf8, "prompts with bytes that are no UTF-8", _WHOLE),
    (mutations.replies_only, "the prompts are missing", _GAP),
    (mutations.empty, "no bytes at all", _REFUSED),
    (mutations.white_space, "white space alone", _REFUSED),
    (mutations.garbage, "one line of text that is no JSON", _REFUSED),
    (mutations.binary, "bytes that are no text", _REFUSED),
    (mutations.nul_only, "NUL bytes alone", _REFUSED),
    (mutations.summary_only, "one summary record", _REFUSED),
    (mutations.bookkeeping_only, "bookkeeping records alone", _REFUSED),
    (mutations.no_user_turn, "neither a prompt nor a reply; attachments and bookkeeping alone", _ATTACHED),
    (mutations.sidechain_only, "every record belongs to a subagent", _SIDE),
    (mutations.all_torn, "every record is cut off in the middle", _REFUSED),
    (mutations.one_line, "all records on one line", _REFUSED),
)

DAMAGES: Final[Mapping[str, Damage]] = MappingProxyType(
    {
        mutate.__name__: Damage(mutate.__name__, description, mutate, outcomes)
        for mutate, description, outcomes in _TABLE
    }
)
"""Every damage, by its name."""
