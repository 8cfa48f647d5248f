"""All runtimes as one: each form of a bundle goes to its own."""

from typing import List, Optional, Sequence

from edge.classify.bundle import Bundle
from edge.classify.openvino import OpenVinoRuntime
from edge.classify.runtime import AUTO, Fingerprint, Graph, Runtime
from edge.classify.tensorflow import TensorFlowRuntime


class Runtimes(Runtime):
    """OpenVINO and TensorFlow, as far as they are installed."""

    name = "any"

    def __init__(self) -> None:
        """Import nothing yet."""
        every: Sequence[Runtime] = (OpenVinoRuntime(), TensorFlowRuntime())
        self._every = {runtime.name: runtime for runtime in every}

    def forms(self, bundle: Bundle) -> List[Bundle]:
        return [form for runtime in self._every.values() for form in runtime.forms(bundle)]

    def streams(self, form: Bundle) -> Sequence[int]:
        return self._every[form.runtime].streams(form)

    def called(self, name: str) -> Runtime:
        return self if name == AUTO else self._every[name]

    def load(self, bundle: Bundle, gpu_memory_mb: Optional[int] = None) -> Graph:
        return self._every[bundle.runtime].load(bundle, gpu_memory_mb)

    def fingerprint(self) -> Fingerprint:
        """Return TensorFlow's: no other builds engines."""
        return self._every[TensorFlowRuntime.name].fingerprint()
