"""Runs models from PyPI packages here and in onnxruntime, compares the answers and the times.

    python3 Tests/ONNXTests/real_models.py PATH/TO/fluxion-onnx [FOLDER]

Sets itself up in FOLDER (.build/onnx-models unless given): an environment with onnxruntime, and the packages silero-vad (speech detection), magika
(file types), rapidocr-onnxruntime (text detection, direction and recognition) and onnx (its `light` networks for images). What cannot be had is skipped, and said. The exit code is 1 where answers differ.
"""

import json
import os
import subprocess
import sys
import tempfile
import time
import venv
from pathlib import Path

PACKAGES = ["silero-vad", "magika", "rapidocr-onnxruntime", "onnx"]
RUNS = 20


def setup(folder):
    """The environment's python, after the packages are in; None where onnxruntime cannot be had."""
    python = folder / "venv" / "bin" / "python"
    if not python.exists():
        venv.create(folder / "venv", with_pip=True)
    pip = [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    if subprocess.run(pip + ["onnxruntime", "numpy"]).returncode != 0:
        return None
    for package in PACKAGES:
        target = folder / package
        if not target.exists() and subprocess.run(pip + ["--no-deps", "--target", str(target), package]).returncode != 0:
            print(f"{package}: cannot be had here; skipped")
    return python


class Check:
    """One model in both programs."""

    def __init__(self, tool, path):
        import onnxruntime

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 2
        options.inter_op_num_threads = 1
        self.tool, self.path = tool, path
        self.session = onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])

    def reference(self, inputs):
        names = [output.name for output in self.session.get_outputs()]
        return dict(zip(names, self.session.run(None, inputs)))

    def reference_time(self, inputs, repeat=RUNS):
        times = []
        for _ in range(repeat):
            start = time.perf_counter()
            self.session.run(None, inputs)
            times.append(time.perf_counter() - start)
        return min(times) * 1e3

    def run(self, inputs, repeat=1):
        """The outputs by name, and the least time of a run in milliseconds."""
        import numpy

        with tempfile.TemporaryDirectory() as folder:
            command = [self.tool, "run", str(self.path), "--repeat", str(repeat)]
            # What Fluxion holds: int32 for small integers, float32 for halves.
            for i, (name, value) in enumerate(inputs.items()):
                file = f"{folder}/in{i}.npy"
                small = value.dtype in (numpy.uint8, numpy.int8, numpy.uint16, numpy.int16)
                numpy.save(file, value.astype(numpy.int32) if small else value)
                command += ["--input", f"{name}={file}"]
            names = [output.name for output in self.session.get_outputs()]
            for i, name in enumerate(names):
                command += ["--output", f"{name}={folder}/out{i}.npy"]
            environment = dict(os.environ, FLUXION_NUM_THREADS="2")
            text = subprocess.run(command, check=True, capture_output=True, text=True, env=environment).stdout
            times = [float(line.split()[1]) for line in text.splitlines() if line.startswith("least ")]
            outputs = {name: numpy.load(f"{folder}/out{i}.npy") for i, name in enumerate(names)}
            return outputs, times[0] if times else None

    def compare(self, label, inputs, tolerance=1e-3, repeat=RUNS):
        """Prints one line; whether the answers agree."""
        import numpy

        expected = self.reference(inputs)
        answers, milliseconds = self.run(inputs, repeat=repeat)
        worst = 0.0
        for name, value in expected.items():
            difference = numpy.abs(value.astype(numpy.float64) - answers[name].astype(numpy.float64))
            worst = max(worst, float((difference / (1 + numpy.abs(value))).max(initial=0)))
        peer = self.reference_time(inputs, repeat)
        agrees = worst <= tolerance
        print(
            f"{label}: {'agrees' if agrees else 'DIFFERS'}, by at most {worst:.1e}; {milliseconds:.2f} ms, onnxruntime {peer:.2f} ms, "
            f"{milliseconds / peer:.2f} times its time"
        )
        return agrees


