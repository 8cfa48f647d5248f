"""The bundle: whether it can be served here, and how fast."""

from typing import List, Optional, Tuple

from edge.classify import variant
from edge.classify.loaded import load_best
from edge.classify.runtimes import Runtimes
from edge.config.settings import Config
from edge.doctor import speed as speeds
from edge.doctor.findings import Finding, Speed, bad, ok
from edge.errors import BundleError, Exit, LabeldError


def check(config: Config, seconds: float) -> Tuple[List[Finding], Optional[Speed]]:
    """Return (Findings, Speed) of the bundle; the latter None if it cannot be served.

    Args:
        config: the Config.
        seconds: for how long to measure.
    """
    try:
        runtime = Runtimes()
        choice = variant.choose(config.model, runtime)
        model = load_best(choice.candidates, config.model, config.batch, runtime)
        speed = speeds.measure(model, seconds)
    except BundleError as error:
        return [bad("bundle", str(error), "", Exit.BUNDLE)], None
    except LabeldError as error:
        return [bad("bundle", str(error), "run it again, and look at the log of labeld")], None
    bundle = model.bundle
    served = "{}, {}, {} classes; {} golden samples reproduced".format(
        bundle.model, bundle.precision, len(bundle.labels), len(bundle.golden_files)
    )
    findings = [ok("bundle", served), ok("runtime", bundle.form + ": " + choice.why)]
    findings += [
        ok(
            "batch of {}".format(size),
            "{:.1f} ms, {:.1f} a second".format(1000 * took, size / took),
        )
        for size, took in sorted(speed.latency.items())
    ]
    findings.append(
        ok("pictures", "{:.1f} a second, decoding included".format(speed.pictures_per_second))
    )
    return findings, speed
