"""Photographs to train on and others to score, for `bench.accuracy`."""

import glob
import os

import cv2
import numpy as np

from export.network import model
from export.network.extract import Extractor
from export.pictures import collection
from export.recipe import folds, lookalikes
from export.recipe.blocks import BLOCKS
from tests.support import stamps

CUT_OUTS = {
    "birds": "animals/birds",
    "flowers": "plants/flowers",
    "fruit": "food/fruit",
    "mammals": "animals/mammals/**",
    "vegetables": "food/vegetables",
}
"""Classes with so many different things that others can be kept for scoring."""

SCORED_OF_STAMPS = 50
"""Photographs of each class to score, of cut-outs that none to train on has."""

STAMPS = "stamps"


def of_stamps(folder, most, seed):
    """Write stamp photographs; return (training, scored): {label: [paths]} each.

    Args:
        folder: where to.
        most: how many of each class to train on.
        seed: of sizes, places and backgrounds.
    """
    found = []
    for name, count, of_each in (("train", most, (1, 2)), ("score", SCORED_OF_STAMPS, (0,))):
        chance = np.random.RandomState(seed + 1000 * len(found))
        written = {}
        for label, place in CUT_OUTS.items():
            files = glob.glob(os.path.join(stamps.FOLDER, place, "*.png"), recursive=True)
            files = sorted(file for file in files if not file.endswith("_mirror.png"))
            cut_outs = [
                cv2.imread(file, cv2.IMREAD_UNCHANGED)
                for number, file in enumerate(files)
                if number % 3 in of_each
            ]
            cut_outs = [one for one in cut_outs if one.ndim == 3 and one.shape[2] == 4]
            os.makedirs(os.path.join(folder, name, label))
            written[label] = []
            for number in range(count):
                photograph = stamps.lay_on_background(cut_outs[number % len(cut_outs)], chance)
                path = os.path.join(folder, name, label, "{:03d}.jpg".format(number))
                cv2.imwrite(path, photograph)
                written[label].append(path)
        found.append(written)
    return tuple(found)


def of_folder(images, weights, seed):
    """Divide a folder's photographs, look-alikes on one side; return (training, scored).

    Args:
        images: a folder of class folders, or a table, as `labeld-export train` takes it.
        weights: of the base, which tells what looks alike.
        seed: of the choice.
    """
    found = collection.read(images).photographs
    paths, labels = [one.path for one in found], sorted({one.label for one in found})
    classes = np.array([labels.index(one.label) for one in found])
    extractor = Extractor(model.base(weights), BLOCKS)
    features = extractor.extract(paths, 0)
    varied = extractor.extract_copies([paths[n] for n in lookalikes.sample(len(paths))])
    contents = np.arange(len(paths))
    groups = lookalikes.find(features, varied, classes, contents).groups
    scored = folds.hold_out(classes, groups, seed)
    return tuple(
        {
            label: [paths[n] for n in np.flatnonzero(part & (classes == number))]
            for number, label in enumerate(labels)
        }
        for part in (~scored, scored)
    )
