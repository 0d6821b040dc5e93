"""Access logs, inventories and default keys as the live reader reads them: pages, what others own, what is closed."""

import pytest

from s3_guardrails.embedded.environment import only
from s3_guardrails.encryption.access_log import AccessLogging
from s3_guardrails.encryption.fact import ABSENT, Unreadable
from s3_guardrails.encryption.inventory import FIELDS
from s3_guardrails.live.clients import SessionClients
from s3_guardrails.live.reader import LiveReader


@pytest.fixture
def s3(aws):
    return aws.client("s3")


@pytest.fixture
def read(aws):
    """Read one fact of a bucket with nothing remembered."""

    def read(name, fact):
        with only(aws.environment()):
            reader = LiveReader(SessionClients(), aws.account, aws.region)
            return getattr(reader.complete_bucket(reader.bucket(name, aws.region), fact), fact)

    return read


def log(s3, name, target):
    enabled = {"TargetBucket": target, "TargetPrefix": f"{name}/"}
    s3.put_bucket_logging(Bucket=name, BucketLoggingStatus={"LoggingEnabled": enabled})


def make(s3, *names):
    for name in names:
        s3.create_bucket(Bucket=name)


def test_where_logs_go_and_from_where_they_come(s3, read):
    make(s3, "orders", "invoices", "logs")
    log(s3, "orders", "logs")
    assert read("orders", "access_logging") == AccessLogging("logs", "orders/")
    assert read("invoices", "access_logging") is ABSENT
    assert read("logs", "logs_from") == {"orders"}
    assert read("orders", "logs_from") == frozenset()


def test_one_bucket_that_is_closed_leaves_open_whether_logs_come(aws, s3, read):
    make(s3, "orders", "closed", "logs")
    aws.faults.deny("s3:GetBucketLogging", "closed")
    found = read("logs", "logs_from")
    assert isinstance(found, Unreadable)
    assert found.reason.startswith("logging of bucket closed: AccessDenied")
    log(s3, "orders", "logs")
    assert read("logs", "logs_from") == {"orders"}  # enough to know


def test_a_target_is_followed_until_logs_end_or_come_back(aws, s3, read):
    make(s3, "log-a", "log-b", "log-c")
    log(s3, "log-a", "log-b")
    assert read("log-a", "log_target").onward == ()
    log(s3, "log-b", "log-c")
    assert read("log-a", "log_target").onward == ("log-c",)
    log(s3, "log-c", "log-a")
    assert read("log-a", "log_target").onward == ("log-c", "log-a", "log-b")
    log(s3, "log-c", "log-b")
    assert read("log-a", "log_target").onward == ("log-c", "log-b")
    aws.faults.deny("s3:GetBucketLogging", "log-c")
    assert isinstance(read("log-a", "log_target").onward, Unreadable)


def test_a_target_is_read_whole(aws, s3, read):
    make(s3, "orders", "plain")
    s3.create_bucket(Bucket="locked", ObjectLockEnabledForBucket=True)
    log(s3, "orders", "plain")
    target = read("orders", "log_target")
    assert (target.region, target.locked, target.default_encryption.algorithm) == (aws.region, False, "AES256")
    assert target.key_policy is ABSENT
    log(s3, "orders", "locked")
    assert read("orders", "log_target").locked is False
    retention = {"ObjectLockEnabled": "Enabled", "Rule": {"DefaultRetention": {"Mode": "GOVERNANCE", "Days": 1}}}
    s3.put_object_lock_configuration(Bucket="locked", ObjectLockConfiguration=retention)
    assert read("orders", "log_target").locked is True
    aws.faults.deny("s3:GetObjectLockConfiguration", "locked")
    assert read("orders", "log_target").locked.fact == "log_target"


def test_a_target_that_is_gone_is_nobodys(s3, read):
    make(s3, "orders", "logs")
    log(s3, "orders", "logs")
    s3.delete_bucket(Bucket="logs")
    assert read("orders", "log_target").region is None


