"""Which form of the configured bundle this machine serves: with engines, or its plain graph."""

import hashlib
import json
import logging
import os
import shutil

from edge.classify import bundle as bundles
from edge.classify import fingerprint
from edge.errors import BundleError

_log = logging.getLogger(__name__)


def suitable(bundle, fallback):
    """Return a bundle as it can be served on this machine: as it is, or by its plain graph.

    Args:
        bundle: the Bundle.
        fallback: "plain": rather its plain graph than none.

    Raises:
        BundleError: its engines are another machine's, and there is to be no fallback.
    """
    off = _differences(bundle)
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


def choices(model):
    """Return the Bundles that may be served for the section `model` of a configuration, best first.

    Raises:
        BundleError: there is none.
    """
    bundle = bundles.read(model.bundle)
    if not model.convert or (bundle.conversion and not _differences(bundle)):
        return [suitable(bundle, model.fallback)]
    plain = bundle.plain() if bundle.conversion else bundle
    kept = _kept(bundle, place(bundle, model.converted))
    return [kept, plain] if kept else [plain]


def place(bundle, folder):
    """Return where below `folder` a bundle is kept that this machine has converted: a path.

    Its folder there is of this bundle's content and of this machine's fingerprint alone.
    """
    facts = json.dumps(fingerprint.take(), sort_keys=True).encode("utf-8")
    key = "{}-{}".format(bundle.content_hash[:12], hashlib.sha256(facts).hexdigest()[:12])
    return os.path.join(folder, key, bundle.name)


def discard(path):
    """Delete what is at a `place`, and what a conversion to it has left."""
    shutil.rmtree(os.path.dirname(path), ignore_errors=True)


def _kept(bundle, path):
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


def _differences(bundle):
    """Return what keeps a bundle's engines from running here, a text each."""
    if not bundle.conversion:
        return []
    return fingerprint.differences(bundle.conversion["fingerprint"], fingerprint.take())
