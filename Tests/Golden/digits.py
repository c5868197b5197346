"""Writes Tests/FluxionTests/Golden/digits.safetensors: element-wise functions and their derivatives to the last digit, as mpmath has them.

    python3 -m pip install mpmath numpy gmpy2
    python3 Tests/Golden/digits.py
    python3 Tests/Golden/digits.py --points 10000 --output digits.safetensors      # hours without gmpy2
    FLUXION_DIGITS=$PWD/digits.safetensors swift test --filter DigitsTests

The same file comes out every time. For each function and each of f32 and f64:

    NAME.f32    float32 or float64 [operands, points]: where it is taken, the whole range of the dtype with its denormals and ends
    NAME.f32.y  float64 [results, points]: the value, the first derivatives, the second derivatives (of two operands a and b: aa, ab, bb);
                NaN of a derivative where there is none or where it is a convention

Closures that people write, by their text, are there in the same way.

Each number is computed with more and more digits until two results agree. Tests/FluxionTests/Operators/DigitsTests.swift has a row for each name.
"""

import argparse
import json
import math
import multiprocessing
import pathlib
import random
import struct
import zlib

import mpmath
import numpy as np
from mpmath import mp, mpf

OUTPUT = pathlib.Path(__file__).resolve().parent.parent / "FluxionTests" / "Golden" / "digits.safetensors"
INF, NAN = math.inf, math.nan


def sg(x):
    return 1 / (1 + mp.exp(-x))


def sp(x):
    return mp.log1p(mp.exp(x))


def sech(x):
    e = mp.exp(-abs(x))
    return 2 * e / (1 + e * e)


def tanh(x):
    return mp.tanh(x) if abs(x) < 1e9 else mpf(1 if x > 0 else -1)


def normal(x):
    return mp.exp(-x * x / 2) / mp.sqrt(2 * mp.pi)


def cdf(x):
    return mp.erfc(-x / mp.sqrt(2)) / 2 if abs(x) < 1e4 else mpf(1 if x > 0 else 0)


def psi(n, x):
    if x > 0:
        return mp.psi(n, x)
    u = mp.pi * (x - mp.nint(x))
    c, s = mp.cot(u), mp.csc(u)
    z = mp.psi(n, 1 - x)
    return {
        0: lambda: z - mp.pi * c,
        1: lambda: -z + mp.pi**2 * s**2,
        2: lambda: z - 2 * mp.pi**3 * c * s**2,
        3: lambda: -z + mp.pi**4 * (4 * s**2 * c**2 + 2 * s**4),
        4: lambda: z - mp.pi**5 * (16 * s**4 * c + 8 * s**2 * c**3),
    }[n]()


def log_gamma(x):
    if x > 0:
        return mp.loggamma(x)
    return mp.log(mp.pi / abs(mp.sin(mp.pi * (x - mp.nint(x))))) - mp.loggamma(1 - x)


def sinc(x, order):
    if x == 0:
        return [mpf(1), mpf(0), -mp.pi**2 / 3][order]
    if abs(x) < 0.01:
        z = [(-1) ** k * mp.pi ** (2 * k) / mp.factorial(2 * k + 1) for k in range(90)]
        return sum(c * mp.ff(2 * k, order) * x ** (2 * k - order) for k, c in enumerate(z) if 2 * k >= order)
    u = x - 2 * mp.nint(x / 2)
    s, c = mp.sin(mp.pi * u) if u != mp.nint(u) else mpf(0), mp.cos(mp.pi * u)
    y = s / (mp.pi * x)
    if order == 0:
        return y
    d = (c - y) / x
    return d if order == 1 else -mp.pi**2 * y - 2 * d / x


def gelu_tanh(x, order):
    c = mp.sqrt(2 / mp.pi)
    u, du, ddu = c * (x + mpf(0.044715) * x**3), c * (1 + 3 * mpf(0.044715) * x * x), 6 * c * mpf(0.044715) * x
    if abs(u) > 1e6:
        return (x if x > 0 else mpf(0)) if order == 0 else mpf(1 if x > 0 and order == 1 else 0)
    p = sg(2 * u)
    q = 2 * p * sg(-2 * u)
    if order == 0:
        return x * p
    if order == 1:
        return p + x * q * du
    return 2 * q * du + x * q * (ddu - 2 * tanh(u) * du * du)


def elu(x, alpha, scale, order):
    e = scale * mp.exp(x / alpha)
    return x if x > 0 and order == 0 else mpf(1) if x > 0 and order == 1 else mpf(0) if x > 0 else \
        scale * mp.expm1(x / alpha) if order == 0 else e / alpha**order


A, S = mpf(1.6732632423543772), mpf(1.0507009873554805)
ANY = dict(hot=[(-10, 10)])
POSITIVE = dict(hot=[(0, 4), (0.9, 1.1)], positive=True)
UNIT = dict(hot=[(-1, 1), (0.99, 1)], within=1)
B = mpf(2.5)

