"""Each function may do what it does and nothing else: recorded calls against the roles of template.yaml, both ways."""

import json
import re
import sys
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace

import pytest
from botocore.config import Config
from config_events import event, load
from policy_sentry.querying.actions import get_action_data
from remediation import bucket, config_rule, default, key

from aws_calls import Calls, called
from notices import call
from s3_guardrails.catalogue.pack import logical_id
from s3_guardrails.catalogue.permissions import EVALUATORS, REMEDIATORS
from s3_guardrails.config import clients as config_clients
from s3_guardrails.config import refresh
from s3_guardrails.decision import Verdict
from s3_guardrails.deploy.publish import sign
from s3_guardrails.discovery import PACKAGE, find_rules
from s3_guardrails.embedded.environment import only
from s3_guardrails.embedded.s3_service import S3Service
from s3_guardrails.exemption.register import Register, Signed, text_of
from s3_guardrails.live.clients import SessionClients
from s3_guardrails.live.exemptions import Place, fetch_register
from s3_guardrails.notify import handler as notifier
from s3_guardrails.policy.authorize import Outcome, authorize
from s3_guardrails.policy.document import parse_policy
from s3_guardrails.policy.request import Request
from s3_guardrails.remediate.handler import StepFailed, lambda_handler
from s3_guardrails.template.loading import load as load_template

TEMPLATE = load_template((Path(__file__).parents[2] / "template.yaml").read_bytes()).tree
FUNCTION = "AWS::Serverless::Function"
EVIDENCE = "guardrails-evidence"
APPROVER = "arn:aws:iam::123456789012:role/approver"
PLAN = "EnableKeyRotation-" + "0" * 24

RUNS = {
    "logs:CreateLogStream": "Lambda writes the log with the function's role",
    "logs:PutLogEvents": "Lambda writes the log with the function's role",
}
KEEPS = RUNS | {"kms:GenerateDataKey": "S3 encrypts what is put with the evidence key, for the caller"}
IMPLIED = {
    "Change": RUNS,
    "Live": RUNS,
    "SetBucketDefaultEncryption": KEEPS,
    "DenyWrongUploads": KEEPS,
    "BlockSseC": KEEPS,
    "RequireTls": KEEPS,
    "EnableKeyRotation": KEEPS,
    "RestrictKeyPolicy": KEEPS,
    "Notifier": RUNS
    | {
        "kms:GenerateDataKey": "SNS encrypts what is published with the topic's key, for the caller",
        "kms:Decrypt": "SNS asks for a data key that it has again, for the caller",
    },
    "UndoRemediation": KEEPS
    | {
        "kms:Decrypt": "S3 decrypts what is read with the evidence key, for the caller",
        "s3:ListBucket": "without it S3 answers AccessDenied instead of NoSuchKey",
    },
}
"""Permissions that no call of the function shows, each with the reason why it is needed."""
UNCONDITIONAL = {"sts:GetCallerIdentity": "no policy can refuse it (IAM User Guide)"}
REGISTER = {"kms:Decrypt": "S3 decrypts the register with the bucket's key, for the caller"}


def statements(role):
    for policy in TEMPLATE["Resources"][role]["Properties"]["Policies"]:
        yield from policy["PolicyDocument"]["Statement"]


def granted(role):
    return {action for each in statements(role) if each["Effect"] == "Allow" for action in each["Action"]}


def role_of(function):
    [role, attribute] = TEMPLATE["Resources"][function]["Properties"]["Role"]["Fn::GetAtt"]
    assert attribute == "Arn"
    return role


def settled(node, values):
    """The short forms that roles use, with values for names; a name without one stands for itself."""
    match node:
        case {"Ref": name}:
            return values.get(name, name)
        case {"Fn::GetAtt": [name, attribute]}:
            return values.get(f"{name}.{attribute}", f"{name}.{attribute}")
        case {"Fn::Sub": text}:
            return re.sub(r"\$\{([^}]+)\}", lambda found: values[found[1]], text)
        case dict():
            return {key: settled(each, values) for key, each in node.items()}
        case list():
            return [settled(each, values) for each in node]
        case _:
            return node


def policy_of(role, aws):
    """The role's policy as one of a resource, so that our own evaluator can read it."""
    values = {
        "AWS::Partition": "aws",
        "AWS::Region": aws.region,
        "AWS::AccountId": aws.account,
        "AWS::URLSuffix": "amazonaws.com",
        "EvidenceBucket.Arn": f"arn:aws:s3:::{EVIDENCE}",
        "EvidenceKey.Arn": f"arn:aws:kms:{aws.region}:{aws.account}:key/evidence",
        "AlertTopic": f"arn:aws:sns:{aws.region}:{aws.account}:alerts",
    }
    found = [{**each, "Principal": "*"} for each in settled(list(statements(role)), values)]
    return parse_policy({"Version": "2012-10-17", "Statement": found})


