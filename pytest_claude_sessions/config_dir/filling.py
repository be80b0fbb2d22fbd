"""Very many conversations at once: one is rendered, and its ids and times are replaced for each of the others."""

from __future__ import annotations

import datetime as dt
import os
import re
import secrets
import stat
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, overload

from ..claude.forms import is_uuid
from ..claude.transcript import dump
from . import instant
from .building import STEP, THOUGHT, conversation_records
from .history import HistoryEntry, append_history

if TYPE_CHECKING:
    from .directory import ConfigDir

_STEP_MS: Final = STEP // dt.timedelta(milliseconds=1)
_THOUGHT_MS: Final = THOUGHT // dt.timedelta(milliseconds=1)


@dataclass(frozen=True, slots=True)
class Ids(Sequence[str]):
    """Session ids that are told when they are asked for: very many would be most of the memory.

    :param start: the number of the first one's head
    :param tail: what all of them end with
    """

    start: int
    tail: str
    length: int

    def head(self, number: int) -> str:
        """What sets one of them apart."""
        # An odd factor visits each of the 2**32 heads once, and neighbours are nowhere near each other.
        return f"{(self.start + number * 0x9E3779B1) & 0xFFFFFFFF:08x}"

    def __len__(self) -> int:
        return self.length

    @overload
    def __getitem__(self, index: int) -> str: ...

    @overload
    def __getitem__(self, index: slice) -> tuple[str, ...]: ...

    def __getitem__(self, index: int | slice) -> str | tuple[str, ...]:
        if isinstance(index, slice):
            return tuple(self[number] for number in range(*index.indices(self.length)))
        return self.head(range(self.length)[index]) + self.tail

    def __eq__(self, other: object) -> bool:
        return tuple(self) == tuple(other) if isinstance(other, Ids | tuple) else NotImplemented

    def __hash__(self) -> int:
        return hash(tuple(self))


@dataclass(frozen=True, slots=True)
class Filled:
    """What `fill` wrote.

    :ivar directory: the project directory of all of them.
    :ivar ids: the session ids, the oldest conversation's first.
    :ivar ended_at: the instant of the newest one's last turn (UTC).
    :ivar size: of all the transcripts together, in bytes.
    """

    directory: Path
    ids: Sequence[str]
    ended_at: dt.datetime
    size: int

    def path(self, session_id: str) -> Path:
        """The transcript of one of them."""
        return self.directory / f"{session_id}.jsonl"


def fill(
    config_dir: ConfigDir,
    conversations: int,
    turns: int,
    *,
    cwd: str | os.PathLike[str] | None = None,
    now: dt.datetime | None = None,
    history: bool = False,
) -> Filled:
    """Write the transcripts, see `ConfigDir.fill`; each file is opened, written and stamped, and nothing else."""
    ended_at = instant.now() if now is None else instant.whole_ms(now)
    last_ms = instant.epoch_ms(ended_at)
    directory = config_dir.project_dir(cwd)
    directory.mkdir(parents=True, exist_ok=True)
    tail = f"-{secrets.token_hex(2)}-4{secrets.token_hex(2)[:3]}-8{secrets.token_hex(2)[:3]}-{secrets.token_hex(6)}"
    render = _template(config_dir, turns, tail, cwd, ended_at)
    ids = Ids(secrets.randbits(32), tail, conversations)
    write = _writer(config_dir.release.behaviour["file_mode"])
    size = 0
    for number in range(conversations):
        head = ids.head(number)
        ms = last_ms - (conversations - 1 - number) * 1000
        data = render(head, ms)
        write(f"{directory}/{head}{tail}.jsonl", data, ms * 1_000_000)
        size += len(data)
    if history:
        project = config_dir.real_cwd(cwd)
        append_history(config_dir.history_path, _typed(ids, turns, last_ms, project))
    return Filled(directory, ids, ended_at, size)


