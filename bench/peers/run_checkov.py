"""checkov's own checks on cases from stdin; run by the Python of an environment that has checkov alone."""

import json
import sys

from checkov.cloudformation.checks.resource.aws.KMSKeyWildCardPrincipal import check as cloudformation
from checkov.common.models.enums import CheckResult
from checkov.terraform.checks.resource.aws.KMSKeyWildcardPrincipal import check as terraform
from checkov.terraform.checks.resource.aws.S3SecureDataTransport import check as transport

CHECKS = {
    "tls": {
        "CKV_AWS_379, its reading of the policy": transport._is_policy_secure,  # noqa: SLF001 - what it asks of a policy
    },
    "kms-outside": {
        "CKV_AWS_33, Terraform": lambda policy: terraform.scan_resource_conf({"policy": [policy]}),
        "CKV_AWS_33, CloudFormation": lambda policy: cloudformation.scan_resource_conf(
            {"Properties": {"KeyPolicy": policy}}
        ),
    },
}


def main() -> None:
    """Answer each line with one line for each check of its topic."""
    for line in sys.stdin:
        case = json.loads(line)
        for name, check in CHECKS.get(case["topic"], {}).items():
            try:
                verdict = "pass" if check(case["policy"]) == CheckResult.PASSED else "fail"
            except Exception as error:  # noqa: BLE001 - a crash is an answer
                verdict = f"crash: {type(error).__name__}"
            print(json.dumps({"id": case["id"], "check": name, "verdict": verdict}))


if __name__ == "__main__":
    main()
