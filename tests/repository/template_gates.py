"""What is asked of template.yaml beside being CloudFormation: a function per question, a sentence per breach."""

import re
from importlib import import_module

from project import PACK, TEMPLATE, walk
from resolved import Resolved

from s3_guardrails.catalogue.organization import PREFIX
from s3_guardrails.catalogue.pack import logical_id
from s3_guardrails.catalogue.permissions import EVALUATORS, NOTIFIER, REFRESHER, REMEDIATORS
from s3_guardrails.deploy.archive import RUNTIME_VERSION
from s3_guardrails.discovery import find_rules
from s3_guardrails.errors import GuardrailError
from s3_guardrails.template.loading import load

FUNCTION, PERMISSION, ROLE = "AWS::Serverless::Function", "AWS::Lambda::Permission", "AWS::IAM::Role"
OWN = {"Ref": "AWS::AccountId"}
PLACE = re.compile(r"\b(?:af|ap|ca|cn|eu|il|me|mx|sa|us)-(?:gov-)?(?:[a-z]+)-\d\b|\b\d{12}\b")
NAMES = {"RoleName", "BucketName", "FunctionName", "TopicName", "LogGroupName", "AlarmName", "PolicyName"}


def permissions(project):
    """AWS Config may call the function of every rule, for this account; events call for one rule of theirs."""
    found = project.of_type(PERMISSION)
    called = {each["FunctionName"]["Ref"] for each in found.values() if each["Principal"] == "config.amazonaws.com"}
    for function in (f"{logical_id(entry.name)}Function" for entry in find_rules()):
        if function not in called:
            yield f"{function}: AWS Config may not call it"
    for name, each in found.items():
        if each.get("SourceAccount") != OWN and "Fn::GetAtt" not in each.get("SourceArn", {}):
            yield f"{name}: whoever makes the service call may be of another account"


def order(project):
    """AWS Config tries the functions when it is given the rules."""
    after = project.resources["Pack"].get("DependsOn", [])
    for name, each in project.of_type(PERMISSION).items():
        if each["Principal"] == "config.amazonaws.com" and name not in after:
            yield f"Pack: may be made before {name}"


def trust(project):
    """Roles are for Lambda, and for Systems Manager on behalf of this account's executions."""
    for name, each in project.of_type(ROLE).items():
        [statement] = each["AssumeRolePolicyDocument"]["Statement"]
        service, condition = statement["Principal"].get("Service"), statement.get("Condition", {})
        if service not in {"lambda.amazonaws.com", "ssm.amazonaws.com"}:
            yield f"{name}: trusts {statement['Principal']}"
        bound = {key for of_operator in condition.values() for key in of_operator}
        if service == "ssm.amazonaws.com" and bound != {"aws:SourceAccount", "aws:SourceArn"}:
            yield f"{name}: another account's executions may have it"


def names(project):
    """Roles and buckets are one for all Regions, so a name of our own fails in the second."""
    for name, each in project.resources.items():
        for property_ in sorted(NAMES & set(each.get("Properties", {}))):
            inline = each["Type"] == "AWS::IAM::Policy"  # its name is one of each role's own
            if each["Type"] != PERMISSION and not inline:
                yield f"{name}: {property_} is fixed"


def partitions(project):
    for path, text in project.texts.items():
        for found in re.findall(r"arn:aws(?:-cn|-us-gov)?:\S*", text):
            yield f"{path}: {found} is of one partition"


def places(project):
    """No Region and no account is written out."""
    for section in ("Resources", "Outputs"):
        for at, value in walk(project.template[section], section):
            if isinstance(value, str) and PLACE.search(value):
                yield f"{at}: {PLACE.search(value)[0]}"


def runtime(project):
    given = project.template["Globals"]["Function"]
    if (given.get("Runtime"), given.get("Architectures")) != (f"python{RUNTIME_VERSION}", ["arm64"]):
        yield f"Globals.Function: expected python{RUNTIME_VERSION} on arm64, found {given}"
    for name, each in project.of_type(FUNCTION).items():
        if {"Runtime", "Architectures"} & set(each):
            yield f"{name}: another runtime than all"


def concurrency(project):
    for name, each in project.of_type(FUNCTION).items():
        if "ReservedConcurrentExecutions" in {**project.template["Globals"]["Function"], **each}:
            yield f"{name}: a new account has no concurrency to reserve"


def handlers(project):
    for name, each in project.of_type(FUNCTION).items():
        module, _, function = each["Handler"].rpartition(".")
        try:
            if not callable(getattr(import_module(module), function, None)):
                yield f"{name}: {module} has no {function}"
        except ImportError as error:
            yield f"{name}: {error}"


def logs(project):
    kept = {name for name, each in project.of_type("AWS::Logs::LogGroup").items() if "RetentionInDays" in each}
    for name, each in project.of_type(FUNCTION).items():
        if each.get("LoggingConfig", {}).get("LogGroup", {}).get("Ref") not in kept:
            yield f"{name}: its log is kept for ever"


