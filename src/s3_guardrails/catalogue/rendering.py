"""Everything that is rendered from the rules, as path → text: written with one command, compared with another."""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from pathlib import Path

from s3_guardrails.catalogue.docs import render_docs, render_readme
from s3_guardrails.catalogue.documents import render_documents
from s3_guardrails.catalogue.figures import PATH as OPERATIONS
from s3_guardrails.catalogue.figures import render_figures
from s3_guardrails.catalogue.organization import PATH as ORGANIZATION
from s3_guardrails.catalogue.organization import render_organization
from s3_guardrails.catalogue.pack import render_pack
from s3_guardrails.catalogue.parameters_json import render_parameters
from s3_guardrails.catalogue.template import render_template
from s3_guardrails.discovery import Entry, find_rules
from s3_guardrails.errors import InputError


def rendered(root: Path) -> Mapping[Path, str]:
    """Return what every rendered file below the checkout should hold; raise InputError outside a checkout."""
    readme = root / "README.md"
    if not (readme.is_file() and (root / "rules").is_dir()):
        raise InputError(f"`{root}` is not a checkout: expected README.md and rules/ in it")
    entries = find_rules(root / "rules")
    return {
        **_deployed(root, entries),
        **{entry.folder / "parameters.json": render_parameters(entry) for entry in entries},
        **{root / "remediation" / f"{name}.yaml": text for name, text in render_documents().items()},
        root / "conformance-pack.yaml": render_pack(entries),
        root / "docs" / "rules.md": render_docs(entries),
        readme: render_readme(_text(readme), entries),
    }


def _deployed(root: Path, entries: tuple[Entry, ...]) -> dict[Path, str]:
    """Return the templates, where there are any, and what else follows from the account's as rendered."""
    template = root / "template.yaml"
    if not template.is_file():
        return {}
    text = render_template(_text(template), entries)
    found = {template: text}
    if (organization := root / ORGANIZATION).is_file():
        found[organization] = render_organization(_text(organization), text)
    if (operations := root / OPERATIONS).is_file():
        found[operations] = render_figures(_text(operations), entries, text)
    return found


def write(root: Path) -> list[Path]:
    """Bring every rendered file up to date; return those that changed, relative to the checkout."""
    changed = {path: text for path, text in rendered(root).items() if _bytes(path) != text.encode()}
    for path, text in changed.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8", newline="\n")
    return [path.relative_to(root) for path in changed]


def check(root: Path) -> list[str]:
    """Return the lines of a unified diff from the files as they are to what they should be; empty when fresh.

    Bytes decide what is fresh; line ends that no diff shows are told in a line of their own.
    """
    lines: list[str] = []
    for path, text in rendered(root).items():
        if _bytes(path) == text.encode():
            continue
        name = path.relative_to(root).as_posix()
        before, after = _text(path).splitlines(), text.splitlines()
        diff = difflib.unified_diff(before, after, name, f"{name} (rendered)", lineterm="")
        lines += list(diff) or [f"{name}: line ends differ"]
    return lines


def _bytes(path: Path) -> bytes:
    return path.read_bytes() if path.is_file() else b""


def _text(path: Path) -> str:
    return path.read_text(encoding="utf-8", errors="replace") if path.is_file() else ""
