"""Writes Tests/FluxionTests/Golden/losses.json: values and gradients of losses and activations, as PyTorch computes them in float64.

    python3 -m pip install torch
    python3 Tests/Golden/layers.py

The same file comes out every time: inputs are written out or fixed pseudo-random multiples of 1/64.

    {"torch": the version of PyTorch that computed the numbers,
     "cases": [{
       "name": "mse/mean",
       "function": "mse", the part of the name before the first slash,
       "inputs":    {name: tensor},
       "options":   {name: value}, PyTorch's defaults written out too,
       "output":    tensor,
       "upstream":  tensor of the output's shape,
       "gradients": {name: tensor}, the gradient of sum(output * upstream) for each input that has one
     }]}

A tensor is {"shape", "dtype": "float64" or "int64", "values"}, its values flat, in row-major order; a scalar's shape is [].

Functions, their inputs and options:

    mse, l1                 prediction, target                     reduction
    huber                   prediction, target                     reduction, delta
    cross_entropy           logits [n, classes], target [n] class ids or [n, classes] probabilities, weights [classes] where given
                                                                   reduction, labelSmoothing, ignoreIndex (class ids only; else null)
    binary_cross_entropy    prediction, target                     reduction; a logarithm is at least -100
    bce_with_logits         logits, target                         reduction
    gelu                    x                                      approximate: "none" or "tanh"
    silu                    x
    softplus                x                                      beta, threshold: beta * x beyond it counts as linear
    elu                     x                                      alpha
    leaky_relu              x                                      negativeSlope

reduction is "mean", "sum" or "none". With class ids, "mean" divides by the sum of the targets' weights without the ignored ones; with
probabilities by n. The binary_cross_entropy/saturated cases hold predictions of exactly 0 and 1; there PyTorch divides the gradient by
at least 1e-12, a convention of its own.
"""

import json
import pathlib
import random

import torch
from torch.nn import functional as F

OUTPUT = pathlib.Path(__file__).resolve().parent.parent / "FluxionTests" / "Golden" / "losses.json"
REDUCTIONS = ("mean", "sum", "none")

generator = random.Random(2017)
cases = []


def tensor(values):
    return torch.tensor(values, dtype=torch.float64)


def multiples(*shape, low=-192, high=192):
    """Numbers between low/64 and high/64, exact in every dtype."""
    count = torch.Size(shape).numel()
    return tensor([generator.randint(low, high) / 64 for _ in range(count)]).reshape(shape)


def written(x):
    return {"shape": list(x.shape), "dtype": str(x.dtype).removeprefix("torch."), "values": x.detach().flatten().tolist()}


def case(name, function, inputs, options, differentiable):
    """Runs `function` on the inputs and keeps what comes out; `differentiable` are the inputs with a gradient."""
    given = {key: x.clone().requires_grad_(key in differentiable) for key, x in inputs.items()}
    output = function(**given)
    # Ones for one number and for activations, where the gradient is then the derivative; else weights that differ.
    upstream = torch.ones_like(output)
    if options.get("reduction") == "none":
        upstream = tensor([(-0.5, 0.75, 1.5, -1.25, 0.25)[i % 5] for i in range(output.numel())]).reshape(output.shape)
    gradients = torch.autograd.grad((output * upstream).sum(), [given[key] for key in differentiable])
    cases.append({
        "name": name, "function": name.split("/")[0], "inputs": {key: written(x) for key, x in inputs.items()}, "options": options,
        "output": written(output), "upstream": written(upstream),
        "gradients": {key: written(gradient) for key, gradient in zip(differentiable, gradients)},
    })


