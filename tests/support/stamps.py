"""Labelled photographs made of Debian's tuxpaint-stamps-default: cut-outs laid on backgrounds."""

import glob
import os

import cv2
import numpy as np

from tests.support.missing import skip_or_fail

FOLDER = "/usr/share/tuxpaint/stamps"

CLASSES = {
    "Bananas, apples & pears": "food/fruit",
    "Cows": "animals/mammals/bovines",
    "Euro coins": "symbols/money/euro/coins",
    "Flowers": "plants/flowers",
    "Hand signs": "symbols/alphabets/asl",
    "Houses": "town/houses/cartoon",
}
"""Each label and the folder of its cut-outs: classes that even random features tell apart."""

SIZE = (360, 480)


def require():
    """Skip the test where the pictures are not installed, or fail under CI=true."""
    if not os.path.isdir(FOLDER):
        reason = "tuxpaint-stamps-default is not installed"
        skip_or_fail(reason)


def cut_outs(label, served):
    """Return BGRA pictures of a class; those to be served are never among those to train on."""
    pattern = os.path.join(FOLDER, CLASSES[label], "*.png")
    files = [file for file in sorted(glob.glob(pattern)) if not file.endswith("_mirror.png")]
    chosen = [file for number, file in enumerate(files) if (number % 4 == 0) == served]
    pictures = [cv2.imread(file, cv2.IMREAD_UNCHANGED) for file in chosen]
    return [picture for picture in pictures if picture.ndim == 3 and picture.shape[2] == 4]


def write(folder, count, served, seed):
    """Write `count` photographs of each class into class folders; return {path: label}.

    One in three is a PNG, the others are JPEG.
    """
    chance = np.random.RandomState(seed)
    written = {}
    for number, label in enumerate(CLASSES):
        stock = cut_outs(label, served)
        os.makedirs(os.path.join(str(folder), label))
        for index in range(count):
            photograph = lay_on_background(stock[index % len(stock)], chance)
            extension = "png" if index % 3 == 0 else "jpg"
            name = "{}{:03d}.{}".format(number, index, extension)
            path = os.path.join(str(folder), label, name)
            assert cv2.imwrite(path, photograph)
            written[path] = label
    return written


def lay_on_background(cut_out, chance):
    """Return a BGR photograph of a cut-out, at a size and place and in a light by chance."""
    height, width = SIZE
    scale = chance.uniform(0.5, 0.9) * min(height / cut_out.shape[0], width / cut_out.shape[1])
    size = tuple(max(8, int(side * scale)) for side in cut_out.shape[1::-1])
    thing = cv2.resize(cut_out, size, interpolation=cv2.INTER_AREA).astype(np.float32)
    top = chance.randint(0, height - size[1] + 1)
    left = chance.randint(0, width - size[0] + 1)
    scene = _background(chance)
    place = scene[top : top + size[1], left : left + size[0]]
    weight = thing[..., 3:] / 255
    place[...] = thing[..., :3] * weight + place * (1 - weight)
    return np.clip(scene * chance.uniform(0.7, 1.2), 0, 255).astype(np.uint8)


def _background(chance):
    """Return float32[h, w, 3]: a few colours running into each other, under grain."""
    patches = chance.uniform(40, 220, (chance.randint(2, 5), chance.randint(2, 5), 3))
    scene = cv2.resize(patches.astype(np.float32), SIZE[::-1], interpolation=cv2.INTER_CUBIC)
    return scene + chance.normal(0, chance.uniform(2, 10), scene.shape).astype(np.float32)
