#!/usr/bin/env python3
"""What training a GPT of so many parameters costs on n processes, by a model of latency, bandwidth and compute (Guides/Distributed.md).

model.py [--alpha SECONDS] [--efficiency SHARE] [--flops FLOPS] [--tokens TOKENS]

t(n) = C + max(L, S - H), with
  C = 6 P T / F          a step of T tokens a process, P parameters, F floating-point operations a second
  S = 2 K (n-1) a + 2 (n-1)/n 4P / B    two exchanges of all gradients in K buckets of 25 MB, a seconds a message, B bytes a second
  H = 2/3 C              the backward pass, behind which buckets hide
  L = S / K              the last bucket, behind which nothing is left
"""
import argparse
import math

parser = argparse.ArgumentParser()
parser.add_argument("--alpha", type=float, default=20e-6)
parser.add_argument("--efficiency", type=float, default=0.9, help="share of a link's rate that messages reach")
parser.add_argument("--flops", type=float, default=1e12, help="of a process")
parser.add_argument("--tokens", type=float, default=16384, help="of a process in a step")
options = parser.parse_args()


def step(parameters, processes, gigabits):
    compute = 6 * parameters * options.tokens / options.flops
    bandwidth = gigabits * 1e9 / 8 * options.efficiency
    buckets = max(1, math.ceil(4 * parameters / (25 << 20)))
    sent = 2 * buckets * (processes - 1) * options.alpha + 2 * (processes - 1) / processes * 4 * parameters / bandwidth
    return compute, sent, compute + max(sent / buckets, sent - compute * 2 / 3)


print("| parameters | Gbit/s |" + "".join(f" {n} |" for n in (2, 4, 8, 16, 64, 256, 1024)))
print("|---|---|" + "---|" * 7)
for parameters, name in ((10e6, "10 M"), (100e6, "100 M"), (1e9, "1 B")):
    for gigabits in (10, 25, 100):
        cells = []
        for n in (2, 4, 8, 16, 64, 256, 1024):
            compute, _, time = step(parameters, n, gigabits)
            cells.append(f" {compute / time:.0%} |")
        print(f"| {name} | {gigabits} |" + "".join(cells))
