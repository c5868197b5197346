"""Writes the seeds in Corpus: small files, good ones and some that are nearly so, one folder a reader. Run again only to add some."""

import base64
import gzip
import io
import json
import struct
import zipfile
import zlib
from pathlib import Path

import numpy as np

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
checksums = "crc32 00000000 " + f"{zlib.crc32(bytes(8)):08x}"
header = json.dumps({"__metadata__": {"fluxion.checksums": checksums}, "x": tensor("F32", [2], 0, 8)}, separators=(",", ":")).encode()
crc = f"crc32 {zlib.crc32(header):08x}".encode()
seed("safetensors", "checksums", safetensors(header.replace(b"crc32 00000000", crc), bytes(8)))
seed("safetensors", "checksum", safetensors({"__metadata__": {"fluxion.checksums": "crc32 0000000"}}))
seed("safetensors", "alike", safetensors(json.dumps({"\u00e9": tensor("U8", [1], 0, 1), "e\u0301": tensor("U8", [1], 1, 2)}).encode(), b"ab"))
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


def npy(array, version=None):
    file = io.BytesIO()
    np.lib.format.write_array(file, array, version)
    return file.getvalue()


arrays = {dtype: np.arange(6).reshape(2, 3).astype(dtype) for dtype in "f2 f4 f8 i1 i2 i4 i8 u1 u2 u4 u8 ?".split()}
arrays |= {"big": np.arange(6, dtype=">f4"), "big2": np.arange(6, dtype=">i2"), "fortran": np.asfortranarray(np.arange(6).reshape(2, 3))}
arrays |= {"scalar": np.array(1.5), "empty": np.zeros((0, 5), np.int32), "eight": np.zeros([1] * 8, np.uint8)}
arrays |= {"complex": np.zeros(2, complex), "record": np.zeros(2, [("a", "i4"), ("b", "f8")]), "text": np.array(["ab"])}
for name, array in arrays.items():
    seed("npy", "bool" if name == "?" else name, npy(array))
seed("npy", "version2", npy(arrays["f4"], (2, 0)))
seed("npy", "version3", npy(arrays["f4"], (3, 0)))
seed("npy", "gzip", gzip.compress(npy(arrays["f4"]), 9, mtime=0))

def claim(array):
    """A member that is to hold a gigabyte, of zeros that deflate to a thousandth."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(zipfile.ZipInfo("x.npy"), npy(array), zipfile.ZIP_DEFLATED)
    return file.getvalue().replace(struct.pack("<I", len(npy(array))), struct.pack("<I", 1 << 30))


seed("npz", "claim", claim(np.zeros(100, np.float32)))
seed("npy", "claim", npy(np.zeros(3, np.float32)).replace(b"(3,)", b"(9" + b"0" * 9 + b",)").replace(b" " * 9 + b"\n", b"\n"))
for name, save in {"stored": np.savez, "deflated": np.savez_compressed}.items():
    file = io.BytesIO()
    save(file, a=arrays["f4"], b=arrays["big"], scalar=arrays["scalar"])
    seed("npz", name, file.getvalue())
for name, method in {"none": zipfile.ZIP_STORED, "plain": zipfile.ZIP_STORED, "compressed": zipfile.ZIP_DEFLATED}.items():
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", method) as archive:
        if name != "none":
            archive.writestr(zipfile.ZipInfo("weight.npy"), npy(arrays["f2"]), method)
            archive.writestr(zipfile.ZipInfo("é/bias.npy"), npy(arrays["?"]), method)
            archive.comment = b"PK\5\6"
    seed("npz", name, file.getvalue())

# The first byte chooses the dtype, and what an empty field is.
for name, text in {
    "plain": "1,2,3\n4,5,6\n", "header": "rooms,area,price\n1,2.5,-3e-2\n", "semicolons": "1;2\r\n3;4\r\n", "tabs": "1\t2\r3\t4",
    "quotes": '"a ""b""","c,d"\n"1",2\n', "special": "inf,-Infinity,NaN\n0x1p3,1e400,-0\n", "empty": ",\n1,\n\n", "logical": "true,False\n1,0\n",
    "only": "1 2 3\n", "commas": ",,,,,,,,,,,,,,,,\n", "digits": "0.1000000000000000055511151231257827021181583404541015625,9223372036854775807\n", "mark": "\ufeff1,2\n",
}.items():
    for choice in (0, 1, 3, 4, 65):
        seed("csv", f"{name}{choice}", bytes([choice]) + text.encode())

for name, text in {
    "kinds": "area,city,price\n1.5,Bern,3\n,NA,\n", "quotes": 'a,"b ""c"""\n"1\n2",x\n', "twice": "a,a,\n1,2,3\n", "tabs": "a\tb\r\n1\t2020-01-31\r\n",
    "wide": ",".join("abcdefgh") + "\n" + ",".join("12345678") + "\n", "mark": "\ufeff# a;b\n1;inf\n",
}.items():
    for header in (0, 1):
        seed("table", f"{name}{header}", bytes([header]) + text.encode())
encoder = {"version": 1, "masks": 1, "numbers": [{"name": "area", "fill": -1.5e3}], "categories": [{"name": "c\u00e9", "vocabulary": ["a\"b", "\n"]}]}
seed("encoder", "full", json.dumps(encoder, indent=2).encode())
seed("encoder", "empty", json.dumps(encoder | {"numbers": [], "categories": []}).encode())

# The small pictures of Tests/Golden/pictures.py, without the first bytes, which the reader puts before them.
golden = Path(__file__).resolve().parent.parent / "FluxionTests" / "Golden" / "pictures.json"
for case in json.loads(golden.read_text())["cases"]:
    name, kind = case["name"].split(".")
    if not name.startswith("turned") or name == "turned6":
        contents = base64.b64decode(case["file"])
        seed("png" if kind == "png" else "jpeg", name, contents[8:] if kind == "png" else contents[3:])