def speech(tool, folder):
    """Speech detection on a generated signal, with the state from call to call."""
    import numpy

    path = next(folder.glob("silero-vad/**/silero_vad.onnx"), None)
    if path is None:
        return True
    check = Check(tool, path)
    random = numpy.random.default_rng(1)
    time_axis = numpy.arange(576 * 6) / 16000
    signal = (0.3 * numpy.sin(2 * numpy.pi * 140 * time_axis) * (numpy.sin(2 * numpy.pi * 3 * time_axis) > 0)).astype(numpy.float32)
    signal += 0.01 * random.standard_normal(signal.shape).astype(numpy.float32)
    rate = numpy.array(16000, dtype=numpy.int64)
    mine = theirs = numpy.zeros((2, 1, 128), dtype=numpy.float32)
    worst = 0.0
    for chunk in signal.reshape(6, 1, 576):
        expected = check.reference({"input": chunk, "state": theirs, "sr": rate})
        answers, _ = check.run({"input": chunk, "state": mine, "sr": rate})
        theirs, mine = expected["stateN"], answers["stateN"]
        worst = max(worst, float(numpy.abs(expected["output"] - answers["output"]).max()))
    print(f"silero-vad, six calls with state: {'agrees' if worst <= 1e-4 else 'DIFFERS'}, by at most {worst:.1e}")
    return check.compare("silero-vad", {"input": signal[None, :576], "state": theirs, "sr": rate}) and worst <= 1e-4


def file_types(tool, folder):
    """The file types of this repository's own files."""
    import numpy

    path = next(folder.glob("magika/**/model.onnx"), None)
    if path is None:
        return True
    config = json.loads((path.parent / "config.min.json").read_text())
    begin, end, padding = config["beg_size"], config["end_size"], config["padding_token"]
    root = Path(__file__).parents[2]
    rows = []
    for name in ["Package.swift", "Makefile", "README.md", "Tests/ONNXTests/real_models.py", "Sources/CKernels/include/CKernels.h"]:
        if not (root / name).exists():
            continue
        data = (root / name).read_bytes()
        first, last = data.strip()[:begin], data.strip()[-end:] if end else b""
        row = list(first) + [padding] * (begin - len(first)) + [padding] * (end - len(last)) + list(last)
        rows.append(row)
    check = Check(tool, path)
    inputs = {check.session.get_inputs()[0].name: numpy.array(rows, dtype=numpy.int32)}
    scores = next(iter(check.run(inputs)[0].values()))
    labels = config["target_labels_space"]
    print("magika says:", ", ".join(labels[i] for i in scores.argmax(axis=1)))
    return check.compare("magika", inputs)


def text_recognition(tool, folder):
    """Text in pictures: where it is, which way it goes, what it says."""
    import numpy

    random = numpy.random.default_rng(2)
    agrees = True
    for label, pattern, shape in [
        ("rapidocr, text detection", "**/ch_PP-OCRv*_det_infer.onnx", (1, 3, 320, 320)),
        ("rapidocr, direction", "**/ch_ppocr_mobile_v2.0_cls_infer.onnx", (1, 3, 48, 192)),
        ("rapidocr, text recognition", "**/ch_PP-OCRv*_rec_infer.onnx", (1, 3, 48, 320)),
    ]:
        path = next(folder.glob("rapidocr-onnxruntime/" + pattern), None)
        if path is None:
            continue
        check = Check(tool, path)
        image = random.uniform(-1, 1, shape).astype(numpy.float32)
        agrees = check.compare(label, {check.session.get_inputs()[0].name: image}) and agrees
    return agrees


def light_networks(tool, folder):
    """ONNX's networks for images, whose weights are made of few numbers."""
    import numpy

    random = numpy.random.default_rng(3)
    agrees = True
    for path in sorted(folder.glob("onnx/onnx/backend/test/data/light/*.onnx")):
        check = Check(tool, path)
        image = check.session.get_inputs()[0]
        x = random.random([size if isinstance(size, int) else 1 for size in image.shape], dtype=numpy.float32)
        agrees = check.compare(path.stem, {image.name: x}, repeat=3) and agrees
    return agrees


def main():
    tool = str(Path(sys.argv[1]).resolve())
    folder = Path(sys.argv[2] if len(sys.argv) > 2 else ".build/onnx-models").resolve()
    folder.mkdir(parents=True, exist_ok=True)
    if "FLUXION_ONNX_READY" not in os.environ:
        python = setup(folder)
        if python is None:
            print("onnxruntime cannot be had here; skipped")
            return 0
        return subprocess.run([str(python), __file__, tool, str(folder)], env=dict(os.environ, FLUXION_ONNX_READY="1")).returncode
    results = [speech(tool, folder), file_types(tool, folder), text_recognition(tool, folder), light_networks(tool, folder)]
    return 0 if all(results) else 1


if __name__ == "__main__":
    sys.exit(main())
