"""What of template.yaml tells people: which events reach them, over one path, through a key and a topic that pass our
own rules."""

import json
import re

import pytest
from deployed import ACCOUNT, PLACES, ROOT, Deployed
from moto.events.models import EventPattern

from notices import FORWARDED, OTHER_ROLE, SERVICE, USER, alarm, call, role
from notices import ROOT as AS_ROOT
from s3_guardrails.catalogue.pack import logical_id
from s3_guardrails.catalogue.permissions import REMEDIATORS
from s3_guardrails.decision import Verdict
from s3_guardrails.discovery import find_rules
from s3_guardrails.notify.kind import CALLS, METRICS, Kind
from s3_guardrails.notify.message import message_of
from s3_guardrails.policy.authorize import Outcome, authorize
from s3_guardrails.policy.document import parse_policy
from s3_guardrails.policy.request import Request
from s3_guardrails.template.loading import load

TEXT = (ROOT / "template.yaml").read_text(encoding="utf-8")
TREE = load(TEXT.encode()).tree
RESOURCES = TREE["Resources"]
ENTRIES = find_rules()
FUNCTIONS = {name for name, each in RESOURCES.items() if each["Type"] == "AWS::Serverless::Function"}
TOPIC = f"arn:aws:sns:eu-west-1:{ACCOUNT}:alerts"


def of_type(kind):
    return {name: each["Properties"] for name, each in RESOURCES.items() if each["Type"] == kind}


def arn(name):
    """As CloudFormation makes them: stack, logical id, some letters."""
    kinds = {"AWS::IAM::Role": "iam::{}:role/", "AWS::CloudWatch::Alarm": "cloudwatch:eu-west-1:{}:alarm:"}
    return f"arn:aws:{kinds[RESOURCES[name]['Type']].format(ACCOUNT)}s3-encryption-guardrails-{name}-1A2B3C4D5E6F"


def settled(node):
    match node:
        case {"Fn::GetAtt": [name, "Arn"]}:
            return arn(name)
        case {"Fn::If": [_, there, _]}:
            return settled(there)
        case dict():
            return {key: settled(each) for key, each in node.items()}
        case list():
            return [settled(each) for each in node]
        case _:
            return node


RULES = {name: each for name, each in of_type("AWS::Events::Rule").items() if "EventPattern" in each}
"""What is not on a schedule."""
ALARMS = of_type("AWS::CloudWatch::Alarm")
PATTERNS = {name: json.dumps(settled(each["EventPattern"])) for name, each in RULES.items()}


def matched(event):
    """The rules that an event sets off, by moto's reading of patterns."""
    return {name for name, pattern in PATTERNS.items() if EventPattern.load(pattern).matches_event(event)}


REMEDIATION = role(arn("RequireTlsFunctionRole"))
EVALUATOR = role(arn("ChangeEvaluatorRole"))
AT_RISK, ELSEWHERE, GRANT, DENIED = {"KeyAtRiskRule"}, {"ChangedElsewhereRule"}, {"GrantRule"}, {"UseOfKeysDeniedRule"}

