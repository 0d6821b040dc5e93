"""Two rules made for tests: they touch the facts that a parameter names, and can fail in every way a rule might."""

from dataclasses import dataclass

from s3_guardrails.config import lambda_handler_for
from s3_guardrails.decision import Severity, compliant, non_compliant, not_applicable
from s3_guardrails.encryption.fact import ABSENT, known
from s3_guardrails.parameters import Parameters, parameter, words
from s3_guardrails.rule import BucketRule, KeyRule, Trigger


@dataclass(frozen=True, slots=True, kw_only=True)
class TouchParameters(Parameters):
    """Which facts to touch, and how to fail."""

    touch: tuple[str, ...] = parameter("policy", "Facts to touch.", words)
    fail: tuple[str, ...] = parameter("", "Exceptions to raise.", words)


class Touching:
    """Touches facts and tells the last one."""

    Parameters = TouchParameters
    severity, controls, remediation = Severity.LOW, (), ""

    def decide(self, facts):
        for name in self.parameters.fail:
            raise {"ValueError": ValueError, "KeyError": KeyError}[name]("on purpose")
        value = None
        for name in self.parameters.touch:
            value = facts.keys_of(name) if name.startswith(("alias/", "tag:")) else known(getattr(facts, name))
        if value is ABSENT:
            return non_compliant("IS_ABSENT", f"{name} is absent")
        return compliant("IS_THERE", f"{name} is {value}")


class S3_PROBE(Touching, BucketRule):  # noqa: N801  # AWS Config's form
    """The facts that a parameter names are there."""


class KMS_PROBE(Touching, KeyRule):  # noqa: N801  # AWS Config's form
    """The facts that a parameter names are there."""

    trigger = Trigger.PERIODIC


class KMS_SILENT(Touching, KeyRule):  # noqa: N801  # AWS Config's form
    """Nothing is asked of a key; the sentence is empty."""

    def decide(self, facts):
        return not_applicable("NOTHING_ASKED", "")


bucket_handler = lambda_handler_for(S3_PROBE)
key_handler = lambda_handler_for(KMS_PROBE)
silent_handler = lambda_handler_for(KMS_SILENT)
