"""Steps: what the account and its services answer. Each settles a question of docs/verified.md."""

from __future__ import annotations

from typing import Final

from s3_guardrails.acceptance.journal import Kind
from s3_guardrails.acceptance.outcome import Skipped, Stopped, Unlike
from s3_guardrails.acceptance.results import expected
from s3_guardrails.acceptance.run import Run, tried
from s3_guardrails.acceptance.step import question
from s3_guardrails.deploy.preflight import read_opt_status
from s3_guardrails.deploy.preflight_quota import CONFIG_RULES
from s3_guardrails.live.call import CREDENTIALS
from s3_guardrails.preflight.region import OPTED_IN

OPTIONAL_REGIONS: Final = ("af-south-1", "me-south-1", "il-central-1", "ap-east-1", "eu-south-1", "ca-west-1")
"""Regions that an account has only after it asked for them."""


def quota(run: Run) -> str:
    """Look for the quota of AWS Config's rules in the list of Service Quotas."""
    pages = run.client("service-quotas").get_paginator("list_service_quotas").paginate(ServiceCode="config")
    found = {each["QuotaCode"]: each for page in pages for each in page["Quotas"]}
    rules = found.get(CONFIG_RULES["QuotaCode"])
    if rules is None:
        listed = ", ".join(f"{code} {each['QuotaName']}" for code, each in found.items())
        raise Unlike(f"{CONFIG_RULES['QuotaCode']} is not listed; listed are: {listed or 'none'}")
    return f"{rules['QuotaCode']} is `{rules['QuotaName']}`: {rules['Value']:g}"


def region_off(run: Run) -> str:
    """Call into a Region that the account does not have."""
    statuses = {each: read_opt_status(run.clients, each, run.region) for each in OPTIONAL_REGIONS}
    off = [each for each, status in statuses.items() if isinstance(status, str) and status not in OPTED_IN]
    if not off:
        raise Skipped(f"the account has every one of {', '.join(OPTIONAL_REGIONS)}, or does not say")
    call = run.clients.client("config", off[0]).describe_configuration_recorders
    found = tried(call)
    if found not in CREDENTIALS:
        raise Unlike(f"a call into {off[0]}, which is {statuses[off[0]]}: {found}")
    return f"a call into {off[0]} is refused with {found}; GetRegionOptStatus says {statuses[off[0]]}"


def organization_trail(run: Run) -> str:
    """Read status and selectors of a trail of the organization, of which the account is a member."""
    cloudtrail = run.client("cloudtrail")
    trails = [each for each in cloudtrail.describe_trails()["trailList"] if each.get("IsOrganizationTrail")]
    if not trails:
        raise Skipped("no trail of an organization is seen from here")
    arn = trails[0]["TrailARN"]
    found = {
        "GetTrailStatus": tried(lambda: cloudtrail.get_trail_status(Name=arn)),
        "GetEventSelectors": tried(lambda: cloudtrail.get_event_selectors(TrailName=arn)),
    }
    if set(found.values()) != {"allowed"}:
        raise Unlike("; ".join(f"{call}: {answer}" for call, answer in found.items()))
    return "both are readable from a member account"


def aggregator(run: Run) -> str:
    """Make an aggregator of this account, and wait until it has what AWS Config has here."""
    name, config = run.name("aggregator"), run.client("config")
    source = {"AccountIds": [run.account], "AwsRegions": [run.region]}

    def create() -> str:
        given = {"ConfigurationAggregatorName": name, "AccountAggregationSources": [source]}
        config.put_configuration_aggregator(**given, Tags=run.tags())
        return ""

    run.make(Kind.AGGREGATOR, name, create)
    told = expected(run).items()
    wanted = {rule for (rule, _), answer in told if not answer.startswith("NOT_APPLICABLE")}
    asked = {"ConfigurationAggregatorName": name, "Filters": {"AccountId": run.account}}

    def ask() -> set[str]:
        pages = config.get_paginator("describe_aggregate_compliance_by_config_rules").paginate(**asked)
        rules = [each["ConfigRuleName"] for page in pages for each in page["AggregateComplianceByConfigRules"]]
        return {each.partition("-conformance-pack-")[0] for each in rules} & {rule for (rule, _), _ in told}

    found = run.until("every rule in the aggregator", lambda: ask() if ask() >= wanted else None, 25)
    if found != wanted:
        raise Unlike(f"the aggregator has {', '.join(sorted(found - wanted))}, which should be NOT_APPLICABLE alone")
    return f"it has results of {len(found)} rules under their deployed names, and none of what is NOT_APPLICABLE alone"


def roles_suffice(run: Run) -> str:
    """Look for refusals in the logs of all functions that have run."""
    logs, groups, lines = run.client("logs"), 0, list[str]()
    for each in run.resources():
        if each["ResourceType"] != "AWS::Logs::LogGroup":
            continue
        group = each["PhysicalResourceId"]
        pages = logs.get_paginator("filter_log_events")
        if not logs.filter_log_events(logGroupName=group, limit=1)["events"]:
            continue
        groups += 1
        for page in pages.paginate(logGroupName=group, filterPattern="?AccessDenied ?UnauthorizedOperation"):
            lines += [f"{group}: {event['message'].strip()[:200]}" for event in page["events"]]
    if not groups:
        raise Stopped("no function has logged anything")
    if lines:
        raise Unlike("; ".join(lines[:5]))
    return f"{groups} functions have logged, none that something was refused; unused permissions were not looked for"


STEPS: Final = (
    question("quota-code", "Service Quotas lists the quota of rules under its code.", quota, 0.2, "preflight"),
    question("region-off", "A Region that the account lacks refuses as told.", region_off, 0.2, "preflight"),
    question("organization-trail", "A member reads the organization's trail.", organization_trail, 0.2, "preflight"),
)
LAST: Final = (
    question("aggregator", "An aggregator answers as it is read.", aggregator, 8, "rules", makes="an aggregator"),
    question("roles-suffice", "No function was refused anything.", roles_suffice, 0.2, "rules"),
)