def regression():
    prediction, target = multiples(3, 4), multiples(3, 4)
    # Differences of 0, of exactly the deltas, of either sign, and large ones.
    for index, difference in enumerate((0.0, 1.0, -1.0, 0.5, -0.5, 1000.0)):
        prediction[index // 4, index % 4] = target[index // 4, index % 4] + difference
    inputs = {"prediction": prediction, "target": target}
    names = ["prediction", "target"]
    for reduction in REDUCTIONS:
        options = {"reduction": reduction}
        case(f"mse/{reduction}", lambda prediction, target: F.mse_loss(prediction, target, reduction=reduction), inputs, options, names)
        case(f"l1/{reduction}", lambda prediction, target: F.l1_loss(prediction, target, reduction=reduction), inputs, options, names)
        for delta in (1.0, 0.5):
            case(
                f"huber/delta-{delta:g}/{reduction}",
                lambda prediction, target: F.huber_loss(prediction, target, reduction=reduction, delta=delta),
                inputs, {**options, "delta": delta}, names)


def cross_entropy():
    logits, weights = multiples(6, 4), tensor([0.5, 1.0, 2.0, 0.25])
    ids = torch.tensor([2, 0, 3, 1, 2, 0])
    with_ignored = torch.tensor([2, -100, 3, 1, -100, 0])
    # Beside each other: huge and tiny, all equal, one that takes all.
    large = tensor([[1000.0, -1000.0, 0.0, 999.0], [1e5, 1e5, 1e5, 1e5], [-800.0, -801.0, -802.0, -803.0], [0.0, 0.0, 0.0, 745.0]])
    probabilities = torch.softmax(multiples(6, 4), dim=1)
    one_hot = F.one_hot(ids, 4).to(torch.float64)

    rows = [
        # name, logits, target, weights, label smoothing, ignored class id
        ("plain", logits, ids, None, 0.0, -100),
        ("weights", logits, ids, weights, 0.0, -100),
        ("label-smoothing", logits, ids, None, 0.1, -100),
        ("ignore-index", logits, with_ignored, None, 0.0, -100),
        ("ignore-index-2", logits, ids, None, 0.0, 2),
        ("weights-label-smoothing", logits, ids, weights, 0.1, -100),
        ("weights-label-smoothing-ignore-index", logits, with_ignored, weights, 0.1, -100),
        ("large", large, torch.tensor([0, 1, 2, 0]), None, 0.0, -100),
        ("large-label-smoothing", large, torch.tensor([0, 1, 2, 0]), None, 0.1, -100),
        ("probabilities", logits, probabilities, None, 0.0, None),
        ("probabilities-one-hot", logits, one_hot, None, 0.0, None),
        ("probabilities-weights", logits, probabilities, weights, 0.0, None),
        ("probabilities-label-smoothing", logits, probabilities, None, 0.1, None),
        ("probabilities-weights-label-smoothing", logits, probabilities, weights, 0.1, None),
    ]
    for name, x, target, weight, smoothing, ignored in rows:
        for reduction in REDUCTIONS:
            inputs = {"logits": x, "target": target}
            if weight is not None:
                inputs["weights"] = weight
            settings = {} if ignored is None else {"ignore_index": ignored}
            case(
                f"cross_entropy/{name}/{reduction}",
                lambda logits, target, weights=None: F.cross_entropy(
                    logits, target, weight=weights, reduction=reduction, label_smoothing=smoothing, **settings),
                inputs, {"reduction": reduction, "labelSmoothing": smoothing, "ignoreIndex": ignored}, ["logits"])


def binary():
    target = tensor([[0.0, 1.0, 0.25, 1.0], [1.0, 0.0, 0.5, 0.0]])
    probabilities = multiples(2, 4, low=1, high=63)
    logits = tensor([[-1000.0, 1000.0, 0.0, -1000.0], [40.0, 40.0, -3.5, 1.25]])
    saturated = {"prediction": tensor([0.0, 1.0, 0.0, 1.0]), "target": tensor([0.0, 1.0, 1.0, 0.0])}
    for reduction in REDUCTIONS:
        options = {"reduction": reduction}
        for name, inputs in (("plain", {"prediction": probabilities, "target": target}), ("saturated", saturated)):
            case(
                f"binary_cross_entropy/{name}/{reduction}",
                lambda prediction, target: F.binary_cross_entropy(prediction, target, reduction=reduction), inputs, options, ["prediction"])
        for name, x in (("plain", multiples(2, 4)), ("large", logits)):
            case(
                f"bce_with_logits/{name}/{reduction}",
                lambda logits, target: F.binary_cross_entropy_with_logits(logits, target, reduction=reduction),
                {"logits": x, "target": target}, options, ["logits"])


def activations():
    positive = [
        1e-300, 1e-12, 1e-3, 0.1, 0.25, 0.5, 0.75, 1.0, 1.5, 2.0, 3.0, 4.0, 6.0, 8.0, 10.0, 15.0, 20.0, 30.0, 40.0, 100.0, 710.0, 1000.0]
    inputs = {"x": tensor([-value for value in reversed(positive)] + [0.0] + positive)}
    for approximate in ("none", "tanh"):
        case(f"gelu/{approximate}", lambda x: F.gelu(x, approximate=approximate), inputs, {"approximate": approximate}, ["x"])
    case("silu", lambda x: F.silu(x), inputs, {}, ["x"])
    case("softplus", lambda x: F.softplus(x), inputs, {"beta": 1.0, "threshold": 20.0}, ["x"])
    for alpha in (1.0, 0.5):
        case(f"elu/alpha-{alpha:g}", lambda x: F.elu(x, alpha=alpha), inputs, {"alpha": alpha}, ["x"])
    for slope in (0.01, 0.2):
        case(f"leaky_relu/slope-{slope:g}", lambda x: F.leaky_relu(x, negative_slope=slope), inputs, {"negativeSlope": slope}, ["x"])


def main():
    torch.set_num_threads(1)
    regression()
    cross_entropy()
    binary()
    activations()
    lines = ",\n".join(json.dumps(case, allow_nan=False, separators=(",", ":")) for case in cases)
    OUTPUT.parent.mkdir(parents=True, exist_ok=True)
    OUTPUT.write_text(f'{{"torch":"{torch.__version__.split("+")[0]}","cases":[\n{lines}\n]}}\n')


main()