# name: (value, derivatives), where it is looked at, limits at −∞ and ∞ of value and derivatives (left out: not a number, not looked at).
UNARY = {
    "exp": ([mp.exp] * 3, dict(hot=[(-20, 20), (-104, -86), (88, 89), (-746, -700), (700, 710)]), ([0, 0, 0], [INF])),
    "exp2": ([lambda x: mpf(2) ** x, lambda x: mpf(2) ** x * mp.ln2, lambda x: mpf(2) ** x * mp.ln2**2],
             dict(hot=[(-20, 20), (-150, -120), (127, 128), (-1075, -1000), (1020, 1024)]), ([0, 0, 0], [INF])),
    "expm1": ([mp.expm1, mp.exp, mp.exp], dict(hot=[(-1, 1), (-40, 40), (88, 89), (700, 710)]), ([-1, 0, 0], [INF])),
    "log": ([mp.log, lambda x: 1 / x, lambda x: -1 / x**2], POSITIVE, ([], [INF, 0, 0])),
    "log2": ([lambda x: mp.log(x) / mp.ln2, lambda x: 1 / (x * mp.ln2), lambda x: -1 / (x**2 * mp.ln2)], POSITIVE, ([], [INF, 0, 0])),
    "log10": ([lambda x: mp.log(x) / mp.ln10, lambda x: 1 / (x * mp.ln10), lambda x: -1 / (x**2 * mp.ln10)], POSITIVE, ([], [INF, 0, 0])),
    "log1p": ([mp.log1p, lambda x: 1 / (1 + x), lambda x: -1 / (1 + x) ** 2], dict(hot=[(-1, 1), (-1, 10)], above=-1), ([], [INF, 0, 0])),
    "sqrt": ([mp.sqrt, lambda x: 1 / (2 * mp.sqrt(x)), lambda x: -1 / (4 * mp.sqrt(x) ** 3)], POSITIVE, ([], [INF, 0, 0])),
    "rsqrt": ([lambda x: 1 / mp.sqrt(x), lambda x: -1 / (2 * mp.sqrt(x) ** 3), lambda x: 3 / (4 * mp.sqrt(x) ** 5)], POSITIVE,
              ([], [0, 0, 0])),
    "reciprocal": ([lambda x: 1 / x, lambda x: -1 / x**2, lambda x: 2 / x**3], ANY, ([-0.0, 0, 0], [0, 0, 0])),
    "squared": ([lambda x: x * x, lambda x: 2 * x, lambda x: mpf(2)], ANY, ([INF, -INF, 2], [INF, INF, 2])),
    "cube": ([lambda x: x**3, lambda x: 3 * x * x, lambda x: 6 * x], ANY, ([-INF, INF, -INF], [INF, INF, INF])),
    "pow 2.5": ([lambda x: x**B, lambda x: B * x ** (B - 1), lambda x: B * (B - 1) * x ** (B - 2)], POSITIVE, ([INF], [INF, INF, INF])),
    "pow 0.3125": ([lambda x: x ** mpf(0.3125), lambda x: mpf(0.3125) * x ** (mpf(0.3125) - 1),
                 lambda x: mpf(0.3125) * (mpf(0.3125) - 1) * x ** (mpf(0.3125) - 2)], POSITIVE, ([INF], [INF, 0, 0])),
    "pow -2": ([lambda x: x**-2, lambda x: -2 * x**-3, lambda x: 6 * x**-4], ANY, ([0, 0, 0], [0, 0, 0])),
    "pow 5": ([lambda x: x**5, lambda x: 5 * x**4, lambda x: 20 * x**3], ANY, ([-INF, INF, -INF], [INF, INF, INF])),
    "1.5 to the power": ([lambda x: mpf(1.5) ** x, lambda x: mpf(1.5) ** x * mp.log(mpf(1.5)),
                          lambda x: mpf(1.5) ** x * mp.log(mpf(1.5)) ** 2],
                         dict(hot=[(-20, 20), (-256, -210), (218, 219)]), ([0, 0, 0], [INF])),
    "sin": ([mp.sin, mp.cos, lambda x: -mp.sin(x)], dict(hot=[(-10, 10), (-2e5, 2e5)], pi=1), ([], [])),
    "cos": ([mp.cos, lambda x: -mp.sin(x), lambda x: -mp.cos(x)], dict(hot=[(-10, 10), (-2e5, 2e5)], pi=1), ([], [])),
    "tan": ([mp.tan, lambda x: 1 / mp.cos(x) ** 2, lambda x: 2 * mp.tan(x) / mp.cos(x) ** 2],
            dict(hot=[(-10, 10), (-2e5, 2e5)], pi=1), ([], [])),
    "asin": ([mp.asin, lambda x: 1 / mp.sqrt(1 - x * x), lambda x: x / mp.sqrt(1 - x * x) ** 3], UNIT, ([], [])),
    "acos": ([mp.acos, lambda x: -1 / mp.sqrt(1 - x * x), lambda x: -x / mp.sqrt(1 - x * x) ** 3], UNIT, ([], [])),
    "atan": ([mp.atan, lambda x: 1 / (1 + x * x), lambda x: -2 * x / (1 + x * x) ** 2], ANY, ([-math.pi / 2, 0, 0], [math.pi / 2, 0, 0])),
    "sinh": ([mp.sinh, mp.cosh, mp.sinh], dict(hot=[(-1, 1), (-20, 20), (88, 90), (709, 711)]), ([-INF, INF, -INF], [INF, INF, INF])),
    "cosh": ([mp.cosh, mp.sinh, mp.cosh], dict(hot=[(-1, 1), (-20, 20), (88, 90), (709, 711)]), ([INF, -INF, INF], [INF, INF, INF])),
    "tanh": ([tanh, lambda x: sech(x) ** 2, lambda x: -2 * tanh(x) * sech(x) ** 2], ANY, ([-1, 0, 0], [1, 0, 0])),
    "asinh": ([mp.asinh, lambda x: 1 / mp.sqrt(1 + x * x), lambda x: -x / mp.sqrt(1 + x * x) ** 3], ANY, ([-INF, 0, 0], [INF, 0, 0])),
    "acosh": ([mp.acosh, lambda x: 1 / mp.sqrt(x * x - 1), lambda x: -x / mp.sqrt(x * x - 1) ** 3], dict(hot=[(1, 1.1), (1, 10)], above=1),
              ([], [INF, 0, 0])),
    "atanh": ([mp.atanh, lambda x: 1 / (1 - x * x), lambda x: 2 * x / (1 - x * x) ** 2], UNIT, ([], [])),
    "erf": ([mp.erf, lambda x: 2 / mp.sqrt(mp.pi) * mp.exp(-x * x), lambda x: -4 * x / mp.sqrt(mp.pi) * mp.exp(-x * x)],
            dict(hot=[(-1, 1), (-7, 7)]), ([-1, 0, 0], [1, 0, 0])),
    "erfc": ([lambda x: mp.erfc(x) if x < 1e5 else mpf(0), lambda x: -2 / mp.sqrt(mp.pi) * mp.exp(-x * x),
              lambda x: 4 * x / mp.sqrt(mp.pi) * mp.exp(-x * x)], dict(hot=[(-1, 1), (-7, 10), (9, 28)]), ([2, 0, 0], [0, 0, 0])),
    "erfInverse": ([mp.erfinv, lambda x: mp.sqrt(mp.pi) / 2 * mp.exp(mp.erfinv(x) ** 2),
                    lambda x: mp.pi / 2 * mp.erfinv(x) * mp.exp(2 * mp.erfinv(x) ** 2)], UNIT, ([], [])),
    "logGamma": ([log_gamma, lambda x: psi(0, x), lambda x: psi(1, x)], dict(hot=[(0, 20), (0.9, 1.1), (1.9, 2.1), (-10, 0)], poles=-30),
                 ([INF], [INF, INF, 0])),
    "digamma": ([lambda x: psi(0, x), lambda x: psi(1, x), lambda x: psi(2, x)], dict(hot=[(0, 20), (1.4, 1.5), (-10, 0)], poles=-30),
                ([], [INF, 0, 0])),
    "polygamma 1": ([lambda x: psi(1, x), lambda x: psi(2, x), lambda x: psi(3, x)], dict(hot=[(0, 20), (-10, 0)], poles=-30), ([], [0, 0, 0])),
    "polygamma 2": ([lambda x: psi(2, x), lambda x: psi(3, x), lambda x: psi(4, x)], dict(hot=[(0, 20), (-10, 0)], poles=-30), ([], [0, 0, 0])),
    "sinc": ([lambda x, n=n: sinc(x, n) for n in range(3)], dict(hot=[(-1, 1), (-20, 20)]), ([], [])),
    "logit": ([lambda x: mp.log(x) - mp.log1p(-x), lambda x: 1 / (x * (1 - x)), lambda x: (2 * x - 1) / (x * (1 - x)) ** 2],
              dict(hot=[(0, 1), (0.4, 0.6)], within=1, positive=True), ([], [])),
    "sigmoid": ([sg, lambda x: sg(x) * sg(-x), lambda x: sg(x) * sg(-x) * (sg(-x) - sg(x))], dict(hot=[(-20, 20), (-104, -80), (-746, -700)]),
                ([0, 0, 0], [1, 0, 0])),
    "softplus": ([sp, sg, lambda x: sg(x) * sg(-x)], dict(hot=[(-20, 20), (-104, -80), (-746, -700)]), ([0, 0, 0], [INF, 1, 0])),
    "logSigmoid": ([lambda x: -sp(-x), lambda x: sg(-x), lambda x: -sg(x) * sg(-x)], dict(hot=[(-20, 20), (80, 104), (700, 746)]),
                   ([-INF, 1, 0], [0, 0, 0])),
    "silu": ([lambda x: x * sg(x), lambda x: sg(x) + x * sg(x) * sg(-x),
              lambda x: sg(x) * sg(-x) * (2 + x * (sg(-x) - sg(x)))], dict(hot=[(-20, 20), (-104, -80), (-746, -700)]),
             ([-0.0], [INF])),
    "mish": ([lambda x: x * tanh(sp(x)), lambda x: tanh(sp(x)) + x * sech(sp(x)) ** 2 * sg(x),
              lambda x: sech(sp(x)) ** 2 * (2 * sg(x) + x * (sg(x) * sg(-x) - 2 * tanh(sp(x)) * sg(x) ** 2))],
             dict(hot=[(-20, 20), (-104, -80), (-746, -700)]), ([], [INF])),
    "gelu": ([lambda x: x * cdf(x), lambda x: cdf(x) + x * normal(x), lambda x: (2 - x * x) * normal(x)],
             dict(hot=[(-10, 10), (-14.5, -5), (-39, -14)]), ([-0.0], [INF])),
    "gelu tanh": ([lambda x, n=n: gelu_tanh(x, n) for n in range(3)], dict(hot=[(-10, 10), (-11, -4), (-22, -10)]), ([], [INF])),
    "elu": ([lambda x, n=n: elu(x, 1, 1, n) for n in range(3)], ANY, ([-1, 0, 0], [INF, 1, 0])),
    "celu": ([lambda x, n=n: elu(x, mpf(1.5), mpf(1.5), n) for n in range(3)], ANY, ([-1.5, 0, 0], [INF, 1, 0])),
    "selu": ([lambda x: S * x if x > 0 else S * A * mp.expm1(x), lambda x: S if x > 0 else S * A * mp.exp(x),
              lambda x: mpf(0) if x > 0 else S * A * mp.exp(x)], ANY, ([float(-S * A), 0, 0], [INF, float(S), 0])),
    "softsign": ([lambda x: x / (1 + abs(x)), lambda x: 1 / (1 + abs(x)) ** 2, lambda x: -2 * mp.sign(x) / (1 + abs(x)) ** 3], ANY, ([], [])),
    "tanhShrink": ([lambda x: x - tanh(x), lambda x: tanh(x) ** 2, lambda x: 2 * tanh(x) * sech(x) ** 2], ANY, ([-INF, 1, 0], [INF, 1, 0])),
    "hardSigmoid": ([lambda x: min(max(x + 3, mpf(0)), mpf(6)) / 6], ANY, ([0, 0, 0], [1, 0, 0])),
    "hardSwish": ([lambda x: x * min(max(x + 3, mpf(0)), mpf(6)) / 6], ANY, ([0, 0, 0], [INF, 1, 0])),
    "logCosh": ([lambda x: abs(x) + mp.log1p(mp.exp(-2 * abs(x))) - mp.ln2 if abs(x) > 1 else mp.log1p(2 * mp.sinh(x / 2) ** 2), tanh, lambda x: sech(x) ** 2],
                dict(hot=[(-1, 1), (-20, 20)]), ([INF, -1, 0], [INF, 1, 0])),
}


