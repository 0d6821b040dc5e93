"""S3_BUCKET_TLS_ONLY: whether any request without TLS reaches the bucket."""

from dataclasses import dataclass

from s3_guardrails.classified import data_class_tag, value_for
from s3_guardrails.config import lambda_handler_for
from s3_guardrails.decision import Decision, Reason, Severity, compliant, decided, non_compliant
from s3_guardrails.encryption.bucket import Bucket
from s3_guardrails.encryption.fact import Absent, known, wanted
from s3_guardrails.encryption.finding import undecided, violation
from s3_guardrails.encryption.per_class import PerClass, per_class
from s3_guardrails.encryption.transport import TransportQuestion, minimum_version
from s3_guardrails.parameters import Parameters, flag, parameter, words
from s3_guardrails.policy.callers import Callers
from s3_guardrails.policy.prove import Inconclusive, Proved, Refuted
from s3_guardrails.rule import BucketRule, Control

SECURITY_HUB = "AWS Security Hub User Guide, control S3.5"


@dataclass(frozen=True, slots=True, kw_only=True)
class TlsParameters(Parameters):
    """The least TLS version, and which requests are accepted without TLS; none by default."""

    data_class_tag: str = data_class_tag()
    minimum_tls_version: PerClass[str | None] = parameter(
        "",
        "Least TLS version, such as 1.2, then `;class=…` for data classes that differ; empty: any TLS.",
        per_class("MinimumTlsVersion", minimum_version),
    )
    accept_services: bool = parameter("false", "Leave requests by AWS service principals out of the question.", flag)
    accept_via_services: bool = parameter(
        "false", "Leave requests that a service forwards for a caller (aws:ViaAWSService) out of the question.", flag
    )
    future_actions: bool = parameter(
        "false", "Ask about actions that S3 does not have yet as well, so that listing today's is not enough.", flag
    )
    accept_principals: tuple[str, ...] = parameter(
        "", "ARNs of principals that may go without TLS, separated by commas; `*` and `?` are wildcards.", words
    )


class S3_BUCKET_TLS_ONLY(BucketRule):
    """No request without TLS gets past the bucket policy, whoever sends it, whatever the action, bucket or object.

    S3 answers plain HTTP wherever a policy does not deny it. The answer is about every request that the policy does
    not deny; a Deny for some actions, resources, principals or networks leaves the others open. A website endpoint has
    no TLS: anonymous reads of objects, which is what it serves, are left out where the bucket has one.
    """

    severity = Severity.MEDIUM
    controls = (
        Control("AWS Security Hub", "S3.5", SECURITY_HUB, "2026-11"),
        Control("CIS AWS Foundations v7.0.0", "3.1.1", "compliance file of Prowler 5.46, August 2026", "2026-11"),
        Control("NIST SP 800-53 Rev. 5", "SC-8(1)", SECURITY_HUB, "2026-11"),
        Control("PCI DSS v4.0.1", "4.2.1", SECURITY_HUB, "2026-11"),
    )
    remediation = "RequireTls"
    Parameters = TlsParameters
    parameters: TlsParameters

    def decide(self, bucket: Bucket) -> Decision:
        """Ask whether a request without sufficient TLS is let through."""
        policy = known(bucket.policy)
        if isinstance(policy, Absent):
            return non_compliant("NO_POLICY", "the bucket has no policy, so nothing denies plain HTTP")
        question = self.question(bucket)
        needed = f"TLS {question.minimum}" if question.minimum else "TLS"
        answer = question.ask(policy)
        if isinstance(answer, Refuted) and wanted(bucket.website) is True:
            answer = question._replace(website=True).ask(policy)
            if isinstance(answer, Proved):
                what = f"anonymous reads come through the website endpoint, which has no TLS; all else needs {needed}"
                step = "CloudFront with origin access control would serve the site over TLS"
                return compliant("WEBSITE_READS_ONLY", what).advised(Reason("WEBSITE_ENDPOINT", step))
        match answer:
            case Proved():
                return compliant("TLS_REQUIRED", f"every request without {needed} is denied")
            case Refuted():
                http = answer.counterexample.values.get("aws:securetransport") == "false"
                code = "TLS_NOT_REQUIRED" if http else "TLS_VERSION_TOO_LOW"
                reason = violation(code, f"a request without {needed} gets past the policy", policy, answer)
                return decided((reason,), (), reason)
            case Inconclusive():
                reason = undecided("TLS_UNDECIDED", f"it is open whether a request without {needed} is denied", answer)
                return decided((), (reason,), reason)

    def question(self, bucket: Bucket) -> TransportQuestion:
        """Return the question that is asked of the bucket's policy; raise UnreadableFact."""
        callers = Callers(
            own=bucket.account,
            partition=bucket.partition,
            services=not self.parameters.accept_services,
            via_services=not self.parameters.accept_via_services,
            without=self.parameters.accept_principals,
        )
        return TransportQuestion(
            bucket_arn=bucket.arn,
            callers=callers,
            minimum=value_for(self.parameters.minimum_tls_version, bucket, self.parameters.data_class_tag),
            future=self.parameters.future_actions,
            since=bucket.as_of,
        )


lambda_handler = lambda_handler_for(S3_BUCKET_TLS_ONLY)
