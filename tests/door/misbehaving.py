"""A driver of a store that does one wrong thing, named by its argument, each time that `set_session` is called."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from typing import Any

OUT = sys.stdout.buffer
OWED: list[Any] = []
"""Requests that are answered when the next one comes."""


def write(data: bytes) -> None:
    OUT.write(data)
    OUT.flush()


def answer(number: Any, **parts: Any) -> bytes:
    return json.dumps({"jsonrpc": "2.0", "id": number, **parts}).encode() + b"\n"


def good(number: Any) -> bytes:
    return answer(number, result=None)


def junk(number: Any) -> None:
    write(b"Loading your sessions...\n" + good(number))


def stderr_noise(number: Any) -> None:
    os.write(2, b"\xff noise " * 200_000)
    write(good(number))


def unknown_id(number: Any) -> None:
    write(good(number + 1000) + good(number))


def text_id(number: Any) -> None:
    write(good(str(number)))


def late(number: Any) -> None:
    OWED.append(number)


def twice(number: Any) -> None:
    write(good(number) * 2)


def half_a_line(number: Any) -> None:
    write(good(number)[:20])
    time.sleep(600)


def half_a_line_and_the_end(number: Any) -> None:
    write(good(number)[:20])
    os._exit(0)


def long_line(number: Any) -> None:
    for _ in range(100):
        write(b"x" * 2**20)
    write(b"\n")


def no_utf8(number: Any) -> None:
    write(answer(number, result="@").replace(b"@", b"\xc3\x28"))


def deep(number: Any) -> None:
    write(b"[" * 200_000 + b"\n")


def not_a_number(number: Any) -> None:
    write(answer(number, result=float("nan")))


def wrong_result(number: Any) -> None:
    write(answer(number, result={"stored": True}))


def result_and_error(number: Any) -> None:
    write(answer(number, result=None, error={"code": 1, "message": "both"}))


def unknown_kind(number: Any) -> None:
    write(answer(number, error={"code": -32000, "message": "no", "data": {"kind": "because"}}))


def own_code(number: Any) -> None:
    write(answer(number, error={"code": -32603, "message": "out of order"}))


def crash(number: Any) -> None:
    os.write(2, b"panicked at line 7\n")
    os.abort()


def hang(number: Any) -> None:
    time.sleep(600)


def exit_in_the_middle(number: Any) -> None:
    os._exit(3)


def child_left_behind(number: Any) -> None:
    subprocess.Popen(["sleep", "600"], start_new_session=True, stdin=-3, stdout=-3, stderr=-3)
    write(good(number))


def not_served(number: Any) -> None:
    write(answer(number, error={"code": -32601, "message": "method not found"}))


def well(number: Any) -> None:
    write(good(number))


FAULTS: dict[str, Callable[[Any], None]] = {
    name.replace("_", " "): thing
    for name, thing in list(globals().items())
    if callable(thing) and getattr(thing, "__module__", "") == __name__ and name not in ("write", "answer", "good")
}


def main(fault: str) -> None:
    rows: dict[str, str] = {}
    for line in sys.stdin:
        message = json.loads(line)
        number, method = message["id"], message["method"]
        while OWED:
            write(good(OWED.pop()))
        if method == "initialize":
            identity = {"name": "misbehaving", "capabilities": ["store"], "options": {"clock": "injected"}}
            write(answer(number, result={"protocol": 2 if fault == "wrong protocol" else 1, **identity}))
        elif method == "set_session":
            rows[message["params"]["key"]] = message["params"]["session_id"]
            FAULTS[fault](number)
        elif method == "get_session" and fault == "reads no more":
            time.sleep(600)
        else:
            write(answer(number, result=rows.get(message["params"].get("key"))))
        if method == "shutdown":
            return


if __name__ == "__main__":
    main(sys.argv[1])
