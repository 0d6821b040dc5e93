"""CloudTrail where moto has nothing: event selectors of a trail that was given none, and the event history.

Source: CloudTrail API Reference, LookupEvents, PutEventSelectors: a new trail logs all management events; basic and
advanced event selectors replace each other.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from s3_guardrails.embedded.call import Answer, Call, Refused, json_answer

DEFAULT: Final = [
    {
        "ReadWriteType": "All",
        "IncludeManagementEvents": True,
        "DataResources": [],
        "ExcludeManagementEventSources": [],
    }
]


@dataclass(slots=True)
class TrailService:
    """Methods ``on_…`` answer operations; trails are moto's. `errors`: trail's ARN → error of its last delivery.

    `history`: records of the event history, which nothing writes by itself.
    """

    errors: dict[str, str] = field(default_factory=dict)
    history: list[Mapping[str, Any]] = field(default_factory=list)

    def on_lookup_events(self, call: Call) -> Answer:
        """Return the records of a call's name, newest first; other attributes are not played."""
        [wanted] = call.parameters["LookupAttributes"]
        if wanted["AttributeKey"] != "EventName":
            raise Refused("InvalidLookupAttributesException", f"{wanted['AttributeKey']} is not played here")
        found = [each for each in reversed(self.history) if each["eventName"] == wanted["AttributeValue"]]
        told = [{"EventName": each["eventName"], "CloudTrailEvent": json.dumps(each)} for each in found]
        return json_answer({"Events": told})

    def on_put_event_selectors(self, call: Call) -> Answer:
        """Refuse both kinds at once."""
        if call.parameters.get("EventSelectors") and call.parameters.get("AdvancedEventSelectors"):
            raise Refused("InvalidEventSelectorsException", "expected basic or advanced event selectors, found both")
        return call.forward()

    def on_get_event_selectors(self, call: Call) -> Answer:
        """Tell the kind that was put last, or that of a new trail."""
        answer = call.forward()
        if answer.status != 200:
            return answer
        found = json.loads(answer.body)
        kind = "EventSelectors" if found.get("EventSelectors") else "AdvancedEventSelectors"
        selectors: list[Any] = found.get(kind) or []
        if not selectors:
            kind, selectors = "EventSelectors", DEFAULT
        return json_answer({"TrailARN": found["TrailARN"], kind: selectors})

    def on_get_trail_status(self, call: Call) -> Answer:
        """Tell how the last delivery went."""
        answer = call.forward()
        error = self.errors.get(call.parameters["Name"])
        if answer.status != 200 or not error:
            return answer
        return json_answer({**json.loads(answer.body), "LatestDeliveryError": error})
