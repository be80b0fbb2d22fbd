"""The forms of an export: one JSON Lines file, an archive, a directory; each made whole or not at all (EXP-03)."""

from __future__ import annotations

import base64
import io
import json
import os
import shutil
import tarfile
import tempfile
import zipfile
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO, TYPE_CHECKING

from .durable import open_private

if TYPE_CHECKING:
    from .export import Part

NOTE = "export-note.jsonl"
"""Where an export of several files says what was left out."""

Form = Callable[[Path, Iterable["Part"], Callable[[], bytes]], None]
"""Writes the parts to a destination; the note is asked for when the parts have been read."""


def form_of(destination: Path) -> Form:
    """The form that a destination's name asks for."""
    name = destination.name.lower()
    return next((form for suffix, form in _FORMS.items() if name.endswith(suffix)), _directory)


def _json_lines(destination: Path, parts: Iterable[Part], note: Callable[[], bytes]) -> None:
    """Every record of every part as it is; another file stands in a record of its own."""
    with _new_file(destination) as stream:
        for part in parts:
            if part.holds_records:
                stream.writelines(part.pieces())
            else:
                stream.write(_as_record(part.name, b"".join(part.pieces())))
        stream.write(note())


def _as_record(name: str, content: bytes) -> bytes:
    try:
        held = {"encoding": "utf-8", "content": content.decode()}
    except UnicodeDecodeError:
        held = {"encoding": "base64", "content": base64.b64encode(content).decode()}
    return (
        json.dumps({"type": "export-file", "path": name.encode("utf-8", "replace").decode(), **held}).encode() + b"\n"
    )


def _tar(destination: Path, parts: Iterable[Part], note: Callable[[], bytes]) -> None:
    with (
        _new_file(destination) as stream,
        tarfile.open(fileobj=stream, mode="w:gz", format=tarfile.PAX_FORMAT, encoding="utf-8") as archive,
    ):

        def add(name: str, content: IO[bytes], size: int) -> None:
            member = tarfile.TarInfo(name)
            member.size, member.mode = size, 0o600
            archive.addfile(member, content)

        for part in parts:
            # A tar file says a member's size before its bytes.
            with tempfile.TemporaryFile() as held:
                held.writelines(part.pieces())
                size = held.tell()
                held.seek(0)
                add(part.name, held, size)
        if told := note():
            add(NOTE, io.BytesIO(told), len(told))


def _zip(destination: Path, parts: Iterable[Part], note: Callable[[], bytes]) -> None:
    with (
        _new_file(destination) as stream,
        zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive,
    ):
        for part in parts:
            name = os.fsencode(part.name).decode("utf-8", "replace")
            with archive.open(name, "w", force_zip64=True) as member:
                for piece in part.pieces():
                    member.write(piece)
        if told := note():
            archive.writestr(NOTE, told)


def _directory(destination: Path, parts: Iterable[Part], note: Callable[[], bytes]) -> None:
    # Making it is what tells that nobody else has: a rename would take an empty directory's place.
    destination.mkdir(mode=0o700)
    try:
        for name, pieces in _with_note(parts, note):
            path = destination / name
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            with open(open_private(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL), "wb") as stream:
                stream.writelines(pieces)
    except BaseException:
        shutil.rmtree(destination, ignore_errors=True)
        raise


def _with_note(parts: Iterable[Part], note: Callable[[], bytes]) -> Iterator[tuple[str, Iterable[bytes]]]:
    for part in parts:
        yield part.name, part.pieces()
    if told := note():
        yield NOTE, [told]


@contextmanager
def _new_file(destination: Path) -> Iterator[IO[bytes]]:
    """A file that has its name when it is complete, and never another's name.

    :raises FileExistsError: when something has that name by then
    """
    draft = destination.with_name(f".{destination.name[:100]}.{os.urandom(4).hex()}")
    descriptor = open_private(draft, os.O_RDWR | os.O_CREAT | os.O_EXCL)
    try:
        with open(descriptor, "w+b") as stream:
            yield stream
        try:
            os.link(draft, destination)
        except FileExistsError:
            raise
        except OSError:
            # A file system without links: the name is taken first, and filled then.
            os.close(open_private(destination, os.O_WRONLY | os.O_CREAT | os.O_EXCL))
            os.replace(draft, destination)
    finally:
        # One that cannot be removed is a second name of an export that is whole, or the rest of one that was told of.
        with suppress(OSError):
            draft.unlink()


_FORMS: dict[str, Form] = {".jsonl": _json_lines, ".tar.gz": _tar, ".zip": _zip}
