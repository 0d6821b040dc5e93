"""What surrounds buckets and keys in an account, as the embedded AWS plays it: it refuses what AWS refuses."""

import pytest
from botocore.exceptions import ClientError
from preflight_account import bucket, log, organize, record, set_up


def code_of(call, **parameters):
    with pytest.raises(ClientError) as raised:
        call(**parameters)
    return raised.value.response["Error"]["Code"]


def test_a_recorder_keeps_its_mode_and_takes_no_other_frequency(aws):
    record(aws, aws.region, mode={"recordingFrequency": "DAILY"})
    [recorder] = aws.client("config").describe_configuration_recorders()["ConfigurationRecorders"]
    assert recorder["recordingMode"] == {"recordingFrequency": "DAILY"}
    put = aws.client("config").put_configuration_recorder
    hourly = {"name": "default", "roleARN": "arn:aws:iam::1:role/x", "recordingMode": {"recordingFrequency": "HOURLY"}}
    assert code_of(put, ConfigurationRecorder=hourly) == "ValidationException"
    assert aws.client("config").describe_configuration_recorders()["ConfigurationRecorders"] == [recorder]


def test_a_recorder_cannot_be_started_without_a_delivery_channel(aws):
    record(aws, aws.region)
    start = aws.client("config").start_configuration_recorder
    assert code_of(start, ConfigurationRecorderName="default") == "NoAvailableDeliveryChannelException"


def test_a_channel_that_is_not_there_has_no_status(aws):
    ask = aws.client("config").describe_delivery_channel_status
    assert ask()["DeliveryChannelsStatus"] == []
    assert code_of(ask, DeliveryChannelNames=["default"]) == "NoSuchDeliveryChannelException"
    record(aws, aws.region)
    aws.client("config").put_delivery_channel(DeliveryChannel={"name": "default", "s3BucketName": bucket(aws)})
    assert ask()["DeliveryChannelsStatus"] == [{"name": "default"}]


def test_a_trail_has_one_kind_of_event_selectors_the_one_that_was_put_last(aws):
    log(aws)
    cloudtrail = aws.client("cloudtrail")
    basic = [{"ReadWriteType": "ReadOnly", "IncludeManagementEvents": True}]
    advanced = [{"FieldSelectors": [{"Field": "eventCategory", "Equals": ["Management"]}]}]
    put = cloudtrail.put_event_selectors
    both = {"EventSelectors": basic, "AdvancedEventSelectors": advanced}
    assert code_of(put, TrailName="main", **both) == "InvalidEventSelectorsException"
    found = cloudtrail.get_event_selectors(TrailName="main")
    assert found["EventSelectors"][0]["ReadWriteType"] == "All"
    for kind, other in (both, reversed(both), both):
        put(TrailName="main", **{kind: both[kind]})
        found = cloudtrail.get_event_selectors(TrailName="main")
        assert kind in found
        assert other not in found


def test_a_quota_that_is_not_kept_is_refused(aws):
    ask = aws.client("service-quotas").get_service_quota
    assert code_of(ask, ServiceCode="config", QuotaCode="L-0BE82991") == "NoSuchResourceException"


def test_a_call_into_a_region_that_the_account_does_not_have_is_refused_as_if_credentials_were_wrong(aws):
    aws.regions.statuses["eu-south-1"] = "DISABLED"
    for service, operation in (("config", "describe_configuration_recorders"), ("sts", "get_caller_identity")):
        assert code_of(getattr(aws.client(service, "eu-south-1"), operation)) == "UnrecognizedClientException"
        getattr(aws.client(service), operation)()


def test_the_lists_of_an_organization_are_for_its_administrators(aws):
    ask = aws.client("organizations").list_accounts
    assert code_of(ask) == "AWSOrganizationsNotInUseException"
    set_up(aws)
    [member, _] = organize(aws, "one", "two")
    assert len(ask()["Accounts"]) == 3
    theirs = member.client("organizations")
    assert code_of(theirs.list_aws_service_access_for_organization) == "AccessDeniedException"
    assert theirs.describe_organization()["Organization"]["MasterAccountId"] == aws.account
