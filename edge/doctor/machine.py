"""The machine: memory, power, heat, drives, cameras, clock."""

import ctypes
from typing import Iterator, List, Optional

from edge.config.settings import Config, FolderSettings
from edge.doctor.findings import Finding, bad, note, ok
from edge.machine.device import Device, Memory

MEMORY_BYTES = 2e9
"""What labeld takes with an InceptionV3 bundle and TensorFlow, rounded up: `bench.memory`."""

FREE_BYTES = 1e9

HOT_CELSIUS = 85.0
"""Well below 101.5, where a TX2 turns itself off (NVIDIA's documentation of L4T)."""

WORN = 0.9

NOT_SYNCHRONISED = 5
"""adjtimex(2): TIME_ERROR."""

TX2_FASTEST = "MAXN (0)"


def check(device: Device, config: Optional[Config]) -> Iterator[Finding]:
    """Yield the Findings.

    Args:
        device: the Device.
        config: the Config, or None.
    """
    if device.l4t() is not None:
        yield ok("Jetson", "{}, L4T {}".format(device.model() or "unknown board", device.l4t()))
        yield from _power(device)
    yield from _memory(device, config)
    yield from _heat(device)
    yield from _drives(device, config)
    yield from _cameras(device, config)
    yield _clock()


def _power(device: Device) -> Iterator[Finding]:
    mode = device.power_mode()
    if mode == TX2_FASTEST:
        yield ok("power mode", mode)
    else:
        yield note("power mode", mode or "unknown", "the fastest: sudo nvpmodel -m 0")
    if device.clocks_held():
        yield ok("clocks", "held at what the power mode allows")
    else:
        yield note("clocks", "they follow the load", "steadier and faster: sudo jetson_clocks")
    gpu = device.gpu()
    if gpu is not None:
        load = "load unknown" if gpu.load is None else "load {:.0%}".format(gpu.load)
        yield ok("GPU clock", "{:.0f} MHz, {}".format(gpu.frequency / 1e6, load))


def _memory(device: Device, config: Optional[Config]) -> Iterator[Finding]:
    memory = device.memory()
    if memory is None:
        yield note("memory", "/proc/meminfo does not tell", "")
        return
    found = "{:.1f} GB available of {:.1f}".format(memory.available / 1e9, memory.total / 1e9)
    if memory.available < MEMORY_BYTES:
        advice = "labeld takes up to {:.0f} GB: end what else runs (if it is not labeld itself)"
        yield note("memory", found, advice.format(MEMORY_BYTES / 1e9))
    else:
        yield ok("memory", found)
    if memory.swap_total:
        yield ok("swap", "{:.1f} GB".format(memory.swap_total / 1e9))
    elif device.l4t() is not None:
        yield note("swap", "none", "building engines may need it: docs/jetson.md")
    if config is not None and device.gpu() is not None:
        yield _cap(config.model.gpu_memory_mb, memory)


def _cap(cap_mb: int, memory: Memory) -> Finding:
    found = "model.gpu_memory_mb is {}".format(cap_mb)
    if cap_mb * 2**20 > memory.total / 2:
        return note("GPU memory", found, "more than half of what CPU and GPU share: lower it")
    return ok("GPU memory", found)


def _heat(device: Device) -> Iterator[Finding]:
    temperatures = device.temperatures()
    if temperatures:
        zone = max(temperatures, key=lambda name: temperatures[name])
        found = "{:.0f} degrees at most ({})".format(temperatures[zone], zone)
        if temperatures[zone] >= HOT_CELSIUS:
            yield note("temperature", found, "it slows down when hotter: more air, or a lower mode")
        else:
            yield ok("temperature", found)
    slowed = sorted(name for name, ratio in device.throttling().items() if ratio > 0)
    if slowed:
        yield note("throttling", "slowed down: " + ", ".join(slowed), "it is too hot: more air")


def _drives(device: Device, config: Optional[Config]) -> Iterator[Finding]:
    for path in _paths(config):
        free = device.free_bytes(path)
        found = "{:.1f} GB free for {}".format(free / 1e9, path)
        if free < FREE_BYTES:
            yield bad("disk", found, "empty done/ and failed/, or set after: delete")
        else:
            yield ok("disk", found)
    for disk in device.disks():
        what = "{} ({})".format(disk.name, "soldered" if disk.kind == "MMC" else disk.kind)
        if disk.worn_out or (disk.wear or 0) >= WORN:
            yield note("wear", what + ": at the end of its life", "replace it before it fails")
        elif disk.wear is None:
            yield ok("wear", what + ": it does not tell")
        else:
            yield ok("wear", "{}: at most {:.0%} of its life is used".format(what, disk.wear))


def _paths(config: Optional[Config]) -> List[str]:
    if config is None:
        return ["/var/lib/labeld"]
    folders = [source.path for source in config.sources if isinstance(source, FolderSettings)]
    return folders + ([config.model.converted] if config.model.convert else [])


def _cameras(device: Device, config: Optional[Config]) -> Iterator[Finding]:
    there = device.cameras()
    for path, name in sorted(there.items()):
        if device.may_open(path):
            yield ok("camera", "{}: {}".format(path, name))
        else:
            yield bad(
                "camera",
                "{} ({}): this user may not open it".format(path, name),
                "sudo usermod -aG video USER, then log in again; the unit does it for labeld",
            )
    for source in config.sources if config is not None else ():
        url = getattr(source, "url", "")
        if url.startswith("/dev/") and device.real(url) not in there:
            yield bad("camera", "{}: {} is not there".format(source.name, url), "plug it in")


def _clock() -> Finding:
    buffer = ctypes.create_string_buffer(1024)  # struct timex; modes 0: only ask
    if ctypes.CDLL(None).adjtimex(buffer) == NOT_SYNCHRONISED:
        return note(
            "time",
            "not synchronised",
            "captured_at and TLS need it: sudo timedatectl set-ntp true",
        )
    return ok("time", "synchronised")
