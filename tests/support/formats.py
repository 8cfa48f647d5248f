"""A photograph as a file of every kind that labeld reads."""

import struct

import cv2
import numpy as np

from tests.support import tiny


def photograph(size=(403, 611)):
    """Return uint8[h, w, 3] RGB: soft colours, hard edges and grain, without any symmetry."""
    chance = np.random.RandomState(11)
    patches = chance.randint(30, 225, (4, 5, 3)).astype(np.uint8)
    picture = cv2.resize(patches, size[::-1], interpolation=cv2.INTER_CUBIC)
    cv2.circle(picture, (150, 120), 70, (240, 40, 30), -1)
    cv2.putText(picture, "A3", (330, 320), cv2.FONT_HERSHEY_SIMPLEX, 4, (20, 30, 90), 9)
    grain = chance.normal(0, 6, picture.shape)
    return np.clip(picture + grain, 0, 255).astype(np.uint8)


def files():
    """Return {file name: bytes}: each container, orientation, depth and kind of channels."""
    rgb = photograph()
    jpeg = tiny.encode(rgb)
    found = {"plain" + end: tiny.encode(rgb, end) for end in (".png", ".webp", ".bmp", ".tiff")}
    found["plain.jpg"] = jpeg
    for orientation in range(1, 9):
        found["turned{}.jpg".format(orientation)] = with_exif(jpeg, orientation)
    grey = cv2.cvtColor(rgb, cv2.COLOR_RGB2GRAY)
    ramp = np.linspace(0, 255, rgb.shape[1]).astype(np.uint8)
    alpha = np.dstack([rgb, np.broadcast_to(ramp, rgb.shape[:2])])
    deep = (rgb.astype(np.uint16) << 8) + np.arange(256, dtype=np.uint16)[rgb[..., ::-1]]
    for end in (".png", ".tiff"):
        found["grey" + end] = encode(grey, end)
        found["alpha" + end] = encode(alpha, end)
        found["deep" + end] = encode(deep, end)
        found["deep-grey" + end] = encode(deep[..., 0], end)
    found["grey.jpg"] = encode(grey, ".jpg")
    found["alpha.webp"] = encode(alpha, ".webp")
    return found


def encode(array, extension):
    """Return an array, in the channels and depth it has, as the bytes of a file."""
    return cv2.imencode(extension, array)[1].tobytes()


def with_exif(jpeg, orientation, order="<"):
    """Return a JPEG's bytes with an Exif segment that holds nothing but an orientation."""
    tiff = {"<": b"II*\0", ">": b"MM\0*"}[order] + struct.pack(order + "IH", 8, 1)
    tiff += struct.pack(order + "HHIHHI", 0x0112, 3, 1, orientation, 0, 0)
    segment = b"Exif\0\0" + tiff
    return jpeg[:2] + b"\xff\xe1" + struct.pack(">H", len(segment) + 2) + segment + jpeg[2:]
