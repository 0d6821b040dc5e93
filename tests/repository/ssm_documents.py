"""Rules for SSM Automation documents, one function each: a rule yields a sentence for every breach.

Sources: AWS Systems Manager User Guide ("Data elements and parameters", one page per action), quotas of the API model,
and AWS Config's limits for parameters of a remediation. The rules know nothing of the executor, which is stricter in
what it plays and laxer in what it lets pass.
"""

import re
from functools import cache
from pathlib import Path

import botocore.session
import yaml
from botocore.validate import ParamValidator

MARGIN = 48 * 1024
"""Bytes of a document: AWS takes 64 KB, parameters of an execution included."""

LIMITS = {
    "aws:executeAwsApi": 25,
    "aws:assertAwsResourceProperty": 3600,
    "aws:waitForAwsResourceProperty": 3600,
    "aws:executeScript": 600,
    "aws:invokeLambdaFunction": 300,
    "aws:approve": 30 * 24 * 3600,
}
"""Seconds that a step of an action may last, as far as documented; steps of these actions say how long."""

ACTIONS = {*LIMITS, "aws:branch", "aws:sleep", "aws:updateVariable"}
IMPLICIT = {
    "aws:executeScript": {"Payload"},
    "aws:invokeLambdaFunction": {"StatusCode", "FunctionError", "LogResult", "Payload"},
    "aws:approve": {"ApprovalStatus", "ApproverDecisions"},
}
SYSTEM = {
    *(f"global:{name}" for name in ("ACCOUNT_ID", "AWS_PARTITION", "DATE", "DATE_TIME", "REGION")),
    "automation:EXECUTION_ID",
}
RESERVED = ("aws", "amazon", "amzn")
REFERENCE = re.compile(r"\{\{\s*(.*?)\s*\}\}")
READS = re.compile(r"(Get|List|Describe|Head)[A-Z]")
API_INPUTS = {"Service", "Api", "PropertySelector", "DesiredValues"}


class Document:
    """A document's name, text and content; `steps` by name in their order."""

    def __init__(self, name, text):
        self.name, self.text, self.content = name, text, yaml.safe_load(text)
        self.list = self.content["mainSteps"]
        self.steps = {step["name"]: step for step in self.list}

    @classmethod
    def read(cls, path: Path):
        return cls(path.stem, path.read_text(encoding="utf-8"))


def schema_version(document):
    if document.content.get("schemaVersion") != "0.3":
        yield f"schemaVersion: expected the string 0.3, found {document.content.get('schemaVersion')!r}"


def known_actions(document):
    for step in document.list:
        if step["action"] not in ACTIONS:
            yield f"{step['name']}: {step['action']} is not an action of ours"


def step_names(document):
    names = [step["name"] for step in document.list]
    for name in names:
        if not re.fullmatch(r"[a-zA-Z0-9_]{3,128}", name):
            yield f"{name}: expected 3 to 128 letters, digits and underscores"
    for name in sorted({each for each in names if names.count(each) > 1}):
        yield f"{name}: two steps have this name"


def jump_targets(document):
    for step in document.list:
        for target in targets(step):
            if target not in document.steps:
                yield f"{step['name']}: jumps to {target}, which is no step"


def reachable_steps(document):
    seen, waiting = set(), [document.list[0]["name"]]
    while waiting:
        name = waiting.pop()
        if name in document.steps and name not in seen:
            seen.add(name)
            waiting += [*successors(document, name), *handlers(document.steps[name])]
    for name in document.steps:
        if name not in seen:
            yield f"{name}: no step leads here"


def resolved_references(document):
    variables = {f"variable:{name}" for name in document.content.get("variables", {})}
    known = {*document.content.get("parameters", {}), *variables, *SYSTEM}
    outputs = {output for step in document.list for output in outputs_of(step)}
    for step in document.list:
        ran = predecessors(document, step["name"])
        for name in references(step.get("inputs", {})):
            if name not in known | outputs:
                yield f"{step['name']}: {{{{ {name} }}}} is no parameter, variable or output"
            elif name in outputs and name.partition(".")[0] not in ran:
                yield f"{step['name']}: {{{{ {name} }}}} is the output of a step that cannot have run"


