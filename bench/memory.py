"""The daemon's memory while it labels many pictures: `python -m bench.memory BUNDLE`.

With `--swap OTHER` it is while the daemon goes over to another bundle and back, several times, and
with `--huge` the most that pictures take which are as large as they may be, or say they are.
"""

import argparse
import os
import tempfile

from bench import huge
from edge.demo import samples
from tests.support import processes
from tests.support.forked import started
from tests.support.servers import Labeld, Mosquitto, Subscriber, wait_for

STEP, LAST = 200, 2000
SWAPS = 10
DISTINCT = 10
"""How many different pictures of each sample label are dropped, again and again."""

LIMIT_SECONDS = 1800.0


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("bundle", metavar="BUNDLE")
    parser.add_argument("--swap", metavar="OTHER")
    parser.add_argument("--huge", action="store_true")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        broker = Mosquitto(folder)
        broker.start()
        daemon = Labeld(
            os.path.join(folder, "labeld"),
            begin=started,
            model={"bundle": os.path.abspath(options.bundle)},
            mqtt={"host": "127.0.0.1", "port": broker.port},
        )
        subscriber = Subscriber(broker.port)
        try:
            daemon.start_ready()
            pictures = read_samples(os.path.join(folder, "samples"))
            print("ready: {:.0f} MB".format(resident_mb(daemon)), flush=True)
            if options.huge:
                label_huge(daemon)
            elif options.swap is None:
                label_many(daemon, subscriber, pictures)
            else:
                swap(daemon, subscriber, pictures, (options.swap, options.bundle))
        finally:
            subscriber.close()
            daemon.kill()
            broker.stop()


def label_many(daemon, subscriber, pictures):
    """Print the memory as ever more pictures are labelled."""
    first = None
    for begin in range(0, LAST, STEP):
        drop(daemon, subscriber, pictures, begin, begin + STEP)
        now = resident_mb(daemon)
        first = first or now
        text = "after {} pictures: {:.0f} MB ({:+.0f} since the first {})"
        print(text.format(begin + STEP, now, now - first, STEP), flush=True)


def label_huge(daemon):
    """Print the most memory that each of some huge pictures, and then all at once, have taken."""
    idle = resident_mb(daemon)
    for name, encoded in huge.pictures():
        peak = peak_mb(daemon, {name: encoded})
        print("{:>24}: {:+.0f} MB, {}".format(name, peak - idle, became(daemon, name)), flush=True)
    together = {
        "{}-{}".format(number, name): encoded
        for name, encoded in huge.pictures()
        for number in range(2)
    }
    print("all twice, at once: {:+.0f} MB".format(peak_mb(daemon, together) - idle), flush=True)


def peak_mb(daemon, files):
    """Drop files and wait until they are put away; return the most memory in MB meanwhile."""
    processes.forget_peak(daemon.pid)
    for name, data in files.items():
        daemon.drop_file(name, data)
    wait_for(lambda: not daemon.waiting(), "they are put away", LIMIT_SECONDS)
    return processes.peak_mb(daemon.pid)


def became(daemon, name):
    """Return what became of a picture that was put away."""
    try:
        with open(os.path.join(daemon.drop, "failed", name + ".error"), encoding="utf-8") as file:
            return "refused: " + file.read().strip()
    except FileNotFoundError:
        return "labelled"


def swap(daemon, subscriber, pictures, bundles):
    """Print the memory as one bundle takes over from another, in turn, with pictures between."""
    for number in range(SWAPS):
        drop(daemon, subscriber, pictures, number * DISTINCT, (number + 1) * DISTINCT)
        before = resident_mb(daemon)
        daemon.configure(model={"bundle": os.path.abspath(bundles[number % 2])})
        if not daemon.reload():
            raise RuntimeError("the bundle was refused: " + daemon.log())
        text = "swap {}: {:.0f} MB before, {:.0f} after"
        print(text.format(number + 1, before, resident_mb(daemon)), flush=True)


def read_samples(folder):
    """Return the sample pictures as a list of bytes."""
    pictures = []
    for path in sorted(samples.write(folder, DISTINCT, seed=1)):
        with open(path, "rb") as file:
            pictures.append(file.read())
    return pictures


def drop(daemon, subscriber, pictures, begin, end):
    """Drop the pictures `begin` to `end` and wait until each has its label."""
    for number in range(begin, end):
        daemon.drop_file("{:05d}.jpg".format(number), pictures[number % len(pictures)])
    wait_for(
        lambda: not daemon.waiting() and len(subscriber.events("drop/label")) == end,
        "{} labels".format(end),
        LIMIT_SECONDS,
    )


def resident_mb(daemon):
    """Return the daemon's resident memory in MB, as its own metrics tell it."""
    for line in daemon.get("/metrics")[1].splitlines():
        if line.startswith("process_resident_memory_bytes "):
            return float(line.split()[1]) / 1e6
    raise RuntimeError("no process_resident_memory_bytes among the metrics")


if __name__ == "__main__":
    main()
