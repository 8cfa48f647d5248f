"""Pictures that take as much memory as any may, or say that they would, for `bench.memory`."""

import struct
import zlib

import cv2
import numpy as np


def pictures():
    """Yield (file name, content): small files, each of a few megabytes at the most."""
    side = 10000  # 100 megapixels: the largest that are decoded
    grey = np.full((side, side), 128, np.uint8)
    yield "grey.png", encoded(grey, ".png")
    yield "grey-16.png", encoded(np.full((side, side), 30000, np.uint16), ".png")
    colour = cv2.cvtColor(grey, cv2.COLOR_GRAY2BGR)
    yield "colour.jpg", encoded(colour, ".jpg")
    yield "progressive.jpg", encoded(colour, ".jpg", cv2.IMWRITE_JPEG_PROGRESSIVE, 1)
    yield "colour.png", encoded(colour, ".png")
    yield "colour.bmp", encoded(colour[:3000], ".bmp")
    yield "colour.tiff", encoded(colour, ".tiff")
    yield "colour.webp", encoded(colour[:, :9000], ".webp", cv2.IMWRITE_WEBP_QUALITY, 50)
    del colour
    yield "alpha.png", encoded(np.full((side, side, 4), 128, np.uint8), ".png")
    yield "alpha-16.png", png(side, side, depth=16, kind=6, samples=4)
    yield "too-large.png", png(14000, 14000, depth=8, kind=6, samples=4)
    yield "says-so.jpg", declared(encoded(np.zeros((16, 16, 3), np.uint8), ".jpg"), 30000, 30000)


def encoded(image, extension, *options):
    done, data = cv2.imencode(extension, image, list(options))
    assert done
    return data.tobytes()


def png(width, height, depth, kind, samples):
    """Return a PNG of one colour, made row by row (PNG, third edition, 5.3 and 11.2)."""
    packer = zlib.compressobj(9)
    row = b"\0" + bytes(width * samples * depth // 8)
    body = b"".join(packer.compress(row) for _ in range(height)) + packer.flush()
    header = struct.pack(">IIBBBBB", width, height, depth, kind, 0, 0, 0)
    chunks = [(b"IHDR", header), (b"IDAT", body), (b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))
        for name, data in chunks
    )


def declared(jpeg, width, height):
    """Return a JPEG whose frame header says another size (ITU-T T.81, B.2.2)."""
    at = jpeg.index(b"\xff\xc0") + 5
    return jpeg[:at] + struct.pack(">HH", height, width) + jpeg[at + 4 :]
