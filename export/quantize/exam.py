"""What a graph in less than FP32 is compared with: what the plain one says of some photographs."""

from typing import Callable, List, NamedTuple, Optional, Sequence

from edge.classify.outputs import Scored
from export.pictures.photographs import Photograph
from export.quantize import verdict
from export.quantize.verdict import Figures

Save = Callable[[str], None]
"""Saves a graph in a folder that does not exist yet."""


class Exam(NamedTuple):
    """Photographs, and what the plain graph says of them.

    Attributes:
        photographs: the Photographs.
        plain: what the plain graph says of each; the familiarity only where that is compared.
        heads: of a graph whose scores are several heads' side by side, the number of the one that
            answers for each; None: it has one.
        save: saves that graph; None: it is the bundle's own.
    """

    photographs: Sequence[Photograph]
    plain: Sequence[Scored]
    heads: Optional[Sequence[int]] = None
    save: Optional[Save] = None

    def figures(self, labels: Sequence[str]) -> Figures:
        """Return the Figures of the plain graph, for a bundle's labels."""
        return self._figures(labels, self.plain)

    def figures_of(self, labels: Sequence[str], said: Sequence[Optional[Scored]]) -> Figures:
        """Return the Figures of another graph.

        Args:
            labels: the bundle's.
            said: what that graph says of each photograph, of all heads; None: it cannot be read.
        """
        return self._figures(
            labels,
            [
                None if one is None else self._answer(number, one, len(labels))
                for number, one in enumerate(said)
            ],
        )

    def _answer(self, number: int, said: Scored, classes: int) -> Scored:
        """Return what the head that answers for a photograph says of it."""
        head = 0 if self.heads is None else self.heads[number]
        compared = self.plain[number].familiar is not None
        scores = said.scores[head * classes : (head + 1) * classes]
        return Scored(scores, said.familiar if compared else None)

    def _figures(self, labels: Sequence[str], said: Sequence[Optional[Scored]]) -> Figures:
        truth: List[int] = []
        found: List[Scored] = []
        for photograph, one in zip(self.photographs, said):
            if one is not None:
                truth.append(labels.index(photograph.label))
                found.append(one)
        return verdict.figures(labels, truth, found)
