"""Picture files to RGB, upright, whatever their format, channels and depth.

JPEGs are decoded by simplejpeg: OpenCV fills in what a damaged one lacks, without a word. On whole
ones the two agree to the bit, since both are libjpeg-turbo, and OpenCV does what simplejpeg does
not: four colours, and what libjpeg warns of without need.
"""

import re
from typing import Any, Callable, Dict, Optional

import cv2
import numpy as np
import simplejpeg

from edge.config.settings import PrepareSettings
from edge.errors import NoMemoryError, PictureError
from edge.prepare import headers, heic, png, unfilter
from edge.prepare.header import Header

MAX_MEGAPIXELS = PrepareSettings().max_megapixels
"""As it comes: more than cameras have."""

MAX_BYTES = 1_000_000_000
"""What one picture may take while it is decoded; one of 20 megapixels mostly takes 60 MB."""

STRIP_BYTES = 4 << 20
"""So much of a picture is converted at a time."""

_TURNS: Dict[int, Callable[[Any], Any]] = {
    2: lambda image: cv2.flip(image, 1),
    3: lambda image: cv2.flip(image, -1),
    4: lambda image: cv2.flip(image, 0),
    5: cv2.transpose,
    6: lambda image: cv2.rotate(image, cv2.ROTATE_90_CLOCKWISE),
    7: lambda image: cv2.flip(cv2.transpose(image), -1),
    8: lambda image: cv2.rotate(image, cv2.ROTATE_90_COUNTERCLOCKWISE),
}
"""What makes a picture upright, by its Exif orientation (Exif 2.32, tag 274)."""

_WANT_OF_MEMORY = re.compile("insufficient memory|memory allocation|bad_alloc", re.IGNORECASE)
"""What OpenCV and libjpeg-turbo say then, in an error of another kind."""

_HARMLESS = re.compile(
    r"Invalid SOS parameters for sequential JPEG"  # some phones; each coefficient is there
    r"|Unknown Adobe color transform code|revision number"  # of an APP0 or APP14 segment
    r"|\b\d{1,2} extraneous bytes before marker 0xd9"  # some webcams, after the last block
)
"""What libjpeg warns of though all of a picture is there."""


SCALES = (8, 4, 2)
"""By which libjpeg-turbo decodes smaller with less work, and without more error (its `scale_denom`;
those between need more work)."""


def decode(
    data: bytes, header: Optional[Header] = None, covering: Optional[int] = None
) -> np.ndarray:
    """Decode a picture file, upright, whatever its channels and depth.

    Args:
        data: the whole file (bytes): JPEG, PNG, WebP, BMP, TIFF or HEIC; grey, colour, with
            alpha (laid on white) or 16 bits a channel (scaled to 8).
        header: its Header, checked, where it has been read already.
        covering: a JPEG is decoded smaller by one of SCALES as long as both of its sides have so
            many pixels; None: in full.

    Returns:
        uint8[height, width, 3], RGB.

    Raises:
        PictureError: the bytes are no such picture; the text is the reason.
        NoMemoryError: it does not fit into the memory that there is.
    """
    header = header or checked(data)
    try:
        image = _decoded(data, header, covering)
        turn = _TURNS.get(header.orientation)
        return image if turn is None else turn(image)
    except (MemoryError, cv2.error, ValueError) as error:
        if isinstance(error, MemoryError) or _WANT_OF_MEMORY.search(str(error)):
            raise NoMemoryError("there is not enough memory for its {}".format(_size(header)))
        if isinstance(error, cv2.error):
            raise PictureError("the decoder refused it: {}".format(error.err or error))
        raise


def checked(data: bytes, max_megapixels: float = MAX_MEGAPIXELS) -> Header:
    """Return the Header of a picture file that is not too large to decode.

    Raises:
        PictureError: it is, or is no picture.
    """
    header = headers.read(data)
    if header.megapixels > max_megapixels:
        raise PictureError(
            "it has {}; at most {:g} megapixels are decoded (prepare.max_megapixels)".format(
                _size(header), max_megapixels
            )
        )
    if header.bytes > MAX_BYTES:
        raise PictureError(
            "it has {} and would take {:.0f} MB while it is decoded; at most {:.0f} are "
            "taken".format(_size(header), header.bytes / 1e6, MAX_BYTES / 1e6)
        )
    return header


def _size(header: Header) -> str:
    return "{0.width}x{0.height} pixels".format(header)


