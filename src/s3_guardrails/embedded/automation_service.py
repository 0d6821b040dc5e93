"""SSM Automation as a service: documents are checked when they are created, executions run in threads of their own.

moto keeps the documents; executions are kept here. Time is put forward rather than waited for. Source: AWS Systems
Manager API Reference.
"""

from __future__ import annotations

import json
import re
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from threading import Lock, Thread
from typing import Any, Final

from moto.core.exceptions import JsonRESTError
from moto.core.exceptions import ServiceException as MotoServiceException
from moto.ssm.models import ssm_backends

from s3_guardrails.embedded.automation.approval import NotAnApprover
from s3_guardrails.embedded.automation.document import MAX_BYTES, Document, parse_document
from s3_guardrails.embedded.automation.execution import Execution, Status
from s3_guardrails.embedded.automation.failure import StepFailed
from s3_guardrails.embedded.automation.fields import DocumentError, whole_reference
from s3_guardrails.embedded.automation.values import ValueRefused, given
from s3_guardrails.embedded.automation.world import Clock, QuickClock, Reply, World
from s3_guardrails.embedded.automation_view import Started, details, summary
from s3_guardrails.embedded.call import Answer, Call, Refused, json_answer
from s3_guardrails.embedded.functions import Functions
from s3_guardrails.embedded.identity import assume, caller_arn
from s3_guardrails.embedded.role_access import allows
from s3_guardrails.embedded.sts_service import ASSUME, find_role, trusts
from s3_guardrails.policy.request import Request

PLAYED: Final = frozenset({"DocumentName", "DocumentVersion", "Parameters", "ClientToken", "Mode", "Tags"})
FILTERS: Final[dict[str, Callable[[Mapping[str, Any], str], bool]]] = {
    "ExecutionId": lambda found, value: found["AutomationExecutionId"] == value,
    "ExecutionStatus": lambda found, value: found["AutomationExecutionStatus"] == value,
    "DocumentNamePrefix": lambda found, value: found["DocumentName"].startswith(value),
}
_ROLE: Final = re.compile(r"arn:aws[a-z-]*:iam::([0-9]{12}):role/.+")

Connect = Callable[[str, str, str], Any]
"""Returns the client of a service and Region that signs with an access key."""


@dataclass(slots=True)
class AutomationService:
    """The executions of an account; methods ``on_…`` answer operations. `functions` are what documents can invoke."""

    connect: Connect
    functions: Functions = field(default_factory=Functions)
    clock: Clock = field(default_factory=QuickClock)
    started: dict[str, Started] = field(default_factory=dict)
    _threads: list[tuple[str, Thread]] = field(default_factory=list)

    def wait(self, execution_id: str, seconds: float = 60) -> Status:
        """Wait until an execution ends or waits for people, and return its status."""
        for owner, thread in self._threads:
            if owner == execution_id:
                thread.join(seconds)
        return self.started[execution_id].execution.status

    def stop(self) -> None:
        """Cancel what still runs."""
        for each in self.started.values():
            each.execution.cancel()
        for _, thread in self._threads:
            thread.join(5)

    def start(self, call: Call, name: str, parameters: Mapping[str, list[str]], version: str | None = None) -> str:
        """Start an execution for the caller and return its id."""
        found, document = document_named(call, name, version)
        try:
            values = given(document.parameters, parameters)
        except ValueRefused as refused:
            raise Refused("InvalidAutomationExecutionParametersException", str(refused)) from None
        execution_id = str(uuid.uuid4())
        role = values.get(whole_reference(document.assume_role) or "", document.assume_role)
        key = _access_key(call, role, execution_id)
        world = World(
            call.account,
            call.region,
            lambda service: self.connect(service, call.region, key),
            partial(self._invoke, role, caller_arn(call)),
            clock=self.clock,
        )
        execution = Execution(document, values, world, execution_id=execution_id)
        self.started[execution_id] = Started(
            execution, found["Name"], found["DocumentVersion"], dict(parameters), caller_arn(call), Lock()
        )
        self._run(execution_id)
        return execution_id

    def on_create_document(self, call: Call) -> Answer:
        """Refuse an Automation document that is not played here; moto keeps it."""
        _check_content(call)
        return call.forward()

    def on_update_document(self, call: Call) -> Answer:
        """Refuse a new version that is not played here."""
        found, _ = document_named(call, call.parameters["Name"], None)
        if found["DocumentType"] == "Automation":
            _check_text(call.parameters["Content"])
        return call.forward()

    def on_start_automation_execution(self, call: Call) -> Answer:
        """Start an execution; rate control, targets and interactive mode are not played."""
        given = call.parameters
        extra = sorted(set(given) - PLAYED)
        if extra or given.get("Mode", "Auto") != "Auto":
            message = f"not played here: {', '.join(extra) or 'Mode'}"
            raise Refused("InvalidAutomationExecutionParametersException", message)
        found = self.start(call, given["DocumentName"], given.get("Parameters", {}), given.get("DocumentVersion"))
        return json_answer({"AutomationExecutionId": found})

    def on_get_automation_execution(self, call: Call) -> Answer:
        """Return an execution with its steps."""
        return json_answer({"AutomationExecution": details(self._find(call))})

    def on_describe_automation_executions(self, call: Call) -> Answer:
        """Return executions, newest first, by id, status or prefix of the document's name."""
        found = [summary(self.refresh(each)) for each in reversed(self.started)]
        for each in call.parameters.get("Filters", []):
            if each["Key"] not in FILTERS:
                raise Refused("InvalidFilterKey", f"{each['Key']} is not played here")
            matches = FILTERS[each["Key"]]
            found = [one for one in found if any(matches(one, value) for value in each["Values"])]
        start, limit = int(call.parameters.get("NextToken") or 0), call.parameters.get("MaxResults", 50)
        end = start + limit
        more = {"NextToken": str(end)} if end < len(found) else {}
        return json_answer({"AutomationExecutionMetadataList": found[start:end], **more})

    def on_send_automation_signal(self, call: Call) -> Answer:
        """Approve or reject the step that waits, in the name of the caller."""
        started, kind = self._find(call), call.parameters["SignalType"]
        if kind not in {"Approve", "Reject"}:
            raise Refused("InvalidAutomationSignalException", f"{kind} is not played here")
        if started.execution.status is not Status.WAITING:
            raise Refused("InvalidAutomationSignalException", "no step of the execution waits for approval")
        comment = " ".join(call.parameters.get("Payload", {}).get("Comment", []))
        try:
            started.execution.decide(caller_arn(call), kind, comment)
        except NotAnApprover as error:
            raise Refused("InvalidAutomationSignalException", str(error)) from None
        self._run(call.parameters["AutomationExecutionId"])
        return json_answer({})

    def on_stop_automation_execution(self, call: Call) -> Answer:
        """Cancel an execution; type Complete is not played."""
        started = self._find(call)
        if started.execution.ended is not None or call.parameters.get("Type", "Cancel") != "Cancel":
            raise Refused("InvalidAutomationStatusUpdateException", "the execution has ended, or Type is not Cancel")
        started.execution.cancel()
        self._run(call.parameters["AutomationExecutionId"])
        return json_answer({})

    def _invoke(self, role: str, caller: str, name: str, payload: Any) -> Reply:
        """Invoke a function that a role, where it exists, may invoke."""
        if find_role(role) is not None:
            asked = Request("", role.split(":")[4], "lambda:InvokeFunction", name)
            if not allows(role, caller, asked):
                message = f"{role} is not authorized to perform: lambda:InvokeFunction on resource: {name}"
                raise StepFailed(f"{message} (AccessDeniedException)")
        return self.functions.invoke(name, payload)

    def _find(self, call: Call) -> Started:
        execution_id = call.parameters["AutomationExecutionId"]
        if execution_id not in self.started:
            raise Refused("AutomationExecutionNotFoundException", f"no execution {execution_id}")
        return self.refresh(execution_id)

    def refresh(self, execution_id: str) -> Started:
        """Return an execution, after its approval's time-out if that is over."""
        started = self.started[execution_id]
        if started.execution.expire():
            self._run(execution_id)
        return started

    def _run(self, execution_id: str) -> None:
        started = self.started[execution_id]

        def run() -> None:
            with started.lock:
                started.execution.run()

        self._threads = [each for each in self._threads if each[1].is_alive()]
        thread = Thread(target=run, daemon=True)
        self._threads.append((execution_id, thread))
        thread.start()


