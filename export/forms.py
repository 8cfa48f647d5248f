"""The other forms of a bundle that was trained just now: in 8 bits or bf16, where as right."""

from typing import Any, Sequence, Tuple

import numpy as np

from edge.classify import bundle
from edge.classify.outputs import Scored
from export.pictures.photographs import Photograph
from export.quantize import needs
from export.trainer import NO_HEAD, Trained, Trainer

MOST_PICTURES = 3000
"""By so many a form is judged. Of groceries, what the macro-F1 loses in 8 bits differs by 0.006 (a
standard deviation) from one sample of 604 to the next: by more than what it may lose."""


def write(out: str, trainer: Trainer, trained: Trained, chosen: Sequence[Photograph]) -> None:
    """Judge the forms of a bundle that has been written, add what is served, and print it.

    Args:
        out: the bundle's folder.
        trainer: the Trainer.
        trained: what it came to.
        chosen: its photographs.
    """
    missing = needs.missing()
    if missing:
        print("int8: not tried: {} not installed".format(" and ".join(missing)))
        return
    from export.quantize import quantize, ranges
    from export.quantize.trunk import Trunk

    learnt = [chosen[number] for number in np.flatnonzero(~trainer.plan.held_out).tolist()]
    last, before = _exams(trainer, trained, chosen)
    plain = bundle.read(out)
    try:
        quantize.check(plain, learnt, before.photographs)
        trunk = None if trained.tuned else trainer.trunk
        trunk = trunk or Trunk(ranges.rows(learnt, plain.preprocessing), not trained.tuned)
        quantize.write(plain, out, trunk, last, before)
    except quantize.QuantizeError as error:
        print("int8: not tried: {}".format(error))
    except KeyboardInterrupt:
        print("int8: Ctrl-C: the bundle stays as it was written")


def _exams(trainer: Trainer, trained: Trained, chosen: Sequence[Photograph]) -> Tuple[Any, Any]:
    """Return the Exam of what is served, on what is held out, and of what has not learnt it."""
    from export.quantize.exam import Exam

    held_out, heads = np.flatnonzero(trainer.plan.held_out).tolist(), trained.unlearnt.heads
    last = Exam(
        [chosen[number] for number in held_out],
        [trained.last.of(place) for place in range(len(held_out))],
    )
    judged = np.random.RandomState(0).permutation(np.flatnonzero(heads != NO_HEAD))
    judged = np.sort(judged[:MOST_PICTURES]).tolist()
    familiar = dict(zip(held_out, trained.familiar))
    before = Exam(
        [chosen[number] for number in judged],
        [Scored(trained.scores[number], familiar.get(number)) for number in judged],
        heads[judged],
        trained.unlearnt.graph.save,
    )
    return last, before
