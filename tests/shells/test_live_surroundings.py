"""What surrounds a bucket, read from an AWS on this machine: value, absent or unreadable, and only what is asked."""

import json

import boto3
import pytest
from botocore.config import Config

from s3_guardrails.embedded.call import Refused
from s3_guardrails.embedded.environment import only
from s3_guardrails.encryption.fact import ABSENT, Unreadable
from s3_guardrails.encryption.surroundings import (
    DeliveryChannel,
    PublicAccessBlock,
    Replication,
    ReplicationRule,
    Surroundings,
    Trail,
)
from s3_guardrails.errors import LiveReadFailed
from s3_guardrails.live.clients import SessionClients
from s3_guardrails.live.reader import LiveReader
from s3_guardrails.live.simulate import simulate_key_use
from s3_guardrails.live.surroundings import read_surroundings

NAME = "zephyr.7"
PUBLIC = {"Effect": "Allow", "Principal": "*", "Action": "s3:GetObject", "Resource": f"arn:aws:s3:::{NAME}/*"}
KEY = "arn:aws:kms:us-east-1:123456789012:key/11111111-2222-3333-4444-555555555555"
QUICK = Config(retries={"mode": "standard", "total_max_attempts": 2})


@pytest.fixture
def clients(aws, monkeypatch):
    monkeypatch.setattr("time.sleep", lambda _: None)
    with only(aws.environment()):
        yield SessionClients(boto3.Session(), aws.endpoint, QUICK)


@pytest.fixture
def s3(aws):
    client = aws.client("s3")
    client.create_bucket(Bucket=NAME)
    return client


@pytest.fixture
def read(aws, clients, s3):
    reader = LiveReader(clients, aws.account, aws.region)

    def one(fact, *further):
        found = read_surroundings(clients, reader.list_buckets, reader.bucket(NAME, aws.region), (fact, *further))
        unasked = set(Surroundings.__dataclass_fields__) - {fact, *further}
        assert all(getattr(found, each) == Unreadable(each, "not read") for each in unasked)
        return getattr(found, fact)

    return one


NOTHING = {
    "website": False,
    "replication": ABSENT,
    "logs_from": frozenset(),
    "public_access_block": ABSENT,
    "policy_is_public": ABSENT,
    "delivery_channels": (),
    "trails": (),
}
CALLS = {
    "website": "s3:GetBucketWebsite",
    "replication": "s3:GetBucketReplication",
    "logs_from": "s3:GetBucketLogging",
    "public_access_block": "s3:GetPublicAccessBlock",
    "policy_is_public": "s3:GetBucketPolicyStatus",
    "delivery_channels": "config:DescribeDeliveryChannels",
    "trails": "cloudtrail:DescribeTrails",
}


def test_a_bucket_on_which_nothing_depends_is_known_to_be_so(read):
    assert {fact: read(fact) for fact in NOTHING} == NOTHING


def test_law_what_is_refused_is_unreadable_and_what_is_throttled_is_no_answer(read, aws):
    for fact, call in CALLS.items():
        aws.faults.deny(call)
        found = read(fact)
        assert isinstance(found, Unreadable), fact
        assert found.fact == fact
        assert "AccessDenied" in found.reason
        aws.faults.clear()
        aws.faults.throttle(call, times=None)
        with pytest.raises(LiveReadFailed):
            read(fact)
        aws.faults.clear()


def test_a_website_is_one_whatever_it_serves(read, s3):
    s3.put_bucket_website(Bucket=NAME, WebsiteConfiguration={"IndexDocument": {"Suffix": "index.html"}})
    assert read("website") is True


def test_replication_has_its_role_and_the_rules_that_are_enabled(read, s3):
    s3.create_bucket(Bucket="quartz")
    for bucket in (NAME, "quartz"):
        s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
    there = {"Bucket": "arn:aws:s3:::quartz"}
    plain = {"ID": "plain", "Status": "Enabled", "Priority": 1, "Filter": {"Prefix": "a"}, "Destination": there}
    kms = plain | {
        "ID": "kms",
        "Priority": 2,
        "SourceSelectionCriteria": {"SseKmsEncryptedObjects": {"Status": "Enabled"}},
        "Destination": there | {"EncryptionConfiguration": {"ReplicaKmsKeyID": KEY}},
    }
    off = plain | {"ID": "off", "Status": "Disabled", "Priority": 3}
    role = "arn:aws:iam::123456789012:role/mover"
    s3.put_bucket_replication(Bucket=NAME, ReplicationConfiguration={"Role": role, "Rules": [plain, kms, off]})
    expected = (
        ReplicationRule(id="plain", destination="arn:aws:s3:::quartz"),
        ReplicationRule(id="kms", destination="arn:aws:s3:::quartz", kms_objects=True, replica_key=KEY),
    )
    assert read("replication") == Replication(role, expected)
    s3.delete_bucket_replication(Bucket=NAME)
    assert read("replication") is ABSENT