def no_reference_in_a_script(document):
    for step in document.list:
        if REFERENCE.search(step.get("inputs", {}).get("Script", "")):
            yield f"{step['name']}: a reference inside Script lets a parameter write the program; use InputPayload"


def valid_api_calls(document):
    for step in document.list:
        inputs = step.get("inputs", {})
        if "Api" not in inputs:
            continue
        shape = input_shape(inputs["Service"], inputs["Api"])
        if shape is None:
            yield f"{step['name']}: there is no {inputs['Service']}:{inputs['Api']}"
            continue
        given = {name: sample(value, shape, name) for name, value in inputs.items() if name not in API_INPUTS}
        report = ParamValidator().validate(given, shape)
        if report.has_errors():
            yield f"{step['name']}: {report.generate_report()}"


def bounded_time(document):
    for step in document.list:
        limit = LIMITS.get(step["action"])
        if limit is not None and not 1 <= step.get("timeoutSeconds", 0) <= limit:
            yield f"{step['name']}: expected timeoutSeconds of 1 to {limit}, found {step.get('timeoutSeconds')}"


def anchored_patterns(document):
    for name, parameter in document.content.get("parameters", {}).items():
        pattern = parameter.get("allowedPattern", "^$")
        whole = pattern.startswith("^") and pattern.endswith("$") and not pattern.endswith("\\$")
        if not whole or "|" in re.sub(r"\((?:[^()]|\([^()]*\))*\)|\[[^\]]*\]", "", pattern):
            yield f"{name}: whether a pattern must match all or part is not documented: anchor {pattern}"


def checked_texts(document):
    for name, parameter in document.content.get("parameters", {}).items():
        if parameter["type"] == "String" and not {"allowedPattern", "allowedValues"} & set(parameter):
            yield f"{name}: a string that nothing checks reaches a function"


def assumed_role(document):
    role = document.content.get("parameters", {}).get("AutomationAssumeRole")
    if role is None or "default" in role:
        yield "parameters.AutomationAssumeRole: expected a parameter without default"
    if references(document.content.get("assumeRole", "")) != ["AutomationAssumeRole"]:
        yield "assumeRole: expected {{ AutomationAssumeRole }}"


def size(document):
    if len(document.text.encode()) > MARGIN:
        yield f"expected at most {MARGIN} bytes, found {len(document.text.encode())}"


def verified_changes(document):
    for step in document.list:
        if is_change(step) and ends_unverified(document, step["name"], set()):
            yield f"{step['name']}: the execution can succeed without anything that verifies this change"


def declared_outputs(document):
    outputs = {output for step in document.list for output in outputs_of(step)}
    named = document.content.get("outputs", [])
    if not named:
        yield "outputs: expected at least one"
    for each in named:
        if (references(each) or [each])[0] not in outputs:
            yield f"outputs: {each} is no output of a step"


def own_name(document):
    if not re.fullmatch(r"[a-zA-Z0-9_\-.]{3,128}", document.name) or document.name.lower().startswith(RESERVED):
        yield f"{document.name}: not a name that Systems Manager takes"


def fit_for_config(document):
    parameters = document.content.get("parameters", {})
    if len(parameters) > 25:
        yield f"parameters: AWS Config passes at most 25, found {len(parameters)}"
    for name in parameters:
        if len(name) > 50:
            yield f"{name}: Systems Manager takes names of at most 50 characters"


RULES = (
    schema_version,
    known_actions,
    step_names,
    jump_targets,
    reachable_steps,
    resolved_references,
    no_reference_in_a_script,
    valid_api_calls,
    bounded_time,
    anchored_patterns,
    checked_texts,
    assumed_role,
    size,
    verified_changes,
    declared_outputs,
    own_name,
    fit_for_config,
)


def lint(document):
    """Return the breaches of each rule that is broken, by the rule's name."""
    found = {rule.__name__: list(rule(document)) for rule in RULES}
    return {name: breaches for name, breaches in found.items() if breaches}


