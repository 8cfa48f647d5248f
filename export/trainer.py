"""Photographs to a network: their features, the recipe that suits them, and the fit of it."""

import os
import random
import tempfile
from typing import Any, Callable, List, NamedTuple, Optional, Sequence, Tuple

import numpy as np
from scipy.special import softmax

from edge.classify.outputs import Outputs
from edge.prepare import preprocess
from export import finetune
from export.network import extract, hidden, model
from export.network.averages import Averages
from export.network.extract import Compute, Extractor
from export.network.freeze import Frozen
from export.pictures import dataset, photographs, strange
from export.pictures.photographs import Checked, Photograph
from export.progress import Progress
from export.quantize import needs, ranges
from export.recipe import calibration, curve, familiarity, folds, lookalikes, search
from export.recipe.blocks import BLOCKS
from export.recipe.candidate import LINEAR, Candidate, Fixed
from export.recipe.familiarity import Familiarity
from export.recipe.folds import Plan
from export.recipe.head import Head
from export.recipe.heads import Examples, HeadFitter
from export.recipe.lookalikes import Lookalikes
from export.recipe.quality import LEVELS

SETTLING = 32
"""Pictures whose statistics a random base takes on."""

NO_HEAD = -1
"""The number of the head of a picture that all have learnt from."""


class Options(NamedTuple):
    """The options of `labeld-export train`, by their names there."""

    weights: str
    quality: str
    int8: str
    seed: int
    blocks: Tuple[str, ...]
    head: Optional[str]
    strength: Optional[float]
    epochs: int
    units: int
    dropout: float
    augment: Optional[int]
    class_weights: str
    precision: Optional[float]
    keep_held_out: bool
    fine_tune: Optional[int]
    fine_tune_epochs: int


class Unlearnt(NamedTuple):
    """A graph with heads of which each has not learnt from some of the pictures.

    Attributes:
        graph: the Frozen graph, with the scores of its heads side by side.
        heads: int[n], the number of the one that has not learnt from a picture; NO_HEAD.
    """

    graph: Frozen
    heads: np.ndarray


class Trained(NamedTuple):
    """What training came to.

    Attributes:
        graph: the Frozen graph.
        unlearnt: what the scores are of.
        tuned: whether blocks of the base have learnt, so that the two stand on different ones.
        scores: float[n, classes] of the pictures, by models that have not seen them; NaN where
            there is none.
        familiar: float[m], how familiar what is held out is, by one that has not seen it; empty:
            nobody says.
        last: what `graph` says of what is held out.
    """

    graph: Frozen
    unlearnt: Unlearnt
    tuned: bool
    scores: np.ndarray
    familiar: np.ndarray
    last: Outputs


class Known(NamedTuple):
    """What tells how familiar a picture is.

    Attributes:
        blocks: whose features it is told by; none: nothing tells it.
        earlier: the Familiarity that has not seen what is held out, or None.
        last: the Familiarity that is served, or None.
        of_held_out, at_last: float[m], how familiar what is held out is to `earlier` and `last`.
    """

    blocks: Tuple[str, ...] = ()
    earlier: Optional[Familiarity] = None
    last: Optional[Familiarity] = None
    of_held_out: np.ndarray = np.empty(0)
    at_last: Optional[np.ndarray] = None


