"""One Lambda execution environment on this machine: awslambdaric in a process of its own, fed by a Runtime API.

The handler runs as Lambda runs it: imported by the runtime client, its event and its answer marshalled through JSON,
its errors reported by the client. Source: AWS Lambda Developer Guide, "Lambda runtime API" (version 2018-06-01).
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from queue import Empty, Queue
from threading import Event, Thread
from typing import Any, Final, Self

import s3_guardrails

PACKAGE_PARENT: Final = Path(s3_guardrails.__file__).parents[1]
"""The folder from which a Lambda's process imports this package."""


class Ending(StrEnum):
    """How an invocation ended, as Lambda counts it: only RESPONSE is a success."""

    RESPONSE = "response"
    ERROR = "error"
    INIT_ERROR = "init error"
    TIMEOUT = "timeout"
    EXITED = "process exited"


@dataclass(frozen=True, slots=True)
class Invocation:
    """One invocation: its ending, the answer or the error as plain data, and what the process printed so far."""

    ending: Ending
    body: Any
    log: str

    @property
    def succeeded(self) -> bool:
        """Would Lambda count this invocation as a success?"""
        return self.ending is Ending.RESPONSE


class LambdaRuntime:
    """A warm Lambda: `handler` is ``module.function`` below `folder`; use as a context manager, invoke repeatedly.

    `environment` is all that the process sees besides Lambda's own variables and what Python needs to start. `timeout`
    is in seconds, for each invocation; `name` is the function's, or its ARN.
    """

    def __init__(
        self,
        handler: str,
        folder: Path,
        environment: Mapping[str, str],
        timeout: float = 30,
        *,
        name: str = "guardrail",
    ) -> None:
        """Remember what to run; the process starts on entering."""
        self._arn = name if name.startswith("arn:") else f"{_HOME}{name}"
        self._handler, self._folder, self._environment, self._timeout = handler, folder, environment, timeout
        self._events: Queue[Any] = Queue()
        self._results: Queue[tuple[Ending, Any]] = Queue()
        self._loaded = Event()

    def __enter__(self) -> Self:
        """Start the Runtime API and the process."""
        self._server = _Server(
            ("127.0.0.1", 0), _api(self._events, self._results, self._timeout, self._arn, self._loaded)
        )
        self._thread = Thread(target=self._server.serve_forever, args=(0.05,), daemon=True)
        self._thread.start()
        self._log = tempfile.TemporaryFile()
        self._process = subprocess.Popen(
            [sys.executable, "-m", "awslambdaric", self._handler],
            cwd=self._folder,
            env=self._variables(),
            stdout=self._log,
            stderr=subprocess.STDOUT,
        )
        return self

    def __exit__(self, *_: object) -> None:
        """End the process and the Runtime API."""
        self._process.kill()
        self._process.wait()
        self._events.put(_STOP)  # frees a request that still waits for an event
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()
        self._log.close()

    def invoke(self, event: Any) -> Invocation:
        """Deliver one event and wait for its ending; a process that exits ends every later invocation too."""
        self._events.put(event)
        deadline = time.monotonic() + self._timeout
        while time.monotonic() < deadline:
            exited = self._process.poll() is not None
            try:
                return Invocation(*self._results.get(timeout=0.05), self.log())
            except Empty:
                if exited:
                    return Invocation(Ending.EXITED, None, self.log())
        return Invocation(Ending.TIMEOUT, None, self.log())

    def wait_loaded(self) -> None:
        """Wait until the handler is imported, or will not be."""
        while self._process.poll() is None and not self._loaded.wait(0.05) and self._results.empty():
            pass

    def log(self) -> str:
        """Return what the process printed so far."""
        size = os.fstat(self._log.fileno()).st_size
        return os.pread(self._log.fileno(), size, 0).decode(errors="replace")

    def _variables(self) -> dict[str, str]:
        return {
            **{name: os.environ[name] for name in _INHERITED if name in os.environ},
            "PYTHONPATH": str(PACKAGE_PARENT),
            "AWS_LAMBDA_RUNTIME_API": f"127.0.0.1:{self._server.server_port}",
            "AWS_LAMBDA_FUNCTION_NAME": self._handler.partition(".")[0],
            "AWS_LAMBDA_FUNCTION_VERSION": "$LATEST",
            "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "256",
            "LAMBDA_TASK_ROOT": str(self._folder),
            "_HANDLER": self._handler,
            **self._environment,
        }


_STOP: Final = object()
_HOME: Final = "arn:aws:lambda:us-east-1:123456789012:function:"

_INHERITED: Final = ("PATH", "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH", "SYSTEMROOT", "TMPDIR", "LANG", "LC_ALL")
"""What an interpreter may need to start; nothing that tells it about AWS or a proxy."""


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, *_: object) -> None:
        """Stay silent: a process that was killed resets its connection."""


def _api(
    events: Queue[Any], results: Queue[tuple[Ending, Any]], timeout: float, arn: str, loaded: Event
) -> type[BaseHTTPRequestHandler]:
    class RuntimeApi(BaseHTTPRequestHandler):
        """GET …/invocation/next waits for an event; POST …/response, …/error and /init/error end one."""

        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True
        wbufsize = -1  # headers and body in one piece, or each answer waits 40 ms for an acknowledgement

        def log_message(self, *_: object) -> None:
            """Stay silent: the invocations tell what happened."""

        def do_GET(self) -> None:
            loaded.set()
            event = events.get()
            if event is _STOP:
                return
            self._reply(
                200,
                json.dumps(event).encode(),
                {
                    "Lambda-Runtime-Aws-Request-Id": str(uuid.uuid4()),
                    "Lambda-Runtime-Deadline-Ms": str(int((time.time() + timeout) * 1000)),
                    "Lambda-Runtime-Invoked-Function-Arn": arn,
                },
            )

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            results.put((_ending(self.path), json.loads(body or b"null")))
            self._reply(202, b"{}", {})

        def _reply(self, status: int, body: bytes, headers: Mapping[str, str]) -> None:
            self.send_response(status)
            for name, value in {"Content-Type": "application/json", "Content-Length": len(body), **headers}.items():
                self.send_header(name, str(value))
            self.end_headers()
            self.wfile.write(body)

    return RuntimeApi


def _ending(path: str) -> Ending:
    if path.endswith("/init/error"):
        return Ending.INIT_ERROR
    return Ending.RESPONSE if path.endswith("/response") else Ending.ERROR
