"""Writes Tests/FluxionTests/Golden/optimizers.json: ten steps of each optimizer, as PyTorch takes them; of Lion and LAMB, which it does not
have, as the formulas of their papers do.

    python3 -m pip install torch numpy
    python3 Tests/Golden/optimizers.py

The same file comes out every time: initial values and gradients are fixed pseudo-random multiples of 1/256, exact in float32 and float64.

    {"torch": the version of PyTorch that computed the numbers,
     "cases": [{
       "name": "sgd-momentum/float64",
       "optimizer": Fluxion's name of it, "RMSProp",
       "dtype": "float64" or "float32",
       "settings": settings other than the learning rate, by Fluxion's names, as numbers and booleans; all others are the defaults,
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


# Fluxion's names of PyTorch's settings
NAMES = {
    "momentum": "momentum", "dampening": "dampening", "weightDecay": "weight_decay", "nesterov": "nesterov", "epsilon": "eps",
    "amsgrad": "amsgrad", "alpha": "alpha", "centered": "centered", "rateDecay": "lr_decay",
    "initialSum": "initial_accumulator_value", "rho": "rho", "momentumDecay": "momentum_decay",
    "decoupledWeightDecay": "decoupled_weight_decay",
}  # fmt: skip


def settings(**given):
    return given


# name, optimizer, settings, learning rate of each step
CASES = [
    ("sgd", "SGD", settings(), [0.1] * STEPS),
    ("sgd-momentum", "SGD", settings(momentum=0.9), [0.1] * STEPS),
    ("sgd-momentum-dampening-decay", "SGD", settings(momentum=0.9, dampening=0.1, weightDecay=0.01), [0.1] * STEPS),
    ("sgd-nesterov-decay", "SGD", settings(momentum=0.9, weightDecay=0.01, nesterov=True), [0.1] * STEPS),
    ("adam", "Adam", settings(), [1e-3] * STEPS),
    ("adam-decay", "Adam", settings(weightDecay=0.01), [1e-3] * STEPS),
    ("adam-betas-epsilon", "Adam", settings(beta1=0.8, beta2=0.95, epsilon=1e-6), [1e-2] * STEPS),
    ("adam-amsgrad", "Adam", settings(beta2=0.5, weightDecay=0.01, amsgrad=True), [1e-2] * STEPS),
    ("adamw", "AdamW", settings(), [1e-3] * STEPS),
    ("adamw-changing-rate", "AdamW", settings(weightDecay=0.01), [1e-2] * 5 + [1e-3] * 5),
    ("adamw-amsgrad", "AdamW", settings(beta2=0.5, weightDecay=0.1, amsgrad=True), [1e-2] * STEPS),
    ("rmsprop", "RMSProp", settings(), [1e-2] * STEPS),
    ("rmsprop-decay", "RMSProp", settings(alpha=0.9, epsilon=1e-6, weightDecay=0.1), [1e-2] * STEPS),
    ("rmsprop-momentum", "RMSProp", settings(momentum=0.9), [1e-3] * STEPS),
    ("rmsprop-centered", "RMSProp", settings(alpha=0.9, centered=True), [1e-3] * STEPS),
    ("rmsprop-all", "RMSProp", settings(alpha=0.9, centered=True, momentum=0.9, weightDecay=0.1), [1e-3] * 5 + [1e-4] * 5),
    ("adagrad", "Adagrad", settings(), [1e-2] * STEPS),
    ("adagrad-all", "Adagrad", settings(rateDecay=0.1, weightDecay=0.1, initialSum=0.5, epsilon=1e-6), [0.1] * STEPS),
    ("adadelta", "Adadelta", settings(), [1.0] * STEPS),
    ("adadelta-all", "Adadelta", settings(rho=0.8, epsilon=1e-3, weightDecay=0.1), [0.5] * STEPS),
    ("adamax", "Adamax", settings(), [2e-3] * STEPS),
    ("adamax-all", "Adamax", settings(beta1=0.8, beta2=0.9, epsilon=1e-4, weightDecay=0.1), [1e-2] * STEPS),
    ("nadam", "NAdam", settings(), [2e-3] * STEPS),
    ("nadam-all", "NAdam", settings(beta1=0.8, beta2=0.9, epsilon=1e-4, weightDecay=0.1, momentumDecay=0.1), [1e-2] * STEPS),
    ("nadam-decoupled", "NAdam", settings(weightDecay=0.1, decoupledWeightDecay=True), [1e-2] * STEPS),
    ("radam", "RAdam", settings(), [1e-3] * STEPS),
    ("radam-all", "RAdam", settings(beta1=0.8, beta2=0.9, epsilon=1e-4, weightDecay=0.1), [1e-2] * STEPS),
    ("radam-decoupled", "RAdam", settings(weightDecay=0.1, decoupledWeightDecay=True), [1e-2] * STEPS),
    ("lion", "Lion", settings(), [1e-4] * STEPS),
    ("lion-all", "Lion", settings(beta1=0.8, beta2=0.9, weightDecay=0.5), [1e-2] * STEPS),
    ("lamb", "LAMB", settings(), [1e-3] * STEPS),
    ("lamb-all", "LAMB", settings(beta1=0.8, beta2=0.9, epsilon=1e-4, weightDecay=0.5), [1e-2] * STEPS),
]


class Lion(torch.optim.Optimizer):
    """Chen et al., Symbolic Discovery of Optimization Algorithms (2023), algorithm 2, with the defaults of the authors' code."""

    def __init__(self, parameters, lr, betas=(0.9, 0.99), weight_decay=0.0):
        super().__init__(parameters, {"lr": lr, "betas": betas, "decay": weight_decay})

    @torch.no_grad()
    def step(self):
        for group in self.param_groups:
            beta1, beta2 = group["betas"]
            for p in group["params"]:
                m = self.state[p].setdefault("m", torch.zeros_like(p))
                c = beta1 * m + (1 - beta1) * p.grad
                p -= group["lr"] * (torch.sign(c) + group["decay"] * p)
                m.copy_(beta2 * m + (1 - beta2) * p.grad)


