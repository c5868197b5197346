"""Writes Tests/FluxionTests/Golden/pictures.json: small PNG and JPEG files, and the levels that Pillow reads from them.

    python3 -m pip install pillow numpy
    python3 Tests/Golden/pictures.py

    {"pillow": its version,
     "cases": [{
       "name":     "rgb.png",
       "file":     its bytes, in base64,
       "most":     255 or 65535, the level that is 1,
       "shape":    [channels, height, width],
       "levels":   the levels, in the order of the shape,
       "gray":     the levels of convert("L"), for 8 bits; else null
     }]}

Files are upright as ImageOps.exif_transpose makes them. What Pillow does not write is written here: 16 bits of colour, interlaced rows.
"""

import base64
import io
import json
import pathlib
import random
import struct
import zlib

import numpy as np
import PIL
from PIL import Image, ImageOps

OUTPUT = pathlib.Path(__file__).resolve().parent.parent / "FluxionTests" / "Golden" / "pictures.json"
generator = random.Random(2017)
cases = []


def levels(*shape, most=255):
    return np.array([generator.randint(0, most) for _ in range(int(np.prod(shape)))]).reshape(shape)


def case(name, contents, expected=None, most=255):
    gray = None
    if expected is None:
        picture = ImageOps.exif_transpose(Image.open(io.BytesIO(contents)))
        if picture.mode in ("P", "PA") or "transparency" in picture.info:
            picture = picture.convert("RGBA" if "transparency" in picture.info else "RGB")
        if picture.mode == "1":
            picture = picture.convert("L")
        if picture.mode == "CMYK":
            picture = picture.convert("RGB")
        expected = np.asarray(picture)
        if most == 255:
            gray = np.asarray(picture.convert("L")).flatten().tolist()
    if expected.ndim == 2:
        expected = expected[..., None]
    planes = expected.transpose(2, 0, 1).astype(int)
    cases.append({
        "name": name, "file": base64.b64encode(contents).decode(), "most": most, "shape": list(planes.shape),
        "levels": planes.flatten().tolist(), "gray": gray,
    })


def saved(picture, format, **options):
    file = io.BytesIO()
    picture.save(file, format, **options)
    return file.getvalue()


def chunk(kind, data):
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def png(pixels, bits, color, interlaced=False):
    """A PNG of unfiltered rows: pixels [height, width, channels]."""
    height, width, _ = pixels.shape
    dtype = ">u2" if bits == 16 else "u1"
    passes = [(0, 0, 8, 8), (0, 4, 8, 8), (4, 0, 8, 4), (0, 2, 4, 4), (2, 0, 4, 2), (0, 1, 2, 2), (1, 0, 2, 1)] if interlaced else [(0, 0, 1, 1)]
    rows = b""
    for y, x, down, right in passes:
        for row in pixels[y::down, x::right]:
            if row.size:
                rows += b"\0" + row.astype(dtype).tobytes()
    header = struct.pack(">IIBBBBB", width, height, bits, color, 0, 0, int(interlaced))
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(rows, 9)) + chunk(b"IEND", b"")


rgb = levels(5, 4, 3).astype(np.uint8)
case("gray.png", saved(Image.fromarray(rgb[..., 0]), "PNG"))
case("bits.png", saved(Image.fromarray(rgb[..., 0] > 127), "PNG"))
case("gray-alpha.png", saved(Image.fromarray(rgb[..., :2], "LA"), "PNG"))
case("rgb.png", saved(Image.fromarray(rgb), "PNG"))
case("rgba.png", saved(Image.fromarray(levels(3, 5, 4).astype(np.uint8), "RGBA"), "PNG"))
palette = Image.fromarray(rgb).quantize(5)
case("palette.png", saved(palette, "PNG"))
case("palette-alpha.png", saved(palette, "PNG", transparency=bytes([0, 128, 255])))
case("transparent.png", saved(Image.fromarray(rgb), "PNG", transparency=tuple(int(v) for v in rgb[1, 2])))
wide = levels(3, 4, 1, most=65535)
case("gray16.png", png(wide, 16, 0), wide, 65535)
wide = levels(3, 4, 3, most=65535)
case("rgb16.png", png(wide, 16, 2), wide, 65535)
case("interlaced.png", png(levels(9, 11, 3), 8, 2, interlaced=True))

smooth = np.stack(np.meshgrid(np.arange(20) * 8, np.arange(12) * 12), axis=-1)
smooth = np.concatenate([smooth, 255 - smooth[..., :1]], axis=-1).astype(np.uint8)
picture = Image.fromarray(smooth)
case("gray.jpg", saved(picture.convert("L"), "JPEG", quality=90))
case("rgb.jpg", saved(picture, "JPEG", quality=90, subsampling=0))
case("half.jpg", saved(picture, "JPEG", quality=90, subsampling=2))
case("progressive.jpg", saved(picture, "JPEG", quality=90, progressive=True, subsampling=0))
case("cmyk.jpg", saved(picture.convert("CMYK"), "JPEG", quality=95))
small = picture.crop((0, 0, 8, 5))
for orientation in range(1, 9):
    exif = Image.Exif()
    exif[0x112] = orientation
    case(f"turned{orientation}.jpg", saved(small, "JPEG", quality=95, subsampling=0, exif=exif))
exif = Image.Exif()
exif[0x112] = 6
case("turned6.png", saved(small, "PNG", exif=exif))

OUTPUT.write_text(json.dumps({"pillow": PIL.__version__, "cases": cases}, separators=(",", ":")).replace('},{"name', '},\n{"name') + "\n")
print(OUTPUT, OUTPUT.stat().st_size, "bytes,", len(cases), "cases")
