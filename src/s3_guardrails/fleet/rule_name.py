"""Names of deployed rules: AWS Config adds `-conformance-pack-ID` to the name of a rule in a conformance pack."""

from __future__ import annotations

import re
from collections.abc import Collection
from typing import Final

_NAME: Final = re.compile(r"(?P<rule>.+?)(?:-conformance-pack-[A-Za-z0-9_-]+)?", re.DOTALL)


def rule_of(deployed: str, rules: Collection[str]) -> str | None:
    """Return which of our rules a deployed one is, None for another's; a longer name is another rule."""
    found = _NAME.fullmatch(deployed)
    return found["rule"] if found and found["rule"] in rules else None
