"""The files of a Jetson TX2, as far as labeld reads them.

Nobody recorded them on one machine: paths, names and formats are those of NVIDIA's documentation
for L4T 32.7 and of what users of a TX2 have published; the numbers are made up.
"""

import os

from prometheus_client import CollectorRegistry, generate_latest

from edge.machine.device import Device
from edge.machine.device_metrics import DeviceCollector

GPU = "sys/class/devfreq/17000000.gp10b/"
THERMAL = "sys/class/thermal/"
MONITORS = "sys/bus/i2c/drivers/ina3221x/"

RELEASE = "# R32 (release), REVISION: 7.1, GCID: 29818004, BOARD: t186ref, EABI: aarch64, DATE: Sat"

ZONES = {
    "BCPU-therm": 41500,
    "MCPU-therm": 41500,
    "GPU-therm": 39000,
    "PLL-therm": 41500,
    "Tboard_tegra": 36000,
    "Tdiode_tegra": 37750,
    "PMIC-Die": 100000,
    "thermal-fan-est": 40400,
}

RAILS = {
    "0-0040/iio:device0": {"VDD_SYS_GPU": 2210, "VDD_SYS_SOC": 840, "VDD_4V0_WIFI": 19},
    "0-0041/iio:device1": {"VDD_IN": 6530, "VDD_SYS_CPU": 1150, "VDD_SYS_DDR": 1380},
}

NVPMODEL = """\
< PARAM TYPE=FILE NAME=CPU_ONLINE >
< POWER_MODEL ID=0 NAME=MAXN >
CPU_ONLINE CORE_1 1
< POWER_MODEL ID=1 NAME=MAXQ >
< POWER_MODEL ID=3 NAME=MAXP_CORE_ARM >
< PM_CONFIG DEFAULT=3 >
"""

MEMINFO = """\
MemTotal:        8041992 kB
MemFree:          211348 kB
MemAvailable:    4871324 kB
SwapTotal:       4020992 kB
SwapFree:        4020992 kB
"""

FILES = {
    "etc/nv_tegra_release": RELEASE,
    "etc/nvpmodel.conf": NVPMODEL,
    "var/lib/nvpmodel/status": "pmode:0000 fmode:quiet",
    "proc/device-tree/model": "quill\0",
    "proc/meminfo": MEMINFO,
    GPU + "cur_freq": "1134750000",
    GPU + "min_freq": "114750000",
    GPU + "max_freq": "1300500000",
    "sys/devices/gpu.0/load": "874",
    THERMAL + "cooling_device0/type": "gpu-balanced",
    THERMAL + "cooling_device0/cur_state": "0",
    THERMAL + "cooling_device0/max_state": "10",
    THERMAL + "cooling_device1/type": "pwm-fan",
    THERMAL + "cooling_device1/cur_state": "3",
    THERMAL + "cooling_device1/max_state": "10",
    "sys/block/mmcblk0/device/type": "MMC",
    "sys/block/mmcblk0/device/life_time": "0x02 0x01",
    "sys/block/mmcblk0/device/pre_eol_info": "0x01",
    "sys/block/mmcblk1/device/type": "SD",
    "sys/class/video4linux/video0/name": "vi-output, ov5693 2-0036",
    "sys/class/video4linux/video1/name": "UVC Camera (046d:0825)",
    "dev/video0": "",
}
for _number, (_type, _millidegrees) in enumerate(ZONES.items()):
    FILES["{}thermal_zone{}/type".format(THERMAL, _number)] = _type
    FILES["{}thermal_zone{}/temp".format(THERMAL, _number)] = str(_millidegrees)
for _monitor, _rails in RAILS.items():
    for _number, (_rail, _milliwatts) in enumerate(_rails.items()):
        FILES["{}{}/rail_name_{}".format(MONITORS, _monitor, _number)] = _rail
        FILES["{}{}/in_power{}_input".format(MONITORS, _monitor, _number)] = str(_milliwatts)
for _core in range(6):
    _folder = "sys/devices/system/cpu/cpu{}/cpufreq/".format(_core)
    FILES[_folder + "scaling_min_freq"] = "345600"
    FILES[_folder + "scaling_max_freq"] = "2035200"


def lay_out(root, changes=None):
    """Write the files below `root` (a path, made) and return it as text.

    Args:
        root: the folder.
        changes: {name: another content, or None for no file}.
    """
    for name, text in dict(FILES, **(changes or {})).items():
        if text is None:
            continue
        path = os.path.join(str(root), name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "w", encoding="utf-8") as file:
            file.write(text + "\n")
    return str(root)


def series(root):
    """Return the page of metrics of a machine whose files lie below `root`."""
    registry = CollectorRegistry()
    registry.register(DeviceCollector(Device(root)))
    return generate_latest(registry).decode()
