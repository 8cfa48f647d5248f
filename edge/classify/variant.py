"""Which form of the configured bundle this machine serves: with engines or its plain graph, on
which runtime, in which precision."""

import hashlib
import json
import logging
import os
import shutil
from typing import List, NamedTuple, Optional

from edge.classify import bundle as bundles
from edge.classify import fingerprint, speeds
from edge.classify.bundle import Bundle
from edge.classify.runtime import AUTO, Runtime
from edge.classify.tensorflow import TensorFlowRuntime
from edge.config.settings import ModelSettings
from edge.errors import BundleError, Exit, LabeldError

_log = logging.getLogger(__name__)


class RuntimeMissingError(LabeldError):
    """What the configuration asks for is not installed, or does not run such a bundle."""

    exit_code = Exit.CONFIGURATION


class Choice(NamedTuple):
    """Forms of a bundle, the best first, and why that is so, as text."""

    candidates: List[Bundle]
    why: str


def suitable(bundle: Bundle, fallback: str, runtime: Runtime) -> Bundle:
    """Return a bundle as it can be served on this machine: as it is, or by its plain graph.

    Args:
        bundle: the Bundle.
        fallback: "plain": rather its plain graph than none.
        runtime: the Runtime that is to run it.

    Raises:
        BundleError: its engines are another machine's, and there is to be no fallback.
    """
    off = _differences(bundle, runtime)
    if not off:
        return bundle
    text = (
        "its engines were built elsewhere; here: {}. Build them here by labeld-export convert {} "
        "--out {}".format(", ".join(off), bundle.path, bundle.path)
    )
    if fallback != "plain":
        raise BundleError(bundle.path, text + "; or have model.fallback: plain serve without them")
    _log.warning("%s: %s; the plain graph serves meanwhile", bundle.path, text)
    return bundle.plain()


def choose(model: ModelSettings, runtime: Runtime) -> Choice:
    """Return the forms of a bundle that may be served for these settings.

    Raises:
        BundleError: there is none.
        RuntimeMissingError: there is none by `model.runtime` and `model.precision`.
    """
    bundle = bundles.read(model.bundle)
    if not model.convert or (bundle.conversion and not _differences(bundle, runtime)):
        return fastest(suitable(bundle, model.fallback, runtime), model, runtime)
    plain = bundle.plain() if bundle.conversion else bundle
    kept = _kept(bundle, place(bundle, model.converted, runtime))
    if kept is None:
        return Choice([_for_engines(plain)], "its engines are to be built (model.convert)")
    return Choice([_for_engines(kept), _for_engines(plain)], "it has engines (model.convert)")


def fastest(bundle: Bundle, model: ModelSettings, runtime: Runtime) -> Choice:
    """Return the forms of a bundle that `model.runtime` and `model.precision` admit, as a Choice.

    Raises:
        RuntimeMissingError: there is none.
    """
    every = runtime.called(model.runtime).forms(bundle)
    wanted = [form for form in every if model.precision in (AUTO, form.precision)]
    if not wanted:
        raise RuntimeMissingError(
            "model.runtime: {}, model.precision: {}: {} can not be run so here, but by {}. Install "
            "what is missing (pip install 'labeld[openvino]'), or ask for another".format(
                model.runtime,
                model.precision,
                bundle.path,
                " and ".join(form.form for form in every) or "nothing that is installed",
            )
        )
    if len(wanted) == 1 and len(runtime.streams(wanted[0])) == 1:
        return Choice(wanted, "nothing else is installed or asked for")
    found = speeds.of(wanted, model.converted, model.gpu_memory_mb)
    # where nothing passed, loading one says why not
    return Choice(speeds.ranked(wanted, found) or wanted, speeds.text(wanted, found))


def _for_engines(bundle: Bundle) -> Bundle:
    """Return what TensorFlow runs, which alone has TensorRT."""
    return bundle.as_run(TensorFlowRuntime.name, bundle.precision)


def place(bundle: Bundle, folder: str, runtime: Runtime) -> str:
    """Return where below `folder` a bundle is kept that this machine has converted: a path.

    Its folder there is of this bundle's content and of this machine's fingerprint alone.
    """
    facts = json.dumps(runtime.fingerprint(), sort_keys=True).encode("utf-8")
    key = "{}-{}".format(bundle.content_hash[:12], hashlib.sha256(facts).hexdigest()[:12])
    return os.path.join(folder, key, bundle.name)


def discard_kept(bundle: Bundle, folder: str) -> None:
    """Delete a conversion that was kept below `folder`; any other bundle is left alone."""
    if os.path.dirname(os.path.dirname(bundle.path)) == os.path.abspath(folder):
        discard(bundle.path)


def discard(path: str) -> None:
    """Delete what is at a `place`, and what a conversion to it has left."""
    shutil.rmtree(os.path.dirname(path), ignore_errors=True)


def _kept(bundle: Bundle, path: str) -> Optional[Bundle]:
    """Return the converted Bundle at `path`; None if there is none that can be used."""
    if not os.path.exists(path):
        return None
    try:
        kept = bundles.read(path)
    except BundleError as error:
        _log.error("%s; it is converted again", error)
        return None
    if kept.conversion.get("source") != bundle.content_hash:
        _log.error("%s: it was made of another bundle; it is converted again", path)
        return None
    return kept


def _differences(bundle: Bundle, runtime: Runtime) -> List[str]:
    """Return what keeps a bundle's engines from running here, a text each."""
    if not bundle.conversion:
        return []
    return fingerprint.differences(bundle.conversion["fingerprint"], runtime.fingerprint())
