"""The machine's own series, read when Prometheus asks; what it has no sensor for is absent."""

from typing import Iterator, Mapping, Optional

from prometheus_client.core import GaugeMetricFamily

from edge.machine.device import Device

_PREFIX = "labeld_device_"


class DeviceCollector:
    """A collector for a prometheus_client registry."""

    def __init__(self, device: Device) -> None:
        """Make it, to be registered.

        Args:
            device: the Device.
        """
        self._device = device

    def collect(self) -> Iterator[GaugeMetricFamily]:
        """Yield the families that there are values for."""
        device = self._device
        yield from _by_name(
            "temperature_celsius", "Of a thermal zone", "zone", device.temperatures()
        )
        yield from _by_name(
            "throttling_ratio",
            "How far a cooling device slows something down because of heat, 0 to 1",
            "cooling_device",
            device.throttling(),
        )
        yield from _by_name("power_watts", "Drawn from a rail", "rail", device.power())
        gpu = device.gpu()
        if gpu is not None:
            yield from _one("gpu_load_ratio", "How busy the GPU is, 0 to 1", gpu.load)
            yield from _one("gpu_frequency_hertz", "The GPU's clock", gpu.frequency)
        memory = device.memory()
        if memory is not None:
            yield from _one("memory_total_bytes", "Memory of CPU and GPU", memory.total)
            yield from _one("memory_available_bytes", "Of it, what is not needed", memory.available)
            yield from _one("swap_total_bytes", "Swap space", memory.swap_total)
            yield from _one("swap_free_bytes", "Of it, what is not used", memory.swap_free)


def _one(name: str, text: str, value: Optional[float]) -> Iterator[GaugeMetricFamily]:
    if value is not None:
        yield GaugeMetricFamily(_PREFIX + name, text, value=value)


def _by_name(
    name: str, text: str, label: str, values: Mapping[str, float]
) -> Iterator[GaugeMetricFamily]:
    if values:
        family = GaugeMetricFamily(_PREFIX + name, text, labels=[label])
        for key, value in sorted(values.items()):
            family.add_metric([key], value)
        yield family
