"""A model bundle for tests that need no training: it tells red, green and blue pictures apart."""

import functools
import os

import cv2
import numpy as np

from edge.classify import bundle, writer
from edge.classify.bundle import GoldenSample
from edge.classify.outputs import Outputs
from edge.classify.runtime import Graph
from edge.prepare import preprocess

LABELS = ("red", "green & more", "blue")

COLOURS = {"red": (200, 30, 30), "green & more": (30, 200, 30), "blue": (30, 30, 200)}


def picture(label, seed=0, size=(120, 160)):
    """Return uint8[h, w, 3] RGB: the label's colour under noise that makes each seed's unique."""
    noise = np.random.RandomState(seed).randint(-20, 20, size + (3,))
    return np.clip(np.array(COLOURS[label]) + noise, 0, 255).astype(np.uint8)


def encode(rgb, extension=".jpg"):
    """Return an RGB picture as the bytes of a file."""
    return cv2.imencode(extension, rgb[..., ::-1])[1].tobytes()


def file_pictures(folder, shown):
    """Write pictures into class folders, as a user files them.

    Args:
        folder: a pathlib.Path, made.
        shown: {class folder: the label that each of its pictures really shows}.
    """
    seed = 0
    for label, names in shown.items():
        (folder / label).mkdir(parents=True)
        for name in names:
            (folder / label / "{}.png".format(seed)).write_bytes(
                encode(picture(name, seed), ".png")
            )
            seed += 1


def scores(rows):
    """What the graph computes, in numpy: float32[n, 3] of uint8[n, 299, 299, 3]."""
    means = rows.mean(axis=(1, 2), dtype=np.float64) / 127.5 - 1
    powers = np.exp(3 * means)
    return (powers / powers.sum(axis=1, keepdims=True)).astype(np.float32)


def familiar(rows):
    """What the graph says of how familiar pictures are: the more colour, the more. float32[n]."""
    means = rows.mean(axis=(1, 2), dtype=np.float64)
    return np.clip((means.max(axis=1) - means.min(axis=1)) / 100, 0, 1).astype(np.float32)


class FunctionGraph(Graph):
    """A Graph whose outputs are functions of rows in Python."""

    def __init__(self, function=scores, familiar=lambda rows: None):
        self._function, self._familiar = function, familiar

    def run(self, rows):
        return Outputs(self._function(rows), self._familiar(rows))

    def shares_memory(self, rows):
        return True


def golden_sample(name, data, off=0.0, with_familiar=False):
    """Return the GoldenSample of a file's bytes, its scores said to be `off` more than they are."""
    pixels = preprocess.load(data)
    row = pixels[np.newaxis]
    outputs = Outputs(scores(row) + off, familiar(row) if with_familiar else None)
    return GoldenSample(name, data, pixels, outputs.of(0))


def save_graph(folder, with_familiar=False):
    """Save the graph that `scores` and `familiar` describe, as a bundle's saved_model."""
    import tensorflow as tf

    class Graph(tf.Module):
        @tf.function(input_signature=[tf.TensorSpec([None, 299, 299, 3], tf.uint8, name="pixels")])
        def classify(self, pixels):
            means = tf.reduce_mean(tf.cast(pixels, tf.float32) / 127.5 - 1, axis=[1, 2])
            outputs = {"scores": tf.nn.softmax(3 * means)}
            if with_familiar:
                spread = tf.reduce_max(means, axis=1) - tf.reduce_min(means, axis=1)
                outputs["familiar"] = tf.clip_by_value(1.275 * spread, 0, 1)
            return outputs

    graph = Graph()
    tf.saved_model.save(graph, folder, signatures={"serving_default": graph.classify})


def save_nothing(folder):
    """Save what no runtime can load, where none is to."""
    os.mkdir(folder)
    with open(os.path.join(folder, "saved_model.pb"), "wb") as file:
        file.write(b"no graph")


def described(name, content_hash):
    """Return a Bundle of which there is nothing on disk, in a form that is run."""
    nothing = dict.fromkeys(("scores", "made_with"), {})
    return bundle.Bundle(
        "/nowhere", name, LABELS, "fp32", (), golden_files=(), content_hash=content_hash, **nothing
    ).as_run("openvino", "bf16")


def write_bundle(path, labels=LABELS, off=0.0, save=save_graph, with_familiar=False, **options):
    """Write the bundle at `path` and return it.

    Its golden samples' scores are said to be `off` more than they are; `save`: saves its graph,
    which says how familiar pictures are if `with_familiar`.
    """
    if with_familiar:
        save = functools.partial(save, with_familiar=True)
    pictures = [encode(picture(LABELS[seed % 3], seed), ".png") for seed in range(9)]
    golden = [golden_sample("sample.png", data, off, with_familiar) for data in pictures]
    draft = writer.Draft(save, labels, golden, {"macro_f1": 1.0}, {}, **options)
    writer.write(str(path), draft)
    return bundle.read(str(path))
