"""Functions, who may call them, their roles and logs, as CloudFormation makes them."""

from __future__ import annotations

import json
from typing import Any, Final

from s3_guardrails.embedded.stack.kind import Kind, Made, Properties, World, changed, each_of, known, pairs

_CONFIGURED: Final = (
    "Description",
    "Handler",
    "MemorySize",
    "Role",
    "Runtime",
    "Timeout",
    "Environment",
    "LoggingConfig",
)


def _make_function(world: World, logical: str, given: Properties) -> Made:
    more = {"Architectures": given["Architectures"]} if "Architectures" in given else {}
    made = world.client("lambda").create_function(
        FunctionName=given.get("FunctionName") or world.unique(logical),
        Code=given["Code"],
        Tags=pairs(given),
        **dict(each_of(given, *_CONFIGURED)),
        **more,
    )
    return Made(made["FunctionName"], {"Arn": made["FunctionArn"]})


def _change_function(world: World, made: Made, before: Properties, after: Properties) -> Made:
    client, differ = world.client("lambda"), changed(before, after)
    if differ & {"Code", "Architectures"}:
        more = {"Architectures": after["Architectures"]} if "Architectures" in after else {}
        client.update_function_code(FunctionName=made.id, **after["Code"], **more)
    if differ & set(_CONFIGURED):
        client.update_function_configuration(FunctionName=made.id, **dict(each_of(after, *_CONFIGURED)))
    return made


def _delete_function(world: World, made: Made) -> None:
    world.client("lambda").delete_function(FunctionName=made.id)


def _make_permission(world: World, logical: str, given: Properties) -> Made:
    statement = world.unique(logical, 100)
    world.client("lambda").add_permission(StatementId=statement, **given)
    return Made(f"{given['FunctionName']}|{statement}")


def _delete_permission(world: World, made: Made) -> None:
    function, _, statement = made.id.partition("|")
    world.client("lambda").remove_permission(FunctionName=function, StatementId=statement)


def _make_role(world: World, logical: str, given: Properties) -> Made:
    iam, name = world.client("iam"), given.get("RoleName") or world.unique(logical)
    trust = json.dumps(given["AssumeRolePolicyDocument"])
    more = dict(each_of(given, "Description", "Path", "MaxSessionDuration"))
    role = iam.create_role(RoleName=name, AssumeRolePolicyDocument=trust, **more)["Role"]
    _permit(iam, name, given)
    return Made(name, {"Arn": role["Arn"], "RoleId": role["RoleId"]})


def _permit(iam: Any, name: str, given: Properties) -> None:
    for each in given.get("Policies", []):
        document = json.dumps(each["PolicyDocument"])
        iam.put_role_policy(RoleName=name, PolicyName=each["PolicyName"], PolicyDocument=document)


def _change_role(world: World, made: Made, before: Properties, after: Properties) -> Made:
    iam = world.client("iam")
    trust = json.dumps(after["AssumeRolePolicyDocument"])
    iam.update_assume_role_policy(RoleName=made.id, PolicyDocument=trust)
    kept = {each["PolicyName"] for each in after.get("Policies", [])}
    for each in before.get("Policies", []):
        if each["PolicyName"] not in kept:
            iam.delete_role_policy(RoleName=made.id, PolicyName=each["PolicyName"])
    _permit(iam, made.id, after)
    return made


def _delete_role(world: World, made: Made) -> None:
    iam = world.client("iam")
    for name in iam.list_role_policies(RoleName=made.id)["PolicyNames"]:
        iam.delete_role_policy(RoleName=made.id, PolicyName=name)
    iam.delete_role(RoleName=made.id)


def _make_policy(world: World, _logical: str, given: Properties) -> Made:
    document = json.dumps(given["PolicyDocument"])
    for role in given["Roles"]:
        world.client("iam").put_role_policy(RoleName=role, PolicyName=given["PolicyName"], PolicyDocument=document)
    return Made("|".join([given["PolicyName"], *given["Roles"]]))


def _change_policy(world: World, made: Made, _before: Properties, after: Properties) -> Made:
    return _make_policy(world, made.id, after)


def _delete_policy(world: World, made: Made) -> None:
    name, *roles = made.id.split("|")
    for role in roles:
        world.client("iam").delete_role_policy(RoleName=role, PolicyName=name)


def _make_logs(world: World, logical: str, given: Properties) -> Made:
    logs, name = world.client("logs"), given.get("LogGroupName") or world.unique(logical, 512)
    more = {"kmsKeyId": given["KmsKeyId"]} if "KmsKeyId" in given else {}
    logs.create_log_group(logGroupName=name, **more)
    return _keep_logs(world, Made(name, {"Arn": world.arn("logs", f"log-group:{name}:*")}), {}, given)


def _keep_logs(world: World, made: Made, _before: Properties, after: Properties) -> Made:
    days = int(after["RetentionInDays"])
    world.client("logs").put_retention_policy(logGroupName=made.id, retentionInDays=days)
    return made


def _delete_logs(world: World, made: Made) -> None:
    world.client("logs").delete_log_group(logGroupName=made.id)


KINDS: Final = {
    "AWS::Lambda::Function": Kind(
        known(f"FunctionName Code Tags Architectures {' '.join(_CONFIGURED)}"),
        _make_function,
        _delete_function,
        _change_function,
        fixed=known("FunctionName"),
    ),
    "AWS::Lambda::Permission": Kind(
        known("FunctionName Action Principal SourceAccount SourceArn"), _make_permission, _delete_permission
    ),
    "AWS::IAM::Role": Kind(
        known("RoleName Path Description MaxSessionDuration AssumeRolePolicyDocument Policies"),
        _make_role,
        _delete_role,
        _change_role,
        fixed=known("RoleName Path"),
    ),
    "AWS::IAM::Policy": Kind(
        known("PolicyName PolicyDocument Roles"),
        _make_policy,
        _delete_policy,
        _change_policy,
        fixed=known("PolicyName Roles"),
    ),
    "AWS::Logs::LogGroup": Kind(
        known("LogGroupName RetentionInDays KmsKeyId"),
        _make_logs,
        _delete_logs,
        _keep_logs,
        fixed=known("LogGroupName KmsKeyId"),
    ),
}