def macros(project):
    """Service-managed stack sets refuse all but SAM's, which the build expands."""
    if project.template.get("Transform") != "AWS::Serverless-2016-10-31":
        yield f"Transform: {project.template.get('Transform')}"
    for at, value in walk(project.template):
        if isinstance(value, dict) and "Fn::Transform" in value:
            yield f"{at}: a macro"
    for name in project.of_type("AWS::CloudFormation::Stack", "AWS::Serverless::Application"):
        yield f"{name}: a nested stack"


def references(project):
    """Whatever is referred to is there, in Fn::Sub and DependsOn as well."""
    template = project.template
    known = {*template["Parameters"], *template["Resources"]}
    for at, value in walk({name: template[name] for name in ("Resources", "Outputs", "Conditions", "Rules")}):
        for name in _referred(value):
            if name not in known and not name.startswith("AWS::"):
                yield f"{at}: there is no {name}"
    for name, each in template["Resources"].items():
        after = each.get("DependsOn", [])
        for other in [after] if isinstance(after, str) else after:
            if other not in known:
                yield f"{name}: there is no {other} to depend on"


def _referred(value):
    match value:
        case {"Ref": name}:
            yield name
        case {"Fn::GetAtt": [name, _]}:
            yield name
        case {"Fn::Sub": [text, own]}:
            yield from set(_substituted(text)) - set(own)
        case {"Fn::Sub": text}:
            yield from _substituted(text)


def _substituted(text):
    return [each.partition(".")[0] for each in re.findall(r"\$\{([^!}]+)\}", text)]


def grants(project):
    """Each role has what its function needs and nothing else; that it does need it is recorded in another test."""
    wanted = {f"{kind}EvaluatorRole": found for kind, found in EVALUATORS.items()}
    wanted |= {f"{name}FunctionRole": found for name, found in REMEDIATORS.items()} | {"NotifierFunctionRole": NOTIFIER}
    wanted["ExemptionRefreshFunctionRole"] = REFRESHER
    for name, found in wanted.items():
        [policy] = project.resources[name]["Properties"]["Policies"]
        statements = policy["PolicyDocument"]["Statement"]
        given = {action for each in statements if each["Effect"] == "Allow" for action in listed(each["Action"])}
        expected = {each.action for each in found}
        for action in sorted(given ^ expected):
            yield f"{name}: {action} is {'missing' if action in expected else 'too much'}"


def listed(value):
    return value if isinstance(value, list) else [value]


def handover(project):
    """The pack inside gets each parameter that it has; the pack apart gets what has no default from the outputs."""
    given = {
        each["ParameterName"] for each in project.resources["Pack"]["Properties"]["ConformancePackInputParameters"]
    }
    for name in sorted(given ^ set(project.embedded["Parameters"])):
        yield f"Pack: {name} is {'no parameter of the pack' if name in given else 'not handed over'}"
    needed = {name for name, each in project.pack["Parameters"].items() if "Default" not in each}
    for name in sorted(needed - set(project.template["Outputs"]) - set(project.template["Parameters"])):
        yield f"{PACK}: nothing of {TEMPLATE} is {name}"


def evidence(project):
    for name in ("EvidenceBucket", "EvidenceBucketPolicy", "EvidenceKey"):
        policies = [project.resources[name].get(each) for each in ("DeletionPolicy", "UpdateReplacePolicy")]
        if policies != ["RetainExceptOnCreate", "Retain"]:
            yield f"{name}: goes with the stack, or stays where the stack never was"


def waves(project):
    """Both stack sets hand on every parameter of template.yaml."""
    try:
        tree = load(project.texts["deploy/organization.yaml"].encode()).tree
    except GuardrailError as error:
        yield str(error)
        return
    wanted = {PREFIX, *project.template["Parameters"]}
    for name, each in tree["Resources"].items():
        given = {one["ParameterKey"] for one in each["Properties"]["Parameters"]}
        for parameter in sorted(wanted ^ given):
            yield f"{name}: {parameter}"
    if tree["Resources"]["Fleet"].get("DependsOn") != "Canary":
        yield "Fleet: does not wait for the canary"


def approver(project):
    """Exactly one way of naming the approver is taken."""
    rules = (project.template.get("Rules") or {}).get("WhoApproves", {"Assertions": []})
    for role in ("", "approver"):
        for arn in ("", "arn"):
            given = {"RemediationApproverRole": role, "RemediationApproverArn": arn}
            holds = all(Resolved(project.template, given).truth(each["Assert"]) for each in rules["Assertions"])
            if holds is not (bool(role) is not bool(arn)):
                yield f"Rules: {given} is {'taken' if holds else 'refused'}"


GATES = (
    permissions, order, trust, names, partitions, places, runtime, concurrency, handlers, logs, macros, references,
    grants, handover, evidence, waves, approver,
)  # fmt: skip