def choices(step):
    inputs = step.get("inputs", {}) if step["action"] == "aws:branch" else {}
    named = [each["NextStep"] for each in inputs.get("Choices", [])]
    return [*named, *([inputs["Default"]] if "Default" in inputs else [])]


def handlers(step):
    named = [step.get(place, "") for place in ("onFailure", "onCancel")]
    return [each.removeprefix("step:") for each in named if each.startswith("step:")]


def targets(step):
    return [*choices(step), *handlers(step), *([step["nextStep"]] if "nextStep" in step else [])]


def successors(document, name):
    """The steps that can come next when the step succeeds; none where it can only be the end."""
    step, order = document.steps[name], list(document.steps)
    following = [step["nextStep"]] if "nextStep" in step else order[order.index(name) + 1 :][:1]
    falls_through = not step.get("isEnd") and "Default" not in step.get("inputs", {})
    return [each for each in [*choices(step), *(following if falls_through else [])] if each in document.steps]


def can_end(document, name):
    step = document.steps[name]
    return not successors(document, name) or (step.get("isEnd", False) and "Default" not in step.get("inputs", {}))


def predecessors(document, name):
    """All steps from which a path leads to the step."""
    found, waiting = set(), [name]
    while waiting:
        wanted = waiting.pop()
        for each, step in document.steps.items():
            if wanted in [*successors(document, each), *handlers(step)] and each not in found:
                found.add(each)
                waiting.append(each)
    return found


def ends_unverified(document, name, seen):
    """Can an execution succeed from after this step on without passing a verifying step?"""
    if name in seen:
        return False
    seen.add(name)
    after = [each for each in successors(document, name) if not verifies(document.steps[each])]
    return can_end(document, name) or any(ends_unverified(document, each, seen) for each in after)


def told(step):
    payload = step.get("inputs", {}).get("InputPayload", {})
    return payload.get("step") if isinstance(payload, dict) else None


def is_change(step):
    api = step.get("inputs", {}).get("Api", "GetNothing")
    return told(step) == "apply" or (step["action"] == "aws:executeAwsApi" and not READS.match(api))


def verifies(step):
    """Does the step verify, or fail the execution on purpose?"""
    properties = {"aws:assertAwsResourceProperty", "aws:waitForAwsResourceProperty"}
    return told(step) in {"verify", "fail"} or step["action"] in properties


def outputs_of(step):
    declared = {each["Name"] for each in step.get("outputs", [])}
    return {f"{step['name']}.{each}" for each in declared | IMPLICIT.get(step["action"], set())}


def references(value):
    if isinstance(value, str):
        return REFERENCE.findall(value)
    if isinstance(value, dict):
        return [name for each in value.values() for name in references(each)]
    return [name for each in value for name in references(each)] if isinstance(value, list) else []


@cache
def input_shape(service, operation):
    session = botocore.session.get_session()
    if service not in session.get_available_services():
        return None
    model = session.get_service_model(service)
    return model.operation_model(operation).input_shape if operation in model.operation_names else None


def sample(value, shape, member=None):
    """Put a value of the shape's type in the place of every whole reference."""
    if member is not None:
        shape = shape.members.get(member)
    if shape is None:
        return value
    if isinstance(value, str) and REFERENCE.fullmatch(value.strip()):
        return example(shape)
    if isinstance(value, dict) and shape.type_name == "structure":
        return {name: sample(each, shape, name) for name, each in value.items()}
    if isinstance(value, list) and shape.type_name == "list":
        return [sample(each, shape.member) for each in value]
    return value


def example(shape):
    match shape.type_name:
        case "structure":
            return {name: example(shape.members[name]) for name in shape.required_members}
        case "list" | "map" as name:
            return {"list": [], "map": {}}[name]
        case "integer" | "long":
            return int(shape.metadata.get("min", 1))
        case "boolean":
            return True
        case _:
            return "x" * int(shape.metadata.get("min", 1))
