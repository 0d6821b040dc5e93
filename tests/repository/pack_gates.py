"""What is asked of the conformance pack, alone and inside the template: AWS Config's model, and rdklib's habits."""

from functools import cache

import botocore.session
from project import PACK, walk

from s3_guardrails.catalogue.pack import MAX_BYTES, MAX_PARAMETERS

RULE, REMEDIATION = "AWS::Config::ConfigRule", "AWS::Config::RemediationConfiguration"


@cache
def config():
    return botocore.session.get_session().get_service_model("config")


def packs(project):
    yield PACK, project.pack
    yield "embedded pack", project.embedded


def rules(pack):
    return {name: each["Properties"] for name, each in pack["Resources"].items() if each["Type"] == RULE}


def remediations(pack):
    return {name: each for name, each in pack["Resources"].items() if each["Type"] == REMEDIATION}


def limits(project):
    if (size := len(project.texts[PACK].encode())) > MAX_BYTES:
        yield f"{PACK}: {size} bytes, more than {MAX_BYTES}"
    for name, pack in packs(project):
        if len(pack["Parameters"]) > MAX_PARAMETERS:
            yield f"{name}: more than {MAX_PARAMETERS} parameters"


def resource_types(project):
    for name, pack in packs(project):
        for resource, each in pack["Resources"].items():
            if each["Type"] not in {RULE, REMEDIATION}:
                yield f"{name}: {resource}: a pack has no {each['Type']}"


def model(project):
    """Names, enumerations and lengths as in AWS Config's API model."""
    for name, pack in packs(project):
        for resource, each in rules(pack).items():
            yield from misfits(
                {**each, "InputParameters": "{}"}, config().shape_for("ConfigRule"), f"{name}.{resource}"
            )
        for resource, each in remediations(pack).items():
            shape = config().shape_for("RemediationConfiguration")
            yield from misfits(each["Properties"], shape, f"{name}.{resource}")


def misfits(value, shape, at):
    """Where a value is not of a shape; a function of CloudFormation may be anything."""
    if isinstance(value, dict) and len(value) == 1 and next(iter(value)) in {"Ref", "Fn::If"}:
        return []
    kind, found = KINDS[shape.type_name]
    return (
        list(found(value, shape, at)) if isinstance(value, kind) else [f"{at}: expected a {shape.type_name}: {value!r}"]
    )


def of_structure(value, shape, at):
    for name in [*(set(shape.required_members) - set(value)), *(set(value) - set(shape.members))]:
        yield f"{at}: {name} is {'unknown' if name in value else 'missing'}"
    for name in set(value) & set(shape.members):
        yield from misfits(value[name], shape.members[name], f"{at}.{name}")


def of_list(value, shape, at):
    for index, each in enumerate(value):
        yield from misfits(each, shape.member, f"{at}[{index}]")


def of_map(value, shape, at):
    for name, each in value.items():
        yield from misfits(each, shape.value, f"{at}.{name}")


def of_string(value, shape, at):
    if shape.enum and value not in shape.enum:
        yield f"{at}: {value} is none of {', '.join(shape.enum[:5])}"
    if len(value) > shape.metadata.get("max", len(value)):
        yield f"{at}: longer than {shape.metadata['max']}"


def of_boolean(value, shape, at):
    return ()


KINDS = {
    "structure": (dict, of_structure),
    "list": (list, of_list),
    "map": (dict, of_map),
    "string": (str, of_string),
    "boolean": (bool, of_boolean),
}


def scopes(project):
    known = config().shape_for("ResourceType").enum
    for name, pack in packs(project):
        for resource, each in rules(pack).items():
            for kind in each.get("Scope", {}).get("ComplianceResourceTypes", []):
                if kind not in known:
                    yield f"{name}.{resource}: AWS Config records no {kind}"


def oversized(project):
    """A large bucket policy arrives in a message of its own kind."""
    for name, pack in packs(project):
        for resource, each in rules(pack).items():
            kinds = {detail.get("MessageType") for detail in each["Source"]["SourceDetails"]}
            one, other = "ConfigurationItemChangeNotification", "OversizedConfigurationItemChangeNotification"
            if (one in kinds) is not (other in kinds):
                yield f"{name}.{resource}: expected both {one} and {other}"


def rule_names(project):
    for name, pack in packs(project):
        found = [each["ConfigRuleName"] for each in rules(pack).values()]
        for each in sorted({each for each in found if found.count(each) > 1}):
            yield f"{name}: two rules are {each}"


def own_role(project):
    """rdklib would assume the role of the recorder, a role of the service that nobody may assume."""
    for name, pack in packs(project):
        for resource, each in rules(pack).items():
            if each["InputParameters"].get("AssumeRoleMode") != "False":
                yield f"{name}.{resource}: AssumeRoleMode: expected the text False"


def texts(project):
    for name, pack in packs(project):
        for resource, each in rules(pack).items():
            for parameter, value in each["InputParameters"].items():
                if not isinstance(value, str | dict):
                    yield f"{name}.{resource}: {parameter}: expected a text, found {value!r}"


def names_in_pack(project):
    """Whatever a Ref, a condition or a DependsOn names is in the pack."""
    for name, pack in packs(project):
        known, conditions = {*pack["Parameters"], *pack["Resources"]}, pack["Conditions"]
        for at, value in walk(pack):
            match value:
                case {"Ref": str(other)} if other not in known and not other.startswith("AWS::"):
                    yield f"{name}{at}: there is no {other}"
                case {"Fn::If": [other, *_]} if other not in conditions:
                    yield f"{name}{at}: there is no condition {other}"
        for resource, each in pack["Resources"].items():
            if each.get("Condition", next(iter(conditions))) not in conditions:
                yield f"{name}.{resource}: there is no condition {each['Condition']}"


def mends(project):
    """A remediation is of a rule of the pack, is made after it, and a person starts it for the newest document."""
    for name, pack in packs(project):
        ids = {each["ConfigRuleName"]: logical for logical, each in rules(pack).items()}
        for resource, each in remediations(pack).items():
            properties = each["Properties"]
            rule = ids.get(properties["ConfigRuleName"])
            if rule is None:
                yield f"{name}.{resource}: there is no rule {properties['ConfigRuleName']}"
            elif each.get("DependsOn") != rule:
                yield f"{name}.{resource}: may be made before {rule}"
            if properties.get("Automatic", True) or "TargetVersion" in properties:
                yield f"{name}.{resource}: starts by itself, or names a version of a document"


def documents_called(project):
    """A remediation gives its document what it needs, under its names."""
    found = {each.name: each.content["parameters"] for each in project.documents}
    for resource, each in remediations(project.pack).items():
        properties = each["Properties"]
        takes = found[properties["TargetId"]["Ref"].removesuffix("Document")]
        given, needed = set(properties["Parameters"]), {name for name, one in takes.items() if "default" not in one}
        for parameter in sorted((given - set(takes)) | (needed - given)):
            yield f"{resource}: {parameter} is {'unknown to' if parameter in given else 'needed by'} the document"
        for parameter, value in properties["Parameters"].items():
            if value.get("ResourceValue", {"Value": "RESOURCE_ID"}) != {"Value": "RESOURCE_ID"}:
                yield f"{resource}: {parameter}: expected RESOURCE_ID"


GATES = (
    limits, resource_types, model, scopes, oversized, rule_names, own_role, texts, names_in_pack, mends,
    documents_called,
)  # fmt: skip
