"""The Prometheus instruments, on the registry that they are given."""

from typing import ContextManager, Sequence, Set, Tuple

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram
from prometheus_client.metrics import MetricWrapperBase
from prometheus_client.process_collector import ProcessCollector

PUBLISHED, UNCHANGED, DROPPED, DAMAGED, FAILED = OUTCOMES = (
    "published",
    "unchanged",
    "dropped",
    "damaged",
    "failed",
)

FULL, AGED = REASONS = ("full", "aged")
"""Why a message was dropped: for want of room, or beyond `outbox.max_age_hours`."""

DECODE, PREPROCESS, WAIT, CLASSIFY, PUBLISH = STAGES = (
    "decode",
    "preprocess",
    "wait",
    "classify",
    "publish",
)

_STAGE_SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10)
_AGE_SECONDS = (0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 3600)
_SCORES = tuple(tenth / 10 for tenth in range(1, 11))

MOST_LABELS = 1000
"""Series of labels, of all sources: each is some memory here, and more in Prometheus."""

OTHER = "other"
"""What labels beyond MOST_LABELS are counted as."""

_UNKNOWN = "unknown"

_BATCH_SIZES = (1, 2, 4, 8, 16, 32, 64)


class Metrics:
    """labeld's instruments; every series exists, at 0, from the start."""

    def __init__(self, registry: CollectorRegistry, sources: Sequence[str] = ()) -> None:
        """Register the instruments.

        Args:
            registry: a prometheus_client CollectorRegistry.
            sources: the names of the sources.
        """
        ProcessCollector(registry=registry)
        self._gone: Set[str] = set()
        self._frames = Counter(
            "labeld_frames", "Pictures by outcome", ["source", "outcome"], registry=registry
        )
        self._batch_size = Histogram(
            "labeld_batch_size",
            "Pictures in a run of the graph",
            registry=registry,
            buckets=_BATCH_SIZES,
        )
        self._stage = Histogram(
            "labeld_stage_seconds",
            "Time in a stage: of a batch for classify, of a picture for the others",
            ["stage"],
            registry=registry,
            buckets=_STAGE_SECONDS,
        )
        self._age = Histogram(
            "labeld_frame_age_seconds",
            "From a picture's capture to the acknowledgement of its event",
            ["source"],
            registry=registry,
            buckets=_AGE_SECONDS,
        )
        self._labels = Counter(
            "labeld_labels",
            "Labels by what they say; those beyond the first 1000 series are 'other'",
            ["source", "label"],
            registry=registry,
        )
        self._seen: Set[Tuple[str, str]] = set()
        self._score = Histogram(
            "labeld_label_score",
            "The best class's score, also where the label is unknown",
            ["source"],
            registry=registry,
            buckets=_SCORES,
        )
        self._up = Gauge(
            "labeld_source_up", "1 while the source can deliver", ["source"], registry=registry
        )
        self.mqtt_connected = Gauge(
            "labeld_mqtt_connected", "1 while the broker has accepted us", registry=registry
        )
        self.outbox_messages = Gauge(
            "labeld_outbox_messages", "Messages not yet acknowledged", registry=registry
        )
        self.outbox_bytes = Gauge(
            "labeld_outbox_bytes", "Bytes of the messages not yet acknowledged", registry=registry
        )
        self.outbox_on_disk = Gauge(
            "labeld_outbox_on_disk",
            "1 while messages that wait can be written to disk",
            registry=registry,
        )
        self._dropped = Counter(
            "labeld_outbox_dropped",
            "Messages dropped before the broker had them",
            ["source", "reason"],
            registry=registry,
        )
        self._removed = Counter(
            "labeld_archive_removed",
            "Files removed from done/ and failed/ by `keep`",
            ["source"],
            registry=registry,
        )
        self.zero_copy = Gauge(
            "labeld_zero_copy", "1 if the graph reads the rows where they lie", registry=registry
        )
        self._model = Gauge(
            "labeld_model_info",
            "The bundle being served",
            ["model", "precision", "runtime"],
            registry=registry,
        )
        self._reloaded = Gauge(
            "labeld_config_last_reload_successful",
            "0 if the configuration was read again and refused",
            registry=registry,
        )
        self._reloaded.set(1)
        self.converting = Gauge(
            "labeld_model_converting",
            "1 while engines for the bundle are built in the background",
            registry=registry,
        )
        for source in sources:
            self.add_source(source)
        for stage in STAGES:
            self._stage.labels(stage)

    def add_source(self, source: str) -> None:
        """Have every series of a source, at 0 unless it has been there before."""
        self._gone.discard(source)
        self._up.labels(source)
        self._age.labels(source)
        self._score.labels(source)
        self._labels.labels(source, _UNKNOWN)
        self._removed.labels(source)
        for outcome in OUTCOMES:
            self._frames.labels(source, outcome)
        for reason in REASONS:
            self._dropped.labels(source, reason)

    def remove_source(self, source: str) -> None:
        """Show nothing more of a source, nor count what is still under way of it."""
        self._gone.add(source)
        for metric in (self._up, self._age, self._removed, self._score):
            _remove(metric, source)
        for label in [label for owner, label in self._seen if owner == source]:
            self._seen.discard((source, label))
            _remove(self._labels, source, label)
        for label in (_UNKNOWN, OTHER):
            _remove(self._labels, source, label)
        for outcome in OUTCOMES:
            _remove(self._frames, source, outcome)
        for reason in REASONS:
            _remove(self._dropped, source, reason)

    def count(self, source: str, outcome: str, number: int = 1) -> None:
        """Count pictures; `outcome`: one of OUTCOMES."""
        if source not in self._gone:
            self._frames.labels(source, outcome).inc(number)

    def labelled(self, source: str, label: str, score: float) -> None:
        """Count a label, and its score (0 to 1)."""
        if source in self._gone:
            return
        key = (source, label)
        if label != _UNKNOWN and key not in self._seen:
            if len(self._seen) < MOST_LABELS:
                self._seen.add(key)
            else:
                label = OTHER
        self._labels.labels(source, label).inc()
        self._score.labels(source).observe(score)

    def dropped(self, source: str, reason: str, number: int) -> None:
        """Count messages that were dropped; `reason`: why."""
        if source not in self._gone:
            self._dropped.labels(source, reason).inc(number)

    def removed(self, source: str, number: int) -> None:
        """Count files of a drop folder that are kept no longer."""
        if source not in self._gone:
            self._removed.labels(source).inc(number)

    def batch(self, size: int) -> None:
        """Note how many pictures a run of the graph had."""
        self._batch_size.observe(size)

    def stage(self, stage: str, seconds: float) -> None:
        """Note how long a stage took; `stage`: one of STAGES."""
        self._stage.labels(stage).observe(seconds)

    def time(self, stage: str) -> ContextManager[object]:
        """Return a context manager that times what runs in it."""
        return self._stage.labels(stage).time()

    def age(self, source: str, seconds: float) -> None:
        """Note how old a picture was when its event was acknowledged."""
        if source not in self._gone:
            self._age.labels(source).observe(seconds)

    def source_up(self, source: str, up: bool) -> None:
        """Show whether a source can deliver."""
        if source not in self._gone:
            self._up.labels(source).set(1 if up else 0)

    def reloaded(self, successful: bool) -> None:
        """Show whether the configuration, read again, was taken."""
        self._reloaded.set(1 if successful else 0)

    def serving(self, model: str, precision: str, runtime: str) -> None:
        """Show the name of the model that is served, what its graph computes in, and by what."""
        self._model.clear()
        self._model.labels(model, precision, runtime).set(1)


def _remove(metric: MetricWrapperBase, *labels: str) -> None:
    """Remove a series, if there is one."""
    try:
        metric.remove(*labels)
    except KeyError:
        pass
