"""What docs/operations.md counts is what is deployed, and its sums are sums."""

import re
from decimal import Decimal
from math import prod

import pytest
import yaml
from deployed import ROOT

from s3_guardrails.catalogue.figures import PRICES, TIMES, render_figures
from s3_guardrails.deploy.stackset import render_stackset
from s3_guardrails.discovery import find_rules
from s3_guardrails.errors import MalformedRule

TEXT = (ROOT / "docs/operations.md").read_text(encoding="utf-8")
TEMPLATE = (ROOT / "template.yaml").read_text(encoding="utf-8")
COUNTED = {
    "Lambda functions": "AWS::Lambda::Function",
    "IAM roles": "AWS::IAM::Role",
    "KMS keys": "AWS::KMS::Key",
    "alarms of CloudWatch": "AWS::CloudWatch::Alarm",
}


def test_what_is_counted_is_what_the_translated_template_has():
    tree = yaml.load(render_stackset(TEMPLATE.encode(), "s3-encryption-guardrails/0.zip"), Loader=yaml.CSafeLoader)
    kinds = [each["Type"] for each in tree["Resources"].values()]
    for what, kind in COUNTED.items():
        found = re.search(rf"^\| {what}[^|]*\| (\d+) \|$", TEXT, re.MULTILINE)
        assert int(found[1]) == kinds.count(kind) > 0, what
    roles = kinds.count("AWS::IAM::Role")
    assert f"17 Regions take {17 * roles} of the 1,000" in TEXT
    assert f"| rules of AWS Config, in one pack | {len(find_rules())} |" in TEXT


def test_every_calculation_is_right_and_every_sum_adds_up():
    rows = re.findall(r"^\|([^|]+)\|([^|]*)\| \**([\d.]+)\** \|$", TEXT.partition("costs: begin")[2], re.MULTILINE)
    quoted = {str(each.dollars) for each in PRICES}
    total, sums = Decimal(0), 0
    for _, calculation, dollars in rows:
        factors = (
            [each.replace(",", "") for each in calculation.strip().split(f" {TIMES} ")] if calculation.strip() else []
        )
        if factors:
            exact = prod(Decimal(each.removeprefix("$")) for each in factors)
            assert f"{exact:.2f}" == dollars
            assert factors[-1].removeprefix("$") in quoted
            total += exact
        else:
            assert f"{total:.2f}" == dollars
            total, sums = Decimal(0), sums + 1
    assert sums == 2
    assert len(rows) > 8


@pytest.mark.parametrize("mark", ["<!-- counts: begin", "<!-- costs: end"])
def test_a_page_without_its_marks_is_refused(mark):
    with pytest.raises(MalformedRule, match=r"docs/operations\.md: expected the lines"):
        render_figures(TEXT.replace(mark, "<!--"), find_rules(), TEMPLATE)