def power(x, y, i, j):
    """∂ⁱ⁺ʲ xʸ / ∂xⁱ∂yʲ"""
    if x < 0 and (j > 0 or y != int(y)):
        return NAN
    if x == 0:
        if j or not (y >= 1 and y == int(y)):
            return NAN if i or j else mpf(1) if y == 0 else mpf(0) if y > 0 else NAN
        return mp.ff(y, i) * (1 if y == i else 0)
    p = (x ** int(y - i) if y == int(y) and abs(y) < 1e6 else abs(x) ** (y - i) * (-1 if x < 0 and int(y - i) % 2 else 1)) if x < 0 \
        else x ** (y - i)
    if j == 0:
        return mp.ff(y, i) * p if i else p
    l = mp.log(x)
    return p * l**j if i == 0 else p * (1 + y * l)


# name: (value, by a, by b, aa, ab, bb), what the operands are.
BINARY = {
    "atan2": ([lambda y, x: mp.atan2(y, x), lambda y, x: x / (x * x + y * y), lambda y, x: -y / (x * x + y * y),
               lambda y, x: -2 * x * y / (x * x + y * y) ** 2, lambda y, x: (y * y - x * x) / (x * x + y * y) ** 2,
               lambda y, x: 2 * x * y / (x * x + y * y) ** 2], "near"),
    "hypot": ([lambda x, y: mp.hypot(x, y), lambda x, y: x / mp.hypot(x, y), lambda x, y: y / mp.hypot(x, y),
               lambda x, y: y * y / mp.hypot(x, y) ** 3, lambda x, y: -x * y / mp.hypot(x, y) ** 3,
               lambda x, y: x * x / mp.hypot(x, y) ** 3], "near"),
    "pow": ([lambda x, y, i=i, j=j: power(x, y, i, j) for i, j in [(0, 0), (1, 0), (0, 1), (2, 0), (1, 1), (0, 2)]], "power"),
    "logAddExp": ([lambda x, y: max(x, y) + mp.log1p(mp.exp(-abs(x - y))), lambda x, y: sg(x - y), lambda x, y: sg(y - x),
                   lambda x, y: sg(x - y) * sg(y - x), lambda x, y: -sg(x - y) * sg(y - x), lambda x, y: sg(x - y) * sg(y - x)], "near"),
    "logAddExp2": ([lambda x, y: max(x, y) + mp.log1p(mp.exp(-abs(x - y) * mp.ln2)) / mp.ln2, lambda x, y: sg((x - y) * mp.ln2),
                    lambda x, y: sg((y - x) * mp.ln2), lambda x, y: mp.ln2 * sg((x - y) * mp.ln2) * sg((y - x) * mp.ln2),
                    lambda x, y: -mp.ln2 * sg((x - y) * mp.ln2) * sg((y - x) * mp.ln2),
                    lambda x, y: mp.ln2 * sg((x - y) * mp.ln2) * sg((y - x) * mp.ln2)], "near"),
    "xLogY": ([lambda x, y: x * mp.log(y), lambda x, y: mp.log(y), lambda x, y: x / y, lambda x, y: mpf(0), lambda x, y: 1 / y,
               lambda x, y: -x / y**2], "positive"),
}


