"""Lambda: functions whose code comes from a bucket of their Region, and who may call them.

A function runs in a runtime of its own, from the very zip, as a session of its role; it starts at its first call.
Source: AWS Lambda API Reference; "Lambda quotas"; the words of refusals as people report them.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from threading import Lock
from typing import Any, Final

from moto.s3.models import s3_backends

from s3_guardrails.embedded.automation.world import Reply
from s3_guardrails.embedded.call import Answer, Call, Refused
from s3_guardrails.embedded.code_access import refuse_unreadable
from s3_guardrails.embedded.code_store import CodeStore
from s3_guardrails.embedded.functions import Functions, reply_of
from s3_guardrails.embedded.runtime import Invocation, LambdaRuntime
from s3_guardrails.embedded.s3_service import S3Service
from s3_guardrails.embedded.sts_service import ASSUME, trusts
from s3_guardrails.policy.authorize import Outcome, authorize
from s3_guardrails.policy.document import parse_policy
from s3_guardrails.policy.request import Request

SETTINGS: Final = ("Description", "Handler", "MemorySize", "Role", "Runtime", "Timeout", "Environment", "LoggingConfig")
MAX_ENVIRONMENT: Final = 4096
_NAME: Final = re.compile(r"[A-Za-z0-9_-]{1,64}")
_PATH: Final = re.compile(r"/2015-03-31/functions(?:/([^/]+))?(?:/([a-z]+)(?:/([^/]+))?)?/?")
_OPERATIONS: Final = {
    ("POST", False, None): "CreateFunction",
    ("GET", False, None): "ListFunctions",
    ("GET", True, None): "GetFunction",
    ("DELETE", True, None): "DeleteFunction",
    ("PUT", True, "configuration"): "UpdateFunctionConfiguration",
    ("PUT", True, "code"): "UpdateFunctionCode",
    ("GET", True, "policy"): "GetPolicy",
    ("POST", True, "policy"): "AddPermission",
    ("DELETE", True, "policy"): "RemovePermission",
}

Environment = Callable[[str], Mapping[str, str]]
"""Role → what leads a function's SDK here, as a session of the role."""


def function_operation(method: str, path: str, body: bytes) -> tuple[str, str, dict[str, Any]] | None:
    """Return operation, function and parameters of a request to Lambda's REST API, None for one that is not played."""
    found = _PATH.fullmatch(path)
    operation = found and _OPERATIONS.get((method, found[1] is not None, found[2]))
    if not found or operation is None:
        return None
    return operation, found[1] or "", {"StatementId": found[3], **json.loads(body or b"{}")}


@dataclass(slots=True)
class Deployed:
    """A function: its settings, the SHA-256 of its code, who may call it, and its runtime once it has started."""

    arn: str
    settings: dict[str, Any]
    code: str
    code_from: Mapping[str, str]
    statements: dict[str, dict[str, Any]] = field(default_factory=dict)
    runtime: LambdaRuntime | None = None
    lock: Lock = field(default_factory=Lock)

    def configuration(self, name: str) -> dict[str, Any]:
        """Return FunctionConfiguration."""
        return {"FunctionName": name, "FunctionArn": self.arn, "CodeSha256": self.code, **self.settings}

    def stop(self) -> None:
        """End the runtime."""
        with self.lock:
            if self.runtime is not None:
                self.runtime.__exit__()
                self.runtime = None


