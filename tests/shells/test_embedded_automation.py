"""SSM Automation of the embedded AWS: documents run as the table says, and what is not played is refused."""

import json
from datetime import timedelta
from pathlib import Path

import pytest
import yaml

from s3_guardrails.embedded.automation.approval import NotAnApprover
from s3_guardrails.embedded.automation.document import parse_document
from s3_guardrails.embedded.automation.execution import Execution, Status
from s3_guardrails.embedded.automation.failure import StepFailed
from s3_guardrails.embedded.automation.fields import DocumentError
from s3_guardrails.embedded.automation.values import ValueRefused, given
from s3_guardrails.embedded.automation.world import QuickClock, Reply, World
from s3_guardrails.embedded.server import EmbeddedAws

CASES = Path(__file__).parents[1] / "cases" / "automation"
RUNS, REFUSED = (yaml.safe_load(CASES.joinpath(name).read_text()) for name in ("runs.yaml", "refused.yaml"))
ALICE, SECURITY = "arn:aws:iam::123456789012:user/alice", "arn:aws:iam::123456789012:role/Security"


class Functions:
    """Functions that echo, fail a number of times, fail for good, are slow or answer much."""

    def __init__(self, clock, functions):
        self.clock, self.functions, self.invoked = clock, functions, 0

    def __call__(self, name, payload):
        if name not in self.functions:
            raise StepFailed(f"Function not found: {name} (ResourceNotFoundException)")
        behaviour = self.functions[name]
        self.invoked += 1
        self.clock.sleep(behaviour.get("seconds", 0))
        if "error" in behaviour or self.invoked <= behaviour.get("fails", 0):
            return Reply(behaviour.get("error", {"errorMessage": "not yet"}), "Unhandled")
        return Reply("x" * behaviour["answer_bytes"] if "answer_bytes" in behaviour else payload)


def document_of(data):
    return parse_document(json.dumps({"schemaVersion": "0.3", **data}))


@pytest.fixture(scope="module")
def aws():
    with EmbeddedAws() as shared:
        yield shared


@pytest.fixture
def bucket(aws):
    aws.client("s3").create_bucket(Bucket="data")
    yield "data"
    aws.client("s3").delete_bucket(Bucket="data")


@pytest.fixture
def world(aws):
    return World(aws.account, aws.region, aws.client, clock=QuickClock())


def execution_of(world, data, **parameters):
    document = document_of(data)
    return Execution(document, given(document.parameters, parameters), world, execution_id="an-execution")


@pytest.mark.parametrize("case", RUNS, ids=lambda case: case["name"])
def test_a_document_runs_as_documented(aws, bucket, case):
    clock = QuickClock()
    functions = Functions(clock, case.get("functions", {}))
    execution = execution_of(World(aws.account, aws.region, aws.client, functions, clock=clock), case["document"])
    execution.run()
    for sender, decision in case.get("decisions", []):
        execution.decide(sender, decision)
        execution.run()
    assert execution.status.value == case["status"], execution.failure
    if "steps" in case:
        assert {run.step.name: run.status.value for run in execution.steps} == case["steps"]
    assert execution.outputs == case.get("outputs", execution.outputs)
    assert execution.failure == case.get("failure", execution.failure)
    assert bool(execution.failure) == (execution.status in {Status.FAILED, Status.TIMED_OUT})


@pytest.mark.parametrize("case", REFUSED, ids=lambda case: case["place"])
def test_what_is_not_played_is_refused_with_its_place(case):
    with pytest.raises(DocumentError) as refused:
        document_of(case["document"])
    assert refused.value.path == case["place"]


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("schemaVersion: [", "not YAML"),
        ("schemaVersion: '0.3'\nschemaVersion: '0.3'\nmainSteps: []", "two members `schemaVersion`"),
        ("just text", "expected an object"),
        ("# " + "x" * 65_536, "at most 65536 bytes"),
    ],
)
def test_text_that_is_no_document_is_refused(text, says):
    with pytest.raises(DocumentError, match=says):
        parse_document(text)


PARAMETERS = document_of(
    {
        "parameters": {
            "Bucket": {"type": "AWS::S3::Bucket::Name"},
            "Mode": {"type": "String", "default": "kms", "allowedValues": ["kms", "dsse"]},
            "Days": {"type": "Integer", "default": 90},
            "Dry": {"type": "Boolean", "default": False},
            "Names": {"type": "StringList", "default": [], "maxItems": 2, "allowedPattern": "^[a-z]+$"},
            "Tags": {"type": "StringMap", "default": {}},
            "Text": {"type": "String", "default": "", "maxChars": 8, "allowedPattern": "^[^\\n]*$"},
        },
        "mainSteps": [{"name": "Rest", "action": "aws:sleep", "inputs": {"Duration": "PT1S"}}],
    }
).parameters


def test_parameters_come_as_lists_of_strings_and_get_their_types_and_defaults():
    texts = {"Bucket": ["data"], "Days": ["365"], "Dry": ["true"], "Names": ["a", "b"], "Tags": ['{"a": "b"}']}
    found = given(PARAMETERS, texts)
    assert found == {
        "Bucket": "data",
        "Mode": "kms",
        "Days": 365,
        "Dry": True,
        "Names": ["a", "b"],
        "Tags": {"a": "b"},
        "Text": "",
    }