E, L, R = mp.exp, mp.log, mp.sqrt

# What people write as a closure, as it is written; the derivatives are differences with many digits.
CLOSURES = {
    "log1p(exp(x))": lambda x: L(1 + E(x)),
    "log(1 + exp(x))": lambda x: L(1 + E(x)),
    "log(3 + exp(x))": lambda x: L(3 + E(x)),
    "log1p(exp(-x))": lambda x: L(1 + E(-x)),
    "-log(1 + exp(-x))": lambda x: -L(1 + E(-x)),
    "log(exp(x) + exp(-x))": lambda x: L(E(x) + E(-x)),
    "log(exp(x))": lambda x: x,
    "log(sigmoid(x))": lambda x: -L(1 + E(-x)),
    "log(1 - sigmoid(x))": lambda x: -L(1 + E(x)),
    "log(1 / (1 + exp(-x)))": lambda x: -L(1 + E(-x)),
    "1 - sigmoid(x)": lambda x: 1 / (1 + E(x)),
    "x * sigmoid(x)": lambda x: x / (1 + E(-x)),
    "x / (1 + exp(-x))": lambda x: x / (1 + E(-x)),
    "exp(x) / (1 + exp(x))": lambda x: 1 / (1 + E(-x)),
    "1 / (1 + exp(-x))": lambda x: 1 / (1 + E(-x)),
    "pow(1 + exp(-x), -1)": lambda x: 1 / (1 + E(-x)),
    "exp(x) / pow(1 + exp(x), 2)": lambda x: 1 / ((1 + E(x)) * (1 + E(-x))),
    "2 / (1 + exp(-2 * x)) - 1": lambda x: mp.tanh(x) if abs(x) < 1e5 else mp.sign(x),
    "(exp(x) - exp(-x)) / (exp(x) + exp(-x))": lambda x: mp.tanh(x) if abs(x) < 1e5 else mp.sign(x),
    "(exp(2 * x) - 1) / (exp(2 * x) + 1)": lambda x: mp.tanh(x) if abs(x) < 1e5 else mp.sign(x),
    "(1 - exp(-x)) / (1 + exp(-x))": lambda x: mp.tanh(x / 2) if abs(x) < 1e5 else mp.sign(x),
    "sinh(x) / cosh(x)": lambda x: mp.tanh(x) if abs(x) < 1e5 else mp.sign(x),
    "1 / cosh(x)": lambda x: 2 / (E(x) + E(-x)),
    "2 / (exp(x) + exp(-x))": lambda x: 2 / (E(x) + E(-x)),
    "1 / pow(cosh(x), 2)": lambda x: 4 / (E(x) + E(-x)) ** 2,
    "1 - tanh(x) * tanh(x)": lambda x: 4 / (E(x) + E(-x)) ** 2,
    "tanh(log1p(exp(x)))": lambda x: 1 - 2 / ((1 + E(x)) ** 2 + 1) if x > -50 else mp.tanh(mp.log1p(E(x))),
    "x * tanh(log1p(exp(x)))": lambda x: x * (1 - 2 / ((1 + E(x)) ** 2 + 1)) if x > -50 else x * mp.tanh(mp.log1p(E(x))),
    "x * tanh(log(1 + exp(x)))": lambda x: x * (1 - 2 / ((1 + E(x)) ** 2 + 1)) if x > -50 else x * mp.tanh(mp.log1p(E(x))),
    "x * (e * e + 2 * e) / (e * e + 2 * e + 2)": lambda x: x * (1 - 2 / ((1 + E(x)) ** 2 + 1)) if x > -50 else x * mp.tanh(mp.log1p(E(x))),
    "exp(x) - 1": lambda x: mp.expm1(x),
    "(exp(x) - exp(-x)) / 2": lambda x: mp.sinh(x),
    "(exp(x) + exp(-x)) / 2": lambda x: mp.cosh(x),
    "log(1 + x * x)": lambda x: mp.log1p(x * x),
    "log(x * x)": lambda x: 2 * L(abs(x)),
    "log(cosh(x))": lambda x: mp.log1p(2 * mp.sinh(x / 2) ** 2) if abs(x) < 1 else abs(x) + mp.log1p(E(-2 * abs(x))) - mp.ln2,
    "abs(x) + log1p(exp(-2 * abs(x))) - log(2)": lambda x: mp.log1p(2 * mp.sinh(x / 2) ** 2) if abs(x) < 1 else abs(x) + mp.log1p(E(-2 * abs(x))) - mp.ln2,
    "sqrt(x * x)": lambda x: abs(x),
    "sqrt(pow(x, 2) + 1)": lambda x: mp.hypot(x, 1),
    "sqrt(1 + x * x) - 1": lambda x: x * x / (R(1 + x * x) + 1),
    "x / sqrt(1 + x * x)": lambda x: x / R(1 + x * x),
    "1 / sqrt(1 + x * x)": lambda x: 1 / R(1 + x * x),
    "exp(-x * x)": lambda x: E(-x * x),
    "0.5 * x * (1 + erf(x / sqrt(2)))": lambda x: x * cdf(x),
    "0.5 * x * (1 + tanh(u))": lambda x: gelu_tanh(x, 0),
    "abs(x) / (1 + abs(x))": lambda x: abs(x) / (1 + abs(x)),
    "x / (1 + abs(x))": lambda x: x / (1 + abs(x)),
    "1 - cos(x)": lambda x: 2 * mp.sin(x / 2) ** 2,
    "1 - exp(-x * x)": lambda x: -mp.expm1(-x * x),
    "x / (exp(x) - 1)": lambda x: x / mp.expm1(x),
    "1 / (exp(x) - 1)": lambda x: 1 / mp.expm1(x),
    "log(exp(x) - 1)": lambda x: L(mp.expm1(x)) if x < 100 else x + mp.log1p(-E(-x)),
    "log(1 - exp(-x))": lambda x: L(-mp.expm1(-x)) if x < 100 else mp.log1p(-E(-x)),
    "(1 - exp(-x)) / x": lambda x: -mp.expm1(-x) / x,
    "(exp(0.5 * x) - 1) / x": lambda x: mp.expm1(x / 2) / x,
    "3 * x / (exp(0.5 * x) - 1)": lambda x: 3 * x / mp.expm1(x / 2),
    "x * exp(x) / (1 + exp(x))": lambda x: x / (1 + E(-x)),
    "x * (1 - exp(-x)) / (1 + exp(-x))": lambda x: x * (mp.tanh(x / 2) if abs(x) < 1e5 else mp.sign(x)),
    "exp(-x) / pow(1 + exp(-x), 2)": lambda x: 1 / ((1 + E(x)) * (1 + E(-x))),
    "exp(-exp(-x))": lambda x: E(-E(-x)) if x > -20 else mpf(0),
    "maximum(x, 0) + log1p(exp(-abs(x)))": lambda x: max(x, mpf(0)) + mp.log1p(E(-abs(x))),
    "log(1 + 0.5 * x * x)": lambda x: mp.log1p(x * x / 2),
    "log(x * x + 4)": lambda x: L(x * x + 4),
    "log(x + sqrt(x * x + 1))": lambda x: mp.asinh(x),
    "log(x + sqrt(x * x - 1))": lambda x: mp.acosh(x) if x >= 1 else NAN,
    "log((1 + x) / (1 - x)) / 2": lambda x: mp.atanh(x) if abs(x) < 1 else mp.sign(x) * mp.inf if abs(x) == 1 else NAN,
    "x * x / (1 + x * x)": lambda x: x * x / (1 + x * x),
    "1 / (1 + x * x)": lambda x: 1 / (1 + x * x),
    "select(x .> 0, log(x), 0)": lambda x: L(x) if x > 0 else mpf(0),
    "select(x .== 0, 0, x * log(abs(x)))": lambda x: x * L(abs(x)) if x else NAN,
    "log(exp(x) + exp(y))": lambda x, y: max(x, y) + mp.log1p(E(-abs(x - y))),
    "log(exp(x) + exp(y) + exp(0.5 * x))": lambda x, y: max(x, y) + L(E(x - max(x, y)) + E(y - max(x, y)) + E(x / 2 - max(x, y))),
    "log(1 + exp(x) + exp(y))": lambda x, y: max(x, y) + L(E(x - max(x, y)) + E(y - max(x, y)) + E(-max(x, y))),
    "exp(x) / (exp(x) + exp(y))": lambda x, y: 1 / (1 + E(y - x)),
    "exp(x) / (exp(x) + exp(y) + 1)": lambda x, y: 1 / (1 + E(y - x) + E(-x)),
    "(x * exp(x) + y * exp(y)) / (exp(x) + exp(y))": lambda x, y: x / (1 + E(y - x)) + y / (1 + E(x - y)),
    "log(x * x + y * y)": lambda x, y: 2 * L(mp.hypot(x, y)),
    "sqrt(x * x + y * y)": lambda x, y: mp.hypot(x, y),
    "x / sqrt(x * x + y * y)": lambda x, y: x / mp.hypot(x, y),
}


