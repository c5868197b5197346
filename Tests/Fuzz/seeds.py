"""Writes the seeds in Corpus: small files, good ones and some that are nearly so, one folder a reader. Run again only to add some."""

import gzip
import json
import struct
import zlib
from pathlib import Path

corpus = Path(__file__).parent / "Corpus"


def seed(reader, name, contents):
    (corpus / reader).mkdir(parents=True, exist_ok=True)
    (corpus / reader / name).write_bytes(contents)


def safetensors(header, data=b""):
    text = header if isinstance(header, bytes) else json.dumps(header, separators=(",", ":")).encode()
    return struct.pack("<Q", len(text)) + text + data


def tensor(dtype, shape, begin, end):
    return {"dtype": dtype, "shape": shape, "data_offsets": [begin, end]}


sizes = {
    "F64": 8, "F32": 4, "F16": 2, "BF16": 2, "I64": 8, "I32": 4, "I16": 2, "I8": 1, "U64": 8, "U32": 4, "U16": 2, "U8": 1, "BOOL": 1, "C64": 8,
    "F8_E5M2": 1, "F8_E4M3": 1, "F8_E8M0": 1,
}
for dtype, size in sizes.items():
    data = bytes(i % 2 for i in range(6 * size))
    seed("safetensors", dtype.lower(), safetensors({"x": tensor(dtype, [2, 3], 0, len(data))}, data))
seed("safetensors", "f4", safetensors({"x": tensor("F4", [2, 3], 0, 3)}, b"abc"))
seed("safetensors", "f6", safetensors({"x": tensor("F6_E2M3", [4], 0, 3)}, b"abc"))
seed("safetensors", "none", safetensors(b"{}      "))
seed("safetensors", "texts", safetensors({"__metadata__": {"format": "pt", "é": "\"\\\n😀"}}))
seed(
    "safetensors", "several",
    safetensors(
        {
            "__metadata__": {"format": "pt"}, "layers.0.weight": tensor("F32", [2, 2], 0, 16), "flags": tensor("BOOL", [3], 16, 19),
            "scalar": tensor("F16", [], 19, 21), "empty": tensor("I64", [0, 5], 21, 21), "eight": tensor("U8", [1] * 8, 21, 22),
        }, bytes(22)))
seed(
    "safetensors", "blanks",
    safetensors('{ "a\\u00e9\\ud83d\\ude00\\/" : {\t"shape" : [ 1 ] ,\r\n"data_offsets":[0,1], "dtype": "U8" } } '.encode(), b"\x07"))
seed("safetensors", "deep", safetensors(b'{"x":' + b"[" * 500))
seed("safetensors", "overlap", safetensors({"x": tensor("F32", [2], 0, 8), "y": tensor("F32", [1], 4, 8)}, bytes(8)))
seed("safetensors", "huge", safetensors({"x": tensor("F32", [4294967296, 4294967296], 0, 0)}))


def idx(code, size, shape):
    count = 1
    for axis in shape:
        count *= axis
    return bytes([0, 0, code, len(shape)]) + struct.pack(f">{len(shape)}I", *shape) + bytes(range(count * size))


for name, contents in {
    "uint8": idx(0x08, 1, [2, 3]), "int8": idx(0x09, 1, [3]), "int16": idx(0x0B, 2, [1, 2, 1]), "int32": idx(0x0C, 4, [2]),
    "float32": idx(0x0D, 4, [2, 2]), "float64": idx(0x0E, 8, [1, 1]), "eight": idx(0x08, 1, [1] * 7 + [2]), "empty": idx(0x0C, 4, [0, 5]),
}.items():
    seed("idx", name, contents)
    # Without the magic number, which the reader puts before them.
    seed("gzip", name, gzip.compress(contents, 9, mtime=0)[2:])


def member(contents, level, strategy=zlib.Z_DEFAULT_STRATEGY):
    deflate = zlib.compressobj(level, zlib.DEFLATED, 31, 9, strategy)
    return deflate.compress(contents) + deflate.flush()


image = idx(0x08, 1, [16, 16])
seed("gzip", "stored", member(image, 0)[2:])
seed("gzip", "fixed", member(image, 9, zlib.Z_FIXED)[2:])
seed("gzip", "huffman", member(image, 9, zlib.Z_HUFFMAN_ONLY)[2:])
seed("gzip", "members", (member(image[:7], 9) + member(b"", 0) + member(image[7:], 9))[2:])
seed("gzip", "zeros", member(idx(0x08, 1, [0])[:4] + struct.pack(">I", 1 << 20) + bytes(1 << 20), 9)[2:])
