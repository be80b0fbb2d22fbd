"""Very many conversations at once: one is rendered, and its ids and times are replaced for each of the others."""

from __future__ import annotations

import datetime as dt
import os
import re
import secrets
import stat
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from ..claude.forms import is_uuid
from ..claude.transcript import dump
from . import instant
from .building import STEP, conversation_records
from .history import HistoryEntry, append_history

if TYPE_CHECKING:
    from .directory import ConfigDir

_STEP_MS: Final = int(STEP.total_seconds() * 1000)


@dataclass(frozen=True, slots=True)
class Filled:
    """What `fill` wrote.

    Attributes:
        directory: the project directory of all of them.
        ids: the session ids, the oldest conversation's first.
        ended_at: the instant of the newest one's last turn (UTC).
        size: of all the transcripts together, in bytes.
    """

    directory: Path
    ids: tuple[str, ...]
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
    start = secrets.randbits(32)
    ids: list[str] = []
    heads: list[str] = []
    write = _writer(config_dir.release.behaviour["file_mode"])
    size = 0
    for number in range(conversations):
        # An odd factor visits each of the 2**32 heads once, and neighbours are nowhere near each other.
        head = f"{(start + number * 0x9E3779B1) & 0xFFFFFFFF:08x}"
        ms = last_ms - (conversations - 1 - number) * 1000
        data = render(head, ms)
        write(f"{directory}/{head}{tail}.jsonl", data, ms * 1_000_000)
        size += len(data)
        ids.append(head + tail)
        heads.append(head)
    if history:
        project = config_dir.real_cwd(cwd)
        append_history(config_dir.history_path, _typed(heads, tail, turns, last_ms, project))
    return Filled(directory, tuple(ids), ended_at, size)


def _template(
    config_dir: ConfigDir, turns: int, tail: str, cwd: str | os.PathLike[str] | None, now: dt.datetime
) -> Callable[[str, int], bytes]:
    """A function of the head of the ids and the last turn's time (epoch ms) that gives a transcript's bytes."""
    # Stands for the first eight digits of every id; random, so that nothing else in the text is taken for it.
    mark = secrets.token_hex(16)
    session_id = "00000000" + tail
    records = conversation_records(
        config_dir.release,
        [(_prompt(mark, n), f"reply {n}") for n in range(1, turns + 1)],
        session_id=session_id,
        cwd=config_dir.real_cwd(cwd),
        now=now,
    )
    text = "".join(dump(record) + "\n" for record in records)
    for one in set(_ids_in(records)):
        text = text.replace(one, mark + one[8:])
    holes = {mark: -1}
    for turn in range(turns):
        before = (turns - 1 - turn) * _STEP_MS
        ms = instant.epoch_ms(now) - before
        holes[_iso(ms)] = 2 * before
        holes[str(ms)] = 2 * before + 1
    split = re.compile("(" + "|".join(map(re.escape, holes)) + ")").split(text)
    pieces = [piece.encode() for piece in split]
    kinds = [holes[hole] for hole in split[1::2]]
    wanted = frozenset(kinds)

    def render(head: str, ms: int) -> bytes:
        values = {
            kind: head.encode() if kind < 0 else _moment(ms - (kind >> 1), bool(kind & 1)) for kind in wanted
        }
        pieces[1::2] = [values[kind] for kind in kinds]
        return b"".join(pieces)

    return render


def _ids_in(value: object) -> Iterator[str]:
    """Every UUID in the records: a text that is one, not one that has one in it, as a path may."""
    if isinstance(value, str):
        if is_uuid(value):
            yield value
    elif isinstance(value, (dict, list)):
        for part in value.values() if isinstance(value, dict) else value:
            yield from _ids_in(part)


def _moment(ms: int, as_number: bool) -> bytes:
    return (str(ms) if as_number else _iso(ms)).encode()


def _iso(ms: int) -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(ms // 1000)) + f".{ms % 1000:03d}Z"


def _prompt(head: str, number: int) -> str:
    return f"prompt {number} of {head}"


def _writer(mode: int) -> Callable[[str, bytes, int], None]:
    """A function that writes a new file of this mode with this time stamp (ns)."""
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL
    masked: list[bool] = []

    def write(path: str, data: bytes, stamp: int) -> None:
        fd = os.open(path, flags, mode)
        try:
            while data:
                data = data[os.write(fd, data) :]
        finally:
            os.close(fd)
        os.utime(path, ns=(stamp, stamp))
        if not masked:
            masked.append(stat.S_IMODE(os.stat(path).st_mode) != mode)
        if masked[0]:
            os.chmod(path, mode)

    return write


def _typed(heads: list[str], tail: str, turns: int, last_ms: int, project: str) -> Iterator[HistoryEntry]:
    for number, head in enumerate(heads):
        ended = last_ms - (len(heads) - 1 - number) * 1000
        for turn in range(turns):
            ms = ended - (turns - 1 - turn) * _STEP_MS
            moment = dt.datetime.fromtimestamp(ms / 1000, dt.UTC)
            yield HistoryEntry(_prompt(head, turn + 1), moment, project, head + tail)
