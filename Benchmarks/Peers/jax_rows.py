"""JAX's side of the benchmark rows: every job is one jitted function."""

import os

import timing

options = timing.arguments(__doc__).parse_args()
# XLA reads its number of threads from the cores that the process may run on, when it starts.
if hasattr(os, "sched_setaffinity"):
    os.sched_setaffinity(0, set(sorted(os.sched_getaffinity(0))[: options.threads]))

import jax  # noqa: E402
import jax.numpy as jnp  # noqa: E402
import numpy as np  # noqa: E402
import optax  # noqa: E402

random = np.random.default_rng(0)


def normal(*shape, scale=1.0):
    return jnp.asarray(scale * random.normal(size=shape), jnp.float32)


def class_ids(classes, *shape):
    return jnp.asarray(random.integers(0, classes, shape), jnp.int32)


def kernel(function, *inputs):
    """A row that calls a function on arrays; `inputs` makes each of them."""

    def prepare():
        arrays = [make() for make in inputs]
        job = jax.jit(function)
        return lambda: job(*arrays)

    return prepare


def cross_entropy(logits, ids):
    return optax.softmax_cross_entropy_with_integer_labels(logits, ids).mean()


def train(make_parameters, model, x, y, optimizer=optax.adam(1e-3), loss=cross_entropy):
    """A row that is a whole training step: forward, backward, update."""

    def prepare():
        inputs, targets, parameters = x(), y(), make_parameters()
        state = optimizer.init(parameters)

        @jax.jit
        def step(parameters, state, x, y):
            value, gradient = jax.value_and_grad(lambda p: loss(model(p, x), y))(parameters)
            updates, state = optimizer.update(gradient, state, parameters)
            return optax.apply_updates(parameters, updates), state, value

        def job():
            nonlocal parameters, state
            parameters, state, value = step(parameters, state, inputs, targets)
            return value

        return job

    return prepare


def infer(make_parameters, model, x):
    """A row that is a model's answer."""
    return kernel(model, make_parameters, x)


# Layers: parameters as dictionaries, and functions of them.


def glorot(inputs, outputs):
    return normal(inputs, outputs, scale=np.sqrt(2 / (inputs + outputs)))


def dense(inputs, outputs):
    return {"w": glorot(inputs, outputs), "b": jnp.zeros(outputs)}


def apply(p, x):
    return x @ p["w"] + p["b"]


def affine(width):
    return {"scale": jnp.ones(width), "shift": jnp.zeros(width)}


def normalized(x, axes=-1):
    mean, variance = x.mean(axes, keepdims=True), x.var(axes, keepdims=True)
    return (x - mean) * jax.lax.rsqrt(variance + 1e-5)


def norm(p, x, axes=-1):
    return normalized(x, axes) * p["scale"] + p["shift"]


def conv(x, w, padding="SAME"):
    return jax.lax.conv_general_dilated(x, w, (1, 1), padding, dimension_numbers=("NHWC", "HWIO", "NHWC"))


def pool(x):
    return jax.lax.reduce_window(x, -jnp.inf, jax.lax.max, (1, 2, 2, 1), (1, 2, 2, 1), "VALID")


# Models


def xor():
    return [dense(2, 16), dense(16, 1)]


def run_xor(p, x):
    return apply(p[1], jnp.tanh(apply(p[0], x)))


def policy():
    return [dense(4, 32), dense(32, 32), dense(32, 2)]


def run_policy(p, x):
    for layer in p[:-1]:
        x = jnp.tanh(apply(layer, x))
    return apply(p[-1], x)


def mlp():
    return [dense(784, 128), dense(128, 64), dense(64, 10)]


def run_mlp(p, x):
    for layer in p[:-1]:
        x = jax.nn.relu(apply(layer, x))
    return apply(p[-1], x)


def mish(x):
    """An activation as a user writes it."""
    return x * jnp.tanh(jnp.log1p(jnp.exp(x)))


def run_custom_mlp(p, x):
    for layer in p[:-1]:
        x = mish(apply(layer, x))
    return apply(p[-1], x)


def log_cosh(x, y):
    """A loss as a user writes it."""
    d = jnp.abs(x - y)
    return (d + jnp.log1p(jnp.exp(-2 * d)) - 0.6931471805599453).mean()


