"""Exchanges files with Fluxion: `interop.py FOLDER FORMAT`, as Tests/FluxionTests/Data/InteropTests.swift calls it.

Reads ours.FORMAT, which Fluxion wrote, and compares it with ours.json, which says what it holds. Then writes theirs.FORMAT by the format's own
Python library, and theirs.json, which says what Fluxion has to read from it. Both JSON files hold

    {"tensors": {name: {"dtype": "float32", "shape": [2, 3], "bytes": hexadecimal, little endian}}, "metadata": {key: text}}

To add a format is to add two functions and a row to FORMATS.
"""

import json
import sys
from pathlib import Path

import ml_dtypes
import numpy as np
import safetensors
import safetensors.numpy

# The dtype that Fluxion reads each of NumPy's as.
DTYPES = {
    "float16": "float32", "float32": "float32", "float64": "float64", "int8": "int32", "uint8": "int32", "int16": "int32", "uint16": "int32",
    "int32": "int32", "uint32": "int64", "int64": "int64", "uint64": "int64", "bool": "bool",
}
# NumPy's own formats keep float16.
NPY_DTYPES = {**DTYPES, "float16": "float16", "complex64": "complex64", "complex128": "complex128"}
METADATA = {"format": "np", "": "empty", "text \" \\ \n\u0001": "é 😀 \u2028 \t"}


def described(arrays, metadata):
    """What theirs.json and ours.json hold, of arrays in Fluxion's dtypes."""
    tensors = {
        name: {"dtype": str(x.dtype), "shape": list(x.shape), "bytes": x.astype(x.dtype.newbyteorder("<")).tobytes().hex()}
        for name, x in arrays.items()
    }
    return {"tensors": tensors, "metadata": metadata}


def samples():
    """Arrays of every dtype, and of every kind of shape, with the values at the ends of the dtypes' ranges."""
    arrays = {}
    for dtype in DTYPES:
        if dtype == "bool":
            values = np.array([True, False, False, True, True, False])
        elif np.issubdtype(dtype, np.floating):
            limits = np.finfo(dtype)
            values = np.array([0.0, -0.0, limits.max, limits.smallest_subnormal, -np.inf, np.nan], dtype)
        else:
            limits = np.iinfo(dtype)
            most = min(limits.max, np.iinfo(np.int64).max)
            values = np.array([0, 1, limits.min, most, 7, most - 1], dtype)
        arrays[dtype] = values.reshape(2, 3)
    arrays["scalar"] = np.array(1.5, np.float32)
    arrays["empty"] = np.zeros((0, 5), np.int32)
    arrays["eight"] = np.arange(6, dtype=np.int64).reshape(1, 2, 1, 3, 1, 1, 1, 1)
    arrays["name . é 😀 \" \\"] = np.arange(3, dtype=np.float64)
    arrays["long"] = np.random.default_rng(1).standard_normal(100_000).astype(np.float16)
    return arrays


# What follows reads a file into arrays and metadata, or writes one and gives both as Fluxion has to read them.


def read_safetensors(path):
    with safetensors.safe_open(path, framework="np") as file:
        return {name: file.get_tensor(name) for name in file.keys()}, file.metadata() or {}


def write_safetensors(path):
    arrays = samples()
    # NumPy has no bfloat16 of its own.
    halves = np.array([0.0, -0.0, 1.0, 2.0**-133, -np.inf, np.nan, 3.4e38], ml_dtypes.bfloat16)
    safetensors.numpy.save_file({**arrays, "bfloat16": halves}, path, METADATA)
    expected = {name: x.astype(DTYPES[str(x.dtype)]) for name, x in arrays.items()}
    expected["bfloat16"] = (halves.view(np.uint16).astype(np.uint32) << 16).view(np.float32)
    return expected, METADATA


def read_npz(path):
    with np.load(path) as file:
        return {name: file[name] for name in file.files}, {}


def write_npz(path, save=np.savez):
    # In both byte orders and both orders of elements.
    arrays = samples()
    arrays |= {f"big {name}": x.astype(x.dtype.newbyteorder(">")) for name, x in samples().items() if x.ndim == 2}
    for dtype in ["<c8", ">c8", "<c16", ">c16"]:
        arrays[dtype] = np.array([[1 - 2j, 0.5j, -np.inf + 1j]], dtype)
    arrays["fortran"] = np.asfortranarray(np.arange(24, dtype=np.float32).reshape(2, 3, 4))
    save(path, **arrays)
    return {name: x.astype(NPY_DTYPES[x.dtype.newbyteorder("=").name]) for name, x in arrays.items()}, {}


def write_compressed(path):
    return write_npz(path, np.savez_compressed)


# What follows holds one array: of ours the first, of theirs one that is called after its file.


def read_npy(path):
    return {"float32": np.load(path)}, {}


def write_npy(path):
    x = np.asfortranarray(np.random.default_rng(2).standard_normal((50, 40)).astype(">f2"))
    np.save(path, x)
    return {"theirs": x.astype(np.float16)}, {}


def read_csv(path):
    return {"float32": np.loadtxt(path, np.float32, delimiter=",", ndmin=2)}, {}


def write_csv(path):
    x = np.concatenate([np.random.default_rng(3).standard_normal((500, 3)), [[np.inf, -np.inf, 1e-300], [-0.0, 1e38, 2.0**-149]]])
    np.savetxt(path, x, delimiter=",", header="a,b,c")
    # As written, to 18 digits, each then the nearest float32.
    return {"theirs": np.loadtxt(path, np.float64, delimiter=",").astype(np.float32)}, {}


FORMATS = {
    "safetensors": (read_safetensors, write_safetensors),
    "npz": (read_npz, write_npz),
    "compressed.npz": (read_npz, write_compressed),
    "npy": (read_npy, write_npy),
    "csv": (read_csv, write_csv),
}


def main(folder, name):
    folder, (read, write) = Path(folder), FORMATS[name]
    wanted = json.loads((folder / "ours.json").read_text())
    found = described(*read(folder / f"ours.{name}"))
    if found != wanted:
        wrong = [key for key in wanted["tensors"].keys() | found["tensors"].keys() if wanted["tensors"].get(key) != found["tensors"].get(key)]
        wrong += [f"metadata {found['metadata']}"] if wanted["metadata"] != found["metadata"] else []
        sys.exit(f"ours.{name} is read otherwise than it was written: {', '.join(sorted(wrong))}")
    (folder / "theirs.json").write_text(json.dumps(described(*write(folder / f"theirs.{name}"))))


main(*sys.argv[1:])
