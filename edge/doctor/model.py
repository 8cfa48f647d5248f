"""The bundle: whether it can be served here, and how fast."""

from edge.classify import loaded as engines
from edge.classify import variant as choice
from edge.doctor import speed as speeds
from edge.doctor.findings import bad, ok
from edge.errors import BundleError, Exit, LabeldError


def check(config, seconds):
    """Return (Findings, Speed) of the bundle; the latter None if it cannot be served.

    Args:
        config: the Config.
        seconds: for how long to measure.
    """
    try:
        found = choice.choices(config.model)[0]
        engine = engines.load(found, config.model, config.batch)
        speed = speeds.measure(engine, seconds)
    except BundleError as error:
        return [bad("bundle", str(error), "", Exit.BUNDLE)], None
    except LabeldError as error:
        return [bad("bundle", str(error), "run it again, and look at the log of labeld")], None
    served = "{}, {}, {} classes; {} golden samples reproduced".format(
        found.model, found.precision, len(found.labels), len(found.golden_files)
    )
    findings = [ok("bundle", served)]
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