def lenet():
    return {
        "conv1": normal(5, 5, 1, 6, scale=0.1), "bias1": jnp.zeros(6),
        "conv2": normal(5, 5, 6, 16, scale=0.1), "bias2": jnp.zeros(16),
        "dense": [dense(400, 120), dense(120, 84), dense(84, 10)],
    }  # fmt: skip


def run_lenet(p, x):
    x = pool(jax.nn.relu(conv(x, p["conv1"]) + p["bias1"]))
    x = pool(jax.nn.relu(conv(x, p["conv2"], "VALID") + p["bias2"]))
    return run_mlp(p["dense"], x.reshape(x.shape[0], -1))


def convnet():
    sizes = [(3, 32), (32, 64), (64, 128)]
    return {
        "conv": [normal(3, 3, inputs, outputs, scale=0.1) for inputs, outputs in sizes],
        "norm": [affine(outputs) for _, outputs in sizes],
        "out": dense(128, 10),
    }


def run_convnet(p, x):
    for i in range(3):
        x = jax.nn.relu(norm(p["norm"][i], conv(x, p["conv"][i]), (0, 1, 2)))
        if i < 2:
            x = pool(x)
    return apply(p["out"], x.mean((1, 2)))


def over_time(step, start, x):
    """The outputs of a recurrence for [batch, time, features]."""
    return jax.lax.scan(step, start, x.swapaxes(0, 1))[1].swapaxes(0, 1)


def simple():
    return {"cell": dense(64 + 128, 128), "out": dense(128, 64)}


def run_simple(p, x):
    def step(hidden, x):
        hidden = jax.nn.sigmoid(apply(p["cell"], jnp.concatenate([x, hidden], -1)))
        return hidden, apply(p["out"], hidden)

    return over_time(step, jnp.zeros((x.shape[0], 128)), x)


def gates(inputs, hidden, count):
    wide = count * hidden
    return {"x": glorot(inputs, wide), "h": glorot(hidden, wide), "b": jnp.zeros(wide), "bh": jnp.zeros(wide)}


def lstm_layer(p, x):
    def step(state, sums):
        hidden, cell = state
        i, f, g, o = jnp.split(sums + hidden @ p["h"], 4, -1)
        cell = jax.nn.sigmoid(f) * cell + jax.nn.sigmoid(i) * jnp.tanh(g)
        hidden = jax.nn.sigmoid(o) * jnp.tanh(cell)
        return (hidden, cell), hidden

    start = jnp.zeros((x.shape[0], p["h"].shape[0]))
    return over_time(step, (start, start), x @ p["x"] + p["b"])


def lstm():
    return {"layers": [gates(64, 256, 4), gates(256, 256, 4)], "out": dense(256, 64)}


def run_lstm(p, x):
    for layer in p["layers"]:
        x = lstm_layer(layer, x)
    return apply(p["out"], x)


def gru():
    return {"layer": gates(64, 128, 3), "out": dense(128, 64)}


def run_gru(p, x):
    layer = p["layer"]

    def step(hidden, sums):
        r, u, n = jnp.split(sums, 3, -1)
        hr, hu, hn = jnp.split(hidden @ layer["h"] + layer["bh"], 3, -1)
        r, u = jax.nn.sigmoid(r + hr), jax.nn.sigmoid(u + hu)
        hidden = (1 - u) * jnp.tanh(n + r * hn) + u * hidden
        return hidden, hidden

    return apply(p["out"], over_time(step, jnp.zeros((x.shape[0], 128)), x @ layer["x"] + layer["b"]))


def gpt(symbols=65, width=128, blocks=4, length=64):
    def block():
        return {
            "norm1": affine(width), "norm2": affine(width), "qkv": dense(width, 3 * width), "out": dense(width, width),
            "up": dense(width, 4 * width), "down": dense(4 * width, width),
        }  # fmt: skip

    return {
        "symbols": normal(symbols, width, scale=0.02), "positions": normal(length, width, scale=0.02),
        "blocks": [block() for _ in range(blocks)], "norm": affine(width), "out": dense(width, symbols),
    }  # fmt: skip


