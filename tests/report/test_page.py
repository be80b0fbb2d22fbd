"""The page: one file that loads nothing, reads without its script, and shows a manager's words as words."""

from __future__ import annotations

import re
from collections.abc import Callable
from html.parser import HTMLParser
from pathlib import Path

import pytest

from pytest_claude_sessions.report.page import CHART_WIDTH, page, timeline
from pytest_claude_sessions.suite.registry import load_registry

from .chromium import Page
from .samples import HOSTILE, MIXED, report, start

# How well text can be told from what is behind it (WCAG 2.1), over every element that shows text of its own.
CONTRAST = """
(() => {
  const channels = (colour) => (colour.match(/[\\d.]+/g) || []).map(Number);
  const over = (element) => {
    for (let at = element; at; at = at.parentElement) {
      const colour = channels(getComputedStyle(at).backgroundColor);
      if (colour.length && (colour.length < 4 || colour[3] === 1)) { return colour; }
    }
    return [255, 255, 255];
  };
  const luminance = (colour) => {
    const [r, g, b] = colour.map((part) => part / 255)
      .map((part) => part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4);
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  document.querySelectorAll("details").forEach((details) => { details.open = true; });
  const seen = {};
  for (const element of document.querySelectorAll("body *")) {
    const own = Array.from(element.childNodes).some((node) => node.nodeType === 3 && node.data.trim());
    if (!own || !element.checkVisibility()) { continue; }
    const front = luminance(channels(getComputedStyle(element).color)), back = luminance(over(element));
    const ratio = (Math.max(front, back) + 0.05) / (Math.min(front, back) + 0.05);
    const name = element.tagName + "." + element.className;
    seen[name] = Math.min(seen[name] || 99, ratio);
  }
  return seen;
})()
"""


VISIBLE = """
Array.from(document.querySelectorAll(".requirement")).filter((row) => row.checkVisibility()).map((row) => row.id)
"""
FAILED_ALONE = """
for (const box of document.querySelectorAll("[name=verdict]")) { if (box.value != "failed") { box.click(); } }
"""
SHOULD_ALONE = """
document.querySelector("[name=text]").value = "";
const level = document.querySelector("[name=level]");
level.value = "should";
level.dispatchEvent(new Event("input", {bubbles: true}));
"""
FOLLOW = """
new Promise((done) => {
  addEventListener("hashchange", () => done(), {once: true});
  document.querySelector(".cells a[href='#RES-04']").click();
});
"""
SMALLEST = """
Math.min(...Array.from(document.querySelectorAll("p, li, dd"), (each) => parseFloat(getComputedStyle(each).fontSize)))
"""