def _decoded(data: bytes, header: Header, covering: Optional[int]) -> np.ndarray:
    if header.format == "JPEG" and not header.is_print:
        scale = _scale(header, covering)
        height, width = -(-header.height // scale), -(-header.width // scale)
        try:
            return simplejpeg.decode_jpeg(data, "RGB", min_height=height, min_width=width)
        except ValueError as error:
            if _WANT_OF_MEMORY.search(str(error)):
                raise
            if not _HARMLESS.search(str(error)):
                raise PictureError("the JPEG is damaged: {}".format(error))
    if header.format == "PNG":
        parts = png.stored(data)
        pixels = unfilter.pixels(parts) if parts else None
        if pixels is not None:
            return _rgb(pixels, header, is_bgr=False)
        data = b"".join(parts) if parts else data
    if header.format == "HEIC":
        image: Any = heic.decode(data)
    else:
        image = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_UNCHANGED)
    if image is None:
        raise PictureError("the decoder refused it: the file is damaged")
    if image.shape[:2] != (header.height, header.width) and header.format != "TIFF":
        raise PictureError(
            "the decoder refused it: it is not of the size that it says, {}".format(_size(header))
        )
    return _rgb(image, header)


def _scale(header: Header, covering: Optional[int]) -> int:
    """Return by how many times a JPEG is decoded smaller."""
    if covering is not None:
        for scale in SCALES:
            if min(header.height, header.width) >= covering * scale:
                return scale
    return 1


def _rgb(image: np.ndarray, header: Header, is_bgr: bool = True) -> np.ndarray:
    """Turn what a decoder gives into RGB, by strips: beside the whole only a strip is needed."""
    if image.dtype not in (np.uint8, np.uint16):
        raise PictureError("its samples are {}: only 8 and 16 bits are read".format(image.dtype))
    channels = 1 if image.ndim == 2 else image.shape[2]
    if not 1 <= channels <= 4:
        raise PictureError("it has {} channels: 1 to 4 are read".format(channels))
    if channels == 3 and not is_bgr:
        return image
    in_place = channels == 3 and image.dtype == np.uint8
    out = image if in_place else np.empty(image.shape[:2] + (3,), np.uint8)
    rows = max(1, STRIP_BYTES // max(1, image[0].nbytes))
    for first in range(0, len(image), rows):
        strip = slice(first, first + rows)
        out[strip] = _strip_rgb(image[strip], channels, header, is_bgr)
    return out


def _strip_rgb(image: np.ndarray, channels: int, header: Header, is_bgr: bool) -> np.ndarray:
    clear = None if channels in (2, 4) else _transparent(image, channels, header)
    image = _eight_bits(image)
    if channels == 1:
        rgb = cv2.cvtColor(image, cv2.COLOR_GRAY2RGB)
    elif channels == 3:
        rgb = cv2.cvtColor(image, cv2.COLOR_BGR2RGB)
    elif channels == 2:
        return _on_white(cv2.cvtColor(image[..., 0], cv2.COLOR_GRAY2RGB), image[..., 1])
    else:
        code = cv2.COLOR_BGRA2RGB if is_bgr else cv2.COLOR_RGBA2RGB
        return _on_white(cv2.cvtColor(image, code), image[..., 3])
    if clear is not None:
        rgb[clear] = 255
    return rgb


def _transparent(image: np.ndarray, channels: int, header: Header) -> Optional[np.ndarray]:
    """Return bool[height, width], where OpenCV did not see the transparent colour; or None."""
    if header.transparent is None:
        return None
    most = 65535 if image.dtype == np.uint16 else 255
    colour = [sample * most // header.maximum for sample in header.transparent]
    if channels == 1:
        return image.reshape(image.shape[:2]) == colour[0]
    return (image == np.array((colour * 3)[:3][::-1])).all(axis=2)


def _eight_bits(image: np.ndarray) -> np.ndarray:
    if image.dtype == np.uint8:
        return image
    return ((image.astype(np.uint32) + 128) // 257).astype(np.uint8)


def _on_white(rgb: np.ndarray, alpha: np.ndarray) -> np.ndarray:
    if alpha.min() == 255:
        return rgb
    weight = alpha[..., np.newaxis].astype(np.uint16)
    return ((rgb * weight + 255 * (255 - weight) + 127) // 255).astype(np.uint8)
