"""`labeld-export convert` where there is no GPU.

`python -m tests.support.without_gpu WHAT convert ...` runs it.

TensorFlow's genuine converter runs, on a stub that answers its query for TensorRT's version. Only
what needs an engine is stood in for, as WHAT says:

build: nothing; the engines are then built as on a device, which fails here.
save: engines are said to be built, and are not.
run: engines are files without content, and their part of the graph is run by TensorFlow itself.
"""

import os
import shutil
import subprocess
import sys
import tempfile
from dataclasses import replace

STUBS = {
    "libnvinfer.so.{}": "int getInferLibVersion(void) { return %d; }",
    "libnvinfer_plugin.so.{}": "int labeld_stub(void) { return 0; }",
}
VERSION = 7202
"""TensorRT 7.2.2, which TensorFlow 2.6 and 2.7 are linked with."""


def write_stubs(folder, compiler):
    """Compile stand-ins for TensorRT's libraries into `folder`, a path for LD_LIBRARY_PATH."""
    for name, text in STUBS.items():
        library = name.format(VERSION // 1000)
        source = os.path.join(str(folder), library + ".c")
        with open(source, "w", encoding="ascii") as file:
            file.write(text % VERSION if "%d" in text else text)
        target = os.path.join(str(folder), library)
        command = [compiler, "-shared", "-fPIC", "-Wl,-soname," + library, "-o", target, source]
        subprocess.run(command, check=True, timeout=60)


class Converter:
    """TensorFlow's, but for the engines."""

    def __init__(self, genuine, writes_engines):
        self.convert = genuine.convert
        self._genuine = genuine
        self._writes_engines = writes_engines

    def build(self, input_fn):
        for (batch,) in input_fn():
            assert batch.shape[1:] == (299, 299, 3)

    def save(self, folder):
        self._genuine.save(folder)
        if self._writes_engines:
            engine = os.path.join(folder, "assets", "trt-serialized-engine.TRTEngineOp_0_0")
            with open(engine, "wb") as file:
                file.write(b"no engine")


def without_engines(bundle):
    """Return the bundle with a copy of its graph that calls TensorFlow where it had engines."""
    from tensorflow.core.protobuf import saved_model_pb2

    copy = tempfile.mkdtemp()
    shutil.copytree(bundle.saved_model, os.path.join(copy, "saved_model"))
    path = os.path.join(copy, "saved_model", "saved_model.pb")
    model = saved_model_pb2.SavedModel()
    with open(path, "rb") as file:
        model.ParseFromString(file.read())
    library = model.meta_graphs[0].graph_def.library
    for function in library.function:
        for node in function.node_def:
            if node.op == "TRTEngineOp":
                call_segment(function, node, library)
    with open(path, "wb") as file:
        file.write(model.SerializeToString())
    return replace(bundle, path=copy)


def call_segment(function, node, library):
    """Make an engine's node a call of the part of the graph that it was made from."""
    segment = node.name + "_native_segment"
    (found,) = [entry for entry in library.function if entry.signature.name == segment]
    node.op = segment
    node.ClearField("attr")
    outputs = [output.name for output in found.signature.output_arg]
    for other in function.node_def:
        for number, name in enumerate(other.input):
            other.input[number] = renamed(name, node.name, outputs)
    for name, value in list(function.ret.items()):
        function.ret[name] = renamed(value, node.name, outputs)


def renamed(reference, node, outputs):
    """Return a reference to an engine's output as one to its segment's."""
    parts = reference.split(":")
    if parts[0] != node or len(parts) != 3:
        return reference
    return "{}:{}:0".format(node, outputs[int(parts[2])])


def main(what, arguments):
    os.environ["TF_CPP_MIN_LOG_LEVEL"] = "2"
    from export import __main__ as command
    from export import tftrt, trt

    trt.missing = lambda gpu_memory_mb: []
    if what != "build":
        genuine, load = trt.converter, tftrt.TensorFlowRuntime.load
        trt.converter = lambda *of: Converter(genuine(*of), writes_engines=what == "run")
        tftrt.TensorFlowRuntime.load = lambda self, bundle: load(self, without_engines(bundle))
    return command.main(arguments)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], sys.argv[2:]))
