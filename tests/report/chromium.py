"""A page in a headless Chromium, driven over a pipe by its DevTools protocol: no port, no library, no network."""

from __future__ import annotations

import base64
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Any

PROGRAMS = ("chromium", "chromium-browser", "google-chrome", "chrome")
END = b"\0"
# The browser reads its descriptor 3 and writes its 4.
PIPED = """
import fcntl, os, sys
reads, writes = (fcntl.fcntl(int(number), fcntl.F_DUPFD, 10) for number in sys.argv[1:3])
os.dup2(reads, 3)
os.dup2(writes, 4)
os.execv(sys.argv[3], sys.argv[3:])
"""


def chromium() -> str | None:
    """The program, None where the machine has none."""
    return next((found for name in PROGRAMS if (found := shutil.which(name))), None)


class Page:
    """One tab.

    :param home: a directory of its own, for everything that the browser writes
    :param path: the file that it shows
    """

    def __init__(
        self, home: Path, path: Path, *, width: int = 1200, scheme: str = "light", script: bool = True
    ) -> None:
        program = chromium()
        assert program is not None
        to_browser, self._out = os.pipe()
        self._in, from_browser = os.pipe()
        self._process = subprocess.Popen(
            [
                sys.executable,
                "-c",
                PIPED,
                str(to_browser),
                str(from_browser),
                program,
                "--headless=new",
                "--no-sandbox",
                "--disable-gpu",
                "--disable-dev-shm-usage",
                "--disable-background-networking",
                "--disable-component-update",
                "--no-first-run",
                "--host-resolver-rules=MAP * ~NOTFOUND",
                "--remote-debugging-pipe",
                f"--user-data-dir={home / 'profile'}",
                "about:blank",
            ],
            pass_fds=(to_browser, from_browser),
            env={"HOME": str(home), "PATH": os.environ["PATH"]},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        os.close(to_browser)
        os.close(from_browser)
        self._number = 0
        self._rest = b""
        self._session: str | None = None
        self.requests: list[str] = []
        self.complaints: list[str] = []
        try:
            self._open(path, width, scheme, script)
        except BaseException:
            self._end()
            raise

    def _open(self, path: Path, width: int, scheme: str, script: bool) -> None:
        target = self._call("Target.createTarget", url="about:blank")["targetId"]
        self._session = self._call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        for domain in ("Page", "Network", "Runtime", "Log"):
            self._call(f"{domain}.enable")
        if not script:
            self._call("Emulation.setScriptExecutionDisabled", value=True)
        self._call(
            "Emulation.setDeviceMetricsOverride", width=width, height=900, deviceScaleFactor=1, mobile=width < 600
        )
        self.media(scheme=scheme)
        self.show(path)

    def __enter__(self) -> Page:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._end()

    def _end(self) -> None:
        os.close(self._out)
        self._process.terminate()
        self._process.wait()
        os.close(self._in)

    def show(self, path: Path, fragment: str = "") -> None:
        """Load a file anew; a change of the fragment alone would load nothing."""
        for url in ("about:blank", path.as_uri() + fragment):
            self._loaded = False
            self._call("Page.navigate", url=url)
            while not self._loaded:
                self._read()

    def media(self, *, scheme: str = "light", kind: str = "screen") -> None:
        """The colour scheme that the reader prefers, and the medium."""
        features = [{"name": "prefers-color-scheme", "value": scheme}]
        self._call("Emulation.setEmulatedMedia", media=kind, features=features)

    def run(self, expression: str) -> Any:
        """The value of a JavaScript expression in the page; a promise is awaited."""
        answer = self._call("Runtime.evaluate", expression=expression, returnByValue=True, awaitPromise=True)
        assert "exceptionDetails" not in answer, answer["exceptionDetails"]
        return answer["result"].get("value")

    def comes(self, expression: str) -> bool:
        """Whether an expression comes to be true: what follows on a key does so in the page's own time."""
        look = f"({expression}) ? done(true) : performance.now() > end ? done(false) : setTimeout(look, 5)"
        return bool(
            self.run(f"new Promise(done => {{ const end = performance.now() + 10000, look = () => {look}; look(); }})")
        )

    def press(self, key: str, *, text: str = "", shift: bool = False) -> None:
        """Press and release a key, as a keyboard does."""
        codes = {"Tab": 9, "Enter": 13, " ": 32}
        common: dict[str, Any] = {"key": key, "code": {" ": "Space"}.get(key, key), "modifiers": 8 if shift else 0}
        common["windowsVirtualKeyCode"] = codes.get(key, ord(key[0].upper()))
        text = text or {"Enter": "\r", " ": " "}.get(key, "")
        self._call("Input.dispatchKeyEvent", type="keyDown" if text else "rawKeyDown", text=text, **common)
        self._call("Input.dispatchKeyEvent", type="keyUp", **common)

    def type(self, text: str) -> None:
        """Put text where the focus is."""
        self._call("Input.insertText", text=text)

    def accessible(self) -> list[dict[str, Any]]:
        """What a screen reader is given: role and name of each node that it sees."""
        nodes = self._call("Accessibility.getFullAXTree")["nodes"]
        return [
            {"role": node["role"]["value"], "name": node.get("name", {}).get("value", "")}
            for node in nodes
            if not node["ignored"]
        ]

    def screenshot(self, path: Path, *, whole: bool = False) -> None:
        """A picture of what is seen, or of the whole page."""
        data = self._call("Page.captureScreenshot", captureBeyondViewport=whole)["data"]
        path.write_bytes(base64.b64decode(data))

    def _call(self, method: str, **params: Any) -> Any:
        self._number += 1
        message: dict[str, Any] = {"id": self._number, "method": method, "params": params}
        if self._session is not None:
            message["sessionId"] = self._session
        os.write(self._out, json.dumps(message).encode() + END)
        number = self._number
        while True:
            answer = self._read()
            if answer.get("id") == number:
                assert "error" not in answer, (method, answer["error"])
                return answer["result"]

    def _read(self) -> Mapping[str, Any]:
        while END not in self._rest:
            data = os.read(self._in, 1 << 16)
            assert data, "the browser ended"
            self._rest += data
        line, _, self._rest = self._rest.partition(END)
        message: dict[str, Any] = json.loads(line)
        event, params = message.get("method"), message.get("params", {})
        if event == "Page.loadEventFired":
            self._loaded = True
        elif event == "Network.requestWillBeSent":
            self.requests.append(params["request"]["url"])
        elif event == "Log.entryAdded":
            self.complaints.append(params["entry"]["text"])
        elif event == "Runtime.exceptionThrown":
            self.complaints.append(params["exceptionDetails"]["text"])
        return message
