"""What grows with what is asked of it: `python -m bench.growth OUT`.

A daemon whose graph costs next to nothing, each time with more: cameras, files that wait, messages
in the outbox, classes. Per picture it is to cost the same, its memory is to be bounded, and starts
and stops are to take no longer. OUT gets `growth.json` and, where matplotlib is installed,
`growth.png`.
"""

import argparse
import os
import time

import numpy as np

from bench import outbox, plots, results
from edge.classify import writer
from edge.classify.bundle import GoldenSample
from edge.classify.outputs import Outputs
from edge.prepare.preprocess import ROW, load
from tests.support import processes, tiny
from tests.support.cameras import MjpegServer
from tests.support.forked import started
from tests.support.servers import Labeld

CAMERAS = (1, 4, 16, 64)
FILES = (100, 1000, 10000, 200000)
MESSAGES = (0, 1000, 100000, 1000000)
CLASSES = (2, 100, 1000, 10000)
COUNTED = 1000
"""Labels of which the time of each is taken."""

FPS = 64.0
"""Pictures a second of all cameras together."""

LIMIT_SECONDS = 900.0

ASKING_SECONDS, SELDOM_SECONDS = 0.02, 0.5
"""How often it is asked how far it is; of many cameras an answer takes time that counts."""


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("out", metavar="OUT")
    parser.add_argument("--most", type=int, default=1000000, help="leave out what is more")
    parser.add_argument("--only", help="of what there is more, by commas (all of it)")
    options = parser.parse_args()
    rows = []
    for what, counts, measure in (
        ("cameras", CAMERAS, cameras),
        ("files waiting", FILES, files),
        ("messages in the outbox", MESSAGES, messages),
        ("classes", CLASSES, classes),
    ):
        for count in counts:
            if count > options.most or (options.only and what not in options.only.split(",")):
                continue
            with results.broker() as (broker, folder):
                rows.append(dict(measure(count, broker, folder), what=what, count=count))
            print(text(rows[-1]), flush=True)
    results.write(options.out, "growth", rows=rows)
    draw(rows, os.path.join(options.out, "growth.png"))


def cameras(count, broker, folder):
    """Return the figures of so many cameras, which send FPS pictures a second together."""
    pictures = [tiny.encode(tiny.picture("red", seed, (480, 640))) for seed in range(20)]
    server = MjpegServer(pictures, fps=FPS / count)
    sources = [
        {"name": "c{}".format(number), "kind": "camera", "url": server.url, "fps": 2 * FPS / count}
        for number in range(count)
    ]
    try:
        labeld = daemon(folder, bundle(folder), broker, sources=sources)
        return serve(labeld, 2 * count, SELDOM_SECONDS)
    finally:
        server.close()


def files(count, broker, folder):
    """Return the figures where so many files wait at the start."""
    labeld = daemon(folder, bundle(folder), broker)
    fill(labeld, count)
    return serve(labeld)


def messages(count, broker, folder):
    """Return the figures where so many messages wait, and no broker is there; then it is."""
    labeld = daemon(folder, bundle(folder), broker)
    outbox.fill(os.path.join(folder, "labeld", "outbox.db"), count)
    fill(labeld, COUNTED)
    return serve(labeld)


def classes(count, broker, folder):
    """Return the figures of a model with so many classes."""
    labeld = daemon(folder, bundle(folder, count), broker)
    fill(labeld, COUNTED)
    return serve(labeld)


def bundle(folder, count=3):
    """Write a bundle with so many classes, of which it knows three; return its path."""
    path, known = os.path.join(folder, "bundle"), min(count, 3)

    def save(graph_folder):
        import tensorflow as tf

        class Graph(tf.Module):
            @tf.function(input_signature=[tf.TensorSpec([None, *ROW], tf.uint8, name="pixels")])
            def classify(self, pixels):
                means = tf.reduce_mean(tf.cast(pixels, tf.float32), axis=[1, 2]) / 127.5 - 1
                scores = tf.nn.softmax(3 * means[:, :known])
                return {"scores": tf.pad(scores, [[0, 0], [0, count - known]])}

        graph = Graph()
        tf.saved_model.save(graph, graph_folder, signatures={"serving_default": graph.classify})

    data = tiny.encode(tiny.picture("red"), ".png")
    pixels = load(data)
    powers = np.exp(3 * (pixels.mean(axis=(0, 1))[:known] / 127.5 - 1))
    scores = np.zeros((1, count), np.float32)
    scores[0, :known] = powers / powers.sum()
    sample = GoldenSample("sample.png", data, pixels, Outputs(scores, None).of(0))
    labels = ["class {}".format(number) for number in range(count)]
    writer.write(path, writer.Draft(save, labels, [sample], {"macro_f1": 1.0}, {}))
    return path


