"""Writes Tests/FluxionTests/Golden/optimizers.json: ten steps of each optimizer, as PyTorch takes them.

    python3 -m pip install torch numpy
    python3 Tests/Golden/optimizers.py

The same file comes out every time: initial values and gradients are fixed pseudo-random multiples of 1/256, exact in float32 and float64.

    {"torch": the version of PyTorch that computed the numbers,
     "cases": [{
       "name": "sgd-momentum/float64",
       "optimizer": "SGD", "Adam" or "AdamW",
       "dtype": "float64" or "float32",
       "settings": every setting but the learning rate, as numbers and booleans:
          SGD:         momentum, dampening, weightDecay, nesterov
          Adam, AdamW: beta1, beta2, epsilon, weightDecay
       "learningRates": [one a step],
       "initial":    [for each parameter {"name", "shape", "values"}],
       "gradients":  [for each step [for each parameter [values]]],
       "parameters": [for each step [for each parameter [values after that step]]]
     }]}

Values are flat, in row-major order. float32 values are written as the shortest decimal that reads back to the same float32.
The gradients are given, and not derived from the parameters, so a step's error does not feed the next one's gradient.
"""

import json
import pathlib
import random

import torch

STEPS = 10
SHAPES = {"weight": [3, 4], "bias": [5]}
OUTPUT = pathlib.Path(__file__).resolve().parent.parent / "FluxionTests" / "Golden" / "optimizers.json"


def sgd(**changes):
    return {"momentum": 0.0, "dampening": 0.0, "weightDecay": 0.0, "nesterov": False, **changes}


def adam(**changes):
    return {"beta1": 0.9, "beta2": 0.999, "epsilon": 1e-8, "weightDecay": 0.0, **changes}


# name, optimizer, settings, learning rate of each step
CASES = [
    ("sgd", "SGD", sgd(), [0.1] * STEPS),
    ("sgd-momentum", "SGD", sgd(momentum=0.9), [0.1] * STEPS),
    ("sgd-momentum-dampening-decay", "SGD", sgd(momentum=0.9, dampening=0.1, weightDecay=0.01), [0.1] * STEPS),
    ("sgd-nesterov-decay", "SGD", sgd(momentum=0.9, weightDecay=0.01, nesterov=True), [0.1] * STEPS),
    ("adam", "Adam", adam(), [1e-3] * STEPS),
    ("adam-decay", "Adam", adam(weightDecay=0.01), [1e-3] * STEPS),
    ("adam-betas-epsilon", "Adam", adam(beta1=0.8, beta2=0.95, epsilon=1e-6), [1e-2] * STEPS),
    ("adamw", "AdamW", adam(weightDecay=0.01), [1e-3] * STEPS),
    ("adamw-changing-rate", "AdamW", adam(weightDecay=0.01), [1e-2] * 5 + [1e-3] * 5),
]


def make(optimizer, settings, parameters, rate):
    """PyTorch's optimizer with these settings, in its plain form of one tensor after the other."""
    if optimizer == "SGD":
        return torch.optim.SGD(
            parameters, lr=rate, momentum=settings["momentum"], dampening=settings["dampening"],
            weight_decay=settings["weightDecay"], nesterov=settings["nesterov"], foreach=False)
    return getattr(torch.optim, optimizer)(
        parameters, lr=rate, betas=(settings["beta1"], settings["beta2"]), eps=settings["epsilon"],
        weight_decay=settings["weightDecay"], foreach=False)


def multiples(generator, count):
    """Numbers between -2 and 2 that both dtypes hold exactly."""
    return [generator.randint(-512, 512) / 256 for _ in range(count)]


def numbers(tensor):
    """The values, each as short as its dtype allows."""
    flat = tensor.detach().flatten()
    if tensor.dtype == torch.float64:
        return flat.tolist()
    return [float(str(value)) for value in flat.numpy()]


def run(name, optimizer, settings, rates, dtype):
    generator = random.Random(2017)
    count = {parameter: torch.Size(shape).numel() for parameter, shape in SHAPES.items()}
    initial = [{"name": p, "shape": shape, "values": multiples(generator, count[p])} for p, shape in SHAPES.items()]
    gradients = [[multiples(generator, count[p]) for p in SHAPES] for _ in range(STEPS)]
    # A step of zero gradients for one parameter, and one of tiny gradients for the other.
    gradients[3][1] = [0.0] * count["bias"]
    gradients[6][0] = [value / 2**20 for value in gradients[6][0]]

    parameters = [torch.tensor(p["values"], dtype=dtype).reshape(p["shape"]).requires_grad_() for p in initial]
    stepper = make(optimizer, settings, parameters, rates[0])
    after = []
    for rate, step in zip(rates, gradients):
        stepper.param_groups[0]["lr"] = rate
        for parameter, gradient in zip(parameters, step):
            parameter.grad = torch.tensor(gradient, dtype=dtype).reshape(parameter.shape)
        stepper.step()
        after.append([numbers(parameter) for parameter in parameters])
    label = str(dtype).removeprefix("torch.")
    return {
        "name": f"{name}/{label}", "optimizer": optimizer, "dtype": label, "settings": settings, "learningRates": rates,
        "initial": initial, "gradients": gradients, "parameters": after,
    }


def main():
    torch.set_num_threads(1)
    cases = [run(*case, dtype) for case in CASES for dtype in (torch.float64, torch.float32)]
    lines = ",\n".join(json.dumps(case, allow_nan=False, separators=(",", ":")) for case in cases)
    OUTPUT.parent.mkdir(parents=True, exist_ok=True)
    OUTPUT.write_text(f'{{"torch":"{torch.__version__.split("+")[0]}","cases":[\n{lines}\n]}}\n')


main()