TABLE = [
    *((call("DisableKey", who), AT_RISK) for who in (USER, AS_ROOT, OTHER_ROLE, REMEDIATION, SERVICE, FORWARDED)),
    *((call(name), AT_RISK) for name in ("ScheduleKeyDeletion", "DisableKeyRotation", "DeleteImportedKeyMaterial")),
    (call("PutKeyPolicy"), AT_RISK),
    (call("PutKeyPolicy", REMEDIATION), AT_RISK),
    (call("DisableKey", error="AccessDenied"), set()),
    (call("EnableKey"), set()),
    (call("DisableKey", eventSource="ec2.amazonaws.com"), set()),
    *((call("CreateGrant", who), GRANT) for who in (USER, AS_ROOT, OTHER_ROLE)),
    *((call("CreateGrant", who), set()) for who in (SERVICE, FORWARDED)),
    (call("CreateGrant", error="AccessDenied"), set()),
    (call("RetireGrant"), set()),
    *((call("PutBucketPolicy", who), ELSEWHERE) for who in (USER, AS_ROOT, OTHER_ROLE, SERVICE, FORWARDED, EVALUATOR)),
    *((call(f"{verb}Bucket{what}"), ELSEWHERE) for verb in ("Put", "Delete") for what in ("Policy", "Encryption")),
    (call("PutBucketPolicy", REMEDIATION), set()),
    (call("DeleteBucketPolicy", role(arn("UndoRemediationFunctionRole"))), set()),
    (call("PutBucketEncryption", role(arn("SetBucketDefaultEncryptionFunctionRole"))), set()),
    (call("PutBucketPolicy", error="AccessDenied"), set()),
    (call("PutBucketPolicy", role(f"{arn('RequireTlsFunctionRole')}X")), ELSEWHERE),
    (call("EnableKeyRotation"), ELSEWHERE),
    (call("EnableKeyRotation", role(arn("EnableKeyRotationFunctionRole"))), set()),
    (call("PutBucketTagging"), set()),
    *((call("Decrypt", who, "AccessDenied"), DENIED) for who in (USER, AS_ROOT, OTHER_ROLE, SERVICE)),
    (call("GenerateDataKey", error="AccessDeniedException"), DENIED),
    (call("GenerateDataKeyWithoutPlaintext", error="AccessDenied"), DENIED),
    (call("Encrypt", error="AccessDenied"), DENIED),
    (call("ReEncrypt", error="AccessDenied"), DENIED),
    (call("Decrypt"), set()),
    (call("Decrypt", error="InvalidCiphertextException"), set()),
    (call("DescribeKey", error="AccessDenied"), set()),
    *((alarm(arn(name)), {"AlarmRule"}) for name in ALARMS),
    (alarm(arn("NotifierErrors"), state="OK"), set()),
    (alarm(f"{arn('NotifierErrors')}X"), set()),
    ({**call("DisableKey"), "detail-type": "AWS Console Sign In via CloudTrail"}, set()),
]


@pytest.mark.parametrize(("event", "rules"), TABLE, ids=range(len(TABLE)))
def test_an_event_sets_off_the_rule_that_it_should_and_no_other(event, rules):
    assert matched(event) == rules


def test_every_rule_is_tried_and_every_pattern_is_one_that_eventbridge_takes():
    assert set.union(*(rules for _, rules in TABLE)) == set(RULES)
    assert all(len(pattern) <= 4096 for pattern in PATTERNS.values())


def test_what_reaches_people_is_understood():
    known = {message_of(event).kind for event, rules in TABLE if rules and rules != DENIED}
    assert known == set(Kind) - {Kind.UNKNOWN, Kind.DENIALS, Kind.RULE_SILENT}, "alarms of the table watch errors"
    of_alarms = {METRICS[each["Namespace"], each["MetricName"]] for each in ALARMS.values()}
    assert known | of_alarms == set(Kind) - {Kind.UNKNOWN}
    told = {event["detail"]["eventName"] for event, rules in TABLE if rules & (AT_RISK | ELSEWHERE | GRANT)}
    assert told == {name for _, name in CALLS}


def test_every_remediation_s_own_changes_and_nobody_else_s_are_left_out():
    branches = RULES["ChangedElsewhereRule"]["EventPattern"]["detail"]["$or"]
    [spared] = [each["anything-but"] for branch in branches for each in issuer(branch) if "anything-but" in each]
    assert [each["Fn::GetAtt"] for each in spared] == [[f"{name}FunctionRole", "Arn"] for name in REMEDIATORS]


def issuer(branch):
    return branch["userIdentity"]["sessionContext"]["sessionIssuer"]["arn"]