class Addresses(HTMLParser):
    """Every address that a page names."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []
        self.tags: list[str] = []
        self.handlers: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.found += [value or "" for name, value in attrs if name in ("href", "src", "srcset", "action", "data")]
        self.handlers += [name for name, _ in attrs if name.startswith("on") or name == "style"]


@pytest.fixture
def mixed(tmp_path: Path) -> Path:
    """A page with every verdict and hostile names."""
    path = tmp_path / "report.html"
    data = report(name=f"store {HOSTILE}", verdicts=MIXED, reasons=["STO-01 failed", f"because {HOSTILE}"])
    path.write_text(page(data, load_registry()), "utf-8")
    return path


def test_nothing_is_loaded_and_nothing_of_a_manager_is_markup(mixed: Path) -> None:
    text = mixed.read_text("utf-8")
    parser = Addresses()
    parser.feed(text)
    assert parser.found
    assert [address for address in parser.found if not address.startswith("#")] == []
    assert parser.tags.count("script") == 1
    assert "img" not in parser.tags
    assert parser.handlers == []
    assert "@import" not in text
    assert not re.search(r"url\(", text)
    for character in ("\x1b", "\x07", "\u202e", "\udc80"):
        assert character not in text


def test_every_requirement_is_there_with_its_verdict_and_statement(mixed: Path) -> None:
    text = mixed.read_text("utf-8")
    for requirement in load_registry().requirements.values():
        assert text.count(f'id="{requirement.id}"') == 1
        assert f'href="#{requirement.id}"' in text
    assert "A stored id is returned for its key" in text
    assert re.search(r'id="STO-01" data-verdict="failed" data-level="must" open', text)
    assert re.search(r'id="STO-06" data-verdict="not-selected"', text)
    assert "the digest" not in text
    assert report()["spec"] in text


def test_report_of_another_specification_is_shown_without_statements() -> None:
    text = page(report(spec="0.9"), load_registry())
    assert "STO-01" in text
    assert "A stored id is returned for its key" not in text


def test_what_no_requirement_reached_is_listed() -> None:
    files = [{"path": "shop/<b>.py", "lines": [3, 4, 9], "branches": [[7, 9], [8, -1]]}]
    coverage = {"package": "shop", "statements": 20, "reached": 17, "files": files}
    text = " ".join(page(report(coverage=coverage), load_registry()).split())
    assert "What no requirement reached of shop" in text
    assert "17 of 20 lines were reached." in text
    assert "<code>shop/&lt;b&gt;.py</code>: lines 3-4, 9; branches 7→9, 8→exit" in text


def test_timeline_lies_within_the_chart() -> None:
    bars = timeline([start(0, 0.5, "answered"), start(1, 1.0, "answered"), start(1.9, None, "running")])
    assert [bar.after for bar in bars] == pytest.approx([0, 1, 1.9])
    assert [bar.took for bar in bars] == pytest.approx([0.5, 1.0, None])
    assert bars[0].x == 0
    assert bars[1].x == CHART_WIDTH / 2
    assert all(0 < bar.width <= CHART_WIDTH - bar.x for bar in bars)
    assert timeline([]) == []
    single = timeline([start(0, 0.0, "answered")])[0]
    assert (single.x, single.width) == (0, 3)


def test_browser_shows_it_without_a_complaint(mixed: Path, browse: Callable[..., Page]) -> None:
    shown = browse(mixed)
    assert shown.requests == [mixed.as_uri()]
    assert shown.complaints == []
    assert shown.run("document.title").startswith("store <script>")
    assert shown.run("getComputedStyle(document.querySelector('.outcome')).borderRadius") != "0px"
    assert shown.run("document.querySelector('.outcome').textContent") == "non-conformant"
    assert shown.run("document.documentElement.scrollWidth <= innerWidth")
    opened = shown.run("Array.from(document.querySelectorAll('details.requirement[open]'), (row) => row.id)")
    assert opened == ["STO-01", "STO-04"]


def test_filters_show_what_was_asked_for(mixed: Path, browse: Callable[..., Page]) -> None:
    shown = browse(mixed)
    everything = shown.run(VISIBLE)
    assert len(everything) == len(load_registry().requirements)
    shown.run(FAILED_ALONE)
    assert shown.run(VISIBLE) == ["STO-01"]
    assert shown.run("document.querySelector('[role=status]').textContent") == f"1 of {len(everything)} requirements"
    shown.run("document.querySelector('[type=reset]').click(); new Promise((done) => setTimeout(done, 0))")
    assert shown.run(VISIBLE) == everything
    shown.run("document.querySelector('[name=text]').focus()")
    shown.type("another sto-")
    found = shown.run(VISIBLE)
    assert found
    assert all(name.startswith("STO-") for name in found)
    shown.run(SHOULD_ALONE)
    levels = {name: r.level for name, r in load_registry().requirements.items()}
    assert {levels[name] for name in shown.run(VISIBLE)} == {"should"}


def test_link_to_a_requirement_opens_it_also_when_it_was_filtered_out(mixed: Path, browse: Callable[..., Page]) -> None:
    shown = browse(mixed)
    shown.show(mixed, "#RES-04")
    assert shown.comes("document.getElementById('RES-04').open")
    assert shown.comes(
        "document.getElementById('RES-04').getBoundingClientRect().top >= 0"
        " && document.getElementById('RES-04').getBoundingClientRect().top < 900"
    )
    shown.show(mixed)
    shown.run("document.querySelector('[name=verdict][value=passed]').click()")
    assert not shown.run("document.getElementById('RES-04').checkVisibility()")
    shown.run(FOLLOW)
    assert shown.comes("document.getElementById('RES-04').checkVisibility()")
    assert shown.comes("document.getElementById('RES-04').open")
    assert shown.comes("document.activeElement.parentElement.id === 'RES-04'")


def test_keyboard_reaches_and_works_everything(mixed: Path, browse: Callable[..., Page]) -> None:
    shown = browse(mixed)
    focus = "(document.activeElement.className + ' ' + document.activeElement.tagName).trim()"
    shown.press("Tab")
    assert shown.comes(f"{focus} === 'skip A'")
    assert shown.comes("document.activeElement.getBoundingClientRect().left >= 0")
    assert shown.comes("getComputedStyle(document.activeElement).outlineStyle === 'solid'")
    shown.press("Enter")
    assert shown.comes("location.hash === '#main'")
    shown.press("Tab")
    assert shown.comes("document.activeElement.closest('.cells') !== null")
    shown.press("Enter")
    assert shown.comes("location.hash !== '#main'")
    first = shown.run("location.hash.slice(1)")
    assert shown.comes(f"document.getElementById('{first}').open")
    assert shown.comes(f"{focus} === 'SUMMARY'")
    shown.press(" ")
    assert shown.comes(f"!document.getElementById('{first}').open")
    shown.run("document.querySelector('[name=verdict]').focus()")
    before = shown.run("document.activeElement.checked")
    shown.press(" ")
    assert shown.comes(f"document.activeElement.checked !== {str(before).lower()}")


def test_screen_reader_is_told_verdicts_in_words(mixed: Path, browse: Callable[..., Page]) -> None:
    nodes = browse(mixed).accessible()
    names = {(node["role"], " ".join(node["name"].split()).replace(" :", ":")) for node in nodes}
    assert ("link", "STO-01: failed") in names
    assert ("link", "STO-03: could not run") in names
    assert ("heading", "Requirements") in names
    roles = [node["role"] for node in nodes]
    assert roles.count("main") == 1
    assert "status" in roles
    unnamed = [
        node for node in nodes if node["role"] in ("link", "button", "checkbox", "combobox") and not node["name"]
    ]
    assert unnamed == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_text_can_be_read_in_both_colour_schemes(mixed: Path, browse: Callable[..., Page], scheme: str) -> None:
    ratios = browse(mixed, scheme=scheme).run(CONTRAST)
    assert len(ratios) > 20
    assert {name: ratio for name, ratio in ratios.items() if ratio < 4.5} == {}


def test_schemes_differ(mixed: Path, browse: Callable[..., Page]) -> None:
    shown = browse(mixed)
    background = "getComputedStyle(document.body).backgroundColor"
    light = shown.run(background)
    shown.media(scheme="dark")
    assert shown.run(background) != light


def test_it_reads_without_its_script(mixed: Path, browse: Callable[..., Page]) -> None:
    shown = browse(mixed, script=False)
    assert not shown.run("document.querySelector('.filters').checkVisibility()")
    assert shown.run("document.querySelector('#STO-01 .failure').checkVisibility()")
    assert shown.run("document.querySelectorAll('.requirement').length") == len(load_registry().requirements)
    shown.run("document.querySelector('#STO-02 > summary').focus()")
    shown.press("Enter")
    assert shown.run("document.getElementById('STO-02').open")


def test_phone_and_print(mixed: Path, browse: Callable[..., Page]) -> None:
    phone = browse(mixed, width=390)
    assert phone.run("document.documentElement.scrollWidth") <= 390
    assert phone.run(SMALLEST) >= 12
    phone.media(kind="print")
    assert not phone.run("document.querySelector('.filters').checkVisibility()")
    closed = "document.querySelector('#RES-04 .body')"
    assert phone.run(f"{closed}.getBoundingClientRect().height") > 0