def difference(f, i, j):
    """∂f/∂xᵢ, or ∂²f/∂xᵢ∂xⱼ, by central differences with a step that follows the precision."""

    def at(x, *steps):
        x = list(x)
        for k, h in steps:
            x[k] = x[k] + h
        return f(*x)

    def first(*x):
        h = mpf(2) ** -(mp.prec // 3) * min(1, abs(x[i]) if x[i] else 1)
        return (at(x, (i, h)) - at(x, (i, -h))) / (2 * h)

    def second(*x):
        h, k = (mpf(2) ** -(mp.prec // 4) * min(1, abs(x[n]) if x[n] else 1) for n in (i, j))
        if i == j:
            return (at(x, (i, h)) - 2 * f(*x) + at(x, (i, -h))) / (h * h)
        return (at(x, (i, h), (j, k)) - at(x, (i, h), (j, -k)) - at(x, (i, -h), (j, k)) + at(x, (i, -h), (j, -k))) / (4 * h * k)

    return first if j is None else second


def closure_points(kind, name, arity):
    x = [0.0, 1e-30, 1e-10, 1e-4, 0.1, 0.5, 1, 2, 5, 12, 20, 50, 87, 89, 100, 200, 700, 745, 1e4, 1e10, 1e30, kind.max]
    x = [float(kind.type(s * v)) for v in x for s in (1, -1)]
    if arity == 1:
        return [(v,) for v in x]
    other = [0.0, 1, -1, 20, -89, 100, -745, 1e4, 1e30]
    return [(v, float(kind.type(other[k % len(other)]))) for k, v in enumerate(x)] + [(v, v) for v in (0.0, 1.0, -3.0, 100.0, 1e4)]


def exactly(f, *x):
    """f(x) with as many digits as it takes, as a float64; NaN where it is none."""
    before = None
    for bits in (140, 260, 600, 1300, 2600, 5200):
        with mp.workprec(bits):
            try:
                y = f(*(mpf(v) for v in x))
            except (ZeroDivisionError, ValueError):
                return NAN
            if not isinstance(y, mpf):
                if not isinstance(y, (int, float)) or y != y:
                    return NAN
                y = mpf(y)
            if y != y:
                return NAN
            # A 0 may be what cancelled.
            if before is not None and (y != 0 or bits > 2000) and (y == before or abs(y - before) <= abs(y) * mpf(2) ** -75):
                if y == 0:
                    return 0.0
                return math.copysign(float(abs(y)), -1 if y < 0 else 1)
            before = y
    return NAN


class Kind:
    def __init__(self, name):
        self.type, self.bits = (np.float32, 23) if name == "f32" else (np.float64, 52)
        info = np.finfo(self.type)
        self.max, self.tiny, self.least = float(info.max), float(info.tiny), float(np.nextafter(self.type(0), self.type(1)))
        self.low, self.high = (-149, 127) if name == "f32" else (-1074, 1023)

    def near(self, x, n):
        """x and its n neighbours on either side."""
        y = [self.type(x)]
        for way in (-INF, INF):
            z = y[0]
            for _ in range(n):
                z = np.nextafter(z, self.type(way))
                y.append(z)
        return [float(v) for v in y]

    def specials(self):
        x = [1, 0.5, 2, 3, 10, 20, 89, 100, 745, 1e4, 1e30, self.max, self.tiny, self.least, 3 * self.least, self.tiny / 2, self.tiny * 2,
             1e-4, self.max / 2, 1e-30, 0.0]
        return [s * float(self.type(v)) for v in x for s in (1, -1)] + [INF, -INF, NAN]


def unary_points(kind, options, count, r):
    x = kind.specials()
    positive, within, above = options.get("positive", False), options.get("within"), options.get("above")
    if "pi" in options:
        for k in (1, 2, 3, 11, 355, 10000, 710):
            x += kind.near(k * math.pi / 2, 1)
        x += [float(kind.type(v)) for v in (1e5, 99999.9, 131072.1, 1e15, 2.0**100)]
    for v in (1, 2):
        x += kind.near(v, 2) + kind.near(-v, 2)
    while len(x) < count:
        choice = r.random()
        if choice < 0.3:
            v = math.ldexp(1 + r.random(), r.randrange(kind.low, (0 if within else kind.high) + 1))
            v = v if positive or (above is not None and above > 0) or r.random() < 0.5 else -v
        else:
            a, b = r.choice(options["hot"])
            v = a + (b - a) * r.random()
        v = float(kind.type(v)) if abs(v) < kind.max else v
        if abs(v) > kind.max:
            continue
        x.append(v)
    x = [v for v in x if not ("poles" in options and (v < options["poles"]))]
    return [(v,) for v in x[:count]]


def binary_points(kind, domain, count, r):
    special = [0.0, -0.0, 1.0, -1.0, 2.0, -2.0, 0.5, 3.0, INF, -INF, NAN, kind.max, -kind.max, kind.least, kind.tiny]
    x = [(a, b) for a in special for b in special if math.isfinite(a) and math.isfinite(b) or r.random() < 0.3]
    r.shuffle(x)
    x = x[: count // 3]
    x += [(0.0, 1.0), (0.0, 2.0), (0.0, 3.0), (-2.0, 3.0), (-2.0, -3.0), (-1.5, 4.0)]
    while len(x) < count:
        wide = r.random() < 0.4
        a = math.ldexp(1 + r.random(), r.randrange(kind.low, kind.high)) if wide else 20 * r.random()
        a = -a if r.random() < 0.5 else a
        if domain == "near":
            b = a * math.ldexp(1 + r.random(), r.randrange(-12, 12)) * r.choice([1, -1]) if wide else 40 * r.random() - 20
        elif domain == "power":
            a = abs(a)
            limit = kind.high * math.log(2) / max(abs(math.log(a)), 1e-3) if a else 1
            b = (2 * r.random() - 1) * min(1.1 * limit, 1e6)
            if r.random() < 0.3:
                a, b = -a, float(round(b))
        else:
            a = a if wide else a / 4
            b = math.ldexp(1 + r.random(), r.randrange(kind.low, kind.high)) if wide else 4 * r.random()
        if abs(a) > kind.max or abs(b) > kind.max:
            continue
        x.append((float(kind.type(a)), float(kind.type(b))))
    return x


def limits(name, x):
    """Value and derivatives at what is not finite."""
    f, _, (left, right) = UNARY[name]
    n = max(3, len(f))
    if x != x:
        return [NAN] * n
    y = list(left if x < 0 else right)
    return y + [NAN] * (n - len(y))


def case(job):
    name, dtype, count = job
    kind, r = Kind(dtype), random.Random(zlib.crc32(f"{name}.{dtype}".encode()))
    if name in UNARY:
        f, options, _ = UNARY[name]
        points = unary_points(kind, options, count, r)
        results = []
        for (x,) in points:
            if not math.isfinite(x):
                results.append((limits(name, x)[:2] + [NAN])[: len(f)])
                continue
            y = [exactly(g, x) for g in f]
            if x == 0 and y[0] == 0:
                y[0] = float(ZEROS.get(name, lambda x: 0.0)(x))
            if x == 0 and name in POLES:
                y[0] = POLES[name](x)
            if abs(x) == 1 and name in ENDS:
                y[0] = ENDS[name](x)
            if name in ("logGamma", "polygamma 1", "polygamma 2") and x <= 0 and x == round(x):
                y[0] = POLES[name](x)
            results.append(y if y[0] == y[0] else [NAN] * len(y))
    elif name in CLOSURES:
        f = CLOSURES[name]
        n = f.__code__.co_argcount
        points = closure_points(kind, name, n)
        f = [f, *(difference(f, i, None) for i in range(n)), *(difference(f, i, j) for i in range(n) for j in range(i, n))]
        results = [[exactly(g, *x) for g in f] for x in points]
    else:
        f, domain = BINARY[name]
        points = binary_points(kind, domain, count, r)
        results = []
        for x in points:
            if all(map(math.isfinite, x)):
                y = [exactly(g, *x) for g in f]
                y[0] = math.atan2(*x) if name == "atan2" and 0 in x else y[0]
                y[0] = real_power(*x) if name == "pow" and x[0] == 0 else y[0]
                y[0] = at_zero(*x) if name == "xLogY" and 0 in x else y[0]
                if name == "xLogY" and x[0] == 0 or y[0] != y[0]:
                    y[1:] = [NAN] * (len(y) - 1)
            else:
                y = [at_infinity(name, *x)] + [NAN] * (len(f) - 1)
            results.append(y)
    return f"{name}.{dtype}", np.array(points, kind.type).T.copy(), np.array(results, np.float64).T.copy()


def real_power(x, y):
    try:
        return math.pow(x, y)
    except ValueError:
        return INF if y != round(y) or y % 2 == 0 else math.copysign(INF, x)


def at_zero(x, y):
    return 0.0 if x == 0 else math.copysign(INF, -x)


def at_infinity(name, x, y):
    if name in ("atan2", "hypot"):
        return getattr(math, name)(x, y)
    if name == "pow":
        try:
            return math.pow(x, y)
        except ValueError:
            return NAN if x < 0 else INF
    if name.startswith("logAddExp"):
        return NAN if x != x or y != y else max(x, y)
    if x != x or y != y:
        return NAN
    if x == 0:
        return 0.0
    if y < 0:
        return NAN
    log = INF if y == INF else -INF if y == 0 else math.log(y)
    return x * log


same = lambda x: x
ZEROS = {n: same for n in ("expm1 log1p sqrt squared cube sin tan asin atan sinh tanh asinh atanh erf erfInverse silu mish gelu elu celu selu "
                           "softsign tanhShrink hardSwish").split() if n != "squared"}
ZEROS["gelu tanh"] = ZEROS["pow 5"] = same
POLES = {"log": lambda x: -INF, "log2": lambda x: -INF, "log10": lambda x: -INF, "rsqrt": lambda x: math.copysign(INF, x),
         "reciprocal": lambda x: math.copysign(INF, x), "pow -2": lambda x: INF, "logit": lambda x: -INF, "logGamma": lambda x: INF,
         "digamma": lambda x: math.copysign(INF, -x), "polygamma 1": lambda x: INF, "polygamma 2": lambda x: -INF}
ENDS = {"log1p": lambda x: -INF if x < 0 else math.log(2), "atanh": lambda x: math.copysign(INF, x),
        "erfInverse": lambda x: math.copysign(INF, x), "logit": lambda x: INF if x > 0 else NAN}


def write(path, tensors):
    header, at = {}, 0
    for name, x in tensors:
        header[name] = {"dtype": "F32" if x.dtype == np.float32 else "F64", "shape": list(x.shape), "data_offsets": [at, at + x.nbytes]}
        at += x.nbytes
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    with open(path, "wb") as file:
        file.write(struct.pack("<Q", len(text)) + text + b"".join(x.tobytes() for _, x in tensors))


def main():
    options = argparse.ArgumentParser(description="Element-wise functions to the last digit.")
    options.add_argument("--points", type=int, default=200)
    options.add_argument("--only", nargs="*")
    options.add_argument("--processes", type=int, default=1)
    options.add_argument("--output", default=OUTPUT)
    options = options.parse_args()
    jobs = [(name, dtype, options.points) for name in [*UNARY, *BINARY, *CLOSURES] for dtype in ("f32", "f64") if not options.only or name in options.only]
    with multiprocessing.Pool(options.processes) as pool:
        results = pool.map(case, jobs, chunksize=1)
    # The float64 arrays first, so that all are aligned.
    tensors = [(name + ".y", y) for name, _, y in results] + [(name, x) for name, x, _ in results]
    write(options.output, sorted(tensors, key=lambda t: t[1].dtype == np.float32))


if __name__ == "__main__":
    main()
