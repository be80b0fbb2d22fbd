"""The conversations of a config dir: listed, found, the current one, one by its short id (source 003, HIS-*)."""

from __future__ import annotations

import heapq
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cache
from itertools import islice
from pathlib import Path

from ..manager import ManagerError, SessionEntry
from .history_prompts import SHOWN, Typed, readable, typed_lines
from .history_transcripts import ended_at, opening_of, prompts_in, transcript_files

SLACK = 1000
"""Lines read past the last one needed: processes that append at once do so a little out of order."""


@dataclass(frozen=True, slots=True)
class Known:
    """A conversation, from what was typed and from its transcript.

    :param session_id: its id
    :param at: when something was last said in it
    :param project: the recorded directory; empty when nothing recorded it
    :param prompt: the newest one that was typed, else the first of the transcript
    :param transcript: None when there is none that could be resumed
    """

    session_id: str
    at: datetime
    project: str
    prompt: str
    transcript: Path | None

    @property
    def entry(self) -> SessionEntry:
        """The conversation as it is shown."""
        shown = readable(self.prompt, SHOWN)
        return SessionEntry(self.session_id, readable(self.project), shown, self.at, self.transcript is not None)


class History:
    """Reads `history.jsonl` and `projects/` of one config dir, and changes nothing in them."""

    def __init__(self, config_dir: Path) -> None:
        self.config_dir = config_dir

    @property
    def path(self) -> Path:
        """The file of what was typed."""
        return self.config_dir / "history.jsonl"

    def newest(self, limit: int) -> list[SessionEntry]:
        """The newest conversations, each once (HIS-02)."""
        wanted = _checked(limit)
        typed = self._typed(lambda line, met: met >= wanted)
        return [known.entry for known in islice(self._newest_first(typed), wanted)]

    def find(self, text: str, limit: int) -> list[SessionEntry]:
        """The newest conversations with a text, taken literally, in a prompt or in the project (HIS-06)."""
        if not isinstance(text, str):
            raise ManagerError("unsupported", f"{text!r:.80} cannot be looked for: a text is expected")
        wanted, needle = _checked(limit), text.casefold()
        matched: set[str] = set()

        def look(line: Typed) -> None:
            if line.session_id not in matched and needle in line.prompt.casefold():
                matched.add(line.session_id)

        def holds(known: Known) -> bool:
            if known.session_id in matched or needle in known.project.casefold():
                return True
            path = known.transcript
            return path is not None and any(needle in prompt.casefold() for prompt in prompts_in(path))

        typed = self._typed(lambda line, met: False, look)
        return [known.entry for known in islice(filter(holds, self._newest_first(typed)), wanted)]

    def current(self, cwd: Path) -> SessionEntry | None:
        """The newest conversation of a directory, None when it has none (HIS-07)."""
        here = os.path.realpath(cwd)

        @cache
        def is_here(project: str | None) -> bool:
            return bool(project) and "\0" not in str(project) and os.path.realpath(str(project)) == here

        typed = self._typed(lambda line, met: is_here(line.project))
        return next((known.entry for known in self._newest_first(typed) if is_here(known.project)), None)

    def resolve(self, prefix: str) -> str:
        """The one id that begins so (HIS-08).

        :raises ManagerError: `ambiguous`, `not_found`
        """
        start = prefix.lower() if isinstance(prefix, str) else ""
        if not start:
            raise ManagerError("not_found", f"{prefix!r:.80} is no part of a session id")
        found = {session_id for session_id in transcript_files(self.config_dir) if session_id.startswith(start)}
        if start in found:
            return start
        found.update(line.session_id for line in typed_lines(self.path) if line.session_id.startswith(start))
        if len(found) > 1:
            shown = ", ".join(sorted(found)[:5])
            raise ManagerError("ambiguous", f"{len(found)} ids begin with {prefix!r:.80}: {shown}; give more of it")
        if not found:
            raise ManagerError("not_found", f"no conversation's id begins with {prefix!r:.80}")
        return found.pop()

    def conversation(self, session_id: str) -> Known:
        """A conversation that can be resumed, by its id or the beginning of it.

        :raises ManagerError: `ambiguous`, `not_found`
        """
        whole = self.resolve(session_id)
        file = transcript_files(self.config_dir).get(whole)
        known = self._verified(whole, None, file) if file else None
        if known is None:
            raise ManagerError("not_found", f"the transcript of {whole} is gone, or holds no conversation")
        return known

    def _typed(
        self, enough: Callable[[Typed, int], bool], look: Callable[[Typed], None] = lambda line: None
    ) -> dict[str, Typed]:
        """The newest line of each conversation, read from the end until it is enough.

        :param enough: told a line, and how many conversations were met with it
        :param look: is shown every line that is read
        """
        found: dict[str, Typed] = {}
        left: int | None = None
        for line in typed_lines(self.path):
            look(line)
            earlier = found.get(line.session_id)
            if earlier is None or earlier.at < line.at:
                # Whole prompts of a great many conversations would not be bounded memory.
                found[line.session_id] = replace(line, prompt=line.prompt[: SHOWN + 1])
            if left is not None:
                left -= 1
            elif enough(line, len(found)):
                left = SLACK
            if left == 0:
                break
        return found

    def _newest_first(self, typed: dict[str, Typed]) -> Iterator[Known]:
        """Conversations, the newest first; a transcript is opened when its turn has come.

        A file's time stamp tells its place until then: it is no earlier than what was last written.
        """
        files = transcript_files(self.config_dir)
        waiting: list[tuple[float, str, Known | None]] = []
        for session_id in {*typed, *files}:
            times = [line.at for line in (typed.get(session_id),) if line]
            times += [file[1] for file in (files.get(session_id),) if file]
            waiting.append((-max(times).timestamp(), session_id, None))
        heapq.heapify(waiting)
        while waiting:
            _, session_id, known = heapq.heappop(waiting)
            if known is not None:
                yield known
                continue
            known = self._verified(session_id, typed.get(session_id), files.get(session_id))
            if known is not None:
                heapq.heappush(waiting, (-known.at.timestamp(), session_id, known))

    def _verified(self, session_id: str, line: Typed | None, file: tuple[Path, datetime] | None) -> Known | None:
        """What is known of a conversation, None for a file that holds none and was never typed in."""
        opening = opening_of(file[0]) if file else None
        if file is None or opening is None:
            return Known(session_id, line.at, line.project or "", line.prompt, None) if line else None
        at = ended_at(file[0]) or file[1]
        if line is None:
            return Known(session_id, at, opening.cwd or "", opening.prompt, file[0])
        return Known(session_id, max(at, line.at), opening.cwd or line.project or "", line.prompt, file[0])


def _checked(limit: int) -> int:
    if isinstance(limit, bool) or not isinstance(limit, int) or limit < 0:
        raise ManagerError("unsupported", f"limit is {limit!r:.80}: a number of conversations from 0 on is expected")
    return limit