def _template(
    config_dir: ConfigDir, turns: int, tail: str, cwd: str | os.PathLike[str] | None, now: dt.datetime
) -> Callable[[str, int], bytes]:
    """A function of the head of the ids and the last turn's time (epoch ms) that gives a transcript's bytes."""
    ended = instant.epoch_ms(now)
    backs = [back + before for back in range(0, turns * _STEP_MS, _STEP_MS) for before in (0, _THOUGHT_MS)]
    # What stands for the values that differ is random, so that nothing else in the text is taken for it.
    head = secrets.token_hex(4)
    stamps = [secrets.token_hex(12) for _ in backs]
    numbers = [8 * 10**12 + secrets.randbelow(10**12) for _ in backs]
    holes: dict[object, object] = {_iso(ended - back).decode(): hole for back, hole in zip(backs, stamps, strict=True)}
    holes.update((ended - back, number) for back, number in zip(backs, numbers, strict=True))
    records = conversation_records(
        config_dir.release,
        [(_prompt(head, n), f"reply {n}") for n in range(1, turns + 1)],
        session_id=head + tail,
        cwd=config_dir.real_cwd(cwd),
        now=now,
    )
    text = "".join(dump(_holed(record, head, holes)) + "\n" for record in records)
    split = re.split("|".join(["(" + head, *stamps, *map(str, numbers)]) + ")", text)
    pieces = [piece.encode() for piece in split]
    # Where each piece that differs comes from, the few different ones numbered.
    kinds = list(dict.fromkeys(split[1::2]))
    places = [kinds.index(piece) for piece in split[1::2]]
    iso = {at: backs[stamps.index(kind)] for at, kind in enumerate(kinds) if kind in stamps}
    counted = {at: backs[numbers.index(int(kind))] for at, kind in enumerate(kinds) if len(kind) == 13}
    values = [b""] * len(kinds)
    named = kinds.index(head)

    def render(head: str, ms: int) -> bytes:
        values[named] = head.encode()
        for at, back in iso.items():
            values[at] = _iso(ms - back)
        for at, back in counted.items():
            values[at] = b"%d" % (ms - back)
        pieces[1::2] = [values[place] for place in places]
        return b"".join(pieces)

    return render


def _holed(value: Any, head: str, holes: Mapping[object, object]) -> Any:
    """A copy of the records' values with what differs from one conversation to the next replaced."""
    if isinstance(value, dict):
        return {key: _holed(part, head, holes) for key, part in value.items()}
    if isinstance(value, list):
        return [_holed(part, head, holes) for part in value]
    if isinstance(value, str) and is_uuid(value):
        return head + value[8:]
    return holes.get(value, value) if type(value) in (str, int) else value


@lru_cache(maxsize=1024)
def _iso(ms: int) -> bytes:
    # A prompt's time is the time of the conversation before: the cache halves the work.
    return f"{time.strftime('%Y-%m-%dT%H:%M:%S', time.gmtime(ms // 1000))}.{ms % 1000:03d}Z".encode()


def _prompt(head: str, number: int) -> str:
    return f"prompt {number} of {head}"


def _writer(mode: int) -> Callable[[str, bytes, int], None]:
    """A function that writes a new file of this mode with this time stamp (ns)."""
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL
    by_fd = os.utime in os.supports_fd
    masked: list[bool] = []

    def write(path: str, data: bytes, stamp: int) -> None:
        fd = os.open(path, flags, mode)
        try:
            done = os.write(fd, data)
            while done < len(data):
                done += os.write(fd, data[done:])
            if by_fd:
                os.utime(fd, ns=(stamp, stamp))
        finally:
            os.close(fd)
        if not by_fd:
            os.utime(path, ns=(stamp, stamp))
        if not masked:
            masked.append(stat.S_IMODE(os.stat(path).st_mode) != mode)
        if masked[0]:
            os.chmod(path, mode)

    return write


def _typed(ids: Ids, turns: int, last_ms: int, project: str) -> Iterator[HistoryEntry]:
    for number, session_id in enumerate(ids):
        head = ids.head(number)
        ended = last_ms - (len(ids) - 1 - number) * 1000
        for turn in range(turns):
            ms = ended - (turns - 1 - turn) * _STEP_MS - _THOUGHT_MS
            moment = dt.datetime.fromtimestamp(ms / 1000, dt.UTC)
            yield HistoryEntry(_prompt(head, turn + 1), moment, project, session_id)
