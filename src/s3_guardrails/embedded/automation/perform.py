"""Do the work of one step: the actions that neither jump nor wait for people.

Source: AWS Systems Manager User Guide, the page of each action. What an aws:invokeLambdaFunction step may select is not
said there; published runbooks select inside the function's answer with ``$.Payload.name``, as with aws:executeScript,
while ``{{ Step.Payload }}`` is "the JSON representation of the object returned", hence text.
"""

from __future__ import annotations

import base64
import json
import subprocess
import sys
from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Any, Final

from botocore import xform_name
from botocore.exceptions import BotoCoreError, ClientError

from s3_guardrails.embedded.automation.failure import StepFailed, StepTimedOut
from s3_guardrails.embedded.automation.selector import NothingSelected, select
from s3_guardrails.embedded.automation.step_inputs import DURATION, NOT_PARAMETERS
from s3_guardrails.embedded.automation.world import World

MAX_PAYLOAD: Final = 100 * 1024
POLL_SECONDS: Final = 5
LOG_BYTES: Final = 4096

Inputs = Mapping[str, Any]
Response = dict[str, Any]
"""What selectors select from."""


def perform(action: str, inputs: Inputs, world: World, timeout: int) -> Response:
    """Return the response of an action whose inputs are resolved; raise StepFailed. `timeout` is in seconds."""
    return _WORK[action](inputs, world, timeout)


def implicit_outputs(action: str, response: Response) -> Response:
    """Return the outputs that a step has without declaring them."""
    match action:
        case "aws:executeScript":
            return {"Payload": response["Payload"]}
        case "aws:invokeLambdaFunction":
            return {**response, "Payload": json.dumps(response["Payload"])}
        case _:
            return {}


def _execute_api(inputs: Inputs, world: World, _timeout: int) -> Response:
    parameters = {name: value for name, value in inputs.items() if name not in NOT_PARAMETERS}
    try:
        method = getattr(world.client(inputs["Service"]), xform_name(inputs["Api"]))
        response = method(**parameters)
    except (ClientError, BotoCoreError) as error:
        raise StepFailed(str(error)) from None
    response.pop("ResponseMetadata", None)
    plain: Response = json.loads(json.dumps(response, default=_plain))
    return plain


def _assert_property(inputs: Inputs, world: World, timeout: int) -> Response:
    found = _property(inputs, world, timeout)
    if found not in _desired(inputs):
        wanted = ", ".join(_desired(inputs))
        raise StepFailed(f"{inputs['PropertySelector']} is `{found}`, expected one of {wanted}")
    return {}


def _await_property(inputs: Inputs, world: World, timeout: int) -> Response:
    deadline = world.clock.now() + timedelta(seconds=timeout)
    while True:
        try:
            found = _property(inputs, world, timeout)
            state = f"{inputs['PropertySelector']} is `{found}`"
            if found in _desired(inputs):
                return {}
        except StepFailed as failed:
            state = str(failed)
        if world.clock.now() >= deadline:
            raise StepTimedOut(f"after {timeout} s {state}")
        world.clock.sleep(POLL_SECONDS)


def _property(inputs: Inputs, world: World, timeout: int) -> str:
    try:
        return str(select(inputs["PropertySelector"], _execute_api(inputs, world, timeout)))
    except NothingSelected as nothing:
        raise StepFailed(f"{nothing} is not in the response") from None


def _desired(inputs: Inputs) -> list[str]:
    """Values are compared as text; booleans are True and False."""
    return [str(each) for each in inputs["DesiredValues"]]


def _invoke_function(inputs: Inputs, world: World, timeout: int) -> Response:
    payload = inputs.get("InputPayload")
    if payload is None:
        payload = _json(inputs.get("Payload", "{}"))
    before = world.clock.now()
    reply = world.invoke(inputs["FunctionName"], payload)
    if world.clock.now() - before > timedelta(seconds=timeout):
        raise StepTimedOut(f"{inputs['FunctionName']} did not answer within {timeout} s")
    if reply.function_error:
        raise StepFailed(_error_of(inputs["FunctionName"], reply.payload))
    _within_limit(reply.payload)
    log = base64.b64encode(reply.log.encode()[-LOG_BYTES:]).decode() if inputs.get("LogType") == "Tail" else ""
    return {"StatusCode": 200, "FunctionError": "", "LogResult": log, "Payload": reply.payload}


def _error_of(function: str, payload: Any) -> str:
    if isinstance(payload, Mapping) and "errorMessage" in payload:
        return f"{payload.get('errorType', 'Error')}: {payload['errorMessage']}"
    return f"{function} failed: {json.dumps(payload)}"


def _execute_script(inputs: Inputs, world: World, timeout: int) -> Response:
    """Run the script in a process of its own, which sees nothing but the embedder's environment."""
    request = json.dumps([inputs["Script"], inputs["Handler"], inputs.get("InputPayload", {})])
    command = [sys.executable, "-c", _RUNNER]
    try:
        process = subprocess.run(  # the script is the document's own
            command,
            input=request,
            text=True,
            capture_output=True,
            timeout=timeout,
            env=dict(world.environment),
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise StepTimedOut(f"the script did not end within {timeout} s") from None
    _, found, answer = process.stdout.rpartition("\x1e")
    if process.returncode or not found:
        raise StepFailed((process.stderr or process.stdout).strip()[-2000:])
    payload = json.loads(answer)
    _within_limit(payload)
    return {"Payload": payload}


_RUNNER: Final = """
import json, sys
script, handler, events = json.load(sys.stdin)
names = {"__name__": "script"}
exec(compile(script, "Script", "exec"), names)
answer = json.dumps(names[handler.rpartition(".")[2]](events, {}))
print("\\x1e" + answer)
"""


def _sleep(inputs: Inputs, world: World, _timeout: int) -> Response:
    found = DURATION.fullmatch(inputs["Duration"])
    if not found:
        raise StepFailed(f"`{inputs['Duration']}` is not a duration such as PT10M")
    parts = zip(found.groups(default="0"), (86400, 3600, 60, 1), strict=True)
    world.clock.sleep(sum(int(count) * seconds for count, seconds in parts))
    return {}


def _within_limit(payload: Any) -> None:
    size = len(json.dumps(payload).encode())
    if size > MAX_PAYLOAD:
        raise StepFailed(f"the payload has {size} bytes, at most {MAX_PAYLOAD} are returned")


def _json(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        raise StepFailed("Payload is not JSON") from None


def _plain(value: Any) -> str:
    return value.isoformat() if hasattr(value, "isoformat") else str(value)


_WORK: Final[dict[str, Callable[[Inputs, World, int], Response]]] = {
    "aws:executeAwsApi": _execute_api,
    "aws:assertAwsResourceProperty": _assert_property,
    "aws:waitForAwsResourceProperty": _await_property,
    "aws:executeScript": _execute_script,
    "aws:invokeLambdaFunction": _invoke_function,
    "aws:sleep": _sleep,
}