def run_gpt(p, ids, heads=4):
    batch, length = ids.shape
    x = p["symbols"][ids] + p["positions"][:length]
    seen = jnp.tril(jnp.ones((length, length), bool))
    for block in p["blocks"]:
        parts = jnp.split(apply(block["qkv"], norm(block["norm1"], x)), 3, -1)
        q, k, v = (part.reshape(batch, length, heads, -1).transpose(0, 2, 1, 3) for part in parts)
        scores = q @ k.swapaxes(-1, -2) / np.float32(np.sqrt(q.shape[-1]))
        mixed = jax.nn.softmax(jnp.where(seen, scores, -1e9), -1) @ v
        x = x + apply(block["out"], mixed.transpose(0, 2, 1, 3).reshape(x.shape))
        x = x + apply(block["down"], jax.nn.gelu(apply(block["up"], norm(block["norm2"], x)), approximate=False))
    return apply(p["out"], norm(p["norm"], x))


# Rows

rows = {}


def of(*shape):
    """What makes an array of a shape."""
    return lambda: normal(*shape)


def complex_of(*shape):
    """What makes an array of complex numbers."""
    return lambda: normal(*shape) + 1j * normal(*shape)


def ids(classes, *shape):
    return lambda: class_ids(classes, *shape)


for label, n in ("1K", 1 << 10), ("1M", 1 << 20), ("16M", 1 << 24):
    rows |= {
        f"kernel/add/{label}": kernel(lambda x, y: x + y, of(n), of(n)),
        f"kernel/exp/{label}": kernel(jnp.exp, of(n)),
        f"kernel/tanh/{label}": kernel(jnp.tanh, of(n)),
        f"kernel/sigmoid/{label}": kernel(jax.nn.sigmoid, of(n)),
        f"kernel/gelu/{label}": kernel(lambda x: jax.nn.gelu(x, approximate=False), of(n)),
        f"kernel/custom-mish/{label}": kernel(lambda x: x * jnp.tanh(jnp.log1p(jnp.exp(x))), of(n)),
        f"kernel/sum/{label}": kernel(jnp.sum, of(n)),
    }
for n in 64, 256, 1024, 2048:
    rows[f"kernel/matmul/{n}"] = kernel(jnp.matmul, of(n, n), of(n, n))
square = of(1024, 1024)


def definite():
    x = normal(512, 512)
    return x @ x.T + 512 * jnp.eye(512)


