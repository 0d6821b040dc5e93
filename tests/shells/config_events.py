"""AWS Config's events for tests: the captured shapes of tests/events, bound to one embedded AWS."""

import copy
import json
from pathlib import Path

EVENTS = Path(__file__).parents[1] / "events"


def load(name):
    return json.loads((EVENTS / f"{name}.json").read_text())


def event(aws, name, parameters=None, message=None, item=None, **envelope):
    """The named event with changes to its parameters, message, item and envelope, its token valid for its rule."""
    made = load(name) | copy.deepcopy(envelope)
    invoking = made["invokingEvent"] | (message or {})
    for part in ("configurationItem", "configurationItemSummary"):
        if part in invoking and item is not None:
            invoking[part] = invoking[part] | item
    made["invokingEvent"] = json.dumps(invoking)
    made["ruleParameters"] = json.dumps(parameters or {})
    rule = made["configRuleName"]
    source = {"Owner": "CUSTOM_LAMBDA", "SourceIdentifier": f"arn:aws:lambda:us-east-1:{aws.account}:function:f"}
    aws.client("config").put_config_rule(ConfigRule={"ConfigRuleName": rule, "Source": source})
    made["resultToken"] = envelope.get("resultToken", aws.config.issue_token(rule))
    return made


def stored(aws):
    """What AWS Config has of every rule: resource id → (compliance type, annotation)."""
    return {
        resource_id: (result["ComplianceType"], result.get("Annotation"))
        for results in aws.config.results.values()
        for (_, resource_id), result in results.items()
    }


def with_section(name, value):
    """The bucket item's supplementaryConfiguration with one value replaced; `...` takes it away."""
    section = load("change_bucket")["invokingEvent"]["configurationItem"]["supplementaryConfiguration"]
    section = {key: each for key, each in section.items() if key != name}
    return {"supplementaryConfiguration": section if value is ... else {**section, name: value}}
