"""Writes Tests/FluxionTests/Golden/more-losses.json: values and gradients of further losses in float64.

    python3 -m pip install torch
    python3 Tests/Golden/losses.py

The same file comes out every time. Its layout is that of losses.json (see layers.py). PyTorch's own functions are called where there are
such; the others are written as their papers and Flux have them:

    smooth_l1          prediction, target                          reduction, beta
    cosine_distance    prediction, target [n, features]            reduction
    log_cosh, msle     prediction, target                          reduction
    hinge, squared_hinge, contrastive                              reduction (margin)
    focal              logits [n, classes], target [n]             reduction, gamma, weights where given
    binary_focal       logits, target                              reduction, gamma, alpha or null
    dice, tversky      prediction, target                          axes, falsePositives, falseNegatives
    ctc                logits [batch, time, classes], target [batch, length]
                       reduction, blank, inputLengths, targetLengths, zeroesInfinity
"""

import json
import math
import pathlib
import random

import torch
from torch.nn import functional as F

OUTPUT = pathlib.Path(__file__).resolve().parent.parent / "FluxionTests" / "Golden" / "more-losses.json"
REDUCTIONS = ("mean", "sum", "none")

generator = random.Random(2006)
cases = []


def tensor(values):
    return torch.tensor(values, dtype=torch.float64)


def multiples(*shape, low=-192, high=192):
    """Numbers between low/64 and high/64, exact in every dtype."""
    count = torch.Size(shape).numel()
    return tensor([generator.randint(low, high) / 64 for _ in range(count)]).reshape(shape)


def written(x):
    return {"shape": list(x.shape), "dtype": str(x.dtype).removeprefix("torch."), "values": x.detach().flatten().tolist()}


def reduced(losses, reduction):
    return {"mean": torch.mean, "sum": torch.sum, "none": lambda x: x}[reduction](losses)


def case(name, function, inputs, options, differentiable):
    """Runs `function` on the inputs and keeps what comes out; `differentiable` are the inputs with a gradient."""
    given = {key: x.clone().requires_grad_(key in differentiable) for key, x in inputs.items()}
    output = function(**given)
    upstream = torch.ones_like(output)
    if output.ndim > 0:
        upstream = tensor([(-0.5, 0.75, 1.5, -1.25, 0.25)[i % 5] for i in range(output.numel())]).reshape(output.shape)
    gradients = torch.autograd.grad((output * upstream).sum(), [given[key] for key in differentiable])
    cases.append({
        "name": name, "function": name.split("/")[0], "inputs": {key: written(x) for key, x in inputs.items()}, "options": options,
        "output": written(output), "upstream": written(upstream),
        "gradients": {key: written(gradient) for key, gradient in zip(differentiable, gradients)},
    })


