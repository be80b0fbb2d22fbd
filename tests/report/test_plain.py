"""Nothing that a manager prints moves the cursor, hides or reorders text."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_claude_sessions.report.plain import one_line, plain


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("\x1b[31mred\x1b[0m", "red"),
        ("\x1b]0;a title\x07after", "after"),
        ("\x1b]8;;http://x\x1b\\link\x1b]8;;\x1b\\", "link"),
        ("\x1b(", "<U+001B>("),
        ("a\r\nb\tc", "a\nb\tc"),
        ("bell\x07", "bell<U+0007>"),
        ("abc\u202edef", "abc<U+202E>def"),
        ("half \udc80", "half <U+DC80>"),
        ("größe 漢字", "größe 漢字"),
    ],
)
def test_what_cannot_be_seen_is_left_out_or_named(text: str, shown: str) -> None:
    assert plain(text) == shown


@given(st.text(alphabet=st.characters()) | st.text(alphabet="\x1b[]0;m\x07\\a"))
def test_nothing_but_what_is_seen_remains(text: str) -> None:
    shown = plain(text)
    assert not [c for c in shown if c not in "\n\t" and unicodedata.category(c) in ("Cc", "Cf", "Cs")]
    assert plain(shown) == shown
    assert "\n" not in one_line(text)
