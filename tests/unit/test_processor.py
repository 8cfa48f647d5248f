"""What a processor can do, as Linux says it."""

import pytest

from edge.machine.processor import instructions

X86 = "processor\t: 0\nmodel name\t: Some CPU\nflags\t\t: fpu avx2 avx512_bf16\n\nprocessor\t: 1\n"
ARM = "processor\t: 0\nFeatures\t: fp asimd crc32\nCPU implementer\t: 0x41\n"


@pytest.mark.parametrize(
    ("told", "expected"),
    [(X86, {"fpu", "avx2", "avx512_bf16"}), (ARM, {"fp", "asimd", "crc32"}), ("", set())],
)
def test_instructions_are_those_that_linux_lists(told, expected, tmp_path):
    path = tmp_path / "cpuinfo"
    path.write_text(told)
    assert instructions(str(path)) == expected


def test_without_a_list_no_instruction_is_known(tmp_path):
    assert instructions(str(tmp_path / "missing")) == set()