def refused(role, calls, aws):
    """The recorded calls that the role does not let through, of the very resource that they were about."""
    policy, caller = policy_of(role, aws), f"arn:aws:sts::{aws.account}:assumed-role/{role}/function"
    for action, resource in sorted(calls.seen):
        request = Request(caller, aws.account, action, resource, {"aws:ResourceAccount": aws.account})
        if action not in UNCONDITIONAL and authorize(policy, request).outcome is not Outcome.ALLOW:
            yield action, resource


def compare(role, calls, implied, aws):
    assert not calls.actions & set(implied), "implied, though calls show it"
    needed = calls.actions - set(UNCONDITIONAL) | set(implied)
    assert {"missing": needed - granted(role), "unused": granted(role) - needed} == {"missing": set(), "unused": set()}
    assert list(refused(role, calls, aws)) == []


@pytest.fixture
def calls(aws, monkeypatch):
    """Calls are recorded where a listing gives no Region of a bucket, as S3's does where nothing is asked of it."""
    whole = S3Service.on_list_buckets
    monkeypatch.setattr(S3Service, "on_list_buckets", lambda self, call: whole(self, replace(call, parameters={})))
    monkeypatch.setattr("time.sleep", lambda _: None)
    return Calls(monkeypatch, aws.account)


class Function:
    """A remediation function. `heard`: its calls count; not those of the changes that an undo is to take back."""

    def __init__(self, aws, calls, monkeypatch):
        self.aws, self.calls, self.monkeypatch, self.heard = aws, calls, monkeypatch, True
        aws.client("s3").create_bucket(Bucket=EVIDENCE)
        with only(aws.environment()):
            kept = SessionClients(settings=Config(retries={"mode": "standard", "total_max_attempts": 1}))
            kept.s3(aws.region)
        monkeypatch.setattr("s3_guardrails.remediate.handler._clients", lambda _: kept)

    def step(self, remediation, step, resource, parameters=None, **more):
        given = {"GUARDRAILS_REMEDIATION": remediation, "GUARDRAILS_PARAMETERS": json.dumps(parameters or {})}
        asked = {"GUARDRAILS_DOCUMENT": remediation, "GUARDRAILS_APPROVERS": APPROVER}
        for name, value in {**given, **asked, "GUARDRAILS_EVIDENCE_BUCKET": EVIDENCE}.items():
            self.monkeypatch.setenv(name, value)
        arn = f"arn:aws:lambda:{self.aws.region}:{self.aws.account}:function:remediation"
        said = {"step": step, "resource": resource, "approval": "auto", "executionId": PLAN, **more}
        with only(self.aws.environment()), self.calls.listen(self.heard):
            return lambda_handler(said, SimpleNamespace(invoked_function_arn=arn))

    def refused(self, *args, match, **more):
        with pytest.raises(StepFailed, match=match):
            self.step(*args, **more)

    def tried(self, *args, **more):
        """What comes of it does not matter: the embedded AWS has not every API."""
        with suppress(StepFailed):
            self.step(*args, **more)

    def changed(self, remediation, resource, parameters=None, **options):
        """Plan, and apply as if a person had approved; return what Apply and Verify are told."""
        planned = self.step(remediation, "plan", resource, parameters, **options)
        assert planned["status"] == "PLANNED", planned
        told = {"planId": planned["planId"], **options}
        with self.monkeypatch.context() as patch:
            patch.setattr("s3_guardrails.remediate.handler.check_approval", lambda *_: frozenset())
            assert self.step(remediation, "apply", resource, parameters, **told)["status"] == "APPLIED"
        return told

    def run(self, remediation, resource, parameters=None, **options):
        """Every step, an approval that nobody gave, and a second run that finds nothing to do."""
        planned = self.step(remediation, "plan", resource, parameters, **options)
        unapproved = {"planId": planned["planId"], "approval": "always", **options}
        self.refused(remediation, "apply", resource, parameters, match="Execution", **unapproved)
        told = self.changed(remediation, resource, parameters, **options)
        assert self.step(remediation, "verify", resource, parameters, **told)["status"] == "VERIFIED"
        self.idle(remediation, resource, parameters, **options)

    def idle(self, remediation, resource, parameters=None, **options):
        assert self.step(remediation, "plan", resource, parameters, **options)["status"] == "NOTHING_TO_DO"