sequences = of(32, 50, 64), ids(64, 32, 50)
rows |= {
    "kernel/linear/64x784x128": kernel(lambda x, w: x @ w.T, of(64, 784), of(128, 784)),
    "kernel/bmm/64x64x32x64": kernel(jnp.matmul, of(64, 64, 32), of(64, 32, 64)),
    "kernel/softmax/1024x1024": kernel(lambda x: jax.nn.softmax(x, -1), square),
    "kernel/softmax-columns/1024x1024": kernel(lambda x: jax.nn.softmax(x, 0), square),
    "kernel/layernorm/1024x1024": kernel(normalized, square),
    "kernel/custom-loss/1M": kernel(log_cosh, of(1 << 20), of(1 << 20)),
    "kernel/transpose-copy/1024x1024": kernel(lambda x: x.T + 0, square),
    "kernel/add-transposed/1024x1024": kernel(lambda x: x + x.T, square),
    "kernel/sum-rows/1024x1024": kernel(lambda x: x.sum(1), square),
    "kernel/sum-columns/1024x1024": kernel(lambda x: x.sum(0), square),
    "kernel/argmax-rows/1024x1024": kernel(lambda x: x.argmax(1), square),
    "kernel/cumsum/1M": kernel(jnp.cumsum, of(1 << 20)),
    "kernel/sort/1M": kernel(jnp.sort, of(1 << 20)),
    "kernel/embedding/1024x128": kernel(lambda table, ids: table[ids], of(10000, 128), ids(10000, 1024)),
    "kernel/conv2d/32x3x32x32-16": kernel(conv, of(32, 32, 32, 3), of(3, 3, 3, 16)),
    "kernel/conv2d/16x64x16x16-64": kernel(conv, of(16, 16, 16, 64), of(3, 3, 64, 64)),
    "kernel/maxpool/32x16x32x32": kernel(pool, of(32, 32, 32, 16)),
    "kernel/cholesky/512": kernel(jnp.linalg.cholesky, definite),
    "kernel/solve/512": kernel(lambda x, a: jnp.linalg.solve(a, x), of(512, 512), definite),
    "kernel/svd/256": kernel(lambda x: jnp.linalg.svd(x), of(256, 256)),
    "kernel/solve/1024x8x8": kernel(jnp.linalg.solve, lambda: of(1024, 8, 8)() + 8 * jnp.eye(8), of(1024, 8, 1)),
    "kernel/bmm/1024x8x8": kernel(jnp.matmul, of(1024, 8, 8), of(1024, 8, 8)),
    "kernel/matmul/4x4096x1024": kernel(jnp.matmul, of(4, 4096), of(4096, 1024)),
    "kernel/fft/1K": kernel(jnp.fft.fft, complex_of(1024)),
    "kernel/fft/1000": kernel(jnp.fft.fft, complex_of(1000)),
    "kernel/fft/64x1024": kernel(jnp.fft.fft, complex_of(64, 1024)),
    "kernel/fft/rfft-64x1024": kernel(jnp.fft.rfft, of(64, 1024)),
    "kernel/fft/irfft-64x1024": kernel(jnp.fft.irfft, complex_of(64, 513)),
    "kernel/fft/2d-256": kernel(jnp.fft.fft2, complex_of(256, 256)),
    "train/xor/4": train(xor, run_xor, of(4, 2), of(4, 1), loss=lambda y, target: ((y - target) ** 2).mean()),
    "train/mlp/1-sgd": train(mlp, run_mlp, of(1, 784), ids(10, 1), optax.sgd(1e-3)),
    "train/mlp/64": train(mlp, run_mlp, of(64, 784), ids(10, 64)),
    "train/mlp/512": train(mlp, run_mlp, of(512, 784), ids(10, 512)),
    "train/custom-mlp": train(mlp, run_custom_mlp, of(64, 784), ids(10, 64)),
    "train/lenet/64": train(lenet, run_lenet, of(64, 28, 28, 1), ids(10, 64)),
    "train/convnet/32": train(convnet, run_convnet, of(32, 32, 32, 3), ids(10, 32)),
    "train/simple-recurrent/32x50": train(simple, run_simple, *sequences),
    "train/lstm/32x50": train(lstm, run_lstm, *sequences),
    "train/gru/32x50": train(gru, run_gru, *sequences),
    "train/gpt/16x64": train(gpt, run_gpt, ids(65, 16, 64), ids(65, 16, 64), optax.adamw(1e-3)),
    "infer/mlp/1": infer(mlp, run_mlp, of(1, 784)),
    "infer/policy/1": infer(policy, run_policy, of(1, 4)),
    "train/policy/8": train(policy, run_policy, of(8, 4), of(8, 2), loss=lambda y, target: ((y - target) ** 2).mean()),
    "infer/lenet/1": infer(lenet, run_lenet, of(1, 28, 28, 1)),
    "infer/gpt/1x64": infer(gpt, run_gpt, ids(65, 1, 64)),
}


def depthwise(stride=1):
    def run(x, w):
        edge = w.shape[0] // 2
        return jax.lax.conv_general_dilated(
            x, w, (stride, stride), [(edge, edge)] * 2, feature_group_count=64, dimension_numbers=("NHWC", "HWIO", "NHWC"))

    return run


def mean_pool(x):
    return jax.lax.reduce_window(x, 0.0, jax.lax.add, (1, 2, 2, 1), (1, 2, 2, 1), "VALID") / 4


def mean_of_neighbours(x):
    """As images lie in JAX, channels last; with the padding's zeros in the mean."""
    return jax.lax.reduce_window(x, 0.0, jax.lax.add, (1, 3, 3, 1), (1, 1, 1, 1), "SAME") / 9


def batch_norm(x, mean, variance, w, b):
    return (x - mean) * jax.lax.rsqrt(variance + 1e-5) * w + b