@dataclass(slots=True)
class FunctionService:
    """The functions of one account and Region. Methods ``on_…`` answer operations."""

    s3: S3Service
    store: CodeStore
    environment: Environment
    callable: Functions
    deployed: dict[str, Deployed] = field(default_factory=dict)

    def on_create_function(self, call: Call) -> Answer:
        """Create a function that Lambda can run."""
        given, name = call.parameters, call.parameters["FunctionName"]
        if name in self.deployed:
            raise Refused("ResourceConflictException", f"Function already exist: {name}", 409)
        if not _NAME.fullmatch(name):
            raise Refused("ValidationException", f"functionName: expected 1 to 64 letters, digits, - and _: {name}")
        settings = {each: given[each] for each in SETTINGS if each in given}
        _check(settings)
        arn = f"arn:aws:lambda:{call.region}:{call.account}:function:{name}"
        self.deployed[name] = Deployed(arn, settings, self._code(call, given["Code"]), dict(given["Code"]))
        self.callable.deploy(name, lambda payload: self._reply(name, payload))
        return _json(self.deployed[name].configuration(name), 201)

    def on_update_function_code(self, call: Call) -> Answer:
        """Take other code; a runtime that runs ends."""
        function, code = self._find(call), {each: call.parameters[each] for each in ("S3Bucket", "S3Key")}
        function.code, function.code_from = self._code(call, code), code
        function.stop()
        return _json(function.configuration(call.resource))

    def on_update_function_configuration(self, call: Call) -> Answer:
        """Change settings; a runtime that runs ends."""
        function = self._find(call)
        settings = function.settings | {each: call.parameters[each] for each in SETTINGS if each in call.parameters}
        _check(settings)
        function.settings = settings
        function.stop()
        return _json(function.configuration(call.resource))

    def on_get_function(self, call: Call) -> Answer:
        """Tell of a function."""
        function = self._find(call)
        return _json({"Configuration": function.configuration(call.resource), "Code": {"RepositoryType": "S3"}})

    def on_list_functions(self, _: Call) -> Answer:
        """List all."""
        return _json({"Functions": [each.configuration(name) for name, each in sorted(self.deployed.items())]})

    def on_delete_function(self, call: Call) -> Answer:
        """Delete a function and who may call it."""
        self._find(call).stop()
        del self.deployed[call.resource]
        self.callable.remove(call.resource)
        return Answer(204)

    def on_add_permission(self, call: Call) -> Answer:
        """Let a service or principal call."""
        function, given = self._find(call), call.parameters
        if given["StatementId"] in function.statements:
            raise Refused("ResourceConflictException", f"The statement id ({given['StatementId']}) already exists", 409)
        statement = _statement(function.arn, given)
        function.statements[given["StatementId"]] = statement
        return _json({"Statement": json.dumps(statement)}, 201)

    def on_remove_permission(self, call: Call) -> Answer:
        """Take a permission back."""
        function = self._find(call)
        if function.statements.pop(call.parameters["StatementId"], None) is None:
            raise Refused("ResourceNotFoundException", f"No policy is found for: {function.arn}", 404)
        return Answer(204)

    def on_get_policy(self, call: Call) -> Answer:
        """Tell who may call."""
        function = self._find(call)
        if not function.statements:
            raise Refused("ResourceNotFoundException", "The resource you requested does not exist.", 404)
        return _json({"Policy": json.dumps(_policy(function)), "RevisionId": "1"})

    def callable_by(self, service: str, arn: str, account: str, source: str = "") -> bool:
        """May a service call the function (its ARN) for something of the account?"""
        function = self.deployed.get(arn.rpartition(":")[2])
        if function is None or function.arn != arn or not function.statements:
            return False
        context = {"aws:PrincipalIsAWSService": "true", "aws:SourceAccount": account}
        context |= {"aws:SourceArn": source} if source else {}
        request = Request(service, None, "lambda:InvokeFunction", arn, context)
        return authorize(parse_policy(_policy(function)), request).outcome is Outcome.ALLOW

    def start(self, name: str) -> LambdaRuntime:
        """Start a function's runtime, or return the one that runs."""
        function = self.deployed[name]
        if function.runtime is None:
            folder, settings = self.store.folder(function.code), function.settings
            environment = {
                "PYTHONPATH": str(folder),
                **self.environment(settings["Role"]),
                **settings.get("Environment", {}).get("Variables", {}),
            }
            timeout = settings.get("Timeout", 3)
            runtime = LambdaRuntime(settings["Handler"], folder, environment, timeout, name=function.arn)
            function.runtime = runtime.__enter__()
        return function.runtime

    def invoke(self, name: str, payload: Any) -> Invocation:
        """Call a function; it serves one call at a time."""
        with self.deployed[name].lock:
            return self.start(name).invoke(payload)

    def stop(self) -> None:
        """End every runtime; a function starts again at its next call."""
        for each in self.deployed.values():
            each.stop()

    def _reply(self, name: str, payload: Any) -> Reply:
        return reply_of(self.invoke(name, payload))

    def _find(self, call: Call) -> Deployed:
        if call.resource not in self.deployed:
            arn = f"arn:aws:lambda:{call.region}:{call.account}:function:{call.resource}"
            raise Refused("ResourceNotFoundException", f"Function not found: {arn}", 404)
        return self.deployed[call.resource]

    def _code(self, call: Call, given: Mapping[str, str]) -> str:
        """Fetch code as the caller; return its SHA-256."""
        if set(given) != {"S3Bucket", "S3Key"}:
            raise Refused("InvalidParameterValueException", f"Code: not played here: {sorted(given)}")
        owner = refuse_unreadable(call, self.s3, given["S3Bucket"], given["S3Key"])
        return self.store.keep(s3_backends[owner]["aws"].buckets[given["S3Bucket"]].keys[given["S3Key"]].value)


def _check(settings: Mapping[str, Any]) -> None:
    """Refuse what Lambda would refuse: a role that it cannot become, too large an environment, a time-out."""
    role = settings["Role"]
    as_service = {"aws:PrincipalIsAWSService": "true"}
    if not trusts(role, Request("lambda.amazonaws.com", None, ASSUME, role, as_service)):
        message = "The role defined for the function cannot be assumed by Lambda."
        raise Refused("InvalidParameterValueException", message)
    variables = settings.get("Environment", {}).get("Variables", {})
    if len(json.dumps(variables, separators=(",", ":"))) > MAX_ENVIRONMENT:
        message = "Lambda was unable to configure your environment variables because they exceeded the 4KB limit."
        raise Refused("InvalidParameterValueException", message)
    if not 1 <= settings.get("Timeout", 3) <= 900 or not 128 <= settings.get("MemorySize", 128) <= 10_240:
        raise Refused("ValidationException", "expected a Timeout of 1 to 900 s and a MemorySize of 128 to 10240 MB")


def _policy(function: Deployed) -> dict[str, Any]:
    return {"Version": "2012-10-17", "Id": "default", "Statement": list(function.statements.values())}


def _statement(arn: str, given: Mapping[str, Any]) -> dict[str, Any]:
    principal = given["Principal"]
    kind = "Service" if principal.endswith(".amazonaws.com") else "AWS"
    condition: dict[str, Any] = {}
    if "SourceAccount" in given:
        condition["StringEquals"] = {"AWS:SourceAccount": given["SourceAccount"]}
    if "SourceArn" in given:
        condition["ArnLike"] = {"AWS:SourceArn": given["SourceArn"]}
    statement = {"Sid": given["StatementId"], "Effect": "Allow", "Principal": {kind: principal}}
    return {**statement, "Action": given["Action"], "Resource": arn, **({"Condition": condition} if condition else {})}


def _json(data: Any, status: int = 200) -> Answer:
    return Answer(status, json.dumps(data).encode(), {"Content-Type": "application/json"})