@pytest.fixture
def function(aws, calls, monkeypatch):
    return Function(aws, calls, monkeypatch)


def tagged_key(aws):
    arn = key(aws, Tags=[{"TagKey": "use", "TagValue": "ledger"}])
    aws.client("kms").create_alias(AliasName="alias/ledger", TargetKeyId=arn)
    return arn


def allowing(name, principal):
    statement = {"Effect": "Allow", "Action": "s3:GetObject", "Resource": f"arn:aws:s3:::{name}/*"}
    return {"Version": "2012-10-17", "Statement": [{**statement, "Principal": principal}]}


def role(aws, name):
    return f"arn:aws:iam::{aws.account}:role/{name}"


APPROVED = {"ApprovedKeys": "alias/ledger,tag:use=ledger"}


def default_encryption(aws, function):
    arn = tagged_key(aws)
    function.run("SetBucketDefaultEncryption", bucket(aws, "ledger"), APPROVED, KmsKeyArn=arn)
    shared = bucket(aws, "shared", policy=allowing("shared", {"AWS": role(aws, "reader")}))
    function.tried("SetBucketDefaultEncryption", "plan", shared, APPROVED, KmsKeyArn=arn)
    function.refused("SetBucketDefaultEncryption", "plan", bucket(aws, "other"), match="CHOOSE_KEY")


def wrong_uploads(aws, function):
    tagged_key(aws)
    function.run("DenyWrongUploads", bucket(aws, "logs", data_class="log-delivery"), APPROVED, AcceptUnknownSseC="true")
    wrong = bucket(aws, "ledger", data_class="restricted", encryption=default("aws:kms:dsse", key(aws)))
    function.refused("DenyWrongUploads", "plan", wrong, APPROVED, match="WOULD_NOT_HELP")
    public = bucket(aws, "public", data_class="public", policy=allowing("public", "*"))
    function.tried("DenyWrongUploads", "plan", public, AcceptUnknownSseC="true")


def block_sse_c(aws, function):
    encryption = {**default("aws:kms", tagged_key(aws)), "BlockedEncryptionTypes": {"EncryptionType": ["NONE"]}}
    ledger = bucket(aws, "ledger", encryption=encryption)
    function.run("BlockSseC", ledger, APPROVED, AcceptUnknownSseC="true")
    function.refused("BlockSseC", "plan", bucket(aws, "other"), match="SSE_C_USE_UNKNOWN")
    function.refused("BlockSseC", "plan", "nobodys", match="NoSuchBucket")


def tls(aws, function):
    function.run("RequireTls", bucket(aws, "ledger", encryption=default("aws:kms", key(aws))))
    function.tried("RequireTls", "plan", bucket(aws, "public", policy=allowing("public", "*")))
    aws.faults.throttle("s3:PutBucketPolicy")
    function.changed("RequireTls", bucket(aws, "busy"))
    function.refused("RequireTls", "plan", "nobodys", match="NoSuchBucket")


def imported_key(aws):
    arn = key(aws, Origin="EXTERNAL")
    aws.kms.overrides[arn] = {"KeyState": "Enabled", "Enabled": True}
    return arn


def rotation(aws, function):
    bucket(aws, "ledger", encryption=default("aws:kms", "alias/aws/s3"))
    for parameters in ({"KeyScope": "bucket-keys"}, {"KeyScope": "tagged", "KeyScopeTag": "use"}):
        function.idle("EnableKeyRotation", key(aws), parameters)
    imported = imported_key(aws)
    function.idle("EnableKeyRotation", imported)
    with function.monkeypatch.context() as patch:
        patch.setenv("GUARDRAILS_RULE_FUNCTION", config_rule(aws, "rotation"))
        function.run("EnableKeyRotation", key(aws))
    aws.faults.deny("kms:GetKeyRotationStatus")
    function.refused("EnableKeyRotation", "plan", imported, match="AccessDenied")


def open_key(aws):
    """A key that another account may use; what is proposed is known without asking for identity policies."""
    root = {"Effect": "Allow", "Principal": {"AWS": f"arn:aws:iam::{aws.account}:root"}, "Action": "kms:*"}
    stranger = {"Effect": "Allow", "Principal": {"AWS": "arn:aws:iam::999999999999:root"}, "Action": "kms:Decrypt"}
    statements = [{**each, "Resource": "*"} for each in (root, stranger)]
    return key(aws, Policy=json.dumps({"Version": "2012-10-17", "Statement": statements}))