class Trainer:
    """Photographs, their features, and what each is for."""

    def __init__(self, found: Sequence[Checked], options: Options) -> None:
        """Load the base and compute the features.

        Args:
            found: readable photographs.
            options: Options.

        Raises:
            WeightsError: the base's weights cannot be had.
        """
        self._options = options
        chosen = [one.photograph for one in found]
        self._paths = [photograph.path for photograph in chosen]
        self.labels = tuple(photographs.by_class(chosen))
        self.classes = np.array([self.labels.index(one.label) for one in chosen], np.int32)
        weights = _weights(options.weights)
        self._base = _base(weights, self._paths)
        self._quality = LEVELS[options.quality]
        copies = options.augment
        self._copies = self._quality.copies_of(len(found)) if copies is None else copies
        extractor = Extractor(self._base, BLOCKS)
        # what random weights make of a copy is up to 100 times what they make of the pictures by
        # which the ranges of 8 bits are found
        with_8_bits = options.int8 == needs.AUTO and weights != model.NONE and self._copies
        self.trunk = _trunk(chosen) if with_8_bits else None
        coarse = _in_8_bits(extractor, self.trunk) if self.trunk else None
        features = extractor.extract(self._paths, self._copies, coarse=coarse)
        sample = lookalikes.sample(len(found))
        if self._copies and coarse is None:
            varied = features.copies(sample)
        else:  # what 8 bits make of a copy is less like the picture than the copy is
            varied = extractor.extract_copies([self._paths[number] for number in sample])
        unlike = strange.rows(self._paths, self._quality.strange, options.seed)
        self._strange = extractor.extract_rows(unlike, "strange pictures")
        contents = np.unique([one.digest for one in found], return_inverse=True)[1]
        alike = lookalikes.find(features, varied, self.classes, contents)
        self.duplicates = alike.duplicates
        self._own_split = any(photograph.held_out for photograph in chosen)
        self.plan = self._planned(chosen, alike)
        self._features = features
        self._fitter = HeadFitter(
            features, self.classes, self.plan.groups, self._balanced, self._hidden_head
        )

    def _planned(self, chosen: Sequence[Photograph], alike: Lookalikes) -> Plan:
        count, seed = self._quality.folds, self._options.seed
        if not self._own_split:
            return folds.plan(self.classes, alike, count, seed)
        held_out = np.array([bool(photograph.held_out) for photograph in chosen])
        plan = folds.own_plan(held_out, self.classes, alike, count, seed)
        moved = np.sum(plan.held_out & ~held_out)
        if moved:
            print(
                "{} pictures are nearly the same as some that you hold out, and are held out with "
                "them".format(moved)
            )
        return plan

    def choose(self) -> search.Choice:
        """Compare recipes on the pictures that are not held out; return the Choice."""
        options = self._options
        head = options.head or (None if self._quality.hidden else LINEAR)
        with Progress("compare", search.MOST_FITS, "fit") as progress:
            tried = search.Search(
                self._fitter,
                self.plan.folds,
                lambda fits, best: progress.update(fits, str(best)),
            )
            return tried.run(self._copies, Fixed(options.blocks, head, options.strength))

    def saved(self, candidate: Candidate) -> str:
        """Return what ends the graph, and what that saves, as text."""
        used = model.multiplications(model.trunk(self._base, candidate.blocks))
        share = used / model.multiplications(self._base)
        return "the graph ends at {}: {:.0%} of the whole base's multiplications".format(
            candidate.blocks[-1], share
        )

    def fit(self, choice: search.Choice) -> Trained:
        """Fit the chosen recipe to what there is to learn from."""
        try:
            tuned = None if choice.interrupted else self._fine_tuned(choice)
        except KeyboardInterrupt:
            print("fine-tune: Ctrl-C: the head stays as it is, and the base")
            tuned = None
        return tuned or self._fit_head(choice)

    def _fit_head(self, choice: search.Choice) -> Trained:
        candidate, temperature = choice.candidate, self._temperature(choice.logits)
        choices = [np.flatnonzero(~self.plan.held_out), self._everything]
        fitted = self._fitter.fit_each(candidate, choices if self.learns_all else choices[:1])
        early, late = fitted[0].cooled(temperature), fitted[-1].cooled(temperature)
        found = softmax(choice.logits / temperature, axis=1)
        held_out = np.flatnonzero(self.plan.held_out)
        found[held_out] = self._scores(candidate, early, held_out)
        known = self._known(familiarity.blocks(candidate.blocks[-1]))
        of_folds = {fold: one.cooled(temperature) for fold, one in choice.heads.items()}
        unlearnt = self._unlearnt(
            model.classifier(self._base, candidate.blocks, early, *of_folds.values()),
            known,
            list(of_folds),
        )
        graph = self._frozen(
            model.classifier(self._base, candidate.blocks, late), known.blocks, known.last
        )
        last = Outputs(self._scores(candidate, late, held_out), known.at_last)
        return Trained(graph, unlearnt, False, found, known.of_held_out, last)

    def _scores(self, candidate: Candidate, head: Head, chosen: np.ndarray) -> np.ndarray:
        scores: np.ndarray = softmax(self._fitter.logits(candidate, head, chosen), axis=1)
        return scores

    def _fine_tuned(self, choice: search.Choice) -> Optional[Trained]:
        """Have the upper blocks learn, too; None where that is not wanted, or does not help."""
        options, candidate, plan = self._options, choice.candidate, self.plan
        count = self._quality.fine_tune if options.fine_tune is None else options.fine_tune
        if not count:
            return None
        tuning = finetune.FineTuning(
            self._base, self._fitter, self._pictures, count, options.fine_tune_epochs
        )
        compared = tuning.compare(candidate, plan.folds)
        print("fine-tune: " + finetune.story(compared))
        if compared is None or not compared.epochs:
            return None
        found = softmax(choice.logits / self._temperature(choice.logits), axis=1)
        temperature = self._temperature(compared.logits)
        known = ~np.isnan(compared.logits).any(axis=1)
        found[known] = softmax(compared.logits[known] / temperature, axis=1)
        held_out = np.flatnonzero(plan.held_out)
        tuner = tuning.fit(candidate, np.flatnonzero(~plan.held_out), compared.epochs, temperature)
        last = found[held_out] = self._predicted(tuner.network, held_out)
        seen = self._known(familiarity.blocks(candidate.blocks[-1], count))
        unlearnt = self._unlearnt(tuner.network, seen, [])
        graph = unlearnt.graph
        if self.learns_all:
            tuner.restore()
            tuner = tuning.fit(candidate, self._everything, compared.epochs, temperature)
            last = self._predicted(tuner.network, held_out)
            graph = self._frozen(tuner.network, seen.blocks, seen.last)
        return Trained(graph, unlearnt, True, found, seen.of_held_out, Outputs(last, seen.at_last))

    def _predicted(self, network: Any, chosen: np.ndarray) -> np.ndarray:
        scores: np.ndarray = network.predict(self._pictures(chosen, False), verbose=0)
        return scores

    def curve(self, choice: search.Choice) -> List[curve.Point]:
        """Return the learning curve of the chosen recipe; none after Ctrl-C."""
        if choice.interrupted:
            return []
        try:
            return curve.measured(self._fitter, choice.candidate, self.plan.folds, choice.logits)
        except KeyboardInterrupt:
            return []

    def seen_by(self, candidate: Candidate) -> Callable[[Sequence[int]], np.ndarray]:
        """Return what takes numbers of pictures, and returns what a candidate's head sees of them:
        float32[m, channels]; true as long as the base stays as it was.
        """
        return lambda chosen: self._features.rows(candidate.blocks, np.array(chosen, int), 0)

    def _known(self, used: Tuple[str, ...]) -> Known:
        """Return what tells how familiar pictures are by some blocks, as they were."""
        if not used:
            print("all blocks were fine-tuned: the bundle does not say how familiar a picture is")
            return Known()
        rows = self._features.rows(used, self._everything, 0)
        unlike = self._strange.rows(used, np.arange(self._strange.pictures), 0)
        found = familiarity.fitted(used, rows, self.classes, self.plan.folds, unlike)
        if found is None:
            print("too few pictures to tell how familiar one is: the bundle does not say it")
            return Known()
        last = found
        if self.learns_all:
            last = found._replace(signs=familiarity.signs(rows, self.classes, unlike))
        held_out = rows[self.plan.held_out]
        return Known(used, found, last, found.of(held_out), last.of(held_out))

    def _unlearnt(self, network: Any, known: Known, of_folds: Sequence[int]) -> Unlearnt:
        """Return what has not learnt from pictures.

        Args:
            network: a classifier with a head that has not learnt from what is held out, and one
                for each of some folds.
            known: what tells how familiar they are.
            of_folds: the numbers of these folds, in their order.
        """
        heads = np.full(len(self.classes), NO_HEAD)
        heads[self.plan.held_out] = 0
        for number, fold in enumerate(of_folds, 1):
            heads[self.plan.folds == fold] = number
        return Unlearnt(self._frozen(network, known.blocks, known.earlier), heads)

    def _frozen(self, network: Any, used: Sequence[str], known: Optional[Familiarity]) -> Frozen:
        """Return a classifier as a graph that also says how familiar pictures are, if `known`."""
        if known is not None:
            network = model.with_features(network, self._base, used)
        return Frozen(network, known)

    def _temperature(self, logits: np.ndarray) -> float:
        """Return what makes scores as often right as they say; 1 where no picture tells."""
        known = ~np.isnan(logits).any(axis=1)
        if not known.any():
            return 1.0
        weights = np.ones(np.count_nonzero(known))
        return calibration.temperature(logits[known], self.classes[known], weights)

    @property
    def learns_all(self) -> bool:
        """Whether the pictures that were held out are learnt from in the end."""
        return not (self._options.keep_held_out or self._own_split)

    @property
    def _everything(self) -> np.ndarray:
        return np.arange(len(self.classes))

    def _pictures(self, chosen: np.ndarray, to_learn: bool) -> Any:
        pairs = dataset.examples(
            [self._paths[number] for number in chosen],
            self.classes[chosen],
            extract.BATCH_SIZE,
            shuffle_seed=self._options.seed if to_learn else None,
            varied=to_learn and bool(self._copies),
        )
        return pairs.map(lambda pixels, numbers: (model.normalise(pixels), numbers))

    @property
    def _balanced(self) -> bool:
        return self._options.class_weights == "balanced"

    def _hidden_head(self, training: Examples, validation: Examples) -> Head:
        options = self._options
        layers = hidden.Layers(options.units, options.dropout, options.epochs)
        return hidden.fitted(training, validation, layers, self._balanced, options.seed)