def daemon(folder, bundle_path, broker, **settings):
    return Labeld(
        os.path.join(folder, "labeld"),
        begin=started,
        model={"bundle": bundle_path},
        mqtt={"host": "127.0.0.1", "port": broker.port},
        outbox={
            "path": os.path.join(folder, "labeld", "outbox.db"),
            "max_messages": 10000000,
            "max_mb": 10000,
        },
        **settings,
    )


def fill(labeld, count):
    """Have so many pictures lie in the drop folder."""
    data = [tiny.encode(tiny.picture("red", seed)) for seed in range(20)]
    for number in range(count):
        with open(os.path.join(labeld.drop, "{:06d}.jpg".format(number)), "wb") as file:
            file.write(data[number % len(data)])


def serve(labeld, skipped=1, asking_seconds=ASKING_SECONDS):
    """Start it, and return its figures once it has labelled as many as are counted.

    `skipped`: so many labels it gives before they are counted.
    """
    wanted = min(COUNTED, len(labeld.waiting()) or COUNTED)
    begun = time.monotonic()
    try:
        labeld.start_ready()
        ready = time.monotonic()
        first, from_seconds = when_labelled(labeld, skipped, asking_seconds)
        before = processes.cpu_seconds(labeld.pid)
        last, to_seconds = when_labelled(labeld, wanted, asking_seconds)
        return {
            "start_seconds": ready - begun,
            "first_label_seconds": from_seconds - ready,
            "seconds_per_picture": (to_seconds - from_seconds) / (last - first),
            "cpu_seconds_per_picture": (processes.cpu_seconds(labeld.pid) - before)
            / (last - first),
            "peak_mb": processes.peak_mb(labeld.pid),
            "stop_seconds": stop(labeld),
        }
    finally:
        labeld.kill()


def when_labelled(labeld, wanted, asking_seconds):
    """Wait for so many labels; return how many there are, and when (monotonic seconds)."""
    deadline = time.monotonic() + LIMIT_SECONDS
    while time.monotonic() < deadline:
        found = labelled(labeld)
        if found >= wanted:
            return found, time.monotonic()
        time.sleep(asking_seconds)
    raise TimeoutError("{} of {} labels within {:.0f} s".format(found, wanted, LIMIT_SECONDS))


def stop(labeld):
    begun = time.monotonic()
    assert labeld.end() == 0, labeld.log()
    return time.monotonic() - begun


def labelled(labeld):
    lines = labeld.get("/metrics")[1].splitlines()
    return sum(
        float(line.split()[-1])
        for line in lines
        if line.startswith('labeld_frames_total{outcome="published"')
    )


def text(row):
    return (
        "{count} {what}: ready after {start_seconds:.1f} s, labels {first_label_seconds:.1f} s "
        "later, {cpu:.2f} ms of a core and {wall:.2f} ms each, at most {peak_mb:.0f} MB, stopped "
        "after {stop_seconds:.1f} s"
    ).format(
        cpu=1000 * row["cpu_seconds_per_picture"], wall=1000 * row["seconds_per_picture"], **row
    )


def draw(rows, path):
    pyplot = plots.pyplot()
    if pyplot is None:
        return
    kinds = sorted({row["what"] for row in rows})
    figure, axes = pyplot.subplots(3, len(kinds), figsize=(3 * len(kinds), 7), squeeze=False)
    figures = (
        ("cpu_seconds_per_picture", 1000, "ms of a core each"),
        ("peak_mb", 1, "MB at most"),
        ("start_seconds", 1, "s to start"),
    )
    for column, what in enumerate(kinds):
        some = [row for row in rows if row["what"] == what]
        for line, (name, times, label) in enumerate(figures):
            axis = axes[line][column]
            counts = [max(1, row["count"]) for row in some]
            axis.plot(counts, [times * row[name] for row in some], "o-")
            axis.set_xscale("log")
            axis.set_ylim(0)
            axis.set_ylabel(label if column == 0 else "")
        axes[-1][column].set_xlabel(what)
    figure.tight_layout()
    figure.savefig(path, dpi=120)


if __name__ == "__main__":
    main()
