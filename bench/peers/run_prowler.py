"""Prowler's own checks on cases from stdin; run by the Python of an environment that has Prowler alone."""

import io
import json
import sys
from contextlib import redirect_stdout
from types import ModuleType, SimpleNamespace
from typing import Any

Case = dict[str, Any]
CLIENT = "prowler.providers.aws.services.s3.s3_client"


def tls(policy: Case, case: Case) -> bool:
    """Run the check s3_bucket_secure_transport_policy over a stand-in for the account's client."""
    bucket = SimpleNamespace(
        name="b", policy=policy, region="us-east-1", arn="arn:aws:s3:::b", tags=[], account_id=case["own"]
    )
    sys.modules[CLIENT].s3_client.buckets = {"b": bucket}
    from prowler.providers.aws.services.s3.s3_bucket_secure_transport_policy import (  # noqa: PLC0415 - after the stand-in
        s3_bucket_secure_transport_policy as module,
    )

    return module.s3_bucket_secure_transport_policy().execute()[0].status == "PASS"


def public(policy: Case, case: Case) -> bool:
    """Decide as the check kms_key_not_publicly_accessible does."""
    from prowler.providers.aws.services.iam.lib.policy import is_policy_public  # noqa: PLC0415 - after the stand-in

    return not is_policy_public(policy, case["own"], not_allowed_actions=[])


def cross_account(policy: Case, case: Case) -> bool:
    """The strictest options of the same function."""
    from prowler.providers.aws.services.iam.lib.policy import is_policy_public  # noqa: PLC0415 - after the stand-in

    return not is_policy_public(
        policy,
        case["own"],
        is_cross_account_allowed=False,
        check_cross_service_confused_deputy=True,
        trusted_account_ids=list(case.get("params", {}).get("inside", [])),
    )


CHECKS = {
    "tls": {"s3_bucket_secure_transport_policy": tls},
    "kms-outside": {
        "kms_key_not_publicly_accessible": public,
        "is_policy_public, no cross-account, trusted accounts, confused deputy": cross_account,
    },
}


def main() -> None:
    """Answer each line with one line for each check of its topic."""
    client = ModuleType(CLIENT)
    client.s3_client = SimpleNamespace(buckets={})
    sys.modules[CLIENT] = client
    for line in sys.stdin:
        case = json.loads(line)
        for name, check in CHECKS.get(case["topic"], {}).items():
            try:
                with redirect_stdout(io.StringIO()):
                    verdict = "pass" if check(case["policy"], case) else "fail"
            except Exception as error:  # noqa: BLE001 - a crash is an answer
                verdict = f"crash: {type(error).__name__}"
            print(json.dumps({"id": case["id"], "check": name, "verdict": verdict}))


if __name__ == "__main__":
    main()
