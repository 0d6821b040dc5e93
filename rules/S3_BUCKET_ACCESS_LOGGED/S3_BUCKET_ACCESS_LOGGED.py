"""S3_BUCKET_ACCESS_LOGGED: whether server access logs of a bucket are made and arrive."""

from dataclasses import dataclass

from s3_guardrails.config import lambda_handler_for
from s3_guardrails.decision import Decision, Reason, Severity, decided, non_compliant, not_applicable
from s3_guardrails.encryption.access_log import Source, target_flaws
from s3_guardrails.encryption.bucket import Bucket
from s3_guardrails.encryption.fact import Absent, known
from s3_guardrails.parameters import Parameters, parameter, words
from s3_guardrails.rule import BucketRule, Control, NoRemediation, Trigger

SECURITY_HUB = "AWS Security Hub User Guide, control S3.9"


@dataclass(frozen=True, slots=True, kw_only=True)
class LoggingParameters(Parameters):
    """Which buckets may take logs."""

    log_targets: tuple[str, ...] = parameter(
        "", "Names of the buckets that may take access logs, separated by commas; empty: any that can.", words
    )


class S3_BUCKET_ACCESS_LOGGED(BucketRule):
    """Server access logs of the bucket are made, and go to a bucket that can take them.

    S3 takes a target that it cannot write to, and then delivers nothing, silently. A bucket that takes the logs of
    others needs no logging of its own; one that logs to itself, or buckets whose logs go round, make logs of logs for
    ever. What the verdict rests on is spread over several resources, whose changes make AWS Config call no rule about
    this bucket: so it is asked every day.
    """

    trigger = Trigger.PERIODIC
    severity = Severity.MEDIUM
    controls = (
        Control("AWS Security Hub", "S3.9", SECURITY_HUB, "2026-11"),
        Control("NIST SP 800-53 Rev. 5", "AU-3", SECURITY_HUB, "2026-11"),
        Control("PCI DSS v4.0.1", "10.2.1", SECURITY_HUB, "2026-11"),
    )
    remediation = NoRemediation(
        "which bucket takes the logs, under which prefix and for how long, is the owner's choice, and the target's "
        "policy has to let S3 write first"
    )
    Parameters = LoggingParameters
    parameters: LoggingParameters

    def decide(self, bucket: Bucket) -> Decision:
        """Look where the logs go, then whether they can arrive there."""
        logging = known(bucket.access_logging)
        if isinstance(logging, Absent):
            if sources := sorted(known(bucket.logs_from)):
                what = f"the bucket takes the access logs of {', '.join(sources[:5])}{' …' if len(sources) > 5 else ''}"
                return not_applicable("LOG_TARGET", f"{what}, and needs no logging of its own")
            return non_compliant("NOT_LOGGED", "the bucket makes no server access logs")
        target = known(bucket.log_target)
        source = Source(bucket.name, bucket.account, bucket.region, bucket.partition)
        flaws = list(target_flaws(source, logging, target))
        if self.parameters.log_targets and logging.target not in self.parameters.log_targets:
            flaws.append(
                Reason("TARGET_NOT_EXPECTED", f"the logs go to {logging.target}, which LogTargets does not name")
            )
        return decided(flaws, (), Reason("LOGGED", f"server access logs go to {logging.target}"))


lambda_handler = lambda_handler_for(S3_BUCKET_ACCESS_LOGGED)
