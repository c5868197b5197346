"""Writes Tests/FluxionTests/Golden/schedules.json: learning rates, step by step, as PyTorch's schedulers set them.

    python3 -m pip install torch numpy
    python3 Tests/Golden/schedules.py

The same file comes out every time.

    {"torch": the version of PyTorch that computed the numbers,
     "cases": [{"name", "rates": [the rate of each step from 0 on],
                "losses": [for a schedule that looks at them: what it sees after each step]}]}

Tests/FluxionTests/Models/ScheduleTests.swift says for each name how Fluxion's schedule is made.
"""

import json
import pathlib
import random
import warnings

import torch
from torch.optim import lr_scheduler as lr

OUTPUT = pathlib.Path(__file__).resolve().parent.parent / "FluxionTests" / "Golden" / "schedules.json"


def optimizer(rate):
    return torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=rate)


def case(name, rate, make, steps, losses=None):
    stepper = optimizer(rate)
    scheduler = make(stepper)
    rates = []
    for step in range(steps):
        rates.append(stepper.param_groups[0]["lr"])
        stepper.step()
        if losses:
            scheduler.step(losses[step])
        elif step + 1 < steps:
            scheduler.step()
    return {"name": name, "rates": rates} | ({"losses": losses} if losses else {})


def warm_up(stepper):
    first = lr.LinearLR(stepper, start_factor=0.1, total_iters=10)
    return lr.SequentialLR(stepper, [first, lr.CosineAnnealingLR(stepper, T_max=40, eta_min=1e-3)], milestones=[10])


def sequence(stepper):
    parts = [lr.ConstantLR(stepper, factor=1.0, total_iters=0), lr.ExponentialLR(stepper, gamma=0.9), lr.StepLR(stepper, 5, 0.5)]
    return lr.SequentialLR(stepper, parts, milestones=[7, 20])


def losses():
    """Falls, stays, falls a little, rises, is not a number's worth better, and falls again."""
    generator = random.Random(7)
    fall = [1 / (1 + 0.1 * i) for i in range(20)]
    flat = [fall[-1] * (1 + 0.01 * generator.random()) for _ in range(40)]
    creep = [fall[-1] * (1 - 2e-5 * i) for i in range(40)]
    return fall + flat + creep + [0.1 + 0.001 * generator.random() for _ in range(40)]


def plateau(name, **options):
    return case(name, 0.1, lambda o: lr.ReduceLROnPlateau(o, **options), 140, losses())


def main():
    warnings.filterwarnings("ignore")
    cases = [
        case("constant", 0.1, lambda o: lr.ConstantLR(o, factor=1.0, total_iters=0), 5),
        case("step", 0.1, lambda o: lr.StepLR(o, 30, 0.5), 130),
        case("step, defaults", 0.1, lambda o: lr.StepLR(o, 10), 50),
        case("multi-step", 0.1, lambda o: lr.MultiStepLR(o, [30, 80, 80], 0.1), 120),
        case("exponential", 0.1, lambda o: lr.ExponentialLR(o, 0.95), 200),
        case("polynomial", 0.1, lambda o: lr.PolynomialLR(o, total_iters=50, power=2.0), 70),
        case("polynomial, root", 0.1, lambda o: lr.PolynomialLR(o, total_iters=50, power=0.5), 51),
        case("linear", 0.1, lambda o: lr.LinearLR(o, start_factor=1.0, end_factor=0.2, total_iters=40), 60),
        case("linear up", 0.1, lambda o: lr.LinearLR(o, start_factor=0.25, total_iters=40), 60),
        case("cosine", 0.1, lambda o: lr.CosineAnnealingLR(o, T_max=100, eta_min=0.001), 101),
        case("cosine, restarts", 0.1, lambda o: lr.CosineAnnealingWarmRestarts(o, T_0=30, eta_min=0.01), 100),
        case("cosine, longer restarts", 0.1, lambda o: lr.CosineAnnealingWarmRestarts(o, T_0=10, T_mult=2), 160),
        case("one cycle", 0.1, lambda o: lr.OneCycleLR(o, 0.1, total_steps=100, cycle_momentum=False), 100),
        case("one cycle, linear", 0.1, lambda o: lr.OneCycleLR(
            o, 0.5, total_steps=73, pct_start=0.21, anneal_strategy="linear", div_factor=10.0, final_div_factor=100.0, cycle_momentum=False),
            73),
        case("one cycle, three phases", 0.1, lambda o: lr.OneCycleLR(
            o, 0.2, total_steps=90, pct_start=0.4, three_phase=True, cycle_momentum=False), 90),
        case("one cycle, no warm-up", 0.1, lambda o: lr.OneCycleLR(o, 0.2, total_steps=50, pct_start=0.0, cycle_momentum=False), 50),
        case("warm-up and cosine", 0.1, warm_up, 50),
        case("sequence", 0.1, sequence, 60),
        plateau("plateau"),
        plateau("plateau, impatient", factor=0.5, patience=2, cooldown=3, min_lr=1e-3, threshold=1e-3),
        plateau("plateau, absolute", factor=0.3, patience=0, threshold=0.01, threshold_mode="abs", eps=1e-3),
    ]  # fmt: skip
    lines = ",\n".join(json.dumps(case, allow_nan=False, separators=(",", ":")) for case in cases)
    OUTPUT.write_text(f'{{"torch":"{torch.__version__.split("+")[0]}","cases":[\n{lines}\n]}}\n')


main()
