"""What AWS Config says of the seed: one row for each of our rules and each resource of the run."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from botocore.exceptions import ClientError

from s3_guardrails.acceptance.execution import deployed_rule
from s3_guardrails.acceptance.outcome import Stopped, Unlike
from s3_guardrails.acceptance.run import Run, code_of, differences
from s3_guardrails.acceptance.seed import BUCKETS, KEYS
from s3_guardrails.acceptance.sow import key_id
from s3_guardrails.discovery import find_rules
from s3_guardrails.fleet.annotation import read_annotation
from s3_guardrails.rule import Trigger

Question = tuple[str, str]
"""Rule and resource, as AWS Config names it."""


def expected(run: Run) -> dict[Question, str]:
    """Return what every rule has to say of every resource of the seed: verdict and first code."""
    resources = {run.name(each.label): each.answers.by_rule() for each in BUCKETS}
    resources |= {key_id(run, each.label): each.by_rule() for each in KEYS}
    return {(rule, resource): answer for resource, answers in resources.items() for rule, answer in answers.items()}


def evaluations(run: Run, rule: str) -> Iterator[Mapping[str, Any]]:
    """Yield all results of a rule."""
    pages = run.client("config").get_paginator("get_compliance_details_by_config_rule")
    types = ["COMPLIANT", "NON_COMPLIANT", "NOT_APPLICABLE"]
    for page in pages.paginate(ConfigRuleName=deployed_rule(run, rule), ComplianceTypes=types):
        yield from page["EvaluationResults"]


def resource_of(evaluation: Mapping[str, Any]) -> str:
    """Return the id of the resource that a result is about."""
    return str(evaluation["EvaluationResultIdentifier"]["EvaluationResultQualifier"]["ResourceId"])


def answers(run: Run) -> dict[Question, str]:
    """Return what AWS Config has: verdict and first code."""
    found = {}
    for entry in find_rules():
        for each in evaluations(run, entry.name):
            told = read_annotation(each["ComplianceType"], each.get("Annotation", ""))
            found[entry.name, resource_of(each)] = " ".join([told.verdict, *told.codes[:1]])
    return found


def ask_periodic(run: Run) -> None:
    """Have AWS Config evaluate the rules that it asks once a day; one that is being evaluated is being evaluated."""
    for entry in find_rules():
        if entry.rule.trigger is not Trigger.CHANGE:
            try:
                names = [deployed_rule(run, entry.name)]
                run.client("config").start_config_rules_evaluation(ConfigRuleNames=names)
            except ClientError as error:
                if code_of(error) != "LimitExceededException":
                    raise


def compare(run: Run, wanted: Mapping[Question, str], minutes: float) -> None:
    """Wait until AWS Config says what is wanted; raise Unlike with the differences when the minutes are over."""
    try:
        run.until("the results of all rules", lambda: wanted.items() <= answers(run).items(), minutes)
    except Stopped:
        found = answers(run)
        rows = [
            (f"{rule} of {resource}", one, found.get((rule, resource), "")) for (rule, resource), one in wanted.items()
        ]
        if missing := [what for what, _, other in rows if not other]:
            raise Stopped(f"no result within {minutes:g} minutes: {'; '.join(missing)}") from None
        if differ := differences(rows):
            raise Unlike(differ) from None
