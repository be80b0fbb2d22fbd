"""Where a release keeps a conversation: `<config dir>/projects/<encoded cwd>/<session id>.jsonl`."""

from __future__ import annotations

import os

TYPE_CHECKING = False
if TYPE_CHECKING:
    from .release import Release

PROJECTS = "projects"
_LONGEST = 200
_KEPT = frozenset(b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789")
_DIGITS = "0123456789abcdefghijklmnopqrstuvwxyz"


def encode_cwd(cwd: str, long_paths: bool) -> str:
    """The name of the project directory of a working directory.

    Every character outside [A-Za-z0-9] becomes '-', one for each UTF-16 code unit, so an emoji gives two. Where the
    release supports long paths, a name of more than 200 characters is cut there and gets '-' and a hash in base 36
    (facts `encoded_matches`, `long_path_supported`; the hash was measured on 2.1.50 to 2.1.329).

    :param cwd: absolute path of the working directory, symbolic links resolved.
    :param long_paths: whether the release shortens long names.
    """
    units = _utf16(cwd)
    name = "".join([chr(unit) if unit in _KEPT else "-" for unit in units])
    if not long_paths or len(name) <= _LONGEST:
        return name
    return f"{name[:_LONGEST]}-{_hash36(units)}"


def project_dir(config_dir: str, cwd: str, release: Release) -> str:
    """The directory that holds the transcripts of a working directory."""
    name = encode_cwd(cwd, bool(release.behaviour["long_paths"]))
    return os.path.join(config_dir, PROJECTS, name)


def transcript_path(config_dir: str, cwd: str, session_id: str, release: Release) -> str:
    """The transcript of a conversation that was started in `cwd`."""
    return os.path.join(project_dir(config_dir, cwd, release), session_id + ".jsonl")


def _utf16(text: str) -> list[int]:
    if text.isascii():
        return list(text.encode("ascii"))
    raw = text.encode("utf-16-le", "surrogatepass")
    return [raw[i] | raw[i + 1] << 8 for i in range(0, len(raw), 2)]


def _hash36(units: list[int]) -> str:
    # JavaScript's `(h << 5) - h + unit | 0`, made positive and written in base 36.
    value = 0
    for unit in units:
        value = (value * 31 + unit) & 0xFFFFFFFF
    if value >= 0x80000000:
        value = 0x100000000 - value
    digits = ""
    while value:
        value, digit = divmod(value, 36)
        digits = _DIGITS[digit] + digits
    return digits or "0"
