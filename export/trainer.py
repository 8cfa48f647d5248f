"""Photographs to a network: their features, the recipe that suits them, and the fit of it."""

import random
from typing import Any, List, NamedTuple, Optional, Sequence, Tuple

import numpy as np
from scipy.special import softmax

from export.network import extract, fit, hidden, model
from export.network.extract import Extractor
from export.pictures import dataset, photographs, strange
from export.pictures.photographs import Photograph
from export.progress import Progress
from export.recipe import calibration, curve, familiarity, folds, lookalikes, search
from export.recipe.blocks import BLOCKS
from export.recipe.candidate import LINEAR, Candidate, Fixed
from export.recipe.familiarity import Familiarity
from export.recipe.head import Head
from export.recipe.heads import Examples, HeadFitter
from export.recipe.quality import LEVELS

SETTLING = 32
"""Pictures whose statistics a random base takes on."""

FINE_LEARNING_RATE = 1e-5
"""Small, or a few pictures undo what the base has learnt from many (Keras' guide to transfer
learning and fine-tuning)."""

FINE_PATIENCE = 3


class Options(NamedTuple):
    """The options of `labeld-export train`, by their names there."""

    weights: str
    quality: str
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
    fine_tune: int
    fine_tune_epochs: int


class Trained(NamedTuple):
    """What training came to.

    Attributes:
        network: a Keras model of normalised pixels, whose output is scores, or those and the
            features that `familiarity` is of.
        familiarity: a Familiarity, or None.
        scores: float[n, classes] of the pictures, by models that have not seen them; NaN where
            there is none.
        familiar: float[m], how familiar what is held out is, by one that has not seen it; empty:
            nobody says.
    """

    network: Any
    familiarity: Optional[Familiarity]
    scores: np.ndarray
    familiar: np.ndarray


