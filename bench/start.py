"""From the command to READY: `python -m bench.start OUT BUNDLE`, for each form of the bundle.

Each form is started in turn, again and again, after a first start that is not counted, in which
what is the fastest is tried. `loaded` is the log's own figure for the graph, its golden samples and
its first runs. OUT gets `start.json`.
"""

import os
import re
import statistics
import subprocess
import sys
import time

from bench import results
from edge.classify import bundle as bundles
from edge.classify.runtimes import Runtimes
from tests.support import processes
from tests.support.forked import started
from tests.support.servers import Labeld

LIMIT_SECONDS = 60.0
COMMANDS = (("--help",), ("run", "--help"), ("check", "--help"))


def main():
    parser = results.parser(__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    bundle = bundles.read(os.path.abspath(options.bundle))
    with results.broker() as (broker, folder):
        rows = daemons(bundle, broker.port, folder, options.rounds)
    rows += commands(options.rounds)
    results.write(options.out, "start", rows=rows)


def daemons(bundle, port, folder, rounds):
    """Return a row for each form."""
    forms = Runtimes().forms(bundle)
    found = {form.form: [] for form in forms}
    for number in range(rounds + 1):
        for form in forms:
            figures = start(form, port, os.path.join(folder, form.form.replace(" ", "-")))
            if number:
                found[form.form].append(figures)
    rows = []
    for form, starts in found.items():
        names = starts[0]
        rows.append({name: statistics.median(one[name] for one in starts) for name in names})
        rows[-1]["form"] = form
        text = "{form}: ready after {ready_seconds:.2f} s, of which loaded {loaded_seconds:.1f} s; "
        print((text + "{resident_mb:.0f} MB").format(**rows[-1]), flush=True)
    return rows


def start(form, port, folder):
    labeld = Labeld(
        folder,
        begin=started,
        model={"bundle": form.path, "runtime": form.runtime, "precision": form.precision},
        mqtt={"host": "127.0.0.1", "port": port},
    )
    begun = time.monotonic()
    try:
        labeld.start_ready()
        ready = time.monotonic() - begun
        return {
            "ready_seconds": ready,
            "loaded_seconds": float(re.findall(r"loaded in (\S+) s", labeld.log())[-1]),
            "resident_mb": processes.resident_mb(labeld.pid),
        }
    finally:
        labeld.kill()


def commands(rounds):
    """Return a row for each of COMMANDS."""
    rows = []
    program = os.path.join(os.path.dirname(sys.executable), "labeld")
    for arguments in COMMANDS:
        took = []
        for _ in range(rounds + 1):
            begun = time.monotonic()
            subprocess.run(
                [program, *arguments], stdout=subprocess.PIPE, check=True, timeout=LIMIT_SECONDS
            )
            took.append(time.monotonic() - begun)
        rows.append(
            {"form": "labeld " + " ".join(arguments), "seconds": statistics.median(took[1:])}
        )
        print("{form}: {seconds:.3f} s".format(**rows[-1]), flush=True)
    return rows


if __name__ == "__main__":
    main()
