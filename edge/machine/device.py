"""What the machine says of itself: sysfs, procfs and what NVIDIA's system adds, below one root.

Each method returns None, or leaves an entry out, where this machine has no such thing.
"""

import glob
import os
import re
from typing import Dict, List, NamedTuple, Optional


class Memory(NamedTuple):
    """Of the machine, in bytes."""

    total: int
    available: int
    swap_total: int
    swap_free: int


class Gpu(NamedTuple):
    """A Jetson's GPU.

    Attributes:
        load: 0 to 1, or None.
        frequency: its clock, in hertz.
        least, most: what the clock may be now, in hertz.
    """

    load: Optional[float]
    frequency: int
    least: int
    most: int


class Disk(NamedTuple):
    """A drive of the MMC kind.

    Attributes:
        name: such as mmcblk0.
        kind: "MMC" (soldered) or "SD".
        wear: how much of its life is used, 0.1 to 1.1 (JESD84-B51, 7.4.93: in tenths, 1.1 is
            beyond), or None.
        worn_out: True if its reserve of blocks is nearly used up.
    """

    name: str
    kind: Optional[str]
    wear: Optional[float]
    worn_out: bool


NO_SENSOR = ("PMIC-Die", 100.0)
"""A zone of Jetsons that has no sensor: it always says 100 degrees."""

FANS = re.compile("fan", re.IGNORECASE)
"""Cooling devices of such a type cool without slowing anything."""