def pairs():
    prediction, target = multiples(3, 4), multiples(3, 4)
    for index, difference in enumerate((0.0, 1.0, -1.0, 0.5, -0.5, 1000.0)):
        prediction[index // 4, index % 4] = target[index // 4, index % 4] + difference
    inputs, names = {"prediction": prediction, "target": target}, ["prediction", "target"]
    signs = torch.sign(multiples(3, 4, low=1, high=3) - tensor(2 / 64))
    signs[signs == 0] = 1
    distances, unlike = multiples(3, 4, low=1, high=150), (signs > 0).to(torch.float64)
    positive = {"prediction": multiples(3, 4, low=1), "target": multiples(3, 4, low=1)}
    for reduction in REDUCTIONS:
        options = {"reduction": reduction}
        for beta in (1.0, 0.5, 0.0):
            case(
                f"smooth_l1/beta-{beta:g}/{reduction}",
                lambda prediction, target: F.smooth_l1_loss(prediction, target, reduction=reduction, beta=beta),
                inputs, {**options, "beta": beta}, names)
        case(
            f"log_cosh/{reduction}",
            lambda prediction, target: reduced(
                prediction - target + F.softplus(-2 * (prediction - target), threshold=800) - math.log(2), reduction),
            inputs, options, names)
        case(
            f"msle/{reduction}",
            lambda prediction, target: reduced((torch.log(prediction + 1e-7) - torch.log(target + 1e-7)) ** 2, reduction),
            positive, options, names)
        case(
            f"cosine_distance/{reduction}",
            lambda prediction, target: reduced(1 - F.cosine_similarity(prediction, target, dim=-1), reduction),
            {"prediction": multiples(3, 4), "target": multiples(3, 4)}, options, names)
        margins = {"prediction": multiples(3, 4), "target": signs}
        case(
            f"hinge/{reduction}", lambda prediction, target: reduced(torch.relu(1 - target * prediction), reduction), margins, options,
            ["prediction"])
        case(
            f"squared_hinge/{reduction}", lambda prediction, target: reduced(torch.relu(1 - target * prediction) ** 2, reduction), margins,
            options, ["prediction"])
        for margin in (1.0, 1.5):
            case(
                f"contrastive/margin-{margin:g}/{reduction}",
                lambda prediction, target: reduced(
                    (1 - target) * prediction**2 + target * torch.relu(margin - prediction) ** 2, reduction),
                {"prediction": distances, "target": unlike}, {**options, "margin": margin}, ["prediction"])


def focal():
    logits, ids, weights = multiples(6, 4), torch.tensor([2, 0, 3, 1, 2, 0]), tensor([0.5, 1.0, 2.0, 0.25])
    target = tensor([[0.0, 1.0, 0.25, 1.0], [1.0, 0.0, 0.5, 0.0]])
    large = tensor([[-800.0, 800.0, 0.0, -40.0], [40.0, 40.0, -3.5, 1.25]])

    def many(logits, target, gamma, weights, reduction):
        log_p = F.log_softmax(logits, dim=1).gather(1, target[:, None])[:, 0]
        losses = -((1 - log_p.exp()) ** gamma) * log_p
        return reduced(losses if weights is None else losses * weights[target], reduction)

    def binary(logits, target, gamma, alpha, reduction):
        # torchvision.ops.sigmoid_focal_loss
        p = torch.sigmoid(logits)
        losses = F.binary_cross_entropy_with_logits(logits, target, reduction="none")
        losses = losses * (1 - (p * target + (1 - p) * (1 - target))) ** gamma
        if alpha is not None:
            losses = losses * (alpha * target + (1 - alpha) * (1 - target))
        return reduced(losses, reduction)

    for reduction in REDUCTIONS:
        for gamma in (2.0, 1.5, 0.0):
            for weight in (None, weights):
                inputs = {"logits": logits, "target": ids} | ({} if weight is None else {"weights": weight})
                case(
                    f"focal/gamma-{gamma:g}{'' if weight is None else '-weights'}/{reduction}",
                    lambda logits, target, weights=None: many(logits, target, gamma, weights, reduction),
                    inputs, {"reduction": reduction, "gamma": gamma}, ["logits"])
            for alpha in (None, 0.25):
                case(
                    f"binary_focal/gamma-{gamma:g}-alpha-{alpha}/{reduction}",
                    lambda logits, target: binary(logits, target, gamma, alpha, reduction),
                    {"logits": multiples(2, 4), "target": target}, {"reduction": reduction, "gamma": gamma, "alpha": alpha}, ["logits"])
        case(
            f"binary_focal/large/{reduction}", lambda logits, target: binary(logits, target, 2.0, None, reduction),
            {"logits": large, "target": target}, {"reduction": reduction, "gamma": 2.0, "alpha": None}, ["logits"])


def overlaps():
    inputs = {"prediction": multiples(2, 3, 4, low=1, high=63), "target": torch.round(multiples(2, 3, 4, low=0, high=64))}
    for axes in ([], [1, 2]):
        dims = axes or [0, 1, 2]

        def dice(prediction, target):
            both, each = (prediction * target).sum(dims), (prediction**2).sum(dims) + (target**2).sum(dims)
            return 1 - (2 * both + 1) / (each + 1)

        def tversky(prediction, target, wrong, missed):
            both = (prediction * target).sum(dims)
            others = wrong * (prediction * (1 - target)).sum(dims) + missed * ((1 - prediction) * target).sum(dims)
            return 1 - (both + 1) / (both + others + 1)

        name = "rows" if axes else "all"
        options = {"reduction": "none", "axes": axes}
        case(f"dice/{name}", dice, inputs, options, ["prediction", "target"])
        for wrong in (0.3, 0.5):
            case(
                f"tversky/{wrong:g}-{name}", lambda prediction, target: tversky(prediction, target, wrong, 1 - wrong), inputs,
                {**options, "falsePositives": wrong, "falseNegatives": 1 - wrong}, ["prediction"])


def ctc():
    rows = [
        # name, batch, time, classes, target, input lengths, target lengths, blank, zero_infinity
        ("plain", 2, 6, 4, [[1, 2, 3], [3, 2, 1]], [6, 6], [3, 3], 0, False),
        ("repeated", 2, 7, 3, [[1, 1, 2], [2, 2, 2]], [7, 7], [3, 3], 0, False),
        ("lengths", 4, 8, 5, [[1, 2, 2], [4, 0, 0], [3, 3, 0], [0, 0, 0]], [8, 3, 5, 4], [3, 1, 2, 0], 0, False),
        ("last-blank", 2, 6, 4, [[0, 1, 2], [0, 0, 3]], [6, 5], [3, 2], 3, False),
        ("exact", 1, 3, 4, [[1, 2, 3]], [3], [3], 0, False),
        ("impossible", 3, 4, 3, [[1, 1, 2], [1, 2, 1], [2, 1, 0]], [3, 2, 4], [3, 3, 2], 0, True),
        ("long", 2, 60, 8, [[1 + (5 * i) % 7 for i in range(20)], [1 + i // 2 % 7 for i in range(20)]], [60, 50], [20, 18], 0, False),
    ]
    for name, batch, time, classes, target, inputs, targets, blank, zero in rows:
        logits = multiples(batch, time, classes)
        for reduction in REDUCTIONS:
            case(
                f"ctc/{name}/{reduction}",
                lambda logits, target: F.ctc_loss(
                    F.log_softmax(logits, dim=-1).transpose(0, 1), target, tuple(inputs), tuple(targets), blank=blank,
                    reduction=reduction, zero_infinity=zero),
                {"logits": logits, "target": torch.tensor(target)},
                {"reduction": reduction, "blank": blank, "inputLengths": inputs, "targetLengths": targets, "zeroesInfinity": zero},
                ["logits"])


def main():
    torch.set_num_threads(1)
    pairs()
    focal()
    overlaps()
    ctc()
    lines = ",\n".join(json.dumps(case, allow_nan=False, separators=(",", ":")) for case in cases)
    OUTPUT.write_text(f'{{"torch":"{torch.__version__.split("+")[0]}","cases":[\n{lines}\n]}}\n')


main()
