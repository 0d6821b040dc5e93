"""Which Regions an account has: the Account Management API's opt-in status, which moto lacks.

Source: Account Management Reference, GetRegionOptStatus; "Enable or disable AWS Regions in your account". A call into a
Region that the account does not have is refused as if its credentials were wrong, STS's too.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Final

from s3_guardrails.embedded.call import Answer, Call, Refused, json_answer

REFUSAL: Final = ("UnrecognizedClientException", "The security token included in the request is invalid.")


@dataclass(slots=True)
class AccountService:
    """Methods ``on_…`` answer operations. `statuses`: Region → status where that is not ENABLED_BY_DEFAULT."""

    statuses: dict[str, str] = field(default_factory=dict)

    def on_get_region_opt_status(self, call: Call) -> Answer:
        """Tell the status of a Region."""
        region = json.loads(call.body)["RegionName"]
        return json_answer({"RegionName": region, "RegionOptStatus": self.statuses.get(region, "ENABLED_BY_DEFAULT")})

    def admit(self, call: Call) -> None:
        """Raise Refused for a call that is signed for a Region that the account does not have."""
        if self.statuses.get(call.region) in {"DISABLED", "DISABLING"}:
            raise Refused(*REFUSAL, 403 if call.service == "sts" else 400)