def test_every_rule_with_a_target_calls_the_notifier_and_may():
    permissions = [
        each
        for each in of_type("AWS::Lambda::Permission").values()
        if each["Principal"].startswith("events") and each["SourceArn"]["Fn::GetAtt"][0] in RULES
    ]
    allowed = {}
    for each in permissions:
        assert each["FunctionName"] == {"Ref": "NotifierFunction"}
        allowed[each["SourceArn"]["Fn::GetAtt"][0]] = each["SourceArn"]["Fn::GetAtt"][1]
    with_target = {name for name, each in RULES.items() if "Targets" in each}
    assert allowed == dict.fromkeys(with_target, "Arn")
    assert set(RULES) - with_target == DENIED
    targets = [each["Targets"] for each in RULES.values() if "Targets" in each]
    assert targets == [[{"Id": "Notifier", "Arn": {"Fn::GetAtt": ["NotifierFunction", "Arn"]}}]] * len(with_target)


def test_denials_are_counted_with_read_only_events_and_an_alarm_looks_at_the_count():
    """Decrypt is read-only: rules get such events in this state only (EventBridge User Guide)."""
    assert RULES["UseOfKeysDeniedRule"]["State"] == "ENABLED_WITH_ALL_CLOUDTRAIL_MANAGEMENT_EVENTS"
    assert [name for name, each in RULES.items() if "State" in each] == ["UseOfKeysDeniedRule"]
    found = ALARMS["UseOfKeysDenied"]
    assert (found["Namespace"], found["MetricName"]) == ("AWS/Events", "MatchedEvents")
    assert found["Dimensions"] == [{"Name": "RuleName", "Value": {"Ref": "UseOfKeysDeniedRule"}}]
    assert found["Threshold"] == {"Ref": "KeyUseDenialThreshold"}


def watched(metric):
    """Function → the alarm that watches its metric."""
    found = [each for each in ALARMS.values() if (each["Namespace"], each["MetricName"]) == ("AWS/Lambda", metric)]
    return {each["Dimensions"][0]["Value"]["Ref"]: each for each in found}


def test_every_function_has_an_alarm_about_its_errors():
    alarms = watched("Errors")
    assert set(alarms) == FUNCTIONS
    for each in alarms.values():
        assert (each["Threshold"], each["ComparisonOperator"]) == (0, "GreaterThanThreshold")
        assert each["TreatMissingData"] == "notBreaching", "a function that is not called does not fail"


def test_every_scheduled_rule_has_an_alarm_about_its_silence():
    """Of a function that is not called there is no data point at all."""
    alarms = watched("Invocations")
    assert set(alarms) == {f"{logical_id(each.name)}Function" for each in ENTRIES if each.rule.trigger.scheduled}
    for each in alarms.values():
        assert (each["Period"], each["EvaluationPeriods"], each["TreatMissingData"]) == (3600, 26, "breaching")
        assert (each["Threshold"], each["ComparisonOperator"]) == (1, "LessThanThreshold")


def test_no_alarm_has_an_action_of_its_own():
    assert len(ALARMS) > len(FUNCTIONS)
    assert not [name for name, each in ALARMS.items() for action in each if action.endswith("Actions")]


MONITORING = ("AWS::Events::Rule", "AWS::CloudWatch::Alarm", "AWS::SNS::Topic", "AWS::SNS::TopicPolicy")


def test_monitoring_can_be_switched_off_as_a_whole_and_nothing_else_is():
    assert TREE["Conditions"]["Monitored"] == {"Fn::Equals": [{"Ref": "EnableMonitoring"}, "true"]}
    off = {name for name, each in RESOURCES.items() if each.get("Condition") == "Monitored"}
    permissions = {
        name for name, each in of_type("AWS::Lambda::Permission").items() if each["Principal"][:6] == "events"
    }
    own = {name for name in RESOURCES if name.startswith("Notifier")} | {"AlertKey"}
    refresh = {name for name in RESOURCES if name.startswith("ExemptionRefresh")}
    assert off == (own | permissions | {name for kind in MONITORING for name in of_type(kind)}) - refresh
    assert RESOURCES["ExemptionRefreshErrors"]["Condition"] == "ExemptionsAreWatched"
    watched = [{"Condition": "ExemptionsAreGiven"}, {"Condition": "Monitored"}]
    assert TREE["Conditions"]["ExemptionsAreWatched"] == {"Fn::And": watched}
    assert TREE["Outputs"]["AlertTopicArn"]["Condition"] == "Monitored"


