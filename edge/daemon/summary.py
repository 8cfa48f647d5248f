"""What it is doing, in the line that `systemctl status` shows."""

from typing import Dict, List

from prometheus_client import CollectorRegistry

_SHOWN = (
    "labeld_source_up",
    "labeld_mqtt_connected",
    "labeld_outbox_messages",
    "labeld_outbox_on_disk",
    "labeld_model_converting",
    "labeld_config_last_reload_successful",
)


class Summary:
    """Reads the instruments."""

    def __init__(self, registry: CollectorRegistry) -> None:
        """Take the registry of `edge.metrics`."""
        self._registry = registry

    def line(self, model: str) -> str:
        """Return it; `model`: what the served bundle calls itself."""
        shown: Dict[str, List[float]] = {name: [] for name in _SHOWN}
        for family in self._registry.restricted_registry(list(_SHOWN)).collect():
            for sample in family.samples:
                shown[sample.name].append(sample.value)
        sources = shown["labeld_source_up"]
        said = [
            "serving " + model,
            "{:.0f} of {} sources up".format(sum(sources), len(sources)),
            "broker connected" if any(shown["labeld_mqtt_connected"]) else "no broker",
            "{:.0f} labels wait for it".format(sum(shown["labeld_outbox_messages"])),
        ]
        if not all(shown["labeld_outbox_on_disk"]):
            said.append("the outbox cannot be written")
        if any(shown["labeld_model_converting"]):
            said.append("the model is being converted")
        if not all(shown["labeld_config_last_reload_successful"]):
            said.append("the last reload was refused")
        return ", ".join(said)
