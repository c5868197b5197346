"""Writes Tests/FluxionTests/Golden/parameter-groups.json: ten steps of PyTorch's optimizers with groups of parameters, some of them frozen
for a while.

    python3 -m pip install torch numpy
    python3 Tests/Golden/groups.py

The same file comes out every time: initial values and gradients are fixed pseudo-random multiples of 1/256.

    {"torch": the version of PyTorch that computed the numbers,
     "cases": [{
       "name", "optimizer": "SGD" or "AdamW",
       "rest": {"learningRate", "weightDecay", "momentum"}, the settings of what is in no group,
       "groups": [{"parts": [name of a part or parameter], the same settings}],
       "scales": [what all learning rates are multiplied by, one a step],
       "frozen": [for each step [names of parameters that are frozen]]: their gradient is None, as PyTorch's is where none is required,
       "initial":    [for each parameter {"name", "shape", "values"}],
       "gradients":  [for each step [for each parameter [values]]],
       "parameters": [for each step [for each parameter [values after that step]]]
     }]}
"""

import json
import pathlib
import random

import torch

STEPS = 10
SHAPES = {"encoder.weight": [3, 2], "encoder.bias": [3], "head.weight": [2, 3], "head.bias": [2]}
OUTPUT = pathlib.Path(__file__).resolve().parent.parent / "FluxionTests" / "Golden" / "parameter-groups.json"


def settings(rate, decay=0.0, momentum=0.0):
    return {"learningRate": rate, "weightDecay": decay, "momentum": momentum}


ENCODER = {"parts": ["encoder"], **settings(1e-3, 0.1, 0.5)}
BIASES = {"parts": ["encoder.bias", "head.bias"], **settings(1e-2, 0.0, 0.9)}
PAUSES = [["head.weight"]] * 3 + [[]] * 2 + [["encoder.weight", "head.bias"]] * 3 + [[]] * 2

# name, optimizer, settings of the rest, groups, scales of the rates, what is frozen
CASES = [
    ("sgd-groups", "SGD", settings(0.1, 0.01, 0.9), [ENCODER, BIASES], [1.0] * STEPS, [[]] * STEPS),
    ("adamw-groups", "AdamW", settings(1e-2, 0.1), [ENCODER], [1.0] * STEPS, [[]] * STEPS),
    ("adamw-groups-schedule", "AdamW", settings(1e-2, 0.1), [BIASES], [0.1 * i for i in range(STEPS)], [[]] * STEPS),
    ("sgd-frozen", "SGD", settings(0.1, 0.01, 0.9), [], [1.0] * STEPS, PAUSES),
    ("adamw-frozen", "AdamW", settings(1e-2, 0.1), [], [1.0] * STEPS, PAUSES),
    ("adamw-groups-frozen", "AdamW", settings(1e-2, 0.1), [ENCODER, BIASES], [1.0] * STEPS, PAUSES),
]


def multiples(generator, count):
    return [generator.randint(-512, 512) / 256 for _ in range(count)]


def options(optimizer, group):
    changes = {"lr": group["learningRate"], "weight_decay": group["weightDecay"]}
    return changes | ({"momentum": group["momentum"]} if optimizer == "SGD" else {})


def run(name, optimizer, rest, groups, scales, frozen):
    generator = random.Random(2019)
    count = {parameter: torch.Size(shape).numel() for parameter, shape in SHAPES.items()}
    initial = [{"name": p, "shape": shape, "values": multiples(generator, count[p])} for p, shape in SHAPES.items()]
    gradients = [[multiples(generator, count[p]) for p in SHAPES] for _ in range(STEPS)]
    parameters = {
        p["name"]: torch.tensor(p["values"], dtype=torch.float64).reshape(p["shape"]).requires_grad_() for p in initial}
    left = dict(parameters)
    lists = []
    for group in groups:
        members = [p for p in left if any(p == part or p.startswith(part + ".") for part in group["parts"])]
        lists.append({"params": [left.pop(p) for p in members], **options(optimizer, group)})
    lists.append({"params": list(left.values()), **options(optimizer, rest)})
    stepper = getattr(torch.optim, optimizer)(lists, lr=1.0, foreach=False)
    rates = [group["lr"] for group in stepper.param_groups]
    after = []
    for scale, stopped, step in zip(scales, frozen, gradients):
        for group, rate in zip(stepper.param_groups, rates):
            group["lr"] = rate * scale
        for (p, parameter), gradient in zip(parameters.items(), step):
            parameter.grad = None if p in stopped else torch.tensor(gradient, dtype=torch.float64).reshape(parameter.shape)
        stepper.step()
        after.append([parameter.detach().flatten().tolist() for parameter in parameters.values()])
    return {
        "name": name, "optimizer": optimizer, "rest": rest, "groups": groups, "scales": scales, "frozen": frozen, "initial": initial,
        "gradients": gradients, "parameters": after,
    }


def main():
    torch.set_num_threads(1)
    lines = ",\n".join(json.dumps(run(*case), allow_nan=False, separators=(",", ":")) for case in CASES)
    OUTPUT.write_text(f'{{"torch":"{torch.__version__.split("+")[0]}","cases":[\n{lines}\n]}}\n')


main()