images = of(16, 32, 32, 64)
both = jax.grad(lambda x, w: (depthwise()(x, w) ** 2).sum(), argnums=(0, 1))
rows |= {
    "kernel/add-row/1024x1024": kernel(lambda x, y: x + y, square, of(1024)),
    "kernel/multiply-column/1024x1024": kernel(lambda x, y: x * y, square, of(1024, 1)),
    "kernel/dot/1M": kernel(jnp.dot, of(1 << 20), of(1 << 20)),
    "kernel/leaky-relu/1M": kernel(jax.nn.leaky_relu, of(1 << 20)),
    "kernel/channels-last/32x64x32x32": kernel(lambda x: x.transpose(0, 2, 3, 1) + 0, of(32, 64, 32, 32)),
    "kernel/permutation/1M": kernel(lambda key: jax.random.permutation(key, 1 << 20), lambda: jax.random.key(0)),
    "kernel/sum/262144x4": kernel(lambda x: x.sum(1), of(1 << 18, 4)),
    "kernel/max/131072x10": kernel(lambda x: x.max(1), of(1 << 17, 10)),
    "kernel/argmax/131072x10": kernel(lambda x: x.argmax(1), of(1 << 17, 10)),
    "kernel/softmax/65536x10": kernel(jax.nn.softmax, of(1 << 16, 10)),
    "kernel/any-columns/1024x1024": kernel(lambda x: x.any(0), square),
    "kernel/searchsorted/256K-in-64K": kernel(jnp.searchsorted, lambda: jnp.sort(normal(1 << 16)), of(1 << 18)),
    "kernel/depthwise-3x3/16x64x32x32": kernel(depthwise(), images, of(3, 3, 1, 64)),
    "kernel/depthwise-5x5-stride-2/16x64x32x32": kernel(depthwise(2), images, of(5, 5, 1, 64)),
    "kernel/depthwise-3x3-gradient/16x64x32x32": kernel(both, images, of(3, 3, 1, 64)),
    "kernel/meanpool/16x32x56x56": kernel(mean_pool, of(16, 56, 56, 32)),
    "kernel/meanpool-3x3/16x32x56x56": kernel(mean_of_neighbours, of(16, 56, 56, 32)),
    "kernel/batchnorm-infer/32x64x32x32": kernel(
        batch_norm, of(32, 32, 32, 64), of(64), lambda: jnp.abs(normal(64)) + 0.1, of(64), of(64)),
    "kernel/sum-channels/32x64x32x32": kernel(lambda x: x.sum((0, 1, 2)), of(32, 32, 32, 64)),
}



def resize(height, width):
    """Without the wider weights that JAX gives smaller images unless told, as PyTorch and Fluxion do."""
    return lambda x: jax.image.resize(x, (x.shape[0], height, width, x.shape[3]), "bilinear", antialias=False)


def conv2d(stride, edge):
    return lambda x, w: jax.lax.conv_general_dilated(
        x, w, (stride, stride), [(edge, edge)] * 2, dimension_numbers=("NHWC", "HWIO", "NHWC"))


def attention(is_causal):
    """[batch, time, heads, features], as JAX has it."""
    return lambda q, k, v: jax.nn.dot_product_attention(q, k, v, is_causal=is_causal)


def gradient(function):
    return jax.grad(lambda x: (function(x) ** 2).sum())


def symmetric():
    x = normal(64, 64)
    return x + x.T


def double(n):
    """A row in float64, which JAX has only where it is switched on."""

    def prepare():
        with jax.enable_x64(True):
            x, y = (jnp.asarray(random.normal(size=(n, n)), jnp.float64) for _ in range(2))
            job = jax.jit(jnp.matmul)

        def call():
            with jax.enable_x64(True):
                return job(x, y)

        return call

    return prepare


def wide_dense():
    return [dense(1024, 2048), dense(2048, 2048), dense(2048, 10)]


def encoder(width, blocks):
    def block():
        return {
            "norm1": affine(width), "norm2": affine(width), "qkv": dense(width, 3 * width), "out": dense(width, width),
            "up": dense(width, 4 * width), "down": dense(4 * width, width),
        }  # fmt: skip

    return {"blocks": [block() for _ in range(blocks)], "out": dense(width, 10)}


def run_blocks(blocks, x, heads, activation):
    for block in blocks:
        q, k, v = (part.reshape(*x.shape[:2], heads, -1) for part in jnp.split(apply(block["qkv"], x), 3, -1))
        x = norm(block["norm1"], x + apply(block["out"], jax.nn.dot_product_attention(q, k, v).reshape(x.shape)))
        x = norm(block["norm2"], x + apply(block["down"], activation(apply(block["up"], x))))
    return x


def run_encoder(heads):
    return lambda p, x: apply(p["out"], run_blocks(p["blocks"], x, heads, jax.nn.relu).mean(1))


def minilm():
    """The sizes of all-MiniLM-L6-v2."""
    return {"words": normal(30522, 384), "places": normal(512, 384), "norm": affine(384), "blocks": encoder(384, 6)["blocks"]}