def _trunk(chosen: Sequence[Photograph]) -> Optional[Any]:
    """Return the Trunk of graphs in 8 bits; None where there can be none."""
    if needs.missing():
        return None
    from export.quantize.trunk import Trunk

    return Trunk(ranges.rows([one for one in chosen if not one.held_out], preprocess.SPEC))


def _in_8_bits(extractor: Extractor, trunk: Any) -> Compute:
    """Return what computes features in 8 bits, on a base that learnt them from photographs."""
    print("varied copies go through in 8 bits")
    with tempfile.TemporaryDirectory() as folder:
        saved_model = os.path.join(folder, "base")
        extractor.save(saved_model)
        return Averages(trunk.under(saved_model), BLOCKS)


def _base(weights: str, pictures: Sequence[str]) -> Any:
    base = model.base(weights)
    if weights == model.NONE:
        chosen = random.sample(list(pictures), min(SETTLING, len(pictures)))
        model.settle_statistics(base, next(iter(dataset.rows(chosen, SETTLING))))
    return base


def _weights(wanted: str) -> str:
    """Return which weights there are, once fetched: ImageNet's, none, or a file's."""
    if wanted == model.IMAGENET:
        model.fetch(model.FETCH_SECONDS)
    if wanted != model.AUTO:
        return wanted
    try:
        model.fetch(model.TRY_SECONDS)
    except model.WeightsError as error:
        print(
            "{}\nstarting from random weights: they tell colours and plain shapes apart, "
            "ImageNet's also the textures and parts of things in real photographs".format(error)
        )
        return model.NONE
    return model.IMAGENET