def inventory(s3, name, number=0, **differs):
    configuration = {
        "Id": f"list-{number:03}",
        "IsEnabled": True,
        "Destination": {"S3BucketDestination": {"Bucket": "arn:aws:s3:::lists", "Format": "CSV"}},
        "IncludedObjectVersions": "All",
        "Schedule": {"Frequency": "Weekly"},
        **differs,
    }
    s3.put_bucket_inventory_configuration(Bucket=name, Id=configuration["Id"], InventoryConfiguration=configuration)


def test_an_inventory_is_read_whole(aws, s3, read):
    make(s3, "orders", "lists")
    place = {"Bucket": "arn:aws:s3:::lists", "Format": "ORC", "AccountId": aws.account}
    encryption = {"SSEKMS": {"KeyId": f"arn:aws:kms:{aws.region}:{aws.account}:key/lists"}}
    inventory(
        s3,
        "orders",
        Destination={"S3BucketDestination": {**place, "Encryption": encryption}},
        Filter={"Prefix": "2026/"},
        OptionalFields=list(FIELDS),
        IncludedObjectVersions="Current",
    )
    [found] = read("orders", "inventories")
    assert (found.id, found.enabled, found.destination, found.region) == ("list-000", True, "lists", aws.region)
    assert (found.account, found.encryption, found.versions) == (aws.account, "SSE-KMS", "Current")
    assert (found.frequency, found.prefix, found.fields) == ("Weekly", "2026/", frozenset(FIELDS))


def test_every_page_of_inventories_is_read(s3, read):
    make(s3, "orders")
    assert read("orders", "inventories") == ()
    for number in range(101):
        inventory(s3, "orders", number)
    found = read("orders", "inventories")
    assert [each.id for each in found] == [f"list-{number:03}" for number in range(101)]
    assert {each.region for each in found} == {ABSENT}  # the account has no bucket `lists`


def test_inventories_that_are_closed_are_unreadable(aws, s3, read):
    make(s3, "orders")
    aws.faults.deny("s3:GetBucketInventoryConfiguration", "orders")
    assert read("orders", "inventories").reason.startswith("AccessDenied")


def encrypt(s3, name, setting):
    rule = {"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": setting}}
    s3.put_bucket_encryption(Bucket=name, ServerSideEncryptionConfiguration={"Rules": [rule]})


def test_a_default_leads_to_its_key_by_arn_id_and_alias(aws, s3, read):
    make(s3, "orders")
    kms = aws.client("kms")
    arn = kms.create_key()["KeyMetadata"]["Arn"]
    kms.create_alias(AliasName="alias/orders", TargetKeyId=arn)
    alias_arn = f"arn:aws:kms:{aws.region}:{aws.account}:alias/orders"
    for setting in (arn, arn.rpartition("/")[2], "alias/orders", alias_arn):
        encrypt(s3, "orders", setting)
        found = read("orders", "default_key")
        assert (found.arn, found.metadata.state) == (arn, "Enabled")
    aws.faults.deny("kms:DescribeKey")
    assert read("orders", "default_key").reason.startswith("AccessDenied")


def test_a_key_that_is_not_there_is_absent_in_the_own_account_only(aws, s3, read):
    make(s3, "orders")
    gone = f"arn:aws:kms:{aws.region}:{aws.account}:key/11111111-2222-3333-4444-555555555555"
    for setting in (gone, "alias/gone", f"arn:aws:kms:{aws.region}:{aws.account}:alias/gone"):
        encrypt(s3, "orders", setting)
        assert read("orders", "default_key") is ABSENT
    for setting in (gone.replace(aws.account, "444455556666"), f"arn:aws:kms:{aws.region}:444455556666:alias/x"):
        encrypt(s3, "orders", setting)
        assert isinstance(read("orders", "default_key"), Unreadable)
    encrypt(s3, "orders", gone.replace(aws.region, "nowhere-1"))
    assert read("orders", "default_key").reason == "the setting's key ARN names a Region that is not known"


def test_the_end_of_imported_material_is_read(aws, s3, read):
    make(s3, "orders")
    arn = aws.client("kms").create_key(Origin="EXTERNAL")["KeyMetadata"]["Arn"]
    aws.kms.overrides[arn] = {"KeyState": "Enabled", "Enabled": True, "ValidTo": 1_800_000_000}
    encrypt(s3, "orders", arn)
    assert read("orders", "default_key").metadata.expires == 1_800_000_000
