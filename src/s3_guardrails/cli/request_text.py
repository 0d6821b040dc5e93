"""Lines that show one request, and how each statement takes it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from s3_guardrails.cli.text import line_of_json

APPLIES: Final = {True: "applies", False: "does not apply", None: "may apply"}


def shown(value: Any) -> str:
    """Show a text as it is, anything else as JSON."""
    return value if isinstance(value, str) else line_of_json(value)


def request_lines(request: Mapping[str, Any]) -> Iterator[str]:
    """Yield who calls what, and a line per context key, of a request as JSON."""
    account = f" of account {request['account']}" if request["account"] else ""
    yield f"{request['principal']}{account}"
    yield f"calls {request['action']} on {request['resource']}"
    yield from (f"with {name} = {shown(value)}" for name, value in request["context"].items())


def passage(row: Mapping[str, Any]) -> str:
    """Say of one statement whether it applies, and why."""
    return f"{row['effect']} `{row['statement']}` {APPLIES[row['applies']]}: {row['because']}"
