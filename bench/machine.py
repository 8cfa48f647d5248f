"""What machine a benchmark ran on."""

import os
import platform

from edge.machine.processor import installed, instructions, processor

TELLING = ("amx_int8", "avx512_bf16", "avx512_vnni", "avx_vnni", "avx512f", "avx2")
"""Instructions that decide how fast a graph runs."""


def machine():
    """Return a dict for a report: processor, cores, instructions, libraries."""
    has = instructions()
    return {
        "processor": processor()["processor"],
        "cores": processor()["cores"],
        "instructions": [one for one in TELLING if one in has],
        "python": platform.python_version(),
        "libraries": sorted(installed(("tensorflow", "openvino", "cv2"))),
        "load_before": os.getloadavg()[0],
    }