def key_policy(aws, function):
    bucket(aws, "ledger", encryption=default("aws:kms", "alias/aws/s3"))
    arn = open_key(aws)
    function.idle("RestrictKeyPolicy", arn, {"KeyScope": "bucket-keys"})
    function.idle("RestrictKeyPolicy", imported_key(aws))
    function.run("RestrictKeyPolicy", arn, Users="app")
    named = {"Effect": "Allow", "Principal": {"AWS": role(aws, "app")}, "Action": "kms:*", "Resource": "*"}
    root = {**named, "Principal": {"AWS": f"arn:aws:iam::{aws.account}:root"}}
    wide = key(aws, Policy=json.dumps({"Version": "2012-10-17", "Statement": [root, named]}))
    function.tried("RestrictKeyPolicy", "plan", wide, Users="app")


def undo(aws, function):
    for remediation, resource, parameters, options in undoable(aws):
        function.heard = False
        told = function.changed(remediation, resource, parameters, **options)
        function.heard = True
        function.changed("UndoRemediation", told["planId"])
    function.heard = False
    told = function.changed("EnableKeyRotation", key(aws))
    function.heard = True
    function.run("UndoRemediation", told["planId"])
    function.refused("UndoRemediation", "plan", PLAN, match="nothing was applied")


def undoable(aws):
    """Changes of every setting, from something and from nothing."""
    yield "RequireTls", bucket(aws, "without-policy"), {}, {}
    yield "RequireTls", bucket(aws, "with-policy", policy=allowing("with-policy", {"AWS": aws.account})), {}, {}
    old = default("aws:kms", key(aws))
    yield "SetBucketDefaultEncryption", bucket(aws, "ledger", encryption=old), {"ApprovedKeys": key(aws)}, {}
    turning = key(aws)
    aws.client("kms").enable_key_rotation(KeyId=turning)
    yield "EnableKeyRotation", turning, {"MaximumDays": "180"}, {}
    yield "RestrictKeyPolicy", open_key(aws), {}, {"Users": "app"}


PATHS = {
    "SetBucketDefaultEncryption": default_encryption,
    "DenyWrongUploads": wrong_uploads,
    "BlockSseC": block_sse_c,
    "RequireTls": tls,
    "EnableKeyRotation": rotation,
    "RestrictKeyPolicy": key_policy,
    "UndoRemediation": undo,
}


@pytest.mark.parametrize("remediation", REMEDIATORS)
def test_a_remediation_function_may_do_what_it_does_and_nothing_else(aws, calls, function, remediation):
    PATHS[remediation](aws, function)
    compare(role_of(f"{remediation}Function"), calls, IMPLIED[remediation], aws)


RULES = {kind: [] for kind in EVALUATORS}
for _entry in find_rules():
    RULES["Live" if _entry.rule.trigger.scheduled else "Change"].append(_entry)
BUCKET = load("change_bucket")["invokingEvent"]["configurationItem"]["resourceName"]
UNTOLD = {"supplementaryConfiguration": {}}
PLAIN = {**UNTOLD, "resourceName": "plain", "resourceId": "plain", "tags": {"data-class": "restricted"}}
SCOPES = ({}, {"KeyScope": "bucket-keys"}, {"KeyScope": "tagged", "KeyScopeTag": "use"})


def events_of(aws, entry):
    """Items that tell nothing, so that all is read; items too large to be pushed; every scope; approved keys."""
    names = {each.name for each in entry.rule.Parameters.documented()}
    if entry.rule.trigger.scheduled:
        yield from (event(aws, "scheduled", scope) for scope in (SCOPES if "KeyScope" in names else ({},)))
    if not entry.rule.trigger.on_change:
        return
    if entry.rule.resource_type == "AWS::KMS::Key":
        yield from (event(aws, "change_key", scope, item=UNTOLD) for scope in SCOPES)
    else:
        given = APPROVED if "ApprovedKeys" in names else {}
        yield event(aws, "change_bucket", given, item=UNTOLD)
        yield event(aws, "oversized_bucket", given)
        yield event(aws, "change_bucket", given, item=PLAIN)


