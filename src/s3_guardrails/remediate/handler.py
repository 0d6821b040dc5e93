"""The Lambda function behind every remediation document: one step per invocation, a raised error is a failed step.

Environment: `GUARDRAILS_REMEDIATION` (the document's name), `GUARDRAILS_PARAMETERS` (the rule's InputParameters as
JSON), `GUARDRAILS_RULE_FUNCTION` (ARN of the function behind a periodic rule), `GUARDRAILS_EVIDENCE_BUCKET`,
`GUARDRAILS_EVIDENCE_KEY` (its key's ARN, where it has one), `GUARDRAILS_DOCUMENT` (the document's name in the account),
`GUARDRAILS_APPROVERS` (ARNs, separated by blanks), and where exemptions are as `live.exemptions` says. Systems Manager
waits 300 seconds at most; waiting here stays below 100.
"""

from __future__ import annotations

import os
import time
from collections.abc import Mapping
from functools import lru_cache
from typing import Any, Final

from botocore.exceptions import BotoCoreError, ClientError

from s3_guardrails.discovery import Entry, find_rules
from s3_guardrails.encryption.bucket import Bucket
from s3_guardrails.encryption.fact import Unreadable
from s3_guardrails.errors import ChangeFailed, GuardrailError, InputError, ParameterError, PolicySyntaxError
from s3_guardrails.escape import printable
from s3_guardrails.live.call import sentence
from s3_guardrails.live.clients import SessionClients
from s3_guardrails.live.exemptions import own_register
from s3_guardrails.live.reader import LiveReader
from s3_guardrails.policy.strict_json import strict_json
from s3_guardrails.remediate.approval import Asked, check_approval
from s3_guardrails.remediate.engine import Allow, Engine, Order, order, step_answer
from s3_guardrails.remediate.evaluate_again import evaluate_again
from s3_guardrails.remediate.own_evidence import OwnEvidence
from s3_guardrails.remediate.plan import Plan, Status, refused_sentence
from s3_guardrails.remediate.remediation import Remediation, remediation_named
from s3_guardrails.remediate.state import Resource
from s3_guardrails.remediate.store import PLAN_ID, BucketStore
from s3_guardrails.remediate.undo import NAME as UNDO
from s3_guardrails.remediate.undo import apply_undo, plan_undo, verify_undo
from s3_guardrails.rule import BucketRule

STEPS: Final = ("plan", "apply", "verify", "fail")
MAX_FAILURE: Final = 4_000
"""Characters of a failure's message: Systems Manager shows them on one page, and documents no limit."""
APPROVALS: Final = ("auto", "always")
_GIVEN: Final = frozenset({"step", "resource", "planId", "executionId", "approval", "status"})

Answer = Mapping[str, Any]


class StepFailed(Exception):  # what an operator reads as the failed step's type
    """The step did not end as it must; its message is what the operator reads."""


def lambda_handler(event: Any, context: Any) -> Answer:
    """Run one step: `{"step", "resource", "planId", "executionId", "approval"}` and the remediation's options."""
    try:
        return _step(event, context.invoked_function_arn)
    except GuardrailError as error:
        name = "" if isinstance(error, ChangeFailed) else f"{type(error).__name__}: "
        raise StepFailed(_bounded(f"{name}{error}")) from None  # a cause may quote the signed request
    except (ClientError, BotoCoreError) as error:
        raise StepFailed(_bounded(sentence(error))) from None


def _bounded(text: str) -> str:
    """Return a failure's message, every character printable; refusals may be as many as a policy's principals."""
    shown = printable(text)
    return shown if len(shown) <= MAX_FAILURE else f"{shown[:MAX_FAILURE]} … (cut; the plan in the evidence has all)"


