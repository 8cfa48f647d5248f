"""Picture files that something has happened to."""

import os
import random

from tests.support import formats


def mutated(count, seed):
    """Yield (name, bytes) of so many: cut, with bytes changed, put in, taken out or doubled."""
    chance = random.Random(seed)
    pictures = sorted(formats.files().items())
    for number in range(count):
        name, data = chance.choice(pictures)
        for _ in range(chance.choice((1, 1, 1, 2, 5, 20))):
            data = chance.choice(_CHANGES)(data, chance)
        yield "{:05d}{}".format(number, os.path.splitext(name)[1]), data


def _cut(data, chance):
    return data[: chance.randrange(len(data) + 1)]


def _changed(data, chance):
    """Change a byte, one of the first 64 as often as any other."""
    if not data:
        return data
    place = chance.randrange(min(len(data), chance.choice((64, len(data)))))
    value = chance.choice((0, 1, 0x7F, 0x80, 0xFF, chance.randrange(256)))
    return data[:place] + bytes([value]) + data[place + 1 :]


def _put_in(data, chance):
    place = chance.randrange(len(data) + 1)
    some = bytes(chance.randrange(256) for _ in range(chance.randrange(1, 40)))
    return data[:place] + some + data[place:]


def _taken_out(data, chance):
    place = chance.randrange(len(data) + 1)
    return data[:place] + data[place + chance.randrange(1, 40) :]


def _doubled(data, chance):
    place = chance.randrange(len(data) + 1)
    some = data[place : place + chance.randrange(1, 4000)]
    return data[:place] + some + data[place:]


_CHANGES = (_cut, _changed, _changed, _changed, _put_in, _taken_out, _doubled)
