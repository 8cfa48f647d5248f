"""A user's labelled photographs, and what may be a label."""

import hashlib
import itertools
import os
import unicodedata
from collections import OrderedDict
from concurrent.futures import ThreadPoolExecutor
from typing import Dict, Iterable, Iterator, List, NamedTuple, Optional, Sequence, Set

from edge import text
from edge.classify.facts import MOST_LABEL_BYTES
from edge.decide.threshold import UNKNOWN
from edge.errors import LabeldError, PictureError
from edge.prepare.decoder import decode


class Photograph(NamedTuple):
    """A picture file, and what it shows.

    Attributes:
        path: the file's.
        label: its class.
        held_out: whether the user holds it out: True, False, or None: labeld is to choose.
    """

    path: str
    label: str
    held_out: Optional[bool] = None


class Checked(NamedTuple):
    """A photograph that was tried.

    Attributes:
        photograph: the Photograph.
        fault: why it cannot be read, or None.
        digest: of the file's content; empty where that cannot be had.
    """

    photograph: Photograph
    fault: Optional[str]
    digest: bytes


class PhotographsError(LabeldError):
    """Labelled photographs that cannot be trained on; the text says where and why."""


def clean(label: str) -> str:
    """Return a label as it is written everywhere: in Unicode's NFC, without spaces around it."""
    return unicodedata.normalize("NFC", label).strip()


def label_fault(label: str) -> Optional[str]:
    """Return why something cannot be a label, or None."""
    if not label:
        return "it is empty"
    if any("\ud800" <= letter <= "\udfff" for letter in label):
        return "it is not UTF-8"
    fault = text.fault(label, MOST_LABEL_BYTES)
    if fault is not None:
        return fault
    if label == UNKNOWN:
        return "events say it where no label is sure; 'other', say, can be a class"
    return None


def in_turn(photographs: Iterable[Photograph]) -> List[Photograph]:
    """Return photographs in another order: one of each class, then another of each, and so on."""
    rounds = itertools.zip_longest(*by_class(photographs).values())
    return [one for each in rounds for one in each if one is not None]


def checked(photographs: Sequence[Photograph]) -> Iterator[Checked]:
    """Try to decode every photograph, in parallel; yield a Checked for each, in their order."""
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        for answer in pool.map(_check, photographs):
            yield answer


def check_classes(where: str, photographs: Sequence[Photograph]) -> None:
    """Raise PhotographsError, naming `where`, for classes that nothing could be learnt of.

    There must be two, two pictures of each, and of what the user holds out some to learn from.
    """
    groups = by_class(photographs)
    if len(groups) < 2:
        raise PhotographsError("{}: {} class(es), at least 2 are needed".format(where, len(groups)))
    poor = [label for label, group in groups.items() if len(group) < 2]
    if poor:
        raise PhotographsError(
            "{}: fewer than two pictures of {}: one trains and one is held out, so add some or "
            "drop the class".format(where, _listed(poor))
        )
    unlearnt = [label for label, group in groups.items() if all(one.held_out for one in group)]
    if unlearnt:
        raise PhotographsError(
            "{}: all pictures of {} are held out: put some into the folder to train on, or say "
            "--split new".format(where, _listed(unlearnt))
        )


def check_distinct(where: str, found: Sequence[Checked]) -> None:
    """Do as `check_classes`, and raise PhotographsError for a class of one picture again and again.

    Two copies of one picture count as one, for it could not train and be held out too.
    """
    check_classes(where, [one.photograph for one in found])
    contents: Dict[str, Set[bytes]] = OrderedDict()
    for one in found:
        contents.setdefault(one.photograph.label, set()).add(one.digest)
    poor = [label for label, digests in contents.items() if len(digests) < 2]
    if poor:
        raise PhotographsError(
            "{}: all pictures of {} are copies of one file: add other pictures, or drop the "
            "class".format(where, _listed(poor))
        )
    held_out = {one.digest for one in found if one.photograph.held_out}
    unlearnt = [label for label, digests in contents.items() if digests <= held_out]
    if unlearnt:
        raise PhotographsError(
            "{}: all pictures of {} are copies of some that you hold out: add other pictures, or "
            "say --split new".format(where, _listed(unlearnt))
        )


def conflicts(found: Iterable[Checked]) -> List[str]:
    """Return a line for each file that is there more than once, with different labels."""
    copies: Dict[bytes, List[Photograph]] = OrderedDict()
    for one in found:
        copies.setdefault(one.digest, []).append(one.photograph)
    return [
        "the same file with different labels: {}".format(
            ", ".join("{0.path} ({0.label})".format(photograph) for photograph in group)
        )
        for group in copies.values()
        if len({photograph.label for photograph in group}) > 1
    ]


def by_class(photographs: Iterable[Photograph]) -> Dict[str, List[Photograph]]:
    """Return {label: its photographs}, labels sorted."""
    groups: Dict[str, List[Photograph]] = {}
    for photograph in photographs:
        groups.setdefault(photograph.label, []).append(photograph)
    return OrderedDict(sorted(groups.items()))


def _listed(labels: Iterable[str]) -> str:
    return ", ".join(repr(label) for label in labels)


def _check(photograph: Photograph) -> Checked:
    digest = b""
    try:
        with open(photograph.path, "rb") as file:
            data = file.read()
        digest = hashlib.sha256(data).digest()
        decode(data)
    except PictureError as error:
        return Checked(photograph, str(error), digest)
    except OSError as error:
        return Checked(photograph, error.strerror, digest)
    return Checked(photograph, None, digest)
