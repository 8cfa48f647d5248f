"""What the short ways to the row save and change: `python -m bench.preparing OUT BUNDLE`.

Each photograph that was held out when the bundle was trained is enlarged to a camera's size
(cubic), and becomes a JPEG file and an H.264 film. These, and its pixels as a PNG's come from the
decoder, are then prepared in the short way (a JPEG decoded as small as covers the row; pixels
halved before they are shrunk by area; a film's picture shrunk by area before its colours are
converted) and in the long one. OUT gets `preparing.json`: the processor time of each, the grey
levels between the two, and the macro-F1 of the bundle.
"""

import os
import tempfile
import time

import av
import cv2
import numpy as np
from sklearn.metrics import f1_score

from bench import results
from edge.classify import bundle as bundles
from edge.classify import variant
from edge.classify.runtimes import Runtimes
from edge.config.settings import ModelSettings
from edge.prepare.decoder import decode
from edge.prepare.preprocess import (
    BY_AREA,
    FORMER,
    ROW,
    SPEC,
    load_into,
    preprocess_into,
    side_by_side,
)
from edge.sources.camera.scaler import Scaler
from export.pictures import collection

QUALITY = 88
BATCH = 8


def main():
    parser = results.parser(__doc__)
    parser.add_argument("--images", metavar="FOLDER", help="where it was trained")
    parser.add_argument("--most", type=int, default=1000, help="photographs")
    parser.add_argument("--height", type=int, default=1080, help="that they are enlarged to")
    options = parser.parse_args()
    side_by_side()
    bundle = bundles.read(options.bundle)
    table = os.path.join(bundle.path, bundles.HELD_OUT)
    images = options.images or collection.of_bundle(bundle, None, None).below
    found = collection.read(table, images).photographs[: options.most]
    rows = prepared([one.path for one in found], options.height)
    truth = [bundle.labels.index(one.label) for one in found]
    runtime = Runtimes()
    form = variant.choose(ModelSettings(bundle.path), runtime).candidates[0]
    said = judged(rows, truth, runtime.load(form))
    results.write(options.out, "preparing", form=form.form, rows=said)
    for row in said:
        print(text(row))


def prepared(paths, height):
    """Return {way: (uint8[n, 299, 299, 3], ms of a core for each)}."""
    scaler = Scaler(av)
    ways = {
        "JPEG, in full": lambda jpeg, pixels, film, out: load_into(jpeg, out, FORMER),
        "JPEG, as small as covers": lambda jpeg, pixels, film, out: load_into(jpeg, out, SPEC),
        "pixels, in full": lambda jpeg, pixels, film, out: preprocess_into(pixels, out, BY_AREA),
        "pixels, halved first": lambda jpeg, pixels, film, out: preprocess_into(pixels, out, SPEC),
        "film, in full": lambda jpeg, pixels, film, out: of_film(film, scaler, False, out),
        "film, shrunk first": lambda jpeg, pixels, film, out: of_film(film, scaler, True, out),
    }
    rows = {way: np.empty((len(paths),) + ROW, np.uint8) for way in ways}
    took = dict.fromkeys(ways, 0.0)
    with tempfile.TemporaryDirectory() as folder:
        film = os.path.join(folder, "film.mp4")
        for number, path in enumerate(paths):
            with open(path, "rb") as file:
                picture = enlarged(decode(file.read()), height)
            flags = [cv2.IMWRITE_JPEG_QUALITY, QUALITY]
            jpeg = cv2.imencode(".jpg", picture[..., ::-1], flags)[1].tobytes()
            write_film(film, picture)
            for way, prepare in ways.items():
                seconds = prepare(jpeg, picture, film, rows[way][number])
                if seconds is None:
                    began = time.thread_time()
                    prepare(jpeg, picture, film, rows[way][number])
                    seconds = time.thread_time() - began
                took[way] += seconds
    return {way: (rows[way], 1000 * took[way] / len(paths)) for way in ways}


def of_film(path, scaler, shrinks, out):
    """Prepare a film's first picture; return the processor time, but for decoding."""
    with av.open(path) as container:
        frame = next(container.decode(video=0))
    began = time.thread_time()
    preprocess_into(scaler.rgb(frame, shrinks=shrinks), out, BY_AREA)
    return time.thread_time() - began


def enlarged(picture, height):
    """Return it `height` pixels high at least, both sides even: H.264 asks for that."""
    times = max(1.0, height / min(picture.shape[:2]))
    size = [2 * int(round(side * times / 2)) for side in picture.shape[1::-1]]
    return cv2.resize(picture, tuple(size), interpolation=cv2.INTER_CUBIC)


def write_film(path, picture):
    with av.open(path, "w") as output:
        stream = output.add_stream("libx264", rate=10)
        stream.height, stream.width = picture.shape[:2]
        stream.pix_fmt, stream.options = "yuv420p", {"preset": "veryfast"}
        frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(picture), format="rgb24")
        for packet in stream.encode(frame) + stream.encode():
            output.mux(packet)


def judged(rows, truth, graph):
    """Return what is to be said of each way, beside the one in full before it."""
    said, full = [], None
    for way, (pixels, milliseconds) in rows.items():
        batches = range(0, len(pixels), BATCH)
        scores = [graph.run(np.ascontiguousarray(pixels[n : n + BATCH])).scores for n in batches]
        labels = np.concatenate(scores).argmax(axis=1)
        row = {
            "way": way,
            "pictures": len(pixels),
            "ms": milliseconds,
            "macro_f1": f1_score(truth, labels, average="macro"),
        }
        if way.endswith("in full"):
            full = pixels.astype(np.int16), labels
        else:
            off = np.abs(full[0] - pixels)
            row["mean_levels"] = float(off.mean())
            row["share_beyond_two_levels"] = float((off > 2).mean())
            row["other_labels"] = int((labels != full[1]).sum())
        said.append(row)
    return said


def text(row):
    line = "{way}: {ms:.2f} ms, macro-F1 {macro_f1:.4f} of {pictures}".format(**row)
    if "mean_levels" in row:
        line += (
            "; {mean_levels:.2f} grey levels from it on average, {share_beyond_two_levels:.2%} "
            "beyond two; {other_labels} other labels"
        ).format(**row)
    return line


if __name__ == "__main__":
    main()