@pytest.mark.parametrize(
    ("texts", "says"),
    [
        ({"Bucket": ["abc"]}, "is not a AWS::S3::Bucket::Name"),
        ({"Bucket": ["data", "logs"]}, "expected one value"),
        ({"Mode": ["KMS"]}, "is not one of kms, dsse"),
        ({"Days": ["ninety"]}, "is not a Integer"),
        ({"Days": ["true"]}, "is not a Integer"),
        ({"Dry": ["yes"]}, "is not a Boolean"),
        ({"Names": ["a", "b", "c"]}, "expected 0 to 2 items"),
        ({"Names": ["a1"]}, "does not match"),
        ({"Text": ["first\nsecond"]}, "does not match"),
        ({"Text": ["123456789"]}, "expected 0 to 8 chars"),
        ({"Text": ["x" * 513]}, "at most 512 characters"),
        ({"Other": ["a"]}, "the document has no such parameter"),
    ],
)
def test_values_that_a_parameter_does_not_take_are_refused(texts, says):
    with pytest.raises(ValueRefused, match=says):
        given(PARAMETERS, {"Bucket": ["data"], **texts})


def test_a_parameter_without_default_must_be_given():
    with pytest.raises(ValueRefused, match="Bucket: expected a value"):
        given(PARAMETERS, {})


ASK = {
    "mainSteps": [
        {
            "name": "Ask",
            "action": "aws:approve",
            "onFailure": "step:Note",
            "timeoutSeconds": 3600,
            "inputs": {"Approvers": [ALICE, SECURITY]},
        },
        {"name": "Apply", "action": "aws:sleep", "isEnd": True, "inputs": {"Duration": "PT1S"}},
        {"name": "Note", "action": "aws:sleep", "inputs": {"Duration": "PT1S"}},
    ]
}


def test_only_approvers_decide_and_each_once(world):
    two = json.loads(json.dumps(ASK))
    two["mainSteps"][0]["inputs"]["MinRequiredApprovals"] = 2
    execution = execution_of(world, two)
    execution.run()
    with pytest.raises(NotAnApprover, match="mallory"):
        execution.decide("arn:aws:iam::123456789012:user/mallory", "Approve")
    execution.decide(ALICE, "Approve", "looks right")
    with pytest.raises(NotAnApprover, match="already"):
        execution.decide(ALICE, "Approve")
    assert execution.status is Status.WAITING
    [made] = execution.steps[0].approval.decisions
    assert (made["Approver"], made["Decision"], made["Comment"]) == (ALICE, "Approve", "looks right")


def test_an_approval_that_nobody_gives_times_out_and_the_fallback_runs(world):
    execution = execution_of(world, ASK)
    execution.run()
    execution.expire()
    assert execution.status is Status.WAITING
    world.clock.sleep(3600)
    execution.expire()
    execution.run()
    assert [run.status for run in execution.steps] == [Status.TIMED_OUT, Status.SUCCESS]
    assert execution.status is Status.TIMED_OUT
    assert execution.steps[0].outputs["ApprovalStatus"] == "Waiting"


def test_a_decision_after_the_end_changes_nothing(world):
    execution = execution_of(world, ASK)
    execution.run()
    execution.decide(ALICE, "Reject", "not now")
    execution.run()
    execution.decide(SECURITY, "Approve")
    assert execution.failure == f"Step Ask failed: rejected by {ALICE}: not now"
    assert [run.step.name for run in execution.steps] == ["Ask", "Note"]


def test_a_cancelled_execution_runs_only_what_its_step_says_for_that(world):
    steps = [
        {"name": "Start", "action": "aws:invokeLambdaFunction", "inputs": {"FunctionName": "stop"}},
        {"name": "Never", "action": "aws:sleep", "inputs": {"Duration": "PT1S"}},
        {"name": "Clean", "action": "aws:sleep", "inputs": {"Duration": "PT1S"}},
    ]
    steps[0]["onCancel"] = "step:Clean"
    stop = World(
        world.account, world.region, world.client, lambda *_: execution.cancel() or Reply({}), clock=world.clock
    )
    execution = execution_of(stop, {"mainSteps": steps})
    execution.run()
    assert [run.step.name for run in execution.steps] == ["Start", "Clean"]
    assert execution.status is Status.CANCELLED


def test_a_cancelled_execution_no_longer_waits(world):
    execution = execution_of(world, ASK)
    execution.run()
    execution.cancel()
    execution.run()
    assert (execution.status, execution.steps[0].status) == (Status.CANCELLED, Status.CANCELLED)
    assert execution.ended - execution.started < timedelta(minutes=1)


def test_the_log_of_a_function_is_returned_when_it_is_asked_for(world):
    inputs = {"FunctionName": "talk", "LogType": "Tail"}
    data = {"outputs": ["Ask.LogResult"], "mainSteps": [{"name": "Ask", "action": "aws:invokeLambdaFunction"}]}
    data["mainSteps"][0]["inputs"] = inputs
    talking = World(world.account, world.region, world.client, lambda *_: Reply({}, log="START\nplanned\n"))
    execution = execution_of(talking, data)
    execution.run()
    assert execution.outputs == {"Ask.LogResult": "U1RBUlQKcGxhbm5lZAo="}
