"""Open311's two forms of an answer: XML, and JSON without the root element. Empty is an empty element and null."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any, Literal
from xml.etree.ElementTree import Element, SubElement, tostring

import orjson
from fastapi import Response

Format = Literal["xml", "json"]

_MEDIA_TYPES = {"xml": "text/xml; charset=utf-8", "json": "application/json; charset=utf-8"}
_ITEM = {
    "services": "service",
    "service_requests": "request",
    "errors": "error",
    "attributes": "attribute",
    "values": "value",
    "endpoints": "endpoint",
    "formats": "format",
}
"""What one element of a list is called."""
_NOT_XML = re.compile(r"[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


class Open311Error(Exception):
    """An error in Open311's own form; several at once where several things are wrong."""

    def __init__(self, status: int, *descriptions: str) -> None:
        super().__init__("; ".join(descriptions))
        self.status = status
        self.descriptions = descriptions


def answer(kind: Format, root: str, value: Any, status: int = 200) -> Response:
    """Return ``value`` (a list or a mapping) under the root element ``root``."""
    if kind == "json":
        content = orjson.dumps(value)
    else:
        element = Element(root)
        _fill(element, value)
        content = b'<?xml version="1.0" encoding="utf-8"?>\n' + tostring(element, encoding="utf-8")
    return Response(content, status, {"Cache-Control": "no-store"}, _MEDIA_TYPES[kind])


def error_answer(kind: Format, error: Open311Error) -> Response:
    """Return the answer to a request that was refused."""
    rows = [{"code": str(error.status), "description": text} for text in error.descriptions]
    return answer(kind, "errors", rows, error.status)


def _fill(element: Element, value: Any) -> None:
    if isinstance(value, Mapping):
        for name, inner in value.items():
            _fill(SubElement(element, name), inner)
    elif isinstance(value, Sequence) and not isinstance(value, str):
        for inner in value:
            _fill(SubElement(element, _ITEM[element.tag]), inner)
    elif isinstance(value, bool):
        element.text = "true" if value else "false"
    elif value is not None:
        element.text = _NOT_XML.sub("", str(value))
