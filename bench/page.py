"""What open pages cost: `python -m bench.page OUT BUNDLE`.

Cameras send more than labeld can label, so that whatever a page costs is missing from the labels.
Open pages and none take turns, short ones, since the machine's pace changes by more than pages
cost; what they cost for certain is the time of the daemon's HTTP thread, which is given, too. A
page does what a browser does: it reads the events and asks for the pictures whenever there are
others. The pages are read on the same machine, so the processor time of their reading, which is
another machine's in use, is missing from the labels, too: it is given beside. OUT gets `page.json`.
"""

import json
import multiprocessing
import os
import re
import statistics
import threading
import time
import typing
import urllib.request

import numpy as np

from bench import results, scenes
from bench.latency import send
from edge.classify import bundle as bundles
from tests.support import processes
from tests.support.forked import started
from tests.support.servers import Labeld, wait_for

SETTLING_SECONDS = 1.0
LIMIT_SECONDS = 30.0


def main():
    parser = results.parser(__doc__)
    parser.add_argument("--cameras", type=int, default=50)
    parser.add_argument("--pages", type=int, default=20)
    parser.add_argument("--size", choices=sorted(scenes.SIZES), default="1080p")
    parser.add_argument("--fps", type=float, default=200.0, help="of all cameras together")
    parser.add_argument("--seconds", type=float, default=4.0, help="of each turn")
    parser.add_argument("--rounds", type=int, default=40)
    options = parser.parse_args()
    bundle = bundles.read(options.bundle)
    with results.broker() as (broker, folder):
        turns = measure(options, bundle, broker.port, os.path.join(folder, "labeld"))
    found = summary(turns)
    results.write(options.out, "page", turns=turns, summary=found)
    print(json.dumps(found, indent=1))


def measure(options, bundle, port, folder):
    """Return the figures of each turn."""
    here, there = multiprocessing.Pipe()
    each = options.fps / options.cameras
    sender = multiprocessing.Process(target=send, args=(options, each, there), daemon=True)
    sender.start()
    labeld = Labeld(
        folder,
        begin=started,
        model={"bundle": bundle.path, "runtime": "auto"},
        mqtt={"host": "127.0.0.1", "port": port},
    )
    url = here.recv()
    cameras = [
        {"name": "c{}".format(n), "kind": "camera", "url": url, "fps": 2 * each}
        for n in range(options.cameras)
    ]
    http = {"port": labeld.http_port, "pictures": True}
    labeld.configure(sources=cameras, http=http)
    turns = []
    try:
        labeld.start_ready()
        for number in range(2 * options.rounds):
            pages = options.pages if number % 2 else 0
            turns.append(turn(labeld, pages, options.seconds))
            print(json.dumps(turns[-1]), flush=True)
    finally:
        labeld.kill()
        sender.terminate()
        sender.join(LIMIT_SECONDS)
    return turns


def turn(labeld, pages, seconds):
    """Return the figures of so many open pages over so many seconds."""
    reader = None
    here, there = multiprocessing.Pipe()
    if pages:
        reader = multiprocessing.Process(target=read, args=(labeld.http_port, pages, there))
        reader.daemon = True
        reader.start()
    time.sleep(SETTLING_SECONDS)
    if reader:
        here.send("begin")
    before, began = Spent.of(labeld, reader), time.monotonic()
    time.sleep(seconds)
    after, took = Spent.of(labeld, reader), time.monotonic() - began
    told = {"states": 0, "pictures": 0, "bytes": 0}
    if reader:
        here.send("end")
        assert here.poll(LIMIT_SECONDS), "the pages do not answer"
        told = here.recv()
        reader.terminate()
        reader.join(LIMIT_SECONDS)
    labels = after.labels - before.labels
    return {
        "pages": pages,
        "per_second": labels / took,
        "daemon_ms_a_label": 1000 * (after.daemon - before.daemon) / labels,
        "http_ms_a_second": 1000 * (after.http - before.http) / took,
        "reader_percent": 100 * (after.reader - before.reader) / (took * os.cpu_count()),
        "told": {name: count / took for name, count in told.items()},
    }


class Spent(typing.NamedTuple):
    """Labels so far; processor seconds of the daemon, its HTTP thread, and its pages' reader."""

    labels: float
    daemon: float
    http: float
    reader: float

    @classmethod
    def of(cls, labeld, reader):
        page = labeld.get("/metrics")[1]
        counts = re.findall(r'labeld_frames_total{outcome="published",source="[^"]*"} (\S+)', page)
        seconds = [processes.cpu_seconds(one.pid) if one else 0.0 for one in (labeld, reader)]
        http = processes.thread_cpu_seconds(labeld.pid, "http")
        return cls(sum(map(float, counts)), seconds[0], http, seconds[1])


def read(port, pages, pipe):
    """Be so many open pages, until we are ended; `pipe` gets what they were told."""
    told, lock = {"states": 0, "pictures": 0, "bytes": 0}, threading.Lock()

    def count(name, size):
        with lock:
            told[name] += 1
            told["bytes"] += size

    for _ in range(pages):
        threading.Thread(target=show, args=(port, count), daemon=True).start()
    wait_for(lambda: told["states"] >= pages, "each page is told the state")
    pipe.recv()
    with lock:
        told.update(dict.fromkeys(told, 0))
    pipe.recv()
    pipe.send(told)
    threading.Event().wait()


def show(port, count):
    """Be one page: read the states, and the pictures whenever their version is another."""
    url, shown = "http://127.0.0.1:{}/".format(port), None
    while True:
        with urllib.request.urlopen(url + "events", timeout=LIMIT_SECONDS) as events:
            for line in events:
                if not line.startswith(b"data: "):
                    continue
                count("states", len(line))
                version = re.search(rb'"version": (\d+)}', line).group(1).decode()
                if version != shown:
                    shown = version
                    with urllib.request.urlopen(
                        url + "pictures?version=" + version, timeout=LIMIT_SECONDS
                    ) as pictures:
                        count("pictures", len(pictures.read()))


def summary(turns):
    """Return medians over the turns, and by how many percent labels fall with pages open."""
    without, with_pages = (
        [one for one in turns if bool(one["pages"]) == is_open] for is_open in (0, 1)
    )
    fewer = [
        100 * (1 - there["per_second"] / here["per_second"])
        for here, there in zip(without, with_pages)
    ]

    def median(name, some):
        return round(statistics.median(one[name] for one in some), 2)

    return {
        "per_second": median("per_second", without),
        "per_second_with_pages": median("per_second", with_pages),
        "labels_fewer_percent": round(statistics.median(fewer), 2),
        "labels_fewer_percent_95": interval(fewer),
        "daemon_ms_a_label": median("daemon_ms_a_label", without),
        "daemon_ms_a_label_with_pages": median("daemon_ms_a_label", with_pages),
        "http_ms_a_second": median("http_ms_a_second", without),
        "http_ms_a_second_with_pages": median("http_ms_a_second", with_pages),
        "http_percent_of_the_machine": round(
            (median("http_ms_a_second", with_pages) - median("http_ms_a_second", without))
            / (10 * os.cpu_count()),
            2,
        ),
        "reading_percent_of_the_machine": median("reader_percent", with_pages),
        "told_a_second": with_pages[-1]["told"],
    }


def interval(values):
    """Return where the median of such values lies, for 95 of 100 (bootstrap percentiles)."""
    drawn = np.random.RandomState(0).choice(values, (1000, len(values)))
    return [round(float(end), 2) for end in np.percentile(np.median(drawn, axis=1), (2.5, 97.5))]


if __name__ == "__main__":
    main()