def deployed(partition):
    return Deployed(TEXT, partition, {"RemediationApproverArn": f"arn:aws:iam::{ACCOUNT}:role/approver"})


@pytest.mark.parametrize("partition", PLACES)
@pytest.mark.parametrize(
    "entry", [each for each in ENTRIES if each.rule.resource_type == "AWS::KMS::Key"], ids=lambda entry: entry.name
)
def test_the_topic_s_key_passes_our_own_rules(entry, partition):
    decision = entry.rule().judge(deployed(partition).key("AlertKey"))
    assert decision.verdict is Verdict.COMPLIANT, decision.reasons


def uses(caller, account, **context):
    key = deployed("aws").key("AlertKey")
    base = {
        "kms:ViaService": "sns.eu-west-1.amazonaws.com",
        "kms:CallerAccount": account,
        "aws:PrincipalAccount": account,
    }
    request = Request(caller, account, "kms:GenerateDataKey", key.arn, {**base, **context})
    return authorize(key.policy, request).outcome is Outcome.ALLOW


def test_the_key_is_used_through_sns_from_this_account_only_and_no_service_has_it():
    own = f"arn:aws:iam::{ACCOUNT}:root"
    assert uses(own, ACCOUNT)
    assert not uses(own, ACCOUNT, **{"kms:ViaService": "s3.eu-west-1.amazonaws.com"})
    assert not uses("arn:aws:iam::999999999999:root", "999999999999")
    assert "Service" not in json.dumps(RESOURCES["AlertKey"]["Properties"]["KeyPolicy"]).replace("kms:ViaService", "")
    assert RESOURCES["AlertTopic"]["Properties"]["KmsMasterKeyId"] == {"Fn::GetAtt": ["AlertKey", "Arn"]}


def publishes(caller, account, tls="true"):
    written = json.dumps(RESOURCES["AlertTopicPolicy"]["Properties"]["PolicyDocument"])
    own = json.dumps(f"arn:aws:iam::{ACCOUNT}:root")
    root = json.dumps({"Fn::Sub": "arn:${AWS::Partition}:iam::${AWS::AccountId}:root"})
    policy = parse_policy(written.replace(root, own).replace(json.dumps({"Ref": "AlertTopic"}), json.dumps(TOPIC)))
    request = Request(caller, account, "sns:Publish", TOPIC, {"aws:SecureTransport": tls})
    return authorize(policy, request).outcome is Outcome.ALLOW


def test_only_this_account_publishes_and_only_with_tls():
    own = f"arn:aws:iam::{ACCOUNT}:root"
    assert publishes(own, ACCOUNT)
    assert not publishes(own, ACCOUNT, tls="false")
    assert not publishes("arn:aws:iam::999999999999:root", "999999999999")
    assert not publishes("events.amazonaws.com", "")


def test_every_kind_of_message_has_its_section_in_the_runbooks():
    lines = (ROOT / "docs" / "runbooks.md").read_text(encoding="utf-8").splitlines()
    headings = [line.removeprefix("## ") for line in lines if line.startswith("## ")]
    anchors = [re.sub(r"[^a-z0-9 -]", "", each.lower()).replace(" ", "-") for each in headings]
    assert anchors == [kind.value for kind in Kind]
    sections = "\n".join(lines).split("\n## ")[1:]
    assert [section.partition("\n")[0] for section in sections if section.count("\n**") != 3] == []
