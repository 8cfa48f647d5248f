"""A model bundle for tests that need no training: it tells red, green and blue pictures apart."""

import os

import cv2
import numpy as np

from edge.classify import bundle, writer
from edge.classify.bundle import GoldenSample
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


class FunctionGraph(Graph):
    """A Graph that is a function of rows in Python."""

    def __init__(self, function=scores):
        self.run = function

    def shares_memory(self, rows):
        return True


def save_graph(folder):
    """Save the graph that `scores` describes, as a bundle's saved_model."""
    import tensorflow as tf

    class Graph(tf.Module):
        @tf.function(input_signature=[tf.TensorSpec([None, 299, 299, 3], tf.uint8, name="pixels")])
        def classify(self, pixels):
            means = tf.reduce_mean(tf.cast(pixels, tf.float32) / 127.5 - 1, axis=[1, 2])
            return {"scores": tf.nn.softmax(3 * means)}

    graph = Graph()
    tf.saved_model.save(graph, folder, signatures={"serving_default": graph.classify})


def save_nothing(folder):
    """Save what no runtime can load, where none is to."""
    os.mkdir(folder)
    with open(os.path.join(folder, "saved_model.pb"), "wb") as file:
        file.write(b"no graph")


def write_bundle(path, labels=LABELS, off=0.0, save=save_graph, **options):
    """Write the bundle at `path` and return it.

    Its golden samples' scores are said to be `off` more than they are; `save`: saves its graph.
    """
    golden = []
    for seed in range(9):
        data = encode(picture(LABELS[seed % 3], seed), ".png")
        pixels = preprocess.load(data)
        golden.append(GoldenSample("sample.png", data, pixels, scores(pixels[np.newaxis])[0] + off))
    draft = writer.Draft(save, labels, golden, {"macro_f1": 1.0}, {}, **options)
    writer.write(str(path), draft)
    return bundle.read(str(path))