class Device:
    """The machine whose files lie below `root`."""

    def __init__(self, root: str = "/") -> None:
        self._root = root

    def model(self) -> Optional[str]:
        """Return what the device tree calls the board, such as "quill" for a Jetson TX2."""
        text = self._read("proc/device-tree/model")
        return None if text is None else text.strip("\0")

    def l4t(self) -> Optional[str]:
        """Return a Jetson's release of Linux for Tegra, such as "32.7.1"."""
        found = re.match(
            r"# R(\d+) \(release\), REVISION: ([\d.]+)", self._read("etc/nv_tegra_release") or ""
        )
        return ".".join(found.groups()) if found else None

    def memory(self) -> Optional[Memory]:
        """Return the Memory."""
        kilobytes = dict(
            re.findall(r"^(\w+):\s+(\d+) kB$", self._read("proc/meminfo") or "", re.MULTILINE)
        )
        names = ("MemTotal", "MemAvailable", "SwapTotal", "SwapFree")
        if not all(name in kilobytes for name in names):
            return None
        return Memory(*(1024 * int(kilobytes[name]) for name in names))

    def temperatures(self) -> Dict[str, float]:
        """Return {thermal zone: degrees Celsius}."""
        found = {}
        for path in self._paths("sys/class/thermal/thermal_zone*"):
            name, millidegrees = self._read(path + "/type"), self._number(path + "/temp")
            if name and millidegrees is not None and (name, millidegrees / 1000) != NO_SENSOR:
                found[name] = millidegrees / 1000
        return found

    def throttling(self) -> Dict[str, float]:
        """Return {cooling device: how far it slows something down, 0 to 1}; of namesakes the most.

        Fans are left out.
        """
        found: Dict[str, float] = {}
        for path in self._paths("sys/class/thermal/cooling_device*"):
            name, state = self._read(path + "/type"), self._number(path + "/cur_state")
            most = self._number(path + "/max_state")
            if name and state is not None and most and not FANS.search(name):
                found[name] = max(found.get(name, 0.0), state / most)
        return found

    def gpu(self) -> Optional[Gpu]:
        """Return the Gpu of a Jetson."""
        for path in self._paths("sys/class/devfreq/*.g[pv]*"):
            now, least, most = (
                self._number(path + "/" + name) for name in ("cur_freq", "min_freq", "max_freq")
            )
            if now is not None and least is not None and most is not None:
                permille = self._number("sys/devices/gpu.0/load")
                return Gpu(None if permille is None else permille / 1000, now, least, most)
        return None

    def power(self) -> Dict[str, float]:
        """Return {power rail: watts}, as a Jetson's INA3221 monitors measure them."""
        found = {}
        for path in self._paths("sys/bus/i2c/drivers/ina3221x/*/iio:device*/rail_name_*"):
            folder, _, number = path.rpartition("/rail_name_")
            rail = self._read(path)
            milliwatts = self._number("{}/in_power{}_input".format(folder, number))
            if rail is not None and milliwatts is not None:
                found[rail] = milliwatts / 1000
        return found

    def power_mode(self) -> Optional[str]:
        """Return a Jetson's power mode, such as "MAXN (0)": nvpmodel."""
        found = re.match(r"pmode:(\d+)", self._read("var/lib/nvpmodel/status") or "")
        conf = self._read("etc/nvpmodel.conf") or ""
        default = re.search(r"< PM_CONFIG DEFAULT=(\d+) >", conf)
        mode = found or default
        if mode is None:
            return None
        number = int(mode.group(1))
        name = re.search(r"< POWER_MODEL ID={} NAME=(\S+) >".format(number), conf)
        return "{} ({})".format(name.group(1) if name else "?", number)

    def clocks_held(self) -> Optional[bool]:
        """Return True if all clocks stand at what the power mode allows, as jetson_clocks sets."""
        pairs = [
            (self._number(path + "/scaling_min_freq"), self._number(path + "/scaling_max_freq"))
            for path in self._paths("sys/devices/system/cpu/cpu[0-9]*/cpufreq")
        ]
        gpu = self.gpu()
        if gpu is not None:
            pairs.append((gpu.least, gpu.most))
        return all(least == most for least, most in pairs) if pairs else None

    def disks(self) -> List[Disk]:
        """Return the Disks."""
        found = []
        for path in self._paths("sys/block/mmcblk[0-9]"):
            kind = self._read(path + "/device/type")
            life = re.findall(r"0x([0-9a-f]+)", self._read(path + "/device/life_time") or "")
            tenths = max((int(number, 16) for number in life), default=0)
            worn_out = self._read(path + "/device/pre_eol_info") in ("0x02", "0x03")
            found.append(
                Disk(os.path.basename(path), kind, tenths / 10 if tenths else None, worn_out)
            )
        return found

    def cameras(self) -> Dict[str, str]:
        """Return {video device: what it calls itself}, such as {"/dev/video0": "UVC Camera"}."""
        return {
            "/dev/" + os.path.basename(path): self._read(path + "/name") or "?"
            for path in self._paths("sys/class/video4linux/video*")
        }

    def real(self, path: str) -> str:
        """Return the path that a link such as /dev/v4l/by-id/... leads to."""
        found = os.path.realpath(self._below(path))
        return os.path.join("/", os.path.relpath(found, os.path.realpath(self._root)))

    def may_open(self, device: str) -> bool:
        """Return True if this user may read and write a file such as /dev/video0."""
        return os.access(self._below(device), os.R_OK | os.W_OK)

    def free_bytes(self, path: str) -> int:
        """Return how much a file at `path`, or where it is going to be, could take, in bytes."""
        path = self._below(path)
        while not os.path.exists(path):
            path = os.path.dirname(path)
        facts = os.statvfs(path)
        return facts.f_bavail * facts.f_frsize

    def _below(self, path: str) -> str:
        return os.path.join(self._root, path.lstrip("/"))

    def _paths(self, pattern: str) -> List[str]:
        """Return the paths below the root that match, relative to it, in order."""
        found = glob.glob(os.path.join(glob.escape(self._root), pattern))
        return sorted(os.path.relpath(path, self._root) for path in found)

    def _read(self, path: str) -> Optional[str]:
        try:
            with open(self._below(path), encoding="utf-8", errors="replace") as file:
                return file.read().strip()
        except OSError:  # not there, or a sensor that does not answer
            return None

    def _number(self, path: str) -> Optional[int]:
        text = self._read(path)
        return int(text) if text is not None and re.match(r"-?\d+$", text) else None