class LAMB(torch.optim.Optimizer):
    """You et al., Large Batch Optimization for Deep Learning: Training BERT in 76 minutes (2020), algorithm 2; the norms' ratio is 1 where one
    of them is 0."""

    def __init__(self, parameters, lr, betas=(0.9, 0.999), eps=1e-6, weight_decay=0.01):
        super().__init__(parameters, {"lr": lr, "betas": betas, "eps": eps, "decay": weight_decay})

    @torch.no_grad()
    def step(self):
        for group in self.param_groups:
            beta1, beta2 = group["betas"]
            for p in group["params"]:
                state = self.state[p]
                t = state["t"] = state.get("t", 0) + 1
                m = state["m"] = beta1 * state.get("m", torch.zeros_like(p)) + (1 - beta1) * p.grad
                v = state["v"] = beta2 * state.get("v", torch.zeros_like(p)) + (1 - beta2) * p.grad**2
                u = m / (1 - beta1**t) / (torch.sqrt(v / (1 - beta2**t)) + group["eps"]) + group["decay"] * p
                w, n = torch.linalg.vector_norm(p), torch.linalg.vector_norm(u)
                ratio = w / n if w > 0 and n > 0 else 1.0
                p -= group["lr"] * ratio * u


def make(optimizer, settings, parameters, rate):
    """PyTorch's optimizer with these settings, in its plain form of one tensor after the other."""
    options = {NAMES[name]: value for name, value in settings.items() if name in NAMES}
    if optimizer == "Lion" or "beta1" in settings or "beta2" in settings:
        options["betas"] = (settings.get("beta1", 0.9), settings.get("beta2", 0.99 if optimizer == "Lion" else 0.999))
    own = {"Lion": Lion, "LAMB": LAMB}
    if optimizer in own:
        return own[optimizer](parameters, lr=rate, **options)
    return getattr(torch.optim, {"RMSProp": "RMSprop"}.get(optimizer, optimizer))(parameters, lr=rate, foreach=False, **options)


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
    # What PyTorch keeps as a scalar beside the parameters (NAdam's product) has this dtype.
    torch.set_default_dtype(dtype)
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