def run_minilm(p, ids):
    x = norm(p["norm"], p["words"][ids] + p["places"][: ids.shape[1]])
    return run_blocks(p["blocks"], x, 12, lambda x: jax.nn.gelu(x, approximate=False)).mean(1)


def lstm_step(p, x, hidden, cell):
    i, f, g, o = jnp.split(x @ p["x"] + p["b"] + hidden @ p["h"] + p["bh"], 4, -1)
    cell = jax.nn.sigmoid(f) * cell + jax.nn.sigmoid(i) * jnp.tanh(g)
    return jax.nn.sigmoid(o) * jnp.tanh(cell), cell


def gru_step(p, x, hidden):
    r, u, n = jnp.split(x @ p["x"] + p["b"], 3, -1)
    hr, hu, hn = jnp.split(hidden @ p["h"] + p["bh"], 3, -1)
    r, u = jax.nn.sigmoid(r + hr), jax.nn.sigmoid(u + hu)
    return (1 - u) * jnp.tanh(n + r * hn) + u * hidden


def linear(x, w, b):
    return x @ w.T + b


long, one = of(1, 1024, 8, 64), of(1, 256)
rows |= {
    "kernel/resize-up/8x16x64x64-160x160": kernel(resize(160, 160), of(8, 64, 64, 16)),
    "kernel/resize-down/8x16x128x128-56x56": kernel(resize(56, 56), of(8, 128, 128, 16)),
    "kernel/elu-gradient/1M": kernel(gradient(jax.nn.elu), of(1 << 20)),
    "kernel/relu-gradient/1M": kernel(gradient(jax.nn.relu), of(1 << 20)),
    "kernel/pad/16x32x56x56-2": kernel(lambda x: jnp.pad(x, [(0, 0), (2, 2), (2, 2), (0, 0)]), of(16, 56, 56, 32)),
    "kernel/qr/64": kernel(jnp.linalg.qr, of(64, 64)),
    "kernel/eigh/64": kernel(jnp.linalg.eigh, symmetric),
    "kernel/conv2d-stride-2/16x64x32x32-128": kernel(conv2d(2, 1), images, of(3, 3, 64, 128)),
    "kernel/conv2d-1x1/16x256x14x14-256": kernel(conv2d(1, 0), of(16, 14, 14, 256), of(1, 1, 256, 256)),
    "kernel/conv2d-5x5/16x32x28x28-64": kernel(conv2d(1, 2), of(16, 28, 28, 32), of(5, 5, 32, 64)),
    "kernel/attention/1x8x1024x64": kernel(attention(False), long, long, long),
    "kernel/attention-causal/1x8x1024x64": kernel(attention(True), long, long, long),
    "kernel/linear/256x1024x2048": kernel(linear, of(256, 1024), of(2048, 1024), of(2048)),
    "kernel/linear/1x384x1536": kernel(linear, of(1, 384), of(1536, 384), of(1536)),
    "kernel/matmul-float64/256": double(256),
    "kernel/matmul-float64/1024": double(1024),
    "kernel/scatter-add/16384x64-4096": kernel(
        lambda x, values, ids: x.at[ids].add(values), of(4096, 64), of(16384, 64), ids(4096, 16384)),
    "kernel/std-columns/4096x256": kernel(lambda x: x.std(0, ddof=1), of(4096, 256)),
    "train/wide-dense/256": train(wide_dense, run_mlp, of(256, 1024), ids(10, 256)),
    "train/encoder-256/8x128": train(lambda: encoder(256, 2), run_encoder(4), of(8, 128, 256), ids(10, 8), optax.adamw(1e-3)),
    "infer/lstm-step/1x256": kernel(lstm_step, lambda: gates(256, 256, 4), one, one, one),
    "infer/gru-step/1x256": kernel(gru_step, lambda: gates(256, 256, 3), one, one),
    "infer/gru-step/1x32": kernel(gru_step, lambda: gates(32, 128, 3), of(1, 32), of(1, 128)),
    "infer/encoder-384/1x128": infer(lambda: encoder(384, 4), run_encoder(6), of(1, 128, 384)),
    "infer/minilm/1x32": infer(minilm, run_minilm, ids(30522, 1, 32)),
    "infer/minilm/16x128": infer(minilm, run_minilm, ids(30522, 16, 128)),
}

timing.run("jax", rows, options, jax.block_until_ready)
