"""The daemon's wiring: what there is, and what is handed to what."""

import logging
import os
import time
from typing import List, NamedTuple, Tuple

from edge.board import Board
from edge.classify import variant
from edge.classify.loaded import load_best
from edge.classify.runtime import Runtime
from edge.config.settings import Config, OutboxSettings
from edge.daemon.changes import Changes
from edge.daemon.converter import Converter
from edge.daemon.ending import Ending
from edge.daemon.reload import Reload
from edge.daemon.service import Service
from edge.daemon.systemd import Notifier
from edge.deliver.keeper import Keeper
from edge.deliver.notes import Notes
from edge.deliver.outbox import Bounds, Outbox
from edge.deliver.outcomes import Outcomes
from edge.deliver.pictures import Pictures
from edge.deliver.publisher import Publisher
from edge.deliver.statuses import Statuses
from edge.in_hand import InHand, InHandError, TakenError
from edge.metrics import Metrics
from edge.wakeup import Wakeup
from edge.worker import Worker

_log = logging.getLogger(__name__)


class Parts(NamedTuple):
    """What a daemon starts, asks and ends; see `edge.daemon.daemon`."""

    service: Service
    reload: Reload
    converter: Converter
    changing: Worker
    publisher: Publisher
    sending: Worker
    keeper: Keeper
    keeping: Worker
    wakeup: Wakeup
    in_hand: InHand
    statuses: Statuses

    @property
    def workers(self) -> List[Worker]:
        """The Workers whose loops must come round."""
        return self.service.workers + [self.sending, self.keeping]


def build(
    path: str,
    config: Config,
    runtime: Runtime,
    notifier: Notifier,
    metrics: Metrics,
    ending: Ending,
    board: Board,
) -> Parts:
    """Load the model and wire what serves it; nothing runs yet.

    Args:
        path: the configuration file's, to be read again at a reload.
        config: what it holds.
        runtime: what runs the bundle's graph.
        notifier: the Notifier.
        metrics: the Metrics.
        ending: the Ending.
        board: told what is labelled.

    Raises:
        BundleError: no bundle can be served.
    """
    choice = variant.choose(config.model, runtime)
    _log.info("%s serves: %s", choice.candidates[0].form, choice.why)
    model = load_best(
        choice.candidates,
        config.model,
        config.batch,
        runtime,
        on_bad=lambda bundle: variant.discard_kept(bundle, config.model.converted),
    )
    wakeup = Wakeup()
    statuses = Statuses(wakeup)
    pictures = Pictures(config.topics, statuses)
    outbox = Outbox(
        _bounds(config.outbox),
        Outcomes(config.topics, metrics, pictures),
        wakeup,
        first_key=int(time.time() * 1e6),  # so that a file which can be opened later is older
    )
    _make_folder(os.path.dirname(config.outbox.path))
    in_hand, is_ours = _in_hand(config.outbox.path + ".in_hand")
    notes = Notes()
    keeper = Keeper(outbox, notes, config.outbox.path if is_ours else None)
    service = Service(
        config, model, outbox, statuses, metrics, ending.fail, in_hand, notes, pictures, board
    )
    publisher = Publisher(config, outbox, statuses, metrics.mqtt_connected, wakeup)
    reload = Reload(path, service, runtime, notifier, metrics, ending.stop)
    converter = Converter(service, reload, runtime, metrics)
    changing = Worker("change", Changes(reload, converter).step, ending.fail)
    sending = Worker("publish", publisher.step, ending.fail)
    keeping = Worker("keep", keeper.step, ending.fail)
    return Parts(
        service,
        reload,
        converter,
        changing,
        publisher,
        sending,
        keeper,
        keeping,
        wakeup,
        in_hand,
        statuses,
    )


def _bounds(settings: OutboxSettings) -> Bounds:
    return Bounds(
        settings.max_messages,
        int(settings.max_mb * 1e6),
        3600 * settings.max_age_hours,
        settings.replay_per_second,
    )


def _make_folder(path: str) -> None:
    """Make the folder for what outlives the process; whoever opens a file there says what fails."""
    try:
        os.makedirs(path, 0o700, exist_ok=True)
    except OSError:
        pass


def _in_hand(path: str) -> Tuple[InHand, bool]:
    """Return the InHand of a file, without one where that cannot be had; and whether it is free."""
    try:
        return InHand(path), True
    except TakenError as error:
        _log.error(
            "%s; what waits for the broker is held in memory only: give each labeld an outbox.path "
            "of its own",
            error,
        )
        return InHand(), False
    except InHandError as error:
        _log.info(
            "a picture that ends the process is not remembered (set outbox.path to a file in a "
            "folder that can be written): %s",
            error,
        )
        return InHand(), True
