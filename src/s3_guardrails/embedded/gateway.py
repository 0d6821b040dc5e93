"""The gateway in front of moto: faults strike first, then a service of this package may answer, the rest is moto's."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterable, Mapping
from functools import partial
from socket import SHUT_RDWR
from threading import RLock
from typing import Any, Final

from botocore import xform_name
from moto.iam.models import get_account_id_from
from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app
from werkzeug.http import HTTP_STATUS_CODES
from werkzeug.test import run_wsgi_app

from s3_guardrails.embedded.account_service import AccountService
from s3_guardrails.embedded.automation_service import AutomationService
from s3_guardrails.embedded.call import (
    Answer,
    Call,
    Refused,
    Signature,
    json_operation,
    query_operation,
    refusal,
    s3_operation,
)
from s3_guardrails.embedded.config_service import ConfigService
from s3_guardrails.embedded.event_service import EventService
from s3_guardrails.embedded.fault import Faults
from s3_guardrails.embedded.function_service import FunctionService, function_operation
from s3_guardrails.embedded.iam_service import IamService
from s3_guardrails.embedded.kms_service import KmsService
from s3_guardrails.embedded.organization_service import OrganizationService
from s3_guardrails.embedded.pack_service import PackService
from s3_guardrails.embedded.place import Regional
from s3_guardrails.embedded.quota_service import QuotaService
from s3_guardrails.embedded.recorder_service import RecorderService
from s3_guardrails.embedded.remediation_service import RemediationService
from s3_guardrails.embedded.results_service import ResultsService
from s3_guardrails.embedded.role_access import RoleAccess
from s3_guardrails.embedded.s3_service import S3Service
from s3_guardrails.embedded.stack.service import StackService
from s3_guardrails.embedded.stack.stack_set_service import StackSetService
from s3_guardrails.embedded.sts_service import StsService
from s3_guardrails.embedded.trail_service import TrailService

CONTROL: Final = "/v20180820/"
"""Where the paths of S3 Control begin (Amazon S3 API Reference)."""

Service = (
    S3Service
    | KmsService
    | IamService
    | ConfigService
    | FunctionService
    | PackService
    | StackService
    | StackSetService
    | RecorderService
    | RemediationService
    | AutomationService
    | AccountService
    | EventService
    | OrganizationService
    | QuotaService
    | ResultsService
    | RoleAccess
    | StsService
    | TrailService
)
Services = Mapping[str, tuple[Service | Regional, ...]]
"""By the name under which SDKs sign; the first that knows an operation answers it."""


_REST: Final = {
    ("account", "POST", "/getRegionOptStatus"): "GetRegionOptStatus",
    ("lambda", "GET", "/2016-08-19/account-settings"): "GetAccountSettings",
}
"""Service, method and path of the REST protocol → operation, of those that are answered here."""

Wsgi = Callable[..., Any]


class Gateway:
    """The WSGI application in front of moto."""

    def __init__(self, services: Services, faults: Faults) -> None:
        """Take the services by the name under which SDKs sign for them."""
        self._moto: Wsgi = DomainDispatcherApplication(create_backend_app)
        self._services, self._faults = services, faults
        self._lock = RLock()  # moto's models are not made for threads

    def __call__(self, environ: dict[str, Any], start_response: Wsgi) -> Iterable[bytes]:
        """Answer one request."""
        call = self._read(environ)
        self._faults.precede(call)  # outside the lock: who acts may call this AWS
        try:
            with self._lock:
                answer = self._answer(call)
        except ConnectionResetError:
            environ["werkzeug.socket"].shutdown(SHUT_RDWR)
            raise
        body = b"" if environ["REQUEST_METHOD"] == "HEAD" else answer.body
        headers = {"Content-Length": str(len(body)), **answer.headers}
        start_response(f"{answer.status} {HTTP_STATUS_CODES.get(answer.status, 'Unknown')}", list(headers.items()))
        return [body]

    def _answer(self, call: Call) -> Answer:
        try:
            self._faults.strike(call)
            for service in (*self._services.get("account", ()), *self._services.get(call.service, ())):
                if isinstance(service, S3Service | AccountService | RoleAccess):
                    service.admit(call)
            handle = self._handler(call)
            answer = handle(call) if handle else None
            return self._faults.outcome(call, answer or call.forward())
        except Refused as refused:
            return refusal(call.service, refused)

    def _handler(self, call: Call) -> Callable[[Call], Answer] | None:
        services = [
            each.at(call.account, call.region) if isinstance(each, Regional) else each
            for each in self._services.get(call.service, ())
        ]
        found = [
            getattr(each, name, None) for name in (f"on_{_snake(call.operation)}", "on_other") for each in services
        ]
        return next(filter(None, found), None)

    def _read(self, environ: dict[str, Any]) -> Call:
        headers = {
            name.removeprefix("HTTP_").replace("_", "-").lower(): value
            for name, value in environ.items()
            if name.startswith("HTTP_") and isinstance(value, str)
        }
        body = _body(environ)
        signature = Signature.read(headers.get("authorization", ""), environ.get("QUERY_STRING", ""))
        control = environ["PATH_INFO"].startswith(CONTROL)
        service = "s3control" if control else signature.service  # both sign for s3
        operation, resource, parameters = _meaning(service, environ, headers, body)
        return Call(
            service=service,
            operation=operation,
            account=get_account_id_from(signature.access_key),
            region=signature.region,
            resource=resource,
            parameters=parameters,
            headers=headers,
            body=body,
            forward=partial(self._forward, self._vouched(environ, signature)),
            access_key=signature.access_key,
            key=_object_key(environ) if service == "s3" else "",
        )

    def _vouched(self, environ: dict[str, Any], signature: Signature) -> dict[str, Any]:
        """Sign for nobody, whom moto would refuse, where the policy has judged."""
        judged = any(isinstance(each, S3Service) and each.enforcing for each in self._services.get("s3", ()))
        if signature.access_key or not judged:
            return environ
        scope = f"nobody/20260101/{signature.region}/s3/aws4_request"
        return {
            **environ,
            "HTTP_AUTHORIZATION": f"AWS4-HMAC-SHA256 Credential={scope}, SignedHeaders=host, Signature=0",
        }

    def _forward(self, environ: dict[str, Any], body: bytes | None = None) -> Answer:
        if body is not None:
            environ = {**environ, "wsgi.input": io.BytesIO(body), "CONTENT_LENGTH": str(len(body))}
        chunks, status, headers = run_wsgi_app(self._moto, environ, buffered=True)
        return Answer(int(status.split()[0]), b"".join(chunks), dict(headers.items()))


def _body(environ: dict[str, Any]) -> bytes:
    """Read the body and put it back for moto; a chunked upload is left to moto alone."""
    length = environ.get("CONTENT_LENGTH")
    if not length:
        return b""
    body: bytes = environ["wsgi.input"].read(int(length))
    environ["wsgi.input"] = io.BytesIO(body)
    return body


def _object_key(environ: dict[str, Any]) -> str:
    path: str = environ["PATH_INFO"].encode("latin-1").decode(errors="replace")  # WSGI's way with bytes
    return path.lstrip("/").partition("/")[2]


def _meaning(
    service: str, environ: dict[str, Any], headers: Mapping[str, str], body: bytes
) -> tuple[str, str, dict[str, Any]]:
    if "x-amz-target" in headers:
        return json_operation(headers, body)
    if service == "s3":
        return s3_operation(environ["REQUEST_METHOD"], environ["PATH_INFO"], environ.get("QUERY_STRING", ""), headers)
    if service == "s3control" and environ["PATH_INFO"] == f"{CONTROL}configuration/publicAccessBlock":
        return f"{environ['REQUEST_METHOD'].title()}PublicAccessBlock", headers.get("x-amz-account-id", ""), {}
    if service in {"cloudformation", "iam", "sns", "sts"}:
        return query_operation(body)
    if service == "lambda" and (found := function_operation(environ["REQUEST_METHOD"], environ["PATH_INFO"], body)):
        return found
    return _REST.get((service, environ["REQUEST_METHOD"], environ["PATH_INFO"]), ""), "", {}


def _snake(operation: str) -> str:
    return xform_name(operation)
