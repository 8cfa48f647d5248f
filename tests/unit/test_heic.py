"""HEIC, as phones write it: read where its reader is, and otherwise refused with what to do."""

import io
import os
import sys

import numpy as np
import pytest

from edge.errors import PictureError
from edge.prepare import heic
from edge.prepare.decoder import checked, decode
from export.pictures import collection, listing
from tests.support import tiny

READER = sys.version_info >= (3, 10)
"""Whether `make test` installs the reader, pillow-heif, beside this Python."""

reader = pytest.mark.skipif(not READER, reason="pillow-heif is not installed beside Python < 3.10")


def encoded(mode, pixels):
    import pillow_heif

    height, width = pixels.shape[:2]
    data = io.BytesIO()
    pillow_heif.from_bytes(mode, (width, height), pixels.tobytes()).save(data, quality=95)
    return data.getvalue()


@reader
def test_it_is_read_in_its_colours_and_laid_on_white():
    pixels = np.zeros((64, 96, 4), np.uint8)
    pixels[:32] = [200, 40, 10, 255]
    data = encoded("RGB", np.ascontiguousarray(pixels[..., :3]))
    header = checked(data)
    assert (header.format, header.width, header.height) == ("HEIC", 96, 64)
    image = decode(data)
    assert image.shape == (64, 96, 3)
    assert np.abs(image[8, 8].astype(int) - [200, 40, 10]).max() <= 8
    image = decode(encoded("RGBA", pixels))
    assert np.abs(image[8, 8].astype(int) - [200, 40, 10]).max() <= 8
    assert image[60, 8].min() >= 247, "where nothing is, there is white"


@reader
def test_one_that_is_damaged_or_too_large_is_refused():
    data = encoded("RGB", tiny.picture("red", 1, (64, 96)))
    with pytest.raises(PictureError, match="the HEIC is damaged"):
        decode(data[: len(data) // 2])
    with pytest.raises(PictureError, match="it has 96x64 pixels; at most 0.001 megapixels"):
        checked(data, max_megapixels=0.001)


@reader
def test_it_is_a_photograph_to_train_on(tmp_path):
    for label in ("a", "b"):
        os.mkdir(str(tmp_path / label))
        (tmp_path / label / "IMG_1.HEIC").write_bytes(b"")
    assert len(collection.read(str(tmp_path)).photographs) == 2


def test_without_its_reader_it_is_named_and_refused(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "pillow_heif", None)
    monkeypatch.setattr(heic, "is_read", lambda: False)
    with pytest.raises(PictureError, match="install it, or convert the picture to JPEG"):
        decode(b"\0\0\0\x18ftypheic" + b"\0" * 40)
    (tmp_path / "IMG_1.HEIC").write_bytes(b"")
    found = listing.below(str(tmp_path))
    assert found.files == []
    assert any("1 .heic" in remark for remark in listing.remarks("here", found))
