"""Which form of the configured bundle this machine serves: with engines, or its plain graph."""

import hashlib
import json
import logging
import os
import shutil
from typing import List, Optional

from edge.classify import bundle as bundles
from edge.classify import fingerprint
from edge.classify.bundle import Bundle
from edge.classify.runtime import Runtime
from edge.config.settings import ModelSettings
from edge.errors import BundleError

_log = logging.getLogger(__name__)


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


def candidates(model: ModelSettings, runtime: Runtime) -> List[Bundle]:
    """Return the Bundles that may be served for these settings, the best first.

    All but the last are conversions that were kept here.

    Raises:
        BundleError: there is none.
    """
    bundle = bundles.read(model.bundle)
    if not model.convert or (bundle.conversion and not _differences(bundle, runtime)):
        return [suitable(bundle, model.fallback, runtime)]
    plain = bundle.plain() if bundle.conversion else bundle
    kept = _kept(bundle, place(bundle, model.converted, runtime))
    return [kept, plain] if kept else [plain]


def place(bundle: Bundle, folder: str, runtime: Runtime) -> str:
    """Return where below `folder` a bundle is kept that this machine has converted: a path.

    Its folder there is of this bundle's content and of this machine's fingerprint alone.
    """
    facts = json.dumps(runtime.fingerprint(), sort_keys=True).encode("utf-8")
    key = "{}-{}".format(bundle.content_hash[:12], hashlib.sha256(facts).hexdigest()[:12])
    return os.path.join(folder, key, bundle.name)


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
