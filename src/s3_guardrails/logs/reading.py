"""Read a log as a stream of bytes, whatever its form, with a bound on what is held at a time."""

from __future__ import annotations

import json
import re
from codecs import getincrementaldecoder
from collections.abc import Iterator
from typing import Any, BinaryIO, Final

from s3_guardrails.errors import InputError
from s3_guardrails.logs.access_json import is_access_record, read_access_record
from s3_guardrails.logs.access_text import is_access_line, read_access_line
from s3_guardrails.logs.seen import Line, Source, Unread
from s3_guardrails.logs.trail import read_event

LONGEST: Final = 1 << 20
"""Bytes of a line, of text or JSON, that is read; S3 takes headers of 8 KB. Events of CloudTrail have at most 1 MB."""
_CHUNK: Final = 1 << 16
_TRAIL: Final = re.compile(r'\s*\{\s*"Records"\s*:\s*\[')
_BETWEEN: Final = re.compile(r"[\s,]*")


def read_log(stream: BinaryIO) -> Iterator[tuple[Source, Line]] | None:
    """Return the lines or events of one log, None where it is no log; reading raises InputError where it is torn.

    An empty log has no lines. A file of access logs may mix text and JSON.
    """
    first = stream.readline(LONGEST)
    if trail := _TRAIL.match(first[:_CHUNK].decode("latin-1")):
        return _events(stream, first, trail.end())
    if first.strip() and not _begins_access_log(first):
        return None
    return _lines(stream, first)


def _begins_access_log(line: bytes) -> bool:
    return is_access_record(_json(line)) if line.startswith(b"{") else is_access_line(line.decode("latin-1"))


def _lines(stream: BinaryIO, line: bytes) -> Iterator[tuple[Source, Line]]:
    """Yield what each line says; a line ends at a line feed and at nothing else that callers may send."""
    while line:
        whole = len(line) < LONGEST or line.endswith(b"\n")
        if not whole:
            _skip(stream)
        if line.strip():
            yield Source.ACCESS_LOG, _line(line) if whole else Unread(source=Source.ACCESS_LOG)
        line = stream.readline(LONGEST)


def _skip(stream: BinaryIO) -> None:
    while (more := stream.readline(LONGEST)) and not more.endswith(b"\n"):
        pass


def _line(line: bytes) -> Line:
    return read_access_record(_json(line)) if line.startswith(b"{") else read_access_line(line.decode("latin-1"))


def _json(line: bytes) -> Any:
    try:
        return json.loads(line)
    except (ValueError, RecursionError):
        return None


def _events(stream: BinaryIO, first: bytes, start: int) -> Iterator[tuple[Source, Line]]:
    """Yield what each event says; one is held at a time, for a file may be a single line of any length."""
    decode = getincrementaldecoder("utf-8")("surrogateescape").decode
    decoder, text, position = json.JSONDecoder(), decode(first), start
    while True:
        position = _after_gap(text, position)
        if text[position : position + 1] == "]":
            return
        try:
            event, position = decoder.raw_decode(text, position)
        except (ValueError, RecursionError):
            more = stream.read(_CHUNK)
            if not more or len(text) - position > LONGEST * 2:
                raise InputError("a CloudTrail log that ends early or is damaged") from None
            text, position = text[position:] + decode(more), 0
            continue
        yield Source.TRAIL, read_event(event)


def _after_gap(text: str, position: int) -> int:
    found = _BETWEEN.match(text, position)
    return found.end() if found else position
