"""All of the benchmarks of speed, one after the other: `python -m bench OUT`.

Without `--bundle` one is trained on stamp photographs first. OUT gets what each benchmark writes,
and a log of each. It wants a machine that does nothing else.
"""

import argparse
import os
import subprocess
import sys

from bench import photosets
from tests.support import weights

PHOTOGRAPHS = 60
"""Of each class, to train on."""

LIMIT_SECONDS = 3 * 3600.0


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("out", metavar="OUT")
    parser.add_argument("--bundle", metavar="BUNDLE")
    parser.add_argument("--images", metavar="FOLDER", help="where that was trained")
    options = parser.parse_args()
    os.makedirs(options.out, exist_ok=True)
    bundle, images = options.bundle, options.images
    if bundle is None:
        bundle, images = (os.path.join(options.out, name) for name in ("bundle", "photographs"))
        if not os.path.exists(bundle):
            train(images, bundle)
    given = [options.out, bundle]
    run("start", given)
    run("allocations", given)
    run("publish", given)
    run("latency", given)
    run("page", given)
    run("preparing", given + (["--images", images] if images else []))
    run("growth", given[:1])
    training = "--recipes labeld,fast,classic --sizes 400 --seeds 1".split()
    run("accuracy", [os.path.join(options.out, "training"), *training])


def train(images, bundle):
    """Train a bundle on stamp photographs, as a user does."""
    photosets.of_stamps(images, PHOTOGRAPHS, seed=1)
    command = [sys.executable, "-m", "export", "train", os.path.join(images, "train")]
    command += ["--out", bundle, "--weights", weights.require()]
    subprocess.run(command, check=True, timeout=LIMIT_SECONDS)


def run(name, arguments):
    """Run one; what it prints is shown, and its complaints are kept."""
    os.makedirs(arguments[0], exist_ok=True)
    print("== bench.{}".format(name), flush=True)
    command = [sys.executable, "-m", "bench." + name] + arguments
    with open(os.path.join(arguments[0], name + ".log"), "ab") as log:
        subprocess.run(command, check=True, timeout=LIMIT_SECONDS, stdout=None, stderr=log)


if __name__ == "__main__":
    main()
