"""Files to labels at a broker, against what else people run: `python -m bench.publish OUT BUNDLE`.

Each contender has a process, and labels the same pictures in turn, again and again; what is counted
is the time from the first file to the last label at a subscriber. "limit int8" and its like are
what the same machine could do at most in the same round: 1 / (the graph's time for a picture in
that precision at its best batch, on all cores, + the processor time of reading, decoding and
preparing one, over all cores). OUT gets `publish.json` and, where matplotlib is installed,
`publish.png`.
"""

import json
import os
import shutil
import statistics
import subprocess
import sys
import threading
import time
from collections import Counter as Counts

from bench import plots, results, scenes
from bench.contenders import CONTENDERS
from edge.classify import bundle as bundles
from edge.machine.processor import cores
from tests.support.forked import started
from tests.support.servers import Labeld, program

LIMIT_SECONDS = 900.0
LIMITED = 60
"""Of so many pictures it is measured what preparing one costs."""

KINDS = ("1080p.jpg", "12mp.jpg", "1080p.png")
LABELD = "labeld "
PRECISIONS = ("auto", "fp32", "bf16", "int8")


def main():
    parser = results.parser(__doc__)
    parser.add_argument(
        "--images", metavar="FOLDER", help="pictures to label, instead of drawn ones"
    )
    parser.add_argument("--pictures", type=int, default=400)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--kinds", default=",".join(KINDS))
    parser.add_argument("--contenders", help="names, by commas (all that can be run)")
    options = parser.parse_args()
    bundle = bundles.read(options.bundle)
    names = options.contenders.split(",") if options.contenders else runnable(bundle)
    with results.broker() as (broker, folder):
        rows = measure(options, bundle, names, broker.port, folder)
    results.write(options.out, "publish", rows=rows)
    summary = summarised(rows)
    print(text(summary))
    draw(summary, os.path.join(options.out, "publish.png"))


def runnable(bundle):
    """Return the names of all contenders for a bundle, the daemon's own first."""
    has = {"fp32", "auto"} | {name for name, facts in bundle.forms.items() if facts["served"]}
    ours = [LABELD + one for one in PRECISIONS if one in has]
    return ours + [name for name in CONTENDERS if name.split()[-1] not in set(PRECISIONS) - has]


def measure(options, bundle, names, port, folder):
    """Return a row for each round of each contender on each kind of picture."""
    counter = Counter(port)
    contenders = {}
    rows = []
    try:
        for name in names:
            here = os.path.join(folder, name.replace(" ", "-"))
            kind = Daemon if name.startswith(LABELD) else Rival
            contenders[name] = kind(name, bundle, port, here)
        for kind, paths in pictures(options, folder):
            for number in range(options.rounds + 1):
                for name in names[number % len(names) :] + names[: number % len(names)]:
                    seconds = contenders[name].label(paths, counter)
                    if number:  # the first is to get warm
                        row = {"kind": kind, "name": name, "per_second": len(paths) / seconds}
                        rows.append(row)
                        print(json.dumps(row), flush=True)
                for name in names if number else ():
                    if name.startswith(LABELD):
                        rows.append(limit(bundle, paths, name.split()[1]))
                        rows[-1]["kind"] = kind
                        print(json.dumps(rows[-1]), flush=True)
    finally:
        for contender in contenders.values():
            contender.end()
        counter.close()
    return rows


def pictures(options, folder):
    """Yield (kind, paths)."""
    if options.images:
        found = sorted(
            os.path.join(below, name)
            for below, _, files in os.walk(options.images)
            for name in files
        )
        yield "images", found[: options.pictures]
        return
    for kind in options.kinds.split(","):
        size, extension = os.path.splitext(kind)
        yield kind, scenes.write(os.path.join(folder, kind), size, extension, options.pictures)


class Counter:
    """Counts the labels of each contender at the broker, at a small part of a label's own cost."""

    def __init__(self, port):
        self._counts, self._changed = Counts(), threading.Condition()
        self._subscriber = subprocess.Popen(
            [program("mosquitto_sub"), "-p", str(port), "-q", "1", "-t", "#", "-F", "%t"],
            stdout=subprocess.PIPE,
            universal_newlines=True,
        )
        self._reader = threading.Thread(target=self._read, name="counter")
        self._reader.start()

    def wait(self, topic, count):
        """Wait until there are so many on a topic, and begin to count anew."""
        with self._changed:
            assert self._changed.wait_for(lambda: self._counts[topic] >= count, LIMIT_SECONDS), (
                "{} of {} labels on {}".format(self._counts[topic], count, topic)
            )
            self._counts[topic] = 0

    def close(self):
        self._subscriber.terminate()
        self._reader.join(30)
        self._subscriber.wait(30)
        self._subscriber.stdout.close()

    def _read(self):
        for line in self._subscriber.stdout:
            with self._changed:
                self._counts[line.rstrip("\n")] += 1
                self._changed.notify_all()


