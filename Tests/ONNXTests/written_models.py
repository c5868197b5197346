"""Runs models that Fluxion writes as ONNX files in onnxruntime, and compares the answers.

    python3 Tests/ONNXTests/written_models.py [FOLDER]

FOLDER has a folder for each model: model.onnx, input_0.npy, output_0.npy, …; without it the tests write them: every layer, every
example's model and every operator of the table, and layers and models with other sizes of dynamic axes too. Sets itself up in
.build/onnx-models: an environment with onnx and onnxruntime from PyPI; where they cannot be had it says so and ends with 0. The exit code
is 1 where onnx.checker refuses a file, or answers differ by more than 1e-5.
"""

import os
import subprocess
import sys
import venv
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
TOLERANCE = 1e-5


def setup(folder):
    """The environment's python; None where the packages cannot be had."""
    python = folder / "venv" / "bin" / "python"
    if not python.exists():
        try:
            venv.create(folder / "venv", with_pip=True)
        except (OSError, subprocess.CalledProcessError):  # Python without ensurepip, as Debian splits it.
            return None
    wanted = [str(python), "-c", "import numpy, onnx, onnxruntime"]
    if subprocess.run(wanted, capture_output=True).returncode == 0:
        return python
    pip = [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    if subprocess.run(pip + ["onnx", "onnxruntime", "numpy"]).returncode != 0:
        return None
    return python


def write(folder):
    """Lets the tests write their models."""
    environment = dict(os.environ, FLUXION_ONNX_WRITE=str(folder))
    command = ["swift", "test", "--filter", "WriterTests|WrittenFileTests|OperatorWritingTests"]
    return subprocess.run(command, cwd=ROOT, env=environment).returncode == 0


def compare(folder):
    """What is wrong with one model, and by how much it differs."""
    import numpy
    import onnx
    import onnxruntime

    path = str(folder / "model.onnx")
    onnx.checker.check_model(path, full_check=True)
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3
    session = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
    inputs = {}
    for i, item in enumerate(session.get_inputs()):
        file = folder / f"input_{i}.npy"
        if file.exists():
            inputs[item.name] = numpy.load(file)
    answers = session.run(None, inputs)
    worst = 0.0
    for i, answer in enumerate(answers):
        file = folder / f"output_{i}.npy"
        if not file.exists():
            continue
        expected = numpy.load(file)
        if answer.shape != expected.shape or answer.dtype != expected.dtype:
            return f"{answer.dtype} {answer.shape} and not {expected.dtype} {expected.shape}", 0.0
        a, b = answer.astype(numpy.float64), expected.astype(numpy.float64)
        same = (a == b) | (numpy.isnan(a) & numpy.isnan(b))
        with numpy.errstate(invalid="ignore"):
            difference = numpy.where(same, 0, numpy.abs(a - b) / (1 + numpy.abs(b)))
        worst = max(worst, float(numpy.nan_to_num(difference, nan=numpy.inf).max(initial=0)))
    return None, worst


def check(folder):
    folders = sorted(path.parent for path in folder.glob("*/model.onnx"))
    if not folders:
        print(f"{folder} has no models")
        return 1
    failures = 0
    width = max(len(path.name) for path in folders)
    print(f"{'model':{width}}  difference  result")
    for path in folders:
        try:
            problem, worst = compare(path)
        except Exception as error:  # One model's refusal is a row of the table.
            problem, worst = f"{type(error).__name__}: {' '.join(str(error).split())[:200]}", 0.0
        agrees = problem is None and worst <= TOLERANCE
        failures += not agrees
        print(f"{path.name:{width}}  {worst:10.1e}  {'agrees' if agrees else problem or 'DIFFERS'}")
    print(f"{len(folders) - failures} of {len(folders)} models agree within {TOLERANCE}")
    return 1 if failures else 0


def main():
    if len(sys.argv) > 2 and sys.argv[1] == "--check":
        sys.exit(check(Path(sys.argv[2])))
    base = ROOT / ".build" / "onnx-models"
    base.mkdir(parents=True, exist_ok=True)
    python = setup(base)
    if python is None:
        print("onnx and onnxruntime cannot be had here; skipped")
        return
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else base / "written"
    if len(sys.argv) == 1 and not write(folder):
        print("the tests that write the models failed")
        sys.exit(1)
    sys.exit(subprocess.run([str(python), __file__, "--check", str(folder)]).returncode)


if __name__ == "__main__":
    main()
