"""Writes Tests/FluxionTests/Golden/transformations.json: gradients as PyTorch clips them, and steps of its optimizers along gradients that were
gathered and clipped before.

    python3 -m pip install torch numpy
    python3 Tests/Golden/transformations.py

The same file comes out every time: values are fixed pseudo-random multiples of 1/256. Parameters have the shapes [3, 4], [5] and [2, 2, 3];
values are flat, in row-major order, in float64.

    {"torch": the version of PyTorch that computed the numbers,
     "clips": [{"name", "kind": "norm" or "value", "limit", "order": a number, or 0 for infinity,
                "gradients": [for each parameter [values]], "norm": what PyTorch gives as the norm, 0 for "value",
                "clipped": [for each parameter [values]]}],
     "runs": [{"name", "optimizer": "SGD" or "AdamW", "every": gradients a step, "norm" and "value": what is clipped, 0 for nothing,
               "centralized": whether weights' gradients lose their mean over all axes but the first (by the paper's formula),
               "decay": what is added of each parameter to its gradient,
               "initial": [for each parameter [values]], "gradients": [for each batch [for each parameter [values]]],
               "parameters": [for each batch [for each parameter [values after it]]]}]}
"""

import json
import math
import pathlib
import random

import torch

SHAPES = [[3, 4], [5], [2, 2, 3]]
OUTPUT = pathlib.Path(__file__).resolve().parent.parent / "FluxionTests" / "Golden" / "transformations.json"


def multiples(generator, scale=1.0):
    return [[scale * generator.randint(-512, 512) / 256 for _ in range(math.prod(shape))] for shape in SHAPES]


def tensors(values):
    return [torch.tensor(v, dtype=torch.float64).reshape(shape) for v, shape in zip(values, SHAPES)]


def with_gradients(parameters, gradients):
    for p, g in zip(parameters, gradients):
        p.grad = g.clone()
    return parameters


def flat(parameters):
    return [p.detach().flatten().tolist() for p in parameters]


def clip(name, kind, limit, order=2.0, scale=1.0):
    gradients = multiples(random.Random(2020), scale)
    parameters = with_gradients(tensors(multiples(random.Random(1))), tensors(gradients))
    norm = 0.0
    if kind == "norm":
        norm = torch.nn.utils.clip_grad_norm_(parameters, limit, norm_type=order).item()
    else:
        torch.nn.utils.clip_grad_value_(parameters, limit)
    return {
        "name": name, "kind": kind, "limit": limit, "order": 0 if math.isinf(order) else order, "gradients": gradients, "norm": norm,
        "clipped": flat([p.grad for p in parameters]),
    }  # fmt: skip


def run(name, optimizer, rate, every=1, norm=0.0, value=0.0, centralized=False, decay=0.0):
    generator = random.Random(2021)
    initial = multiples(generator)
    batches = [multiples(generator) for _ in range(8)]
    parameters = [p.requires_grad_() for p in tensors(initial)]
    stepper = getattr(torch.optim, optimizer)(parameters, lr=rate, foreach=False)
    after = []
    for i, batch in enumerate(batches):
        # backward() of a loss divided by the number of batches adds this to .grad
        for p, g in zip(parameters, tensors(batch)):
            p.grad = g / every if p.grad is None else p.grad + g / every
        if (i + 1) % every == 0:
            for p in parameters:
                if centralized and p.dim() > 1:
                    p.grad -= p.grad.mean(dim=tuple(range(1, p.dim())), keepdim=True)
                p.grad += decay * p.detach()
            if norm:
                torch.nn.utils.clip_grad_norm_(parameters, norm)
            if value:
                torch.nn.utils.clip_grad_value_(parameters, value)
            stepper.step()
            stepper.zero_grad()
        after.append(flat(parameters))
    return {
        "name": name, "optimizer": optimizer, "learningRate": rate, "every": every, "norm": norm, "value": value, "centralized": centralized,
        "decay": decay, "initial": initial, "gradients": batches, "parameters": after,
    }  # fmt: skip


CLIPS = [
    clip("norm", "norm", 1.0),
    clip("norm that is smaller", "norm", 100.0),
    clip("tiny gradients", "norm", 1e-6, scale=1e-9),
    clip("zeros", "norm", 1.0, scale=0.0),
    clip("norm of order 1", "norm", 2.0, order=1.0),
    clip("norm of order 3", "norm", 1.5, order=3.0),
    clip("largest size", "norm", 0.5, order=math.inf),
    clip("to zero", "norm", 0.0),
    clip("values", "value", 0.5),
    clip("values that are smaller", "value", 5.0),
]
RUNS = [
    run("clipped by norm", "AdamW", 1e-2, norm=1.0),
    run("clipped by value", "SGD", 0.1, value=0.25),
    run("gathered", "SGD", 0.1, every=4),
    run("gathered and clipped", "AdamW", 1e-2, every=3, norm=0.5),
    run("centralized", "SGD", 0.1, centralized=True),
    run("all of it", "AdamW", 1e-2, every=2, norm=1.0, value=0.1, centralized=True, decay=0.1),
]


def main():
    parts = [",\n".join(json.dumps(case, allow_nan=False, separators=(",", ":")) for case in cases) for cases in (CLIPS, RUNS)]
    version = torch.__version__.split("+")[0]
    OUTPUT.write_text(f'{{"torch":"{version}","clips":[\n{parts[0]}\n],"runs":[\n{parts[1]}\n]}}\n')


main()
