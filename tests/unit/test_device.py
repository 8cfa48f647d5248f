"""What a machine says of itself, and the series that come of it."""

import pytest

from edge.machine.device import Device, Disk, Gpu, Memory
from tests.support import tx2
from tests.support.tx2 import series


@pytest.fixture
def root(tmp_path):
    return tx2.lay_out(tmp_path / "tx2")


@pytest.fixture
def device(root):
    return Device(root)


def test_a_tx2_says_what_it_is(device):
    assert (device.model(), device.l4t()) == ("quill", "32.7.1")
    assert device.memory() == Memory(8041992 * 1024, 4871324 * 1024, 4020992 * 1024, 4020992 * 1024)
    assert device.gpu() == Gpu(0.874, 1134750000, 114750000, 1300500000)
    assert device.power_mode() == "MAXN (0)"
    assert device.cameras() == {
        "/dev/video0": "vi-output, ov5693 2-0036",
        "/dev/video1": "UVC Camera (046d:0825)",
    }
    assert device.may_open("/dev/video0")
    assert not device.may_open("/dev/video1")


def test_zones_without_a_sensor_are_left_out(device):
    temperatures = device.temperatures()
    assert temperatures["BCPU-therm"] == 41.5
    assert len(temperatures) == 7
    assert "PMIC-Die" not in temperatures


def test_a_sensor_that_does_not_answer_is_left_out(tmp_path):
    root = tx2.lay_out(tmp_path, {tx2.THERMAL + "thermal_zone0/temp": ""})
    assert "BCPU-therm" not in Device(root).temperatures()


def test_rails_are_in_watts(device):
    assert device.power()["VDD_IN"] == 6.53
    assert device.power()["VDD_SYS_GPU"] == 2.21
    assert len(device.power()) == 6


def test_a_fan_is_no_throttling(device):
    assert device.throttling() == {"gpu-balanced": 0.0}


def test_throttling_is_seen(tmp_path):
    root = tx2.lay_out(tmp_path, {tx2.THERMAL + "cooling_device0/cur_state": "4"})
    assert Device(root).throttling() == {"gpu-balanced": 0.4}


def test_clocks_are_held_once_least_is_most(device, tmp_path):
    assert device.clocks_held() is False
    held = {
        name: tx2.FILES[name.replace("min_freq", "max_freq")]
        for name in tx2.FILES
        if name.endswith("min_freq")
    }
    assert Device(tx2.lay_out(tmp_path / "held", held)).clocks_held() is True


def test_the_power_mode_is_the_default_until_one_was_chosen(tmp_path):
    device = Device(tx2.lay_out(tmp_path, {"var/lib/nvpmodel/status": None}))
    assert device.power_mode() == "MAXP_CORE_ARM (3)"


def test_the_wear_of_the_soldered_drive_is_known_that_of_a_card_is_not(device):
    assert device.disks() == [
        Disk("mmcblk0", "MMC", 0.2, False),
        Disk("mmcblk1", "SD", None, False),
    ]


def test_where_there_is_nothing_nothing_is_said(tmp_path):
    device = Device(str(tmp_path))
    assert device.model() is device.l4t() is device.memory() is device.gpu() is None
    assert device.power_mode() is device.clocks_held() is None
    assert device.temperatures() == device.throttling() == device.power() == device.cameras() == {}
    assert device.disks() == []
    assert device.free_bytes("/not/there") > 0


def test_the_series_of_a_tx2(root):
    page = series(root)
    for line in (
        'labeld_device_temperature_celsius{zone="GPU-therm"} 39.0',
        'labeld_device_throttling_ratio{cooling_device="gpu-balanced"} 0.0',
        'labeld_device_power_watts{rail="VDD_IN"} 6.53',
        "labeld_device_gpu_load_ratio 0.874",
        "labeld_device_gpu_frequency_hertz 1.13475e+09",
        "labeld_device_memory_available_bytes 4.988235776e+09",
        "labeld_device_swap_free_bytes 4.117495808e+09",
    ):
        assert line in page.splitlines()


def test_what_a_machine_has_not_is_absent_and_not_zero(tmp_path):
    assert series(str(tmp_path)).strip() == ""
    nothing_else = {name: None for name in tx2.FILES if name != "proc/meminfo"}
    memory_only = tx2.lay_out(tmp_path / "pc", nothing_else)
    names = {line.split()[0] for line in series(memory_only).splitlines() if line[0] != "#"}
    assert names == {
        "labeld_device_memory_total_bytes",
        "labeld_device_memory_available_bytes",
        "labeld_device_swap_total_bytes",
        "labeld_device_swap_free_bytes",
    }