@pytest.fixture
def logged(s3):
    for name in ("web", "silent"):
        s3.create_bucket(Bucket=name)
    delivery = {"Type": "Group", "URI": "http://acs.amazonaws.com/groups/s3/LogDelivery"}
    grants = [{"Grantee": delivery, "Permission": each} for each in ("WRITE", "READ_ACP")]
    owner = s3.get_bucket_acl(Bucket=NAME)["Owner"]
    s3.put_bucket_acl(Bucket=NAME, AccessControlPolicy={"Owner": owner, "Grants": grants})
    logging = {"LoggingEnabled": {"TargetBucket": NAME, "TargetPrefix": "web/"}}
    s3.put_bucket_logging(Bucket="web", BucketLoggingStatus=logging)


def test_the_buckets_that_log_to_it_are_found_among_all_of_the_region(read, logged):
    assert read("logs_from") == frozenset({"web"})


def test_a_bucket_found_to_log_here_is_enough_whatever_another_hides(read, logged, aws):
    aws.faults.deny("s3:GetBucketLogging", "silent")
    assert read("logs_from") == frozenset({"web"})
    aws.faults.clear()
    aws.faults.deny("s3:GetBucketLogging", "web")
    found = read("logs_from")
    assert isinstance(found, Unreadable)
    assert found.reason.startswith("logging of bucket web: AccessDenied")


def test_the_public_access_block_has_its_four_settings(read, s3):
    block = {"BlockPublicPolicy": True, "IgnorePublicAcls": True}
    s3.put_public_access_block(Bucket=NAME, PublicAccessBlockConfiguration=block)
    assert read("public_access_block") == PublicAccessBlock(block_policy=True, ignore_acls=True)


def test_s3_is_asked_whether_the_policy_is_public(read, s3):
    s3.put_bucket_policy(Bucket=NAME, Policy=json.dumps({"Version": "2012-10-17", "Statement": [PUBLIC]}))
    assert read("policy_is_public") is True
    owned = PUBLIC | {"Principal": {"AWS": "123456789012"}}
    s3.put_bucket_policy(Bucket=NAME, Policy=json.dumps({"Version": "2012-10-17", "Statement": [owned]}))
    assert read("policy_is_public") is False


BLOCKS = ("policy_is_public", "public_access_block")


def test_the_accounts_block_is_asked_for_only_where_it_matters(read, s3, clients, aws):
    account = "account_public_access_block"
    not_read = Unreadable(account, "not read")
    assert read(account, *BLOCKS) == not_read
    s3.put_bucket_policy(Bucket=NAME, Policy=json.dumps({"Version": "2012-10-17", "Statement": [PUBLIC]}))
    assert read(account, *BLOCKS) is ABSENT
    control = clients.client("s3control", aws.region)
    block = {"BlockPublicPolicy": True}
    control.put_public_access_block(AccountId=aws.account, PublicAccessBlockConfiguration=block)
    assert read(account, *BLOCKS) == PublicAccessBlock(block_policy=True)
    s3.put_public_access_block(Bucket=NAME, PublicAccessBlockConfiguration=block)
    assert read(account, *BLOCKS) == not_read
    aws.faults.deny("s3control:GetPublicAccessBlock")
    assert "AccessDenied" in read(account).reason
    aws.faults.clear()
    aws.faults.fail("s3control:GetPublicAccessBlock", Refused("SlowDown", "Rate exceeded", 503), times=None)
    with pytest.raises(LiveReadFailed):
        read(account)


def test_an_account_that_blocks_public_policies_refuses_one(s3, clients, aws):
    control = clients.client("s3control", aws.region)
    block = {"BlockPublicPolicy": True}
    control.put_public_access_block(AccountId=aws.account, PublicAccessBlockConfiguration=block)
    policy = json.dumps({"Version": "2012-10-17", "Statement": [PUBLIC]})
    with pytest.raises(s3.exceptions.ClientError, match="BlockPublicPolicy"):
        s3.put_bucket_policy(Bucket=NAME, Policy=policy)
    control.delete_public_access_block(AccountId=aws.account)
    s3.put_bucket_policy(Bucket=NAME, Policy=policy)


def test_delivery_channels_to_this_bucket_have_their_key(read, aws):
    channel = {"name": "default", "s3BucketName": NAME, "s3KmsKeyArn": KEY}
    recorder = {"name": "default", "roleARN": "arn:aws:iam::123456789012:role/config"}
    config = aws.client("config")
    config.put_configuration_recorder(ConfigurationRecorder=recorder)
    config.put_delivery_channel(DeliveryChannel=channel)
    assert read("delivery_channels") == (DeliveryChannel("default", KEY),)
    config.put_delivery_channel(DeliveryChannel=channel | {"s3BucketName": "elsewhere"})
    assert read("delivery_channels") == ()


