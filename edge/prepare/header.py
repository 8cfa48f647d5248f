"""What a picture file says of itself before it is decoded."""

from typing import NamedTuple, Optional, Tuple


class Header(NamedTuple):
    """The facts of one picture file.

    Attributes:
        format: "JPEG", "PNG", …
        width, height: in pixels, as they are stored.
        decoded: bytes that a pixel takes while it is decoded, at the most.
        orientation: Exif's, 1 to 8, that is left to obey once it is decoded.
        transparent: the colour that is, as one sample (grey) or three (R, G, B) of `maximum`; None:
            there is none, or the decoder knows it.
        maximum: what a sample of `transparent` is at most.
        is_print: whether its colours are a printer's four.
    """

    format: str
    width: int
    height: int
    decoded: float
    orientation: int = 1
    transparent: Optional[Tuple[int, ...]] = None
    maximum: int = 255
    is_print: bool = False

    @property
    def megapixels(self) -> float:
        return self.width * self.height / 1e6

    @property
    def bytes(self) -> int:
        """What decoding it takes, as RGB in the end."""
        return int(self.width * self.height * (self.decoded + 3))
