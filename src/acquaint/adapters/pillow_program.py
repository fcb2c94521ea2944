"""Draws one picture anew: a program of its own, started for one picture and gone with it.

It reads the original from standard input, and writes the media type, a line break and the picture to standard output.
What cannot be seen ends it with the status ``REFUSED`` and a few words on standard error. Decoders of pictures are
where strangers' bytes do the most harm: here they find no file, no network credential and no session to take, little
memory, little time, and nothing that outlives them.

It imports nothing of ours, so that it starts quickly.
"""

from __future__ import annotations

import contextlib
import io
import resource
import sys
import warnings
from typing import Final

from PIL import GifImagePlugin, Image, ImageOps, JpegImagePlugin, PngImagePlugin, WebPImagePlugin

FORMATS: Final = (
    PngImagePlugin.PngImageFile.format,
    JpegImagePlugin.JpegImageFile.format,
    GifImagePlugin.GifImageFile.format,
    WebPImagePlugin.WebPImageFile.format,
)
"""And no other: nearly all that was ever found wrong with Pillow is in formats nobody has asked for."""

MOST_PIXELS: Final = 50_000_000  # a phone's largest photograph has 48.8 million
LARGEST_SIDE: Final = 1024
QUALITY: Final = 85

MOST_MEMORY: Final = 1024**3  # bytes of address space; 50 million pixels of four bytes twice, and Python
MOST_SECONDS: Final = 10  # of a processor

REFUSED: Final = 3


def main() -> int:
    for limit, most in (
        (resource.RLIMIT_AS, MOST_MEMORY),
        (resource.RLIMIT_CPU, MOST_SECONDS),
        (resource.RLIMIT_FSIZE, 0),
        (resource.RLIMIT_CORE, 0),
    ):
        resource.setrlimit(limit, (most, most))
    Image.MAX_IMAGE_PIXELS = MOST_PIXELS
    warnings.simplefilter("error", Image.DecompressionBombWarning)
    try:
        kind, content = draw(sys.stdin.buffer.read())
    except (Image.DecompressionBombError, Image.DecompressionBombWarning):
        return refuse(f"has more than {MOST_PIXELS // 1_000_000} million pixels")
    except MemoryError:
        return refuse("takes too much memory")
    except Exception:
        return refuse("cannot be read as a picture")
    sys.stdout.buffer.write(kind.encode() + b"\n" + content)
    return 0


def draw(original: bytes) -> tuple[str, bytes]:
    """Media type and bytes of what can be seen in the first frame. Raises whatever Pillow raises."""
    with Image.open(
        io.BytesIO(original), formats=FORMATS
    ) as opened:  # the head only: its size is known before its bytes
        if opened.width * opened.height > MOST_PIXELS:
            raise Image.DecompressionBombError
        opened.draft("RGB", (2 * LARGEST_SIDE, 2 * LARGEST_SIDE))  # a JPEG is decoded no larger than it has to be
        mode = "RGBA" if opened.has_transparency_data else "RGB"
        seen = opened.convert(mode)
        seen.thumbnail((LARGEST_SIDE, LARGEST_SIDE))
        with contextlib.suppress(Exception):  # notes of cameras are broken more often than pictures are
            seen = ImageOps.exif_transpose(seen)
    drawn = Image.new(mode, seen.size)  # pixels and nothing else: what comes with a picture does not come along
    drawn.paste(seen)
    content = io.BytesIO()
    if mode == "RGBA":
        drawn.save(content, "PNG")
        return "image/png", content.getvalue()
    drawn.save(content, "JPEG", quality=QUALITY)
    return "image/jpeg", content.getvalue()


def refuse(why: str) -> int:
    sys.stderr.write(why)
    return REFUSED


if __name__ == "__main__":
    sys.exit(main())
