"""The page about the policy language names laws, tests and cases that exist, and covers every operator."""

import ast
import json
import re
from pathlib import Path

import pytest

from s3_guardrails.policy.operator import Comparison, operator

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs/policy-semantics.md").read_text(encoding="utf-8")
NAMED = set(re.findall(r"`(test_[a-z0-9_]+|(?:tls|sse|kms|adv|wide)-[A-Za-z0-9-]+)`", PAGE))
RULES, _, SETTLED = PAGE.partition("## What would settle the assumptions")


def rows(text: str) -> list[list[str]]:
    lines = [line for line in text.splitlines() if line.startswith("| ")]
    cells = [[cell.strip() for cell in line.strip("|").split(" | ")] for line in lines]
    return [row for row in cells if row[0] not in {"rule", "assumed"}]


def names_of_tests() -> set[str]:
    found = set()
    for path in (ROOT / "tests").rglob("test_*.py"):
        nodes = ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        found |= {node.name for node in nodes if isinstance(node, ast.FunctionDef) and node.name.startswith("test_")}
    return found


def ids_of_cases() -> set[str]:
    lines = (line for path in (ROOT / "tests/cases").rglob("*.jsonl") for line in path.read_text().splitlines())
    return {json.loads(line)["id"] for line in lines}


def test_what_the_page_names_exists():
    assert len(NAMED) > 120
    assert not NAMED - names_of_tests() - ids_of_cases()


def test_every_rule_has_a_source_and_something_that_holds_it():
    assert len(rows(RULES)) > 70
    for row in rows(RULES):
        assert len(row) == 3, row
        assert NAMED & set(re.findall(r"`([^`]+)`", row[2])), row
        assert row[1] != "none" or "Assumed" in row[0], row


def test_every_assumption_says_what_would_settle_it():
    assert len(rows(SETTLED)) >= 15
    assert all(len(row) == 2 and row[1] for row in rows(SETTLED))


OPERATOR = r"\b(?:(?:String|Arn|Numeric|Date)[A-Z][A-Za-z]*|(?:Not)?IpAddress|Bool|Null|BinaryEquals)\b"
WORDS = re.findall(OPERATOR, PAGE)


@pytest.mark.parametrize("comparison", list(Comparison), ids=lambda each: each.name.lower())
def test_the_page_speaks_of_every_comparison(comparison: Comparison):
    families = {"NUMBER": "Numeric", "DATE": "Date"}
    spoken = {operator(word).comparison for word in WORDS}
    family = families.get(comparison.name.partition("_")[0])
    assert comparison in spoken or (family and re.search(rf"\b{family} operators\b", PAGE))
