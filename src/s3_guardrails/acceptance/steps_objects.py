"""Steps: the seed, what the rules say of it, uploads before and after, and reads that KMS denies."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Final

from s3_guardrails.acceptance.outcome import Unlike
from s3_guardrails.acceptance.results import ask_periodic, compare, expected
from s3_guardrails.acceptance.run import ALLOWED, Run, differences, tried
from s3_guardrails.acceptance.seed import MAIN, SEALED
from s3_guardrails.acceptance.sow import READER, key_arn, sow
from s3_guardrails.acceptance.step import Step
from s3_guardrails.acceptance.steps_deploy import needs_trail
from s3_guardrails.acceptance.upload import DENIED, uploads_after, uploads_before


def rules(run: Run) -> str:
    """Wait for every rule's answer about every resource of the seed."""
    ask_periodic(run)
    wanted = expected(run)
    compare(run, wanted, 20)
    return f"{len(wanted)} results: each verdict and first code is as expected"


def foreign_policy(run: Run) -> str:
    """Give a bucket a policy about another bucket, which S3 has to refuse."""
    resource = f"arn:{run.partition}:s3:::{run.prefix}-elsewhere/*"
    statement = {"Effect": "Deny", "Principal": "*", "Action": "s3:PutObject", "Resource": resource}
    policy = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    found = tried(lambda: run.client("s3").put_bucket_policy(Bucket=run.name("plain"), Policy=policy))
    if found != "MalformedPolicy":
        raise Unlike(f"expected MalformedPolicy, found {found}")
    return "S3 refuses it: MalformedPolicy"


def denied_read(run: Run) -> str:
    """Read an object as somebody who may use the key, and as somebody who may not."""
    s3, at = run.client("s3"), {"Bucket": run.name(SEALED), "Key": "read-me"}
    s3.put_object(**at, Body=b"data", ServerSideEncryption="aws:kms", SSEKMSKeyId=key_arn(run, MAIN))
    open_to_all = {"Bucket": run.name("archive"), "Key": "read-me"}
    s3.put_object(**open_to_all, Body=b"data")
    reader = run.as_role(READER).client("s3", run.region)
    permitted = "the role to read what no key of ours encrypts"  # or else the denial would say nothing of the key
    run.until(permitted, lambda: tried(lambda: reader.get_object(**open_to_all)) == ALLOWED, 3)
    found = [
        ("a read by the account", ALLOWED, tried(lambda: s3.get_object(**at))),
        ("a read by a role without kms:Decrypt", DENIED, tried(lambda: reader.get_object(**at))),
    ]
    if differ := differences(found):
        raise Unlike(differ)
    return "who may use the key reads; who may not is denied"


def denied_read_event(run: Run) -> str:
    """Find the denied use of the key in CloudTrail's event history."""
    cloudtrail, key = run.client("cloudtrail"), key_arn(run, MAIN)
    since = run.clock.now() - timedelta(hours=2)

    def ask() -> str | None:
        named = [{"AttributeKey": "EventName", "AttributeValue": "Decrypt"}]
        for page in cloudtrail.get_paginator("lookup_events").paginate(LookupAttributes=named, StartTime=since):
            for each in page["Events"]:
                if key in each["CloudTrailEvent"] and run.name(READER) in each["CloudTrailEvent"]:
                    return str(json.loads(each["CloudTrailEvent"]).get("errorCode", ""))
        return None

    code = run.until("the KMS event of the denied read", ask, 20)
    if not code.startswith("AccessDenied"):
        raise Unlike(f"expected the error code AccessDenied, found {code}")
    return f"a Decrypt by the role, with the error code {code}"


def denials_counted(run: Run) -> str:
    """Look whether the rule without a target has counted the denied use."""
    needs_trail(run)
    [name] = [
        each["PhysicalResourceId"] for each in run.resources() if each["LogicalResourceId"] == "UseOfKeysDeniedRule"
    ]
    asked = {"Namespace": "AWS/Events", "MetricName": "MatchedEvents", "Statistics": ["Sum"], "Period": 300}
    rule = {"Name": "RuleName", "Value": name.rpartition("|")[2]}

    def ask() -> float | None:
        now = run.clock.now()
        times = {"StartTime": now - timedelta(hours=2), "EndTime": now + timedelta(minutes=5)}
        points = run.client("cloudwatch").get_metric_statistics(**asked, **times, Dimensions=[rule])["Datapoints"]
        return sum(each["Sum"] for each in points) or None

    count = run.until("MatchedEvents of the rule", ask, 20)
    return f"MatchedEvents under RuleName is {count:g}: a rule without a target counts, and gets denied uses of keys"


SEED: Final = (
    Step(
        id="seed",
        shows="Eight buckets and four keys.",
        run=sow,
        minutes=0.2,
        needs=("preflight",),
        makes="two roles, four keys, eight buckets",
    ),
    Step(
        id="uploads-before",
        shows="Wrong uploads get through before anything is done.",
        run=uploads_before,
        minutes=0.2,
        needs=("seed",),
        makes="objects",
    ),
)
STEPS: Final = (
    Step(
        id="rules",
        shows="Every rule gives the expected verdict and code about every resource.",
        run=rules,
        minutes=8,
        needs=("deploy", "seed"),
        settles=True,
    ),
    Step(
        id="foreign-policy",
        shows="S3 refuses a bucket policy about another bucket.",
        run=foreign_policy,
        minutes=0.2,
        needs=("seed",),
        settles=True,
    ),
    Step(
        id="denied-read",
        shows="Who may not use the key cannot read.",
        run=denied_read,
        minutes=1,
        needs=("seed",),
        makes="an object",
    ),
)
AFTER: Final = (
    Step(
        id="uploads-after",
        shows="After the remediations wrong uploads are denied, and right ones end under the right key.",
        run=uploads_after,
        minutes=0.2,
        needs=("click-default-encryption", "click-tls", "click-uploads"),
        makes="objects",
        settles=True,
    ),
)
TOLD: Final = (
    Step(
        id="denied-read-event",
        shows="The denied read is in CloudTrail's event history.",
        run=denied_read_event,
        minutes=2,
        needs=("seed",),
    ),
    Step(
        id="denials-counted",
        shows="A rule of EventBridge without a target counts denied uses of keys.",
        run=denials_counted,
        minutes=2,
        needs=("deploy", "seed"),
        settles=True,
    ),
)
