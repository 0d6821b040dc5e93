"""Quotas as Service Quotas and Lambda tell them; moto has those of VPC only, and none of Lambda's.

Source: Service Quotas API Reference, GetServiceQuota, ListServiceQuotas; Lambda API Reference, GetAccountSettings.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

from s3_guardrails.embedded.call import Answer, Call, Refused, json_answer

CONCURRENCY: Final = 1000
"""Concurrent executions of an account by default (Lambda Developer Guide, "Lambda quotas")."""


@dataclass(slots=True)
class QuotaService:
    """Methods ``on_…`` answer operations.

    `values`: service and quota code → value. `unreserved`: Region → concurrent executions that nobody reserved.
    """

    values: dict[tuple[str, str], float] = field(default_factory=dict)
    unreserved: dict[str, int] = field(default_factory=dict)

    def on_get_service_quota(self, call: Call) -> Answer:
        """Tell a quota; of one that is not kept, refuse as AWS does."""
        service, code = call.parameters["ServiceCode"], call.parameters["QuotaCode"]
        if (service, code) not in self.values:
            raise Refused("NoSuchResourceException", "The request failed because the specified quota does not exist.")
        value = self.values[service, code]
        return json_answer({"Quota": {"ServiceCode": service, "QuotaCode": code, "Value": value}})

    def on_list_service_quotas(self, call: Call) -> Answer:
        """List the quotas of a service that are kept."""
        found = [
            {"ServiceCode": service, "QuotaCode": code, "QuotaName": code, "Value": value}
            for (service, code), value in self.values.items()
            if service == call.parameters["ServiceCode"]
        ]
        return json_answer({"Quotas": found})

    def on_get_account_settings(self, call: Call) -> Answer:
        """Tell how many functions may run at once."""
        unreserved = self.unreserved.get(call.region, CONCURRENCY)
        limit = {"ConcurrentExecutions": CONCURRENCY, "UnreservedConcurrentExecutions": unreserved}
        return json_answer({"AccountLimit": limit, "AccountUsage": {"FunctionCount": 0, "TotalCodeSize": 0}})
