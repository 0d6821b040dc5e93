"""AWS Config's recorder and delivery channel beyond moto: recording modes, how both went.

Source: AWS Config API Reference. Measured on moto 5.2.5: a recorder's mode is forgotten, its status stays PENDING;
DescribeDeliveryChannelStatus is not there.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from moto.config.models import config_backends

from s3_guardrails.embedded.call import Answer, Call, Refused, json_answer

FREQUENCIES: Final = ("CONTINUOUS", "DAILY")
Place = tuple[str, str]
"""Account and Region."""


@dataclass(slots=True)
class RecorderService:
    """Methods ``on_…`` answer operations; the recorder and the channel themselves are moto's."""

    recorders: dict[Place, Mapping[str, Any]] = field(default_factory=dict)
    """Members of ConfigurationRecorder that moto forgets."""
    recordings: dict[Place, Mapping[str, Any]] = field(default_factory=dict)
    """How the last recording went: members of ConfigurationRecorderStatus."""
    deliveries: dict[Place, Mapping[str, Any]] = field(default_factory=dict)
    """How the last deliveries went: members of DeliveryChannelStatus."""

    def on_put_configuration_recorder(self, call: Call) -> Answer:
        """Keep the recording mode, continuous unless given."""
        mode = call.parameters["ConfigurationRecorder"].get("recordingMode", {"recordingFrequency": "CONTINUOUS"})
        for each in (mode, *mode.get("recordingModeOverrides", ())):
            if each["recordingFrequency"] not in FREQUENCIES:
                raise Refused("ValidationException", f"recordingFrequency: expected one of {', '.join(FREQUENCIES)}")
        answer = call.forward()
        if answer.status == 200:
            self.recorders[_place(call)] = {"recordingMode": mode}
        return answer

    def on_describe_configuration_recorders(self, call: Call) -> Answer:
        """Describe the recorder with its mode."""
        return self._added(call, "ConfigurationRecorders", self.recorders.get(_place(call), {}))

    def on_describe_configuration_recorder_status(self, call: Call) -> Answer:
        """Tell how the last recording went, of a recorder that is on."""
        return self._added(call, "ConfigurationRecordersStatus", self.recordings.get(_place(call), {}))

    def on_describe_delivery_channel_status(self, call: Call) -> Answer:
        """Tell how deliveries went; a channel that has not delivered yet says nothing of it."""
        went = self.deliveries.get(_place(call), {})
        channels = config_backends[call.account][call.region].delivery_channels
        wanted = call.parameters.get("DeliveryChannelNames") or list(channels)
        for name in wanted:
            if name not in channels:
                raise Refused("NoSuchDeliveryChannelException", f"Cannot find delivery channel with name `{name}`")
        return json_answer({"DeliveryChannelsStatus": [{"name": name, **went} for name in wanted]})

    def _added(self, call: Call, name: str, further: Mapping[str, Any]) -> Answer:
        answer = call.forward()
        if answer.status != 200:
            return answer
        found = json.loads(answer.body)[name]
        return json_answer({name: [{**each, **further} for each in found]})


def _place(call: Call) -> Place:
    return call.account, call.region
