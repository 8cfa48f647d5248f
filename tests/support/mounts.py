"""Small file systems of their own, for tests as root."""

import os
import subprocess
from contextlib import contextmanager, suppress

from tests.support.missing import skip_or_fail


@contextmanager
def tmpfs(path, size):
    """Mount an empty file system over a folder, which is made; `size`: as mount has it.

    Without the right to, the test is skipped, or fails under CI=true.
    """
    os.makedirs(str(path), exist_ok=True)
    command = ["mount", "-t", "tmpfs", "-o", "size=" + size, "tmpfs", str(path)]
    try:
        subprocess.run(command, check=True, stderr=subprocess.PIPE, timeout=30)
    except (OSError, subprocess.CalledProcessError) as error:
        skip_or_fail("mounting a file system needs root: {}".format(error))
    try:
        yield
    finally:
        subprocess.run(["umount", "-l", str(path)], check=True, timeout=30)


def remount(path, how):
    """Mount it again with another option, `ro` or `rw`."""
    subprocess.run(["mount", "-o", "remount," + how, str(path)], check=True, timeout=30)


@contextmanager
def full(path):
    """Have a file system hold no byte more, while in this context."""
    filler = os.path.join(str(path), ".filler")
    with open(filler, "wb", buffering=0) as file:
        with suppress(OSError):
            while True:
                file.write(bytes(4096))
    try:
        yield
    finally:
        os.unlink(filler)
