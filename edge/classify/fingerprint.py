"""What TensorRT engines are bound to: the GPU, and the versions of what runs on it."""

from typing import List

from edge.classify.runtime import Fingerprint

BINDING = ("gpu", "compute_capability", "tensorrt")
"""An engine runs where these are what they were where it was built."""


def differences(built: Fingerprint, here: Fingerprint) -> List[str]:
    """Return what keeps an engine built under one fingerprint from running here, a text each."""
    return [
        "{} {} (built for {})".format(
            name.replace("_", " "), here.get(name) or "none", built.get(name) or "none"
        )
        for name in BINDING
        if here.get(name) != built.get(name)
    ]