def document_named(call: Call, named: str, version: str | None) -> tuple[dict[str, Any], Document]:
    """Return an Automation document by name or ARN, as GetDocument describes it and parsed."""
    name = named.partition(":document/")[2] or named
    try:
        found = ssm_backends[call.account][call.region].get_document(name, version or "", "", "")
    except (JsonRESTError, MotoServiceException):
        message = f"no document {named} in version {version or '$DEFAULT'}"
        raise Refused("AutomationDefinitionNotFoundException", message) from None
    if found["DocumentType"] != "Automation":
        raise Refused("AutomationDefinitionNotFoundException", f"{named} is not an Automation document")
    return found, parse_document(found["Content"])


def _check_content(call: Call) -> None:
    if call.parameters.get("DocumentType", "Command") == "Automation":
        _check_text(call.parameters["Content"])
    name = str(call.parameters["Name"]).lower()
    if name.startswith(("aws", "amazon", "amzn")):
        raise Refused("ValidationException", f"Invalid document name {call.parameters['Name']}")


def _check_text(text: str) -> None:
    if len(text.encode()) > MAX_BYTES:
        raise Refused("MaxDocumentSizeExceeded", f"expected at most {MAX_BYTES} bytes")
    try:
        parse_document(text)
    except DocumentError as error:
        code = "InvalidDocumentSchemaVersion" if error.path == "schemaVersion" else "InvalidDocumentContent"
        raise Refused(code, str(error)) from None


def _access_key(call: Call, role: str, execution_id: str) -> str:
    """Return the key that the execution signs with: the role's, or without one the caller's own."""
    if not role:
        return call.access_key
    found = _ROLE.fullmatch(role)
    if not found or found[1] != call.account:
        message = f"The defined assume role is unable to be assumed: {json.dumps(role)}"
        raise Refused("InvalidAutomationExecutionParametersException", message)
    source = f"arn:aws:ssm:{call.region}:{call.account}:automation-execution/{execution_id}"
    context = {"aws:PrincipalIsAWSService": "true", "aws:SourceAccount": call.account, "aws:SourceArn": source}
    if find_role(role) is not None and not trusts(role, Request("ssm.amazonaws.com", None, ASSUME, role, context)):
        message = f"The defined assume role is unable to be assumed: {json.dumps(role)}"
        raise Refused("InvalidAutomationExecutionParametersException", message)
    return assume(call.account, call.region, role, f"Automation-{execution_id}")
