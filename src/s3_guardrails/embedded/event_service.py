"""EventBridge's word on whether a pattern matches an event, which moto knows and does not tell.

Source: EventBridge API Reference, TestEventPattern. Rules are moto's; nothing brings them events.
"""

from __future__ import annotations

import json

from moto.events.models import EventPattern

from s3_guardrails.embedded.call import Answer, Call, Refused, json_answer


class EventService:
    """Methods ``on_…`` answer operations."""

    def on_test_event_pattern(self, call: Call) -> Answer:
        """Tell whether a pattern matches an event, both JSON in a string."""
        pattern = EventPattern.load(call.parameters["EventPattern"])
        try:
            event = json.loads(call.parameters["Event"])
        except ValueError:
            raise Refused("InvalidEventPatternException", "Parameter event is not valid JSON.") from None
        return json_answer({"Result": bool(pattern.matches_event(event))})