def _step(event: Any, function_arn: str) -> Answer:
    if not isinstance(event, Mapping):
        raise InputError("event: expected an object")
    step = _text(event, "step")
    if step not in STEPS:
        raise InputError(f"event.step: expected one of {', '.join(STEPS)}, found `{step[:20]}`")
    if step == "fail":
        raise ChangeFailed("UNEXPECTED_STATUS", f"a step ended with the status `{_text(event, 'status')[:40]}`")
    engine = _engine(function_arn)
    name = _environment("GUARDRAILS_REMEDIATION")
    options = _options(name, event)
    if name == UNDO:
        return _UNDO[step](engine, event, function_arn)
    return _STEPS[step](engine, _order(engine, name, event, options), event, function_arn)


def _plan(engine: Engine, asked: Order, _: Mapping[str, Any], __: str) -> Answer:
    return _planned(engine.plan(asked))


def _apply(engine: Engine, asked: Order, event: Mapping[str, Any], function_arn: str) -> Answer:
    return _applied(engine.apply(asked, _plan_id(event), _approval(engine, event, function_arn)))


def _verify(engine: Engine, asked: Order, event: Mapping[str, Any], _: str) -> Answer:
    changed = bool(_text(event, "planId"))
    decision = engine.verify(asked, changed=changed)
    return {"status": Status.VERIFIED.value, "verdict": decision.verdict.value, **_view(engine, changed=changed)}


def _view(engine: Engine, *, changed: bool) -> Answer:
    """After a change, bring a periodic rule's view up to date; what listens to changes does so by itself."""
    function = os.environ.get("GUARDRAILS_RULE_FUNCTION", "")
    return {"view": evaluate_again(engine.clients, engine.reader.region, function)} if changed and function else {}


def _plan_undo(engine: Engine, event: Mapping[str, Any], _: str) -> Answer:
    return _planned(plan_undo(engine, _text(event, "resource")))


def _apply_undo(engine: Engine, event: Mapping[str, Any], function_arn: str) -> Answer:
    allow = _approval(engine, event, function_arn)
    return _applied(apply_undo(engine, _text(event, "resource"), _plan_id(event), allow))


def _verify_undo(engine: Engine, event: Mapping[str, Any], _: str) -> Answer:
    return {"status": Status.VERIFIED.value, "verdict": verify_undo(engine, _text(event, "resource"))}


_STEPS: Final = {"plan": _plan, "apply": _apply, "verify": _verify}
_UNDO: Final = {"plan": _plan_undo, "apply": _apply_undo, "verify": _verify_undo}


def _planned(plan: Plan) -> Answer:
    if plan.status is Status.REFUSED:
        raise ChangeFailed("REFUSED", refused_sentence(plan.refusals))
    return step_answer(plan)


def _applied(plan: Plan) -> Answer:
    status = Status.APPLIED if plan.status is Status.PLANNED else plan.status
    return {"status": status.value, "planId": plan.id}


def _approval(engine: Engine, event: Mapping[str, Any], function_arn: str) -> Allow:
    """Look the approval up where the plan or the operator asks for one: the document's own branch is not relied on."""
    wanted = _text(event, "approval")
    if wanted not in APPROVALS:
        raise InputError(f"event.approval: expected one of {', '.join(APPROVALS)}, found `{wanted[:20]}`")

    def allow(plan: Plan) -> None:
        if not plan.concerns and wanted != "always":
            return
        asked = Asked(
            document=_environment("GUARDRAILS_DOCUMENT"),
            function=function_arn,
            headline=plan.headline,
            approvers=tuple(_environment("GUARDRAILS_APPROVERS").split()),
        )
        check_approval(engine.clients, engine.reader.region, _text(event, "executionId"), asked)

    return allow


