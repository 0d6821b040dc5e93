"""A change as Terraform: what the owner's configuration must say, to be merged with what it says already.

Sources: Terraform AWS provider, `aws_iam_policy_document` (which reads `&{` as `${` and takes each Sid once),
`aws_s3_bucket_server_side_encryption_configuration`, `aws_kms_key`, `aws_kms_key_policy`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final

from s3_guardrails.cli.remediate_code import Code, Marked, comment, name_of, policy_code, remarks, texts, words_of
from s3_guardrails.cli.remediate_hcl import Expression, attributes, block, indented, literal
from s3_guardrails.remediate.change import Proposed, State
from s3_guardrails.remediate.plan import Plan
from s3_guardrails.remediate.state import Resource, Setting

OLDEST: Final = "2008-10-17"
"""The version of a policy that names none; the provider would take the newest."""


def terraform(plan: Plan, proposal: Proposed) -> Iterator[str]:
    """Yield the lines of the snippet; raise InputError for a text that Terraform cannot hold."""
    setting = plan.setting
    yield from map(comment, remarks(plan, whole=setting in {Setting.POLICY, Setting.KEY_POLICY}))
    yield ""
    yield from _SNIPPETS[setting](plan.resource, plan.before, proposal.after)


def _policy(bucket: Resource, before: State, after: State) -> Iterator[str]:
    code, label = policy_code(before["policy"], after["policy"]), _label(bucket)
    where = {"bucket": name_of(bucket)}
    yield from _with_policy(code, label, f'resource "aws_s3_bucket_policy" "{label}"', where)


def _key_policy(key: Resource, before: State, after: State) -> Iterator[str]:
    code, label = policy_code(before["key_policy"], after["key_policy"]), _label(key)
    yield comment("Or as the argument `policy` of the `aws_kms_key` that makes the key.")
    yield from _with_policy(code, label, f'resource "aws_kms_key_policy" "{label}"', {"key_id": key.arn})


def _encryption(bucket: Resource, _: State, after: State) -> Iterator[str]:
    head = f'resource "aws_s3_bucket_server_side_encryption_configuration" "{_label(bucket)}"'
    rules = [_encryption_rule(each) for each in after["encryption"]["Rules"]]
    yield from block(head, attributes({"bucket": name_of(bucket)}), *rules)


def _encryption_rule(rule: Mapping[str, Any]) -> Iterator[str]:
    default = rule.get("ApplyServerSideEncryptionByDefault", {})
    names = {"SSEAlgorithm": "sse_algorithm", "KMSMasterKeyID": "kms_master_key_id"}
    inner = block(
        "apply_server_side_encryption_by_default",
        attributes({names[each]: default[each] for each in names if each in default}),
    )
    outer = {}
    if "BucketKeyEnabled" in rule:
        outer["bucket_key_enabled"] = rule["BucketKeyEnabled"]
    if "BlockedEncryptionTypes" in rule:
        outer["blocked_encryption_types"] = rule["BlockedEncryptionTypes"]["EncryptionType"]
    yield from block("rule", attributes(outer), inner)


def _rotation(key: Resource, _: State, after: State) -> Iterator[str]:
    found = after["rotation"]
    given = {"enable_key_rotation": found["enabled"], "rotation_period_in_days": found["days"]}
    told = [comment("the other arguments stay as they are")]
    yield from block(f'resource "aws_kms_key" "{_label(key)}"', told, attributes(given))


_SNIPPETS: Final[Mapping[Setting, Callable[[Resource, State, State], Iterator[str]]]] = {
    Setting.POLICY: _policy,
    Setting.ENCRYPTION: _encryption,
    Setting.ROTATION: _rotation,
    Setting.KEY_POLICY: _key_policy,
}


def _with_policy(code: Code, label: str, head: str, where: Mapping[str, Any]) -> Iterator[str]:
    yield from (comment(f"remove the statement {each}") for each in code.gone)
    if not _fits_document(code):
        yield from block(head, attributes(where), _encoded(code))
        return
    yield from policy_document(code, label)
    yield ""
    reference = Expression(f"data.aws_iam_policy_document.{label}.json")
    yield from block(head, attributes({**where, "policy": reference}))


def policy_document(code: Code, label: str) -> Iterator[str]:
    """Yield a policy as the data source `aws_iam_policy_document`."""
    first = attributes({"version": code.head.get("Version", OLDEST), **_id(code)})
    yield from block(f'data "aws_iam_policy_document" "{label}"', first, *map(_statement, code.statements))


def _id(code: Code) -> Mapping[str, Any]:
    return {"policy_id": code.head["Id"]} if "Id" in code.head else {}


def _fits_document(code: Code) -> bool:
    """Does `aws_iam_policy_document` say the same? Else the policy is written as JSON."""
    sids = [each.statement["Sid"] for each in code.statements if each.statement.get("Sid")]
    plain = set(code.head) <= {"Version", "Id"} and len(set(sids)) == len(sids)
    told = [each.statement for each in code.statements]
    return plain and all(map(_plain, told)) and not any("&{" in each for each in texts(told))


def _plain(statement: Mapping[str, Any]) -> bool:
    known = {"Sid", "Effect", *_PLURAL, *_PRINCIPALS, "Condition"}
    several = [statement[name] for name in _PLURAL if name in statement]
    for name in (each for each in _PRINCIPALS if isinstance(statement.get(each), Mapping)):
        several += statement[name].values()
    for tests in statement.get("Condition", {}).values():
        several += tests.values()
    return set(statement) <= known and all(_listed(each) for each in several)


_PLURAL: Final = {
    "Action": "actions",
    "NotAction": "not_actions",
    "Resource": "resources",
    "NotResource": "not_resources",
}
_PRINCIPALS: Final = {"Principal": "principals", "NotPrincipal": "not_principals"}


def _statement(marked: Marked) -> Iterator[str]:
    statement = marked.statement
    given = {name.lower(): statement[name] for name in ("Sid", "Effect") if name in statement}
    given |= {plural: _listed(statement[name]) for name, plural in _PLURAL.items() if name in statement}
    blocks = [*_principals(statement), *_conditions(statement)]
    if marked.mark:
        yield comment(marked.mark)
    yield from block("statement", attributes(given), *blocks)


def _principals(statement: Mapping[str, Any]) -> Iterator[Iterator[str]]:
    for name, head in _PRINCIPALS.items():
        found = statement.get(name, {})
        for kind, values in (found if isinstance(found, Mapping) else {"*": found}).items():
            yield block(head, attributes({"type": kind, "identifiers": _listed(values)}))


def _conditions(statement: Mapping[str, Any]) -> Iterator[Iterator[str]]:
    for test, keys in statement.get("Condition", {}).items():
        for variable, values in keys.items():
            yield block("condition", attributes({"test": test, "variable": variable, "values": _listed(values)}))


def _listed(values: Any) -> list[str]:
    """Return one or several values as texts, as the provider wants them."""
    several = values if isinstance(values, list) else [values]
    return [each if isinstance(each, str) else literal(each) for each in several]


def _encoded(code: Code) -> Iterator[str]:
    """Write the policy as an expression that becomes JSON."""
    yield "policy = jsonencode({"
    yield from indented(f"{literal(name)} = {literal(value)}" for name, value in code.head.items())
    yield '  "Statement" = ['
    for each in code.statements:
        yield from indented(indented([comment(each.mark)] if each.mark else []))
        yield f"    {literal(each.statement)},"
    yield "  ]"
    yield "})"


def _label(resource: Resource) -> str:
    """Return a name that Terraform takes for a resource."""
    name = "_".join(words_of(name_of(resource)))
    return name if name[:1].isalpha() else f"_{name}"