@pytest.mark.parametrize("kind", EVALUATORS)
def test_the_rules_of_a_role_may_together_do_what_they_do_and_nothing_else(aws, calls, kind):
    tagged_key(aws)
    bucket(aws, BUCKET, data_class="restricted", encryption=default("aws:kms", key(aws)))
    bucket(aws, "ledger", encryption=default("aws:kms", "alias/ledger"))
    bucket(aws, "plain", data_class="restricted", policy=allowing("plain", {"AWS": aws.account}))
    aws.client("s3").put_bucket_logging(
        Bucket="ledger", BucketLoggingStatus={"LoggingEnabled": {"TargetBucket": BUCKET, "TargetPrefix": ""}}
    )
    imported_key(aws)
    aws.kms.rename(key(aws), load("change_key")["invokingEvent"]["configurationItem"]["resourceId"])
    given = [(entry, each) for entry in RULES[kind] for each in events_of(aws, entry)]
    with only(aws.environment()), calls.listen():
        for entry, each in given:
            sys.modules[entry.name].lambda_handler(each, None)
    config_clients.forget_clients()
    assert {role_of(f"{logical_id(entry.name)}Function") for entry in RULES[kind]} == {f"{kind}EvaluatorRole"}
    compare(f"{kind}EvaluatorRole", calls, IMPLIED[kind], aws)


def test_the_notifier_may_do_what_it_does_and_nothing_else(aws, calls, monkeypatch):
    monkeypatch.setenv("GUARDRAILS_TOPIC", aws.client("sns").create_topic(Name="alerts")["TopicArn"])
    notifier._sns.cache_clear()
    with only(aws.environment()), calls.listen():
        notifier.lambda_handler(call("DisableKey"), None)
    compare(role_of("NotifierFunction"), calls, IMPLIED["Notifier"], aws)


def test_the_sources_of_the_functions_call_nothing_that_none_of_them_may():
    sources = {path for part in ("config", "live", "notify", "remediate") for path in (PACKAGE / part).rglob("*.py")}
    services = ("cloudtrail", "config", "iam", "kms", "s3", "s3control", "sns", "ssm", "sts")
    roles = {role_of(name) for name, each in TEMPLATE["Resources"].items() if each["Type"] == FUNCTION}
    ungranted = called(sources, services).difference(*map(granted, roles))
    assert ungranted - granted_to_readers() == {*UNCONDITIONAL}


def policies_of_readers():
    return [each for each in TEMPLATE["Resources"].values() if each["Type"] == "AWS::IAM::Policy"]


def granted_to_readers():
    statements = [each["Properties"]["PolicyDocument"]["Statement"] for each in policies_of_readers()]
    return {action for [statement] in statements for action in statement["Action"]}


def test_every_function_that_judges_or_remediates_may_read_the_register_and_nothing_besides(aws, calls):
    s3, kms = aws.client("s3"), aws.client("kms")
    s3.create_bucket(Bucket="register")
    arn = kms.create_key(KeySpec="ECC_NIST_P256", KeyUsage="SIGN_VERIFY")["KeyMetadata"]["Arn"]
    with only(aws.environment()):
        clients = config_clients.clients_for(None, aws.region)
        content = sign(clients, Signed(text_of([], Verdict.NON_COMPLIANT)), arn).dumps()
        s3.put_object(Bucket="register", Key="exemptions.json", Body=content.encode())
        with calls.listen():
            found = fetch_register(clients, aws.region, Place("register", "exemptions.json", arn))
    config_clients.forget_clients()
    assert isinstance(found, Register)
    assert granted_to_readers() == calls.actions | set(REGISTER)
    roles = {role_of(name) for name, each in TEMPLATE["Resources"].items() if each["Type"] == FUNCTION}
    for each in policies_of_readers():
        assert {one["Ref"] for one in each["Properties"]["Roles"]} == roles - {role_of("NotifierFunction")}


def test_the_refresh_of_exemptions_may_do_what_it_does_and_nothing_else(aws, calls):
    config_rule(aws, "S3_BUCKET_TLS_ONLY")
    with only({**aws.environment(), "AWS_REGION": aws.region}):
        published = Register(published=datetime.now(UTC).date())
        with pytest.MonkeyPatch.context() as patch, calls.listen():
            patch.setattr(refresh, "own_register", lambda *_: published)
            assert refresh.lambda_handler({}, None)["started"]
    config_clients.forget_clients()
    compare(role_of("ExemptionRefreshFunction"), calls, RUNS, aws)


def test_every_action_exists_and_is_bound_to_resources_where_it_takes_any():
    for name in (each for each, found in TEMPLATE["Resources"].items() if found["Type"] == "AWS::IAM::Role"):
        for statement in statements(name):
            for action in statement["Action"]:
                found = get_action_data(*action.split(":"))
                assert found, f"{name}: {action}: there is no such action"
                takes = {each["resource_arn_format"] for of in found.values() for each in of} - {"*"}
                assert statement["Resource"] != "*" or not takes, f"{name}: {action} takes {takes}"