def _engine(function_arn: str) -> Engine:
    """Work in the function's own account and Region; what is read is not kept between invocations, clients are."""
    _, partition, _, region, account = function_arn.split(":")[:5]
    clients = _clients(os.environ.get("AWS_ENDPOINT_URL"))
    reader = LiveReader(clients, account, region, partition)
    own = OwnEvidence(
        bucket=_environment("GUARDRAILS_EVIDENCE_BUCKET"), key=os.environ.get("GUARDRAILS_EVIDENCE_KEY", "")
    )
    store = BucketStore(clients, own.bucket, account, region)
    caller = clients.client("sts", region).get_caller_identity()["Arn"]
    return Engine(
        reader=reader,
        clients=clients,
        store=store,
        sleep=time.sleep,
        own=own,
        caller=caller,
        exemptions=own_register(clients, region),
    )


@lru_cache(maxsize=1)
def _clients(endpoint_url: str | None) -> SessionClients:
    """Making a client takes longer than most calls; credentials are those of the process."""
    return SessionClients(endpoint_url=endpoint_url)


def _options(name: str, event: Mapping[str, Any]) -> Mapping[str, str]:
    """Return the remediation's options; raise InputError for a member of the event that nothing reads."""
    declared = () if name == UNDO else _known(name).Options.documented()
    known = tuple(each.name for each in declared)
    unknown = sorted(str(each) for each in set(event) - _GIVEN - set(known))
    if unknown:
        raise InputError(f"event.{unknown[0][:80]}: expected one of {', '.join((*sorted(_GIVEN), *known))}")
    return {option: _text(event, option) for option in known}


def _known(name: str) -> Remediation:
    """Return a remediation that a rule names; raise InputError."""
    rule_of(name)
    return remediation_named(name)


def _order(engine: Engine, name: str, event: Mapping[str, Any], options: Mapping[str, str]) -> Order:
    entry = rule_of(name)
    return order(entry, _resource(engine, entry, _text(event, "resource")), _parameters(), options, name)


def rule_of(remediation: str) -> Entry:
    """Return the rule that names the document as its remediation; raise InputError."""
    found = next((entry for entry in find_rules() if remediation in entry.documents), None)
    if found is None:
        raise InputError(f"no rule has the remediation `{remediation[:80]}`")
    return found


def _resource(engine: Engine, entry: Entry, name: str) -> Resource:
    if not name:
        raise InputError("event.resource: expected a bucket name, or the id or ARN of a key")
    if issubclass(entry.rule, BucketRule):
        return _bucket(engine.reader, name.rpartition(":::")[2])
    return engine.reader.key(name)


def _bucket(reader: LiveReader, name: str) -> Bucket:
    """Return a bucket of the function's Region: S3 answers for others too, whose keys and logs are not here."""
    bucket = reader.find_bucket(name)
    if isinstance(bucket.policy, Unreadable) and not bucket.region:
        raise InputError(f"bucket `{name}`: {bucket.policy.reason}")
    if bucket.region != reader.region:
        raise InputError(f"bucket `{name}`: is in {bucket.region}; start the document there, not in {reader.region}")
    return bucket


def _parameters() -> Mapping[str, str]:
    try:
        found = strict_json(os.environ.get("GUARDRAILS_PARAMETERS") or "{}")
    except PolicySyntaxError as error:
        raise ParameterError(f"GUARDRAILS_PARAMETERS: {error}") from None
    if not isinstance(found, Mapping):
        raise ParameterError("GUARDRAILS_PARAMETERS: expected an object of the rule's parameters")
    return found


def _environment(name: str) -> str:
    value = os.environ.get(name)
    if not value:
        raise InputError(f"environment variable {name}: expected a value")
    return value


def _plan_id(event: Mapping[str, Any]) -> str:
    """Return the plan to apply; raise InputError where none is named: it would fit no resource."""
    found = _text(event, "planId")
    if not PLAN_ID.fullmatch(found):
        raise InputError(f"event.planId: expected the id that the step plan gave, found `{found[:80]}`")
    return found


def _text(event: Mapping[str, Any], name: str) -> str:
    value = event.get(name, "")
    if not isinstance(value, str):
        raise InputError(f"event.{name}: expected a string")
    return value
