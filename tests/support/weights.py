"""InceptionV3's weights from real photographs, for tests and benchmarks: `make weights` gets them.

Keras' own download of ImageNet's is not to be had on every machine that tests. The npm package
nsfwjs (MIT licence) holds an InceptionV3 in 8 bits: up to about `mixed6` it is ImageNet's, and from
there it was trained on for another task.
"""

import base64
import hashlib
import io
import os
import re
import sys
import tarfile
import urllib.request

import numpy as np

from tests.support.missing import skip_or_fail

VERSION = "4.3.0"
SHA256 = "4496790efc9bdc6f3e85a826a8e482c1fa1e9db4b3d18c095e98cc0c73cfb12f"
REGISTRY = "https://registry.npmjs.org"
MODEL = "package/dist/models/inception_v3/"

_ENTRY = re.compile(
    r'\{name:"([^"]+)",shape:\[([^\]]*)\],dtype:"float32"'
    r'(?:,quantization:\{min:([^,]+),scale:([^,]+),dtype:"uint8"\})?\}'
)
"""Of model.min.js: a tensor's name and shape, and what its bytes stand for."""


def require():
    """Return the path of the weights; skip the test where they are not, or fail under CI=true."""
    path = _path()
    if not os.path.exists(path):
        skip_or_fail("no InceptionV3 weights from real photographs: `make weights` gets them")
    return path


def fetch():
    """Get the weights if they are not there; return their path, a file for `train --weights`."""
    path = _path()
    if not os.path.exists(path):
        os.makedirs(os.path.dirname(path), exist_ok=True)
        _save(_tensors(_package()), path)
    return path


def _path():
    """One file for each Python: their versions of Keras do not read each other's."""
    cache = os.environ.get("XDG_CACHE_HOME") or os.path.join(os.path.expanduser("~"), ".cache")
    name = "inception-v3-nsfwjs-{}-python{}.{}.weights.h5".format(VERSION, *sys.version_info)
    return os.path.join(cache, "labeld", name)


def _package():
    """Return {file name: text} of the model in the package."""
    registry = os.environ.get("NPM_CONFIG_REGISTRY") or REGISTRY
    url = "{}/nsfwjs/-/nsfwjs-{}.tgz".format(registry.rstrip("/"), VERSION)
    with urllib.request.urlopen(url, timeout=120.0) as answer:
        data = answer.read()
    found = hashlib.sha256(data).hexdigest()
    if found != SHA256:
        raise ValueError("{}: its SHA-256 is {}, not {}".format(url, found, SHA256))
    with tarfile.open(fileobj=io.BytesIO(data)) as package:
        return {
            member.name[len(MODEL) :]: package.extractfile(member).read().decode("ascii")
            for member in package.getmembers()
            if member.name.startswith(MODEL)
        }


def _tensors(files):
    """Return {name: float32 array} of the model's weights."""
    shards = sorted(name for name in files if name.startswith("group1"))
    blob = b"".join(
        base64.b64decode(re.search(r'"([A-Za-z0-9+/=]{1000,})"', files[name]).group(1))
        for name in shards
    )
    tensors, at = {}, 0
    for name, shape, least, scale in _ENTRY.findall(files["model.min.js"]):
        shape = [int(float(side)) for side in shape.split(",") if side]
        count = int(np.prod(shape, dtype=np.int64))
        if scale:
            values = np.frombuffer(blob, np.uint8, count, at) * np.float32(scale)
            values, at = values + np.float32(least), at + count
        else:
            values, at = np.frombuffer(blob, np.float32, count, at), at + 4 * count
        tensors[name] = values.reshape(shape).astype(np.float32)
    assert at == len(blob), "its manifest describes all of its bytes"
    return tensors


def _save(tensors, path):
    from tensorflow import keras

    network = keras.applications.InceptionV3(weights=None, include_top=False)
    for kind, prefix, parts in (
        ("Conv2D", "conv2d", ("kernel",)),
        ("BatchNormalization", "batch_normalization", ("beta", "moving_mean", "moving_variance")),
    ):
        theirs = sorted(
            {name.split("/")[0] for name in tensors if name.startswith(prefix)}, key=_nth
        )
        ours = [layer for layer in network.layers if type(layer).__name__ == kind]
        assert len(theirs) == len(ours) == 94
        for name, layer in zip(theirs, sorted(ours, key=lambda layer: _nth(layer.name))):
            layer.set_weights([tensors["{}/{}".format(name, part)] for part in parts])
    draft = path.replace(".weights.h5", ".draft.weights.h5")
    network.save_weights(draft)
    os.replace(draft, path)


def _nth(name):
    """Return the number at the end of a layer's name; the first has none."""
    end = name.rsplit("_", 1)[-1]
    return int(end) if end.isdigit() else 0


if __name__ == "__main__":
    try:
        print(fetch())
    except OSError as error:
        sys.exit("the weights cannot be fetched: {}".format(error))
