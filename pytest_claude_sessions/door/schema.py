"""Holding the messages of the stdio door to their JSON Schema, in both directions (SPEC 5).

The schema is `protocol.schema.json`, also published in docs/. A validator is compiled when a method is first used.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from functools import cache
from importlib import resources
from typing import Any


def wrong_with(message: Any, method: str, direction: str) -> str:
    """What the schema does not allow about a message; empty when it is right.

    :param method: of SPEC 4, or `initialize` and `shutdown`
    :param direction: `request` or `answer`
    """
    from fastjsonschema import JsonSchemaValueException

    try:
        _validator(method, direction)(message)
    except JsonSchemaValueException as error:
        return error.message.replace("data", direction, 1)
    return ""


@cache
def _validator(method: str, direction: str) -> Callable[[Any], Any]:
    import fastjsonschema

    schema = _schema()
    definition = {
        "$schema": schema["$schema"],
        "$ref": f"#/definitions/{method}.{direction}",
        "definitions": schema["definitions"],
    }
    compiled: Callable[[Any], Any] = fastjsonschema.compile(definition, use_default=False)
    return compiled


@cache
def _schema() -> Mapping[str, Any]:
    text = resources.files(__package__).joinpath("protocol.schema.json").read_text("utf-8")
    schema: Mapping[str, Any] = json.loads(text)
    return schema