def test_trails_to_this_bucket_have_their_key_and_digests(read, aws, s3):
    s3.create_bucket(Bucket="elsewhere")
    trails = aws.client("cloudtrail")
    trails.create_trail(Name="here", S3BucketName=NAME, EnableLogFileValidation=True, KmsKeyId=KEY)
    trails.create_trail(Name="there", S3BucketName="elsewhere")
    arn = f"arn:aws:cloudtrail:us-east-1:{aws.account}:trail/here"
    assert read("trails") == (Trail(arn, KEY, digests=True),)


def test_what_has_no_source_is_an_error_and_not_an_answer(read):
    with pytest.raises(LiveReadFailed, match="surroundings `moon`"):
        read("moon")


# identity policies


@pytest.fixture
def iam(aws):
    return aws.client("iam")


def a_role(iam, name, *statements, path="/"):
    trust = json.dumps({"Version": "2012-10-17", "Statement": []})
    arn = iam.create_role(RoleName=name, Path=path, AssumeRolePolicyDocument=trust)["Role"]["Arn"]
    if statements:
        document = json.dumps({"Version": "2012-10-17", "Statement": list(statements)})
        iam.put_role_policy(RoleName=name, PolicyName="own", PolicyDocument=document)
    return arn


def grants(action, resource="*", **condition):
    found = {"Effect": "Allow", "Action": action, "Resource": resource}
    return found | ({"Condition": condition} if condition else {})


@pytest.fixture
def simulated(aws, clients):
    key = LiveReader(clients, aws.account, aws.region).key(KEY)
    return lambda *principals: simulate_key_use(clients, key, principals)


THROUGH = {"StringEquals": {"kms:ViaService": "s3.us-east-1.amazonaws.com"}}
ELSEWHERE = {"StringEquals": {"kms:ViaService": "s3.eu-west-1.amazonaws.com"}}
ROLES = [
    ((), (False, False)),
    ((grants("kms:*"),), (True, True)),
    ((grants("kms:Decrypt", KEY),), (True, False)),
    ((grants("kms:Decrypt", KEY.replace("1111", "2222")),), (False, False)),
    ((grants(["kms:Decrypt", "kms:GenerateDataKey*"], KEY, **THROUGH),), (True, True)),
    ((grants("kms:*", "*", **ELSEWHERE),), (False, False)),
    ((grants("kms:*"), grants("kms:Decrypt") | {"Effect": "Deny"}), (False, True)),
]


def test_a_roles_identity_policies_say_what_it_may_do_with_the_key_through_s3(simulated, iam):
    arns = [a_role(iam, f"app-{number}", *each, path="/team/") for number, (each, _) in enumerate(ROLES)]
    said = simulated(*arns)
    assert [(said[arn]["kms:Decrypt"], said[arn]["kms:GenerateDataKey"]) for arn in arns] == [each for _, each in ROLES]


def test_a_users_groups_and_attached_policies_count(simulated, iam):
    document = json.dumps({"Version": "2012-10-17", "Statement": grants("kms:GenerateDataKey")})
    policy = iam.create_policy(PolicyName="data-keys", PolicyDocument=document)["Policy"]["Arn"]
    arn = iam.create_user(UserName="kim")["User"]["Arn"]
    iam.create_group(GroupName="readers")
    iam.put_group_policy(
        GroupName="readers", PolicyName="own", PolicyDocument=document.replace("GenerateDataKey", "Decrypt")
    )
    iam.add_user_to_group(GroupName="readers", UserName="kim")
    iam.attach_user_policy(UserName="kim", PolicyArn=policy)
    assert simulated(arn) == {arn: {"kms:Decrypt": True, "kms:GenerateDataKey": True}}


def test_what_depends_on_something_unknown_is_unreadable(simulated, iam):
    arn = a_role(iam, "app", grants("kms:*", "*", StringEquals={"aws:PrincipalTag/team": "data"}))
    found = simulated(arn)[arn]
    assert isinstance(found, Unreadable)
    assert found.reason == "it depends on aws:PrincipalTag/team"


def test_a_principal_that_iam_does_not_know_is_unreadable(simulated):
    gone, session = "arn:aws:iam::123456789012:role/gone", "arn:aws:sts::123456789012:assumed-role/app/run"
    found = simulated(gone, session)
    assert found[gone].reason.startswith("NoSuchEntity")
    assert "its path is not in the session" in found[session].reason


def test_law_a_simulation_that_is_refused_is_unreadable_and_one_that_is_throttled_is_no_answer(simulated, iam, aws):
    arn = a_role(iam, "app", grants("kms:*"))
    aws.faults.deny("iam:SimulatePrincipalPolicy")
    assert "AccessDenied" in simulated(arn)[arn].reason
    aws.faults.clear()
    aws.faults.throttle("iam:SimulatePrincipalPolicy", times=None)
    with pytest.raises(LiveReadFailed):
        simulated(arn)