class Trainer:
    """Photographs, their features, and what each is for."""

    def __init__(self, found: Sequence[Photograph], options: Options) -> None:
        """Load the base and compute the features.

        Args:
            found: readable Photographs.
            options: Options.

        Raises:
            WeightsError: the base's weights cannot be had.
        """
        self._options = options
        self._paths = [photograph.path for photograph in found]
        self.labels = tuple(photographs.by_class(found))
        self.classes = np.array([self.labels.index(one.label) for one in found], np.int32)
        self._base = _base(options.weights, self._paths)
        self._quality = LEVELS[options.quality]
        copies = options.augment
        self._copies = self._quality.copies_of(len(found)) if copies is None else copies
        extractor = Extractor(self._base, BLOCKS)
        features = extractor.extract(self._paths, self._copies)
        sample = lookalikes.sample(len(found))
        if self._copies:
            varied = features.of(sample)
        else:
            varied = extractor.extract([self._paths[number] for number in sample], 1)
        chosen = strange.rows(self._paths, self._quality.strange, options.seed)
        self._strange = extractor.extract_rows(chosen, "strange pictures")
        alike = lookalikes.find(features, varied, self.classes)
        self.duplicates = alike.duplicates
        self.plan = folds.plan(self.classes, alike.groups, self._quality.folds, options.seed)
        self._features = features
        self._fitter = HeadFitter(
            features, self.classes, self.plan.groups, self._balanced, self._hidden_head
        )

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
        candidate, temperature = choice.candidate, self._temperature(choice)
        if self._options.fine_tune and not choice.interrupted:
            return self._fine_tuned(candidate, temperature)
        held_out = np.flatnonzero(self.plan.held_out)
        others = np.flatnonzero(~self.plan.held_out)
        head = self._fitter.fit([candidate], others)[0].cooled(temperature)
        found = softmax(choice.logits / temperature, axis=1)
        found[held_out] = softmax(self._fitter.logits(candidate, head, held_out), axis=1)
        if self.learns_all:
            everything = np.arange(len(self.classes))
            head = self._fitter.fit([candidate], everything)[0].cooled(temperature)
        network = model.classifier(self._base, candidate.blocks, head)
        trained = Trained(network, None, found, familiar=np.empty(0))
        return self._with_familiarity(trained, candidate.blocks[-1])

    def curve(self, choice: search.Choice) -> List[curve.Point]:
        """Return the learning curve of the chosen recipe; none after Ctrl-C."""
        if choice.interrupted:
            return []
        try:
            return curve.measured(self._fitter, choice.candidate, self.plan.folds, choice.logits)
        except KeyboardInterrupt:
            return []

    def _with_familiarity(self, trained: Trained, end: str) -> Trained:
        """Have a classifier tell, too, how familiar pictures are by the blocks up to `end`."""
        used = familiarity.blocks(end)
        rows = self._features.rows(used, np.arange(len(self.classes)), 0)
        unlike = self._strange.rows(used, np.arange(self._strange.pictures), 0)
        found = familiarity.fitted(used, rows, self.classes, self.plan.folds, unlike)
        if found is None:
            print("too few pictures to tell how familiar one is: the bundle does not say it")
            return trained
        of_held_out = found.of(rows[self.plan.held_out])
        if self.learns_all:
            found = found._replace(signs=familiarity.signs(rows, self.classes, unlike))
        network = model.with_features(trained.network, self._base, used)
        return Trained(network, found, trained.scores, of_held_out)

    def _temperature(self, choice: search.Choice) -> float:
        """Return what makes scores as often right as they say; 1 where no picture tells."""
        known = ~np.isnan(choice.logits).any(axis=1)
        if not known.any():
            return 1.0
        weights = np.ones(np.count_nonzero(known))
        return calibration.temperature(choice.logits[known], self.classes[known], weights)

    def _fine_tuned(self, candidate: Candidate, temperature: float) -> Trained:
        """Fit a head and the top of the base together, as long as a fold of pictures gains."""
        options, plan = self._options, self.plan
        training = np.flatnonzero(~plan.held_out & (plan.folds != 0))
        validation = np.flatnonzero(plan.folds == 0) if plan.folds.max() >= 0 else training
        head = self._fitter.fit([candidate], training)[0].cooled(temperature)
        logits = self._fitter.logits(candidate, head, validation)
        network = model.classifier(self._base, candidate.blocks, head)
        model.unfreeze(self._base, candidate.blocks[-1], options.fine_tune)
        weights = fit.balanced(self.classes[training]) if self._balanced else None
        fitted = fit.fit(
            network,
            self._pictures(training, options.seed, bool(self._copies)),
            self._pictures(validation),
            fit.Recipe(
                "fine-tune", FINE_LEARNING_RATE, options.fine_tune_epochs, FINE_PATIENCE, weights
            ),
            known_loss=float(calibration.losses(logits, self.classes[validation]).mean()),
        )
        print("fine-tune: " + fit.story(fitted))
        found = np.full((len(self.classes), len(self.labels)), np.nan)
        unseen = np.flatnonzero(plan.held_out | (plan.folds == 0))
        found[unseen] = network.predict(self._pictures(unseen), verbose=0)
        return Trained(network, None, found, familiar=np.empty(0))

    @property
    def learns_all(self) -> bool:
        """Whether the pictures that were held out are learnt from in the end."""
        return not (self._options.keep_held_out or self._options.fine_tune)

    def _pictures(
        self, chosen: np.ndarray, shuffle_seed: Optional[int] = None, varied: bool = False
    ) -> Any:
        pairs = dataset.examples(
            [self._paths[number] for number in chosen],
            self.classes[chosen],
            extract.BATCH_SIZE,
            shuffle_seed=shuffle_seed,
            varied=varied,
        )
        return pairs.map(lambda pixels, numbers: (model.normalise(pixels), numbers))

    @property
    def _balanced(self) -> bool:
        return self._options.class_weights == "balanced"

    def _hidden_head(self, training: Examples, validation: Examples) -> Head:
        options = self._options
        layers = hidden.Layers(options.units, options.dropout, options.epochs)
        return hidden.fitted(training, validation, layers, self._balanced, options.seed)


def _base(weights: str, pictures: Sequence[str]) -> Any:
    if weights == model.IMAGENET:
        model.fetch(model.FETCH_SECONDS)
    elif weights == model.AUTO:
        weights = _imagenet_or_none()
    base = model.base(weights)
    if weights == model.NONE:
        chosen = random.sample(list(pictures), min(SETTLING, len(pictures)))
        model.settle_statistics(base, next(iter(dataset.rows(chosen, SETTLING))))
    return base


def _imagenet_or_none() -> str:
    try:
        model.fetch(model.TRY_SECONDS)
    except model.WeightsError as error:
        print(
            "{}\nstarting from random weights: they tell colours and plain shapes apart, "
            "ImageNet's also the textures and parts of things in real photographs".format(error)
        )
        return model.NONE
    return model.IMAGENET
