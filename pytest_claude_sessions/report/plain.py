"""Text of a manager made fit to be shown: no terminal codes, no characters that hide or reorder others."""

from __future__ import annotations

import re
import unicodedata

# CSI and OSC sequences, and the other escapes of two characters.
_TERMINAL = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)?|[@-Z\\-_])")
_KEPT = "\n\t"


def plain(text: str) -> str:
    """The text without terminal codes; other characters that cannot be seen are named, such as `<U+202E>`."""
    bare = _TERMINAL.sub("", text.replace("\r\n", "\n"))
    return "".join(
        character
        if character in _KEPT or unicodedata.category(character) not in ("Cc", "Cf", "Cs")
        else f"<U+{ord(character):04X}>"
        for character in bare
    )


def one_line(text: str) -> str:
    """The text on one line."""
    return " ".join(plain(text).split())
