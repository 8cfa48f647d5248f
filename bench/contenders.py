"""What else people run instead of labeld: `python -m bench.contenders NAME BUNDLE PORT`.

It loads the bundle's graph, prints "ready", and for each line on stdin, a folder, labels its
pictures and publishes each label at QoS 1. Publishing is the same for all: paho's own thread.
"""

import argparse
import concurrent.futures
import json
import os
import sys

import cv2
import numpy as np

from edge.classify import bundle as bundles
from edge.classify import openvino as runtime
from edge.mqtt.client import new_client

SIZE = 299
BATCH = 8
LIMIT_SECONDS = 600.0


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("name", choices=sorted(CONTENDERS))
    parser.add_argument("bundle")
    parser.add_argument("port", type=int)
    options = parser.parse_args()
    bundle = bundles.read(options.bundle)
    publisher = Publisher(options.name, bundle.labels, options.port)
    run = CONTENDERS[options.name](bundle)
    print("ready", flush=True)
    for line in sys.stdin:
        folder = line.rstrip("\n")
        paths = [os.path.join(folder, name) for name in sorted(os.listdir(folder))]
        run(paths, publisher.publish)
        publisher.wait()


class Publisher:
    """Publishes labels."""

    def __init__(self, name, labels, port):
        self._topic, self._labels, self._told = "labels/" + name, labels, []
        self._client = new_client("contender-" + name)
        self._client.connect("127.0.0.1", port)
        self._client.loop_start()

    def publish(self, path, scores):
        best = int(np.argmax(scores))
        event = {
            "image": os.path.basename(path),
            "label": self._labels[best],
            "score": float(scores[best]),
        }
        self._told.append(self._client.publish(self._topic, json.dumps(event), qos=1))

    def wait(self):
        """Wait until the broker has acknowledged all."""
        for told in self._told:
            told.wait_for_publish(LIMIT_SECONDS)
        self._told.clear()


def picture(path):
    """Return a row as most people prepare it: uint8[299, 299, 3]."""
    return cv2.resize(cv2.imread(path), (SIZE, SIZE))[..., ::-1]


def keras_model(bundle):
    """Return the bundle's graph as a Keras model with `predict`."""
    import keras

    class Served(keras.Model):
        def __init__(self):
            super().__init__()
            self.served = keras.layers.TFSMLayer(bundle.saved_model, "serving_default")

        def call(self, rows):
            return self.served(rows)["scores"]

    model = Served()
    model.predict(np.zeros((BATCH, SIZE, SIZE, 3), np.uint8), verbose=0)
    model.predict(np.zeros((1, SIZE, SIZE, 3), np.uint8), verbose=0)
    return model


def one_by_one(bundle):
    """The loop that most people write."""
    model = keras_model(bundle)

    def run(paths, publish):
        for path in paths:
            publish(path, model.predict(picture(path)[np.newaxis], verbose=0)[0])

    return run


def in_batches(bundle):
    """The same loop, in batches."""
    model = keras_model(bundle)

    def run(paths, publish):
        for first in range(0, len(paths), BATCH):
            some = paths[first : first + BATCH]
            found = model.predict(np.stack([picture(path) for path in some]), verbose=0)
            for path, scores in zip(some, found):
                publish(path, scores)

    return run


def tf_data(bundle):
    """tf.data with parallel decoding and prefetching, into `predict`."""
    import tensorflow as tf

    model = keras_model(bundle)

    def decoded(path):
        image = tf.io.decode_image(tf.io.read_file(path), 3, expand_animations=False)
        return tf.cast(tf.image.resize(image, (SIZE, SIZE)), tf.uint8)

    def run(paths, publish):
        rows = (
            tf.data.Dataset.from_tensor_slices(paths)
            .map(decoded, num_parallel_calls=tf.data.AUTOTUNE)
            .batch(BATCH)
            .prefetch(tf.data.AUTOTUNE)
        )
        for path, scores in zip(paths, model.predict(rows, verbose=0)):
            publish(path, scores)

    return run


def openvino(precision):
    """OpenVINO's asynchronous pipeline, in throughput mode, with OpenCV decoding beside it."""

    def contender(bundle):
        ov = runtime.openvino()
        form = bundle.as_run("openvino", precision)
        path = form.saved_model
        core = ov.Core()
        hint = {"int8": "f32", "bf16": "bf16", "fp32": "f32"}[precision]
        compiled = core.compile_model(
            core.read_model(os.path.join(path, "model.xml") if precision == "int8" else path),
            "CPU",
            {"PERFORMANCE_HINT": "THROUGHPUT", "INFERENCE_PRECISION_HINT": hint},
        )
        requests = ov.AsyncInferQueue(compiled)
        scores = compiled.output("scores")

        def run(paths, publish):
            requests.set_callback(
                lambda request, path: publish(path, request.get_tensor(scores).data[0].copy())
            )
            with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as decoders:
                for path, row in zip(paths, decoders.map(picture, paths)):
                    requests.start_async({0: np.ascontiguousarray(row[np.newaxis])}, path)
                requests.wait_all()

        run_once = np.zeros((1, SIZE, SIZE, 3), np.uint8)
        requests.set_callback(lambda request, path: None)
        for _ in range(2 * len(requests)):
            requests.start_async({0: run_once}, None)
        requests.wait_all()
        return run

    return contender


CONTENDERS = {
    "loop": one_by_one,
    "batches": in_batches,
    "tf.data": tf_data,
    "openvino fp32": openvino("fp32"),
    "openvino bf16": openvino("bf16"),
    "openvino int8": openvino("int8"),
}


if __name__ == "__main__":
    main()
