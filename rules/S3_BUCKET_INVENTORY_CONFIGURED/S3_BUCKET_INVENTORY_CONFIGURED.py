"""S3_BUCKET_INVENTORY_CONFIGURED: whether it can be told how a bucket's objects are encrypted."""

from dataclasses import dataclass

from s3_guardrails.config import lambda_handler_for
from s3_guardrails.decision import Decision, Reason, Severity, compliant, decided, non_compliant
from s3_guardrails.encryption.bucket import Bucket
from s3_guardrails.encryption.fact import Absent, known
from s3_guardrails.encryption.inventory import FREQUENCIES, inventory_flaws
from s3_guardrails.errors import ParameterError
from s3_guardrails.parameters import Parameters, flag, parameter
from s3_guardrails.rule import BucketRule, Control, NoRemediation, Trigger

OWN = "own mapping: no framework names a control for inventories"


def frequency(value: str) -> str:
    """Read `Daily` or `Weekly`."""
    if value not in FREQUENCIES:
        raise ParameterError(f"expected one of {', '.join(FREQUENCIES)}, found `{value}`")
    return value


@dataclass(frozen=True, slots=True, kw_only=True)
class InventoryParameters(Parameters):
    """What is asked of an inventory beyond that it is complete."""

    inventory_frequency: str = parameter("Weekly", "How often at least: Daily or Weekly.", frequency)
    lists_with_kms: bool = parameter("false", "Whether the inventory's lists must be encrypted with SSE-KMS.", flag)


class S3_BUCKET_INVENTORY_CONFIGURED(BucketRule):
    """An inventory lists every object of the bucket, all versions, with how it is encrypted, at least every week.

    A bucket's settings tell how new objects are stored; how those are stored that are there already, only an inventory
    tells. AWS Config records no inventories, so the question is asked every day.
    """

    trigger = Trigger.PERIODIC
    severity = Severity.LOW
    controls = (
        Control("NIST SP 800-53 Rev. 5", "CM-8", OWN, "2026-11"),
        Control("PCI DSS v4.0.1", "12.5.2", OWN, "2026-11"),
    )
    remediation = NoRemediation(
        "an inventory is billed by the objects it lists and needs a destination whose policy lets S3 write: both are "
        "the owner's choice"
    )
    Parameters = InventoryParameters
    parameters: InventoryParameters

    def decide(self, bucket: Bucket) -> Decision:
        """Look for one inventory without a flaw; else tell those of the best."""
        found = known(bucket.inventories)
        if not found:
            return non_compliant("NO_INVENTORY", "the bucket has no inventory")
        often = FREQUENCIES[: FREQUENCIES.index(self.parameters.inventory_frequency) + 1]
        kms = self.parameters.lists_with_kms
        judged = [(tuple(inventory_flaws(bucket.region, each, often, kms=kms)), each) for each in found]
        flaws, best = min(judged, key=lambda pair: len(pair[0]))
        if flaws:
            return decided(flaws, (), flaws[0])
        holds = compliant("INVENTORIED", f"the inventory {best.id} goes to {best.destination} {best.frequency.lower()}")
        if isinstance(known(best.region), Absent):
            what = f"the destination {best.destination} is of another account, or of none: it was not looked at"
            return holds.advised(Reason("DESTINATION_NOT_CHECKED", what))
        return holds


lambda_handler = lambda_handler_for(S3_BUCKET_INVENTORY_CONFIGURED)
