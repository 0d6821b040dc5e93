"""Read logs, as multiples of a plain loop over the same lines: `python bench/logs.py`."""

import io
import json
import sys
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path

from measure import seconds

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

from log_lines import HTTP, access, access_json, event, records  # after the path
from s3_guardrails.logs.book import LogBook
from s3_guardrails.logs.reading import read_log

LINES = 50_000
TODAY = date(2026, 6, 1)
DAYS = [TODAY - timedelta(days=each) for each in range(1, 31)]


def several() -> Iterator[tuple[str, bytes]]:
    """Name and bytes of some logs: usual lines, hostile ones, the JSON form, data events."""
    forged = f'"{access(DAYS[0])}"'
    for name, given in (("text", {}), ("text, hostile", {"uri": forged, "referer": forged, "agent": forged})):
        lines = (access(DAYS[each % 30], **(HTTP if each % 9 else {}), **given) for each in range(LINES))
        yield name, "\n".join(lines).encode()
    yield "JSON", "\n".join(json.dumps(access_json(DAYS[each % 30])) for each in range(LINES)).encode()
    yield "data events", records(*(event(DAYS[each % 30]) for each in range(LINES))).encode()


def taken(data: bytes) -> LogBook:
    """Read a log into a book."""
    book = LogBook(TODAY)
    for source, line in read_log(io.BytesIO(data)) or ():
        book.add(source, line)
    return book


def counted(data: bytes) -> int:
    """Loop over lines and split each; an event counts as a line."""
    return sum(len(line.split(b" ")) for line in io.BytesIO(data.replace(b"}, {", b"}\n{")))


def main() -> None:
    """Print lines per second, and how often a plain loop is faster."""
    print(f"{'log':<16}{'lines/s':>10}{'multiple':>10}")
    for name, data in several():
        spent = min(seconds(lambda data=data: taken(data)) for _ in range(3))
        plain = min(seconds(lambda data=data: counted(data)) for _ in range(3))
        print(f"{name:<16}{LINES / spent:>10.0f}{spent / plain:>10.1f}")


if __name__ == "__main__":
    main()