class Daemon:
    """labeld on a drop folder."""

    def __init__(self, name, bundle, port, folder):
        precision = name.split()[1]
        self._device = name.replace(" ", "-")
        self._rounds = 0
        self._labeld = Labeld(
            folder,
            begin=started,
            device=self._device,
            model={"bundle": bundle.path, "runtime": "auto", "precision": precision},
            mqtt={"host": "127.0.0.1", "port": port},
        )
        drop = {"name": "drop", "kind": "folder", "path": self._labeld.drop, "after": "delete"}
        self._labeld.configure(sources=[drop])
        self._labeld.start_ready()

    def label(self, paths, counter):
        """Return the seconds that it takes."""
        self._rounds += 1
        staged = []
        for path in paths:
            name = ".{}-{}".format(self._rounds, os.path.basename(path))
            staged.append(shutil.copyfile(path, os.path.join(self._labeld.drop, name)))
        began = time.monotonic()
        for name in staged:
            folder, hidden = os.path.split(name)
            os.rename(name, os.path.join(folder, hidden[1:]))
        counter.wait("labeld/{}/drop/label".format(self._device), len(paths))
        return time.monotonic() - began

    def end(self):
        self._labeld.kill()


class Rival:
    """One of CONTENDERS, in a process."""

    def __init__(self, name, bundle, port, folder):
        self._name = name
        os.mkdir(folder)
        self._log = open(os.path.join(folder, "log"), "wb")  # closed in `end`
        command = [sys.executable, "-m", "bench.contenders", name, bundle.path, str(port)]
        self._process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self._log
        )
        assert self._process.stdout.readline() == b"ready\n", name

    def label(self, paths, counter):
        """Return the seconds that it takes."""
        folder = os.path.dirname(paths[0])
        began = time.monotonic()
        self._process.stdin.write((folder + "\n").encode("utf-8"))
        self._process.stdin.flush()
        counter.wait("labels/" + self._name, len(paths))
        return time.monotonic() - began

    def end(self):
        self._process.stdin.close()
        self._process.wait(30)
        self._process.stdout.close()
        self._log.close()


def limit(bundle, paths, precision):
    """Return a row: how many pictures a second this machine could label at most, now."""
    command = [sys.executable, "-m", "bench.limit", bundle.path, "--precision", precision]
    command += paths[:LIMITED]
    done = subprocess.run(command, stdout=subprocess.PIPE, check=True, timeout=LIMIT_SECONDS)
    facts = json.loads(done.stdout.decode("utf-8").splitlines()[-1])
    seconds = facts["graph_seconds"] + facts["prepare_seconds"] / cores()
    return dict(facts, name="limit " + precision, per_second=1 / seconds)


def summarised(rows):
    """Return {kind: {name: (median, least, most)}}, pictures per second."""
    found = {}
    for row in rows:
        found.setdefault(row["kind"], {}).setdefault(row["name"], []).append(row["per_second"])
    return {
        kind: {
            name: (statistics.median(values), min(values), max(values))
            for name, values in names.items()
        }
        for kind, names in found.items()
    }


def text(summary):
    lines = []
    for kind, names in summary.items():
        lines.append("{}: pictures a second, median (least to most)".format(kind))
        for name, (median, low, high) in names.items():
            line = "  {:<15} {:7.1f} ({:.1f} to {:.1f})".format(name, median, low, high)
            if name != "loop" and "loop" in names:
                line += ", {:.1f} times the loop".format(median / names["loop"][0])
            if name.startswith(LABELD):
                most = names["limit " + name.split()[1]]
                line += ", {:.2f} of its limit".format(median / most[0])
            lines.append(line)
    return "\n".join(lines)


def draw(summary, path):
    pyplot = plots.pyplot()
    if pyplot is None:
        return
    figure, axes = pyplot.subplots(1, len(summary), figsize=(5 * len(summary), 4), squeeze=False)
    for axis, (kind, names) in zip(axes[0], summary.items()):
        medians = [values[0] for values in names.values()]
        spread = [[v[0] - v[1] for v in names.values()], [v[2] - v[0] for v in names.values()]]
        axis.barh(list(names), medians, xerr=spread, color="tab:blue")
        axis.invert_yaxis()
        axis.set_title(kind)
        axis.set_xlabel("pictures a second")
    figure.tight_layout()
    figure.savefig(path, dpi=120)


if __name__ == "__main__":
    main()
