"""Render the excerpt of the demo's output that README.md shows; a test says when it is stale."""

from __future__ import annotations

import io
import itertools
from pathlib import Path
from typing import Final

from s3_guardrails.embedded.demo import play
from s3_guardrails.embedded.view import show

README: Final = Path(__file__).parents[1] / "README.md"
BEGIN: Final = "<!-- demo: begin, rendered by `make render` -->"
END: Final = "<!-- demo: end -->"
RULE: Final = "S3_BUCKET_TLS_ONLY"
FINDINGS: Final = 4


def excerpt() -> str:
    """Play the demo; return the head of one rule's table and the totals."""
    out = io.StringIO()
    show(play(lambdas=False), out)
    lines = [line.rstrip() for line in out.getvalue().splitlines()]
    rule = lines[lines.index(RULE) :]
    findings = [number for number, line in enumerate(rule) if " NON_COMPLIANT " in line]
    totals = itertools.takewhile(lambda line: not line.startswith("account "), lines[lines.index("totals") :])
    return "\n".join([*rule[: findings[FINDINGS]], " ...", "", *totals])


def rendered(readme: str) -> str:
    """Return the README with the block between the two markers replaced."""
    before, rest = readme.split(BEGIN)
    _, after = rest.split(END)
    return f"{before}{BEGIN}\n```\n{excerpt()}\n```\n{END}{after}"


if __name__ == "__main__":
    README.write_text(rendered(README.read_text(encoding="utf-8")), encoding="utf-8")
