"""Who may approve what: executions as GetAutomationExecution tells them, nearly all of them somebody's forgery."""

import json

import pytest

from s3_guardrails.errors import ChangeFailed
from s3_guardrails.remediate.approval import Asked, approved_by

ACCOUNT = "111122223333"
FUNCTION = f"arn:aws:lambda:us-east-1:{ACCOUNT}:function:RequireTls"
HEADLINE = "RequireTls of arn:aws:s3:::ledger, plan RequireTls-" + "0" * 24
ASKED = Asked(
    document="stack-RequireTls",
    function=FUNCTION,
    headline=HEADLINE,
    approvers=(f"arn:aws:iam::{ACCOUNT}:role/people/Security", f"arn:aws:iam::{ACCOUNT}:user/ann"),
)
SSO = "AWSReservedSSO_{}_0123456789abcdef"


def session(role, name, account=ACCOUNT):
    return f"arn:aws:sts::{account}:assumed-role/{role}/{name}"


OFFICER = session("Security", "officer")


def decision(who, made="Approve", comment=""):
    return json.dumps({"Approver": who, "Decision": made, "Comment": comment})


def step(*decisions, message=f"{HEADLINE}\nNO_LOGS: nobody looked", **changed):
    return {
        "StepName": "Approve",
        "Action": "aws:approve",
        "StepStatus": "Success",
        "Inputs": {"Message": json.dumps(message)},
        "Outputs": {"ApprovalStatus": ["Approved"], "ApproverDecisions": list(decisions or [decision(OFFICER)])},
        **changed,
    }


def execution(*steps, **changed):
    found = {
        "AutomationExecutionId": "e",
        "DocumentName": "stack-RequireTls",
        "AutomationExecutionStatus": "InProgress",
        "ExecutedBy": session("Operator", "shift"),
        "Parameters": {"ResourceId": ["ledger"], "Approvers": ["arn:aws:iam::111122223333:user/friend"]},
        "StepExecutions": list(steps or [step()]),
        **changed,
    }
    return {name: value for name, value in found.items() if value is not None}


def asked_of(*approvers):
    return Asked(document=ASKED.document, function=FUNCTION, headline=HEADLINE, approvers=approvers)


APPROVED = {
    "by a session of a role, whose path no session tells": execution(),
    "by a user": execution(step(decision(f"arn:aws:iam::{ACCOUNT}:user/ann"))),
    "as one of several that decided": execution(
        step(decision(session("Other", "x")), decision(OFFICER), decision(OFFICER, "Reject"))
    ),
    "told in one list": execution(step(f"[{decision(OFFICER)}]")),
    "told as a status": execution(step(decision(OFFICER, "Approved"))),
    "where inputs are told as they are": execution(step(Inputs={"Message": f"{HEADLINE}\n..."})),
    "where the function is named": execution(Parameters={"FunctionArn": [FUNCTION]}),
}


@pytest.mark.parametrize("title", APPROVED)
def test_an_approval_counts(title):
    assert len(approved_by(APPROVED[title], ASKED)) == 1


OTHER_PLAN = HEADLINE.replace("0" * 24, "1" * 24)
NOT_APPROVED = {
    "nobody decided": execution(step(Outputs={})),
    "no step asked": execution({"StepName": "Plan", "Action": "aws:invokeLambdaFunction", "StepStatus": "Success"}),
    "the step has not ended": execution(step(StepStatus="Waiting")),
    "it was rejected": execution(step(decision(OFFICER, "Reject"))),
    "another action has the step's name": execution(step(Action="aws:executeScript")),
    "another step asked": execution(step(StepName="Approves")),
    "whoever started it named another approver": execution(step(decision(f"arn:aws:iam::{ACCOUNT}:user/friend"))),
    "a role of that name in another account": execution(step(decision(session("Security", "o", "999999999999")))),
    "a role whose name ends so": execution(step(decision(session("NotSecurity", "officer")))),
    "a user of a role's name": execution(step(decision(f"arn:aws:iam::{ACCOUNT}:user/Security"))),
    "a comment that looks like a decision": execution(
        step(decision(f"arn:aws:iam::{ACCOUNT}:user/friend", comment=f'"Approver": "{OFFICER}"'))
    ),
    "what is no decision": execution(
        step("Approve", "[", "[]", "[7]", "null", '{"Approver": null, "Decision": "Approve"}')
    ),
    "another plan was shown": execution(step(message=OTHER_PLAN)),
    "this plan stands further down in what was shown": execution(step(message=f"{OTHER_PLAN}\n{HEADLINE}")),
    "no plan was shown": execution(step(Inputs={})),
    "another document": execution(DocumentName="stack-UndoRemediation"),
    "somebody's own document": execution(DocumentName="arn:aws:ssm:us-east-1:999999999999:document/stack-RequireTls"),
    "another function planned": execution(Parameters={"FunctionArn": [f"{FUNCTION}s"]}),
    "the execution has ended": execution(ExecutionEndTime="2026-01-01"),
    "nobody is known to have started it": execution(ExecutedBy=None),
}


@pytest.mark.parametrize("title", NOT_APPROVED)
def test_what_is_no_approval_of_this_plan_counts_for_nothing(title):
    with pytest.raises(ChangeFailed, match="NOT_APPROVED"):
        approved_by(NOT_APPROVED[title], ASKED)


PEOPLE = {
    "the same session": (OFFICER, OFFICER, False),
    "another session of the role": (session("Security", "another"), OFFICER, False),
    "the role itself": (f"arn:aws:iam::{ACCOUNT}:role/people/Security", OFFICER, False),
    "the same user, written otherwise": (f"arn:aws:iam::{ACCOUNT}:user/Ann", f"arn:aws:iam::{ACCOUNT}:user/ann", False),
    "another permission set of the same person": (
        session(SSO.format("Operator"), "ann@example.com"),
        session(SSO.format("Security"), "Ann@example.com"),
        False,
    ),
    "two persons with one permission set": (
        session(SSO.format("Security"), "bob@example.com"),
        session(SSO.format("Security"), "ann@example.com"),
        True,
    ),
    "a permission set that tells no person": (
        f"arn:aws:iam::{ACCOUNT}:role/aws-reserved/sso.amazonaws.com/{SSO.format('Security')}",
        session(SSO.format("Security"), "ann@example.com"),
        False,
    ),
    "a user and a role": (f"arn:aws:iam::{ACCOUNT}:user/Security", OFFICER, True),
    "roles of that name in two accounts": (session("Security", "officer", "999999999999"), OFFICER, True),
}


@pytest.mark.parametrize("title", PEOPLE)
def test_nobody_approves_alone_what_they_started(title):
    initiator, approver, apart = PEOPLE[title]
    found, asked = execution(step(decision(approver)), ExecutedBy=initiator), asked_of(approver)
    if apart:
        assert approved_by(found, asked) == {approver}
        return
    with pytest.raises(ChangeFailed, match="SELF_APPROVED"):
        approved_by(found, asked)
