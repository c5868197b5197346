"""PyTorch's side of the benchmark rows: eager, or torch.compile with --compile.

With --compile each row is compiled for itself, and one that Dynamo left to the interpreter, as a whole or in parts, is told: rows that it cannot
compile by PyTorch's own account (RECURRENT) carry a note, any other gives no time, and the script ends with exit code 1.
"""

import inspect
import logging
import sys
import warnings

import torch
import torch._dynamo
import torch.nn.functional as F
from torch import nn, optim

import timing

# What Dynamo does not compile: PyTorch's recurrent layers, which run its own kernels for whole sequences.
RECURRENT = "Dynamo does not support RNN, GRU, or LSTM"

parser = timing.arguments(__doc__)
parser.add_argument("--compile", action="store_true", help="through torch.compile (needs g++)")
options = parser.parse_args()
warnings.filterwarnings("ignore")
torch.manual_seed(0)
torch.set_num_threads(options.threads)
if options.compile:
    # Beyond its limit of recompilations Dynamo throws instead of running eagerly.
    torch._dynamo.config.fail_on_recompile_limit_hit = True
    logging.getLogger("torch._dynamo").setLevel(logging.ERROR)

normal = torch.randn


def class_ids(classes, *shape):
    return torch.randint(0, classes, shape)


def compiled(function):
    return torch.compile(function) if options.compile else function


def begin():
    """Forgets what was compiled before. Rows share code objects, and of one of those Dynamo compiles eight variants; what comes after runs eagerly."""
    if options.compile:
        torch.compiler.reset()
        torch._dynamo.utils.counters.clear()


def eager_parts():
    """What Dynamo left to the interpreter since the row began: the reasons, none if all of it was compiled."""
    if not options.compile:
        return []
    counters = torch._dynamo.utils.counters
    reasons = [*counters["graph_break"], *counters["unimplemented"]]
    frames = counters["frames"]
    if frames["ok"] < max(1, frames["total"]) and not reasons:
        reasons.append(f"{frames['total'] - frames['ok']} of {frames['total']} frames were not compiled")
    return sorted({" ".join(reason.split("Hint:")[0].split()) for reason in reasons})


def fused(optimizer, parameters):
    """The optimizer with all its arithmetic in one kernel, where PyTorch has that."""
    settings = {"fused": True} if "fused" in inspect.signature(optimizer).parameters else {}
    return optimizer(parameters, lr=1e-3, **settings)


def kernel(function, *inputs):
    """A row that calls a function on tensors, without gradients; `inputs` makes each of them."""

    def prepare():
        tensors = [make() for make in inputs]
        job = compiled(lambda *x: function(*x))

        @torch.no_grad()
        def call():
            return job(*tensors)

        return call

    return prepare


def cross_entropy(logits, ids):
    return F.cross_entropy(logits.reshape(-1, logits.shape[-1]), ids.reshape(-1))


def mixed(function, is_mixed=True):
    """The function with matrix products and convolutions in bfloat16."""

    def call(*x):
        with torch.autocast("cpu", dtype=torch.bfloat16, enabled=is_mixed):
            return function(*x)

    return call


def train(make_model, x, y, optimizer=optim.Adam, loss=cross_entropy, is_mixed=False):
    """A row that is a whole training step: forward, backward, update."""

    def prepare():
        model, inputs, targets = make_model(), x(), y()
        updater = fused(optimizer, model.parameters())
        forward = compiled(mixed(lambda x, y: loss(model(x), y), is_mixed))

        def step():
            updater.zero_grad()
            forward(inputs, targets).backward()
            # One kernel for all parameters: nothing is left that could be compiled.
            updater.step()

        return step

    return prepare


def infer(make_model, x, is_mixed=False):
    """A row that is a model's answer."""

    def prepare():
        model = make_model().eval()
        return kernel(mixed(lambda x: model(x), is_mixed), x)()

    return prepare


# Models


def xor():
    return nn.Sequential(nn.Linear(2, 16), nn.Tanh(), nn.Linear(16, 1))


def policy():
    return nn.Sequential(nn.Linear(4, 32), nn.Tanh(), nn.Linear(32, 32), nn.Tanh(), nn.Linear(32, 2))


def mlp():
    return nn.Sequential(nn.Linear(784, 128), nn.ReLU(), nn.Linear(128, 64), nn.ReLU(), nn.Linear(64, 10))


class Mish(nn.Module):
    """An activation as a user writes it."""

    def forward(self, x):
        return x * torch.tanh(torch.log1p(torch.exp(x)))


def custom_mlp():
    return nn.Sequential(nn.Linear(784, 128), Mish(), nn.Linear(128, 64), Mish(), nn.Linear(64, 10))


def lenet():
    return nn.Sequential(
        nn.Conv2d(1, 6, 5, padding=2), nn.ReLU(), nn.MaxPool2d(2),
        nn.Conv2d(6, 16, 5), nn.ReLU(), nn.MaxPool2d(2),
        nn.Flatten(), nn.Linear(400, 120), nn.ReLU(), nn.Linear(120, 84), nn.ReLU(), nn.Linear(84, 10),
    )  # fmt: skip


def convnet():
    def block(inputs, outputs):
        return nn.Conv2d(inputs, outputs, 3, padding=1, bias=False), nn.BatchNorm2d(outputs), nn.ReLU()

    return nn.Sequential(
        *block(3, 32), nn.MaxPool2d(2), *block(32, 64), nn.MaxPool2d(2), *block(64, 128),
        nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(128, 10),
    )  # fmt: skip


class SimpleRecurrent(nn.Module):
    """hidden = sigmoid(Dense([x, hidden])), and a dense layer on it at each step."""

    def __init__(self):
        super().__init__()
        self.cell, self.out = nn.Linear(64 + 128, 128), nn.Linear(128, 64)

    def forward(self, x):
        hidden, outputs = torch.zeros(x.shape[0], 128), []
        for step in range(x.shape[1]):
            hidden = torch.sigmoid(self.cell(torch.cat([x[:, step], hidden], -1)))
            outputs.append(self.out(hidden))
        return torch.stack(outputs, 1)


class Gated(nn.Module):
    """An LSTM or a GRU, and a dense layer on each of its outputs."""

    def __init__(self, recurrent, hidden):
        super().__init__()
        self.recurrent, self.out = recurrent, nn.Linear(hidden, 64)

    def forward(self, x):
        return self.out(self.recurrent(x)[0])


class Block(nn.Module):
    """A pre-norm transformer block with causal attention."""

    def __init__(self, width, heads):
        super().__init__()
        self.heads = heads
        self.norm1, self.norm2 = nn.LayerNorm(width), nn.LayerNorm(width)
        self.qkv, self.out = nn.Linear(width, 3 * width), nn.Linear(width, width)
        self.up, self.down = nn.Linear(width, 4 * width), nn.Linear(4 * width, width)

    def forward(self, x):
        batch, length, width = x.shape
        q, k, v = (
            part.view(batch, length, self.heads, width // self.heads).transpose(1, 2) for part in self.qkv(self.norm1(x)).chunk(3, -1)
        )
        seen = F.scaled_dot_product_attention(q, k, v, is_causal=True)
        x = x + self.out(seen.transpose(1, 2).reshape(batch, length, width))
        return x + self.down(F.gelu(self.up(self.norm2(x))))


class GPT(nn.Module):
    def __init__(self, symbols=65, width=128, heads=4, blocks=4, length=64):
        super().__init__()
        self.symbols, self.positions = nn.Embedding(symbols, width), nn.Embedding(length, width)
        self.blocks = nn.Sequential(*[Block(width, heads) for _ in range(blocks)])
        self.norm, self.out = nn.LayerNorm(width), nn.Linear(width, symbols)

    def forward(self, ids):
        x = self.symbols(ids) + self.positions(torch.arange(ids.shape[1]))
        return self.out(self.norm(self.blocks(x)))


# Rows

rows = {}


def of(*shape):
    """What makes a tensor of a shape."""
    return lambda: normal(*shape)


def complex_of(*shape):
    """What makes a tensor of complex numbers."""
    return lambda: torch.complex(normal(*shape), normal(*shape))


for label, n in ("1K", 1 << 10), ("1M", 1 << 20), ("16M", 1 << 24):
    rows |= {
        f"kernel/add/{label}": kernel(lambda x, y: x + y, of(n), of(n)),
        f"kernel/exp/{label}": kernel(torch.exp, of(n)),
        f"kernel/tanh/{label}": kernel(torch.tanh, of(n)),
        f"kernel/sigmoid/{label}": kernel(torch.sigmoid, of(n)),
        f"kernel/gelu/{label}": kernel(F.gelu, of(n)),
        f"kernel/custom-mish/{label}": kernel(lambda x: x * torch.tanh(torch.log1p(torch.exp(x))), of(n)),
        f"kernel/sum/{label}": kernel(torch.sum, of(n)),
    }
for n in 64, 256, 1024, 2048:
    rows[f"kernel/matmul/{n}"] = kernel(torch.matmul, of(n, n), of(n, n))
square = of(1024, 1024)


def log_cosh(x, y):
    """A loss as a user writes it."""
    d = (x - y).abs()
    return (d + torch.log1p(torch.exp(-2 * d)) - 0.6931471805599453).mean()


def definite():
    x = normal(512, 512)
    return x @ x.t() + 512 * torch.eye(512)


rows |= {
    "kernel/linear/64x784x128": kernel(lambda x, w: x @ w.t(), of(64, 784), of(128, 784)),
    "kernel/bmm/64x64x32x64": kernel(torch.matmul, of(64, 64, 32), of(64, 32, 64)),
    "kernel/softmax/1024x1024": kernel(lambda x: torch.softmax(x, -1), square),
    "kernel/softmax-columns/1024x1024": kernel(lambda x: torch.softmax(x, 0), square),
    "kernel/layernorm/1024x1024": kernel(lambda x: F.layer_norm(x, (1024,)), square),
    "kernel/custom-loss/1M": kernel(log_cosh, of(1 << 20), of(1 << 20)),
    "kernel/transpose-copy/1024x1024": kernel(lambda x: x.t().contiguous(), square),
    "kernel/add-transposed/1024x1024": kernel(lambda x: x + x.t(), square),
    "kernel/sum-rows/1024x1024": kernel(lambda x: x.sum(1), square),
    "kernel/sum-columns/1024x1024": kernel(lambda x: x.sum(0), square),
    "kernel/argmax-rows/1024x1024": kernel(lambda x: x.argmax(1), square),
    "kernel/cumsum/1M": kernel(lambda x: x.cumsum(0), of(1 << 20)),
    "kernel/sort/1M": kernel(lambda x: x.sort()[0], of(1 << 20)),
    "kernel/embedding/1024x128": kernel(lambda table, ids: table[ids], of(10000, 128), lambda: class_ids(10000, 1024)),
    "kernel/conv2d/32x3x32x32-16": kernel(lambda x, w: F.conv2d(x, w, padding=1), of(32, 3, 32, 32), of(16, 3, 3, 3)),
    "kernel/conv2d/16x64x16x16-64": kernel(lambda x, w: F.conv2d(x, w, padding=1), of(16, 64, 16, 16), of(64, 64, 3, 3)),
    "kernel/conv2d/8x64x56x56-128-stride2": kernel(
        lambda x, w: F.conv2d(x, w, stride=2, padding=1), of(8, 64, 56, 56), of(128, 64, 3, 3)),
    "kernel/conv2d/8x256x14x14-256-1x1": kernel(F.conv2d, of(8, 256, 14, 14), of(256, 256, 1, 1)),
    "kernel/conv2d/8x32x28x28-64-5x5": kernel(lambda x, w: F.conv2d(x, w, padding=2), of(8, 32, 28, 28), of(64, 32, 5, 5)),
    "kernel/bilinear/8x32x64x64": kernel(lambda x: F.interpolate(x, size=128, mode="bilinear"), of(8, 32, 64, 64)),
    "kernel/pad/8x64x56x56": kernel(lambda x: F.pad(x, (1, 1, 1, 1)), of(8, 64, 56, 56)),
    "kernel/pad-reflect/8x64x56x56": kernel(lambda x: F.pad(x, (2, 2, 2, 2), mode="reflect"), of(8, 64, 56, 56)),
    "kernel/attention-causal/2x8x1024x64": kernel(
        lambda q, k, v: F.scaled_dot_product_attention(q, k, v, is_causal=True),
        of(2, 8, 1024, 64), of(2, 8, 1024, 64), of(2, 8, 1024, 64)),
    "kernel/maxpool/32x16x32x32": kernel(lambda x: F.max_pool2d(x, 2), of(32, 16, 32, 32)),
    "kernel/cholesky/512": kernel(torch.linalg.cholesky, definite),
    "kernel/solve/512": kernel(lambda x, a: torch.linalg.solve(a, x), of(512, 512), definite),
    "kernel/svd/256": kernel(torch.linalg.svd, of(256, 256)),
    "kernel/solve/1024x8x8": kernel(torch.linalg.solve, lambda: of(1024, 8, 8)() + 8 * torch.eye(8), of(1024, 8, 1)),
    "kernel/bmm/1024x8x8": kernel(torch.matmul, of(1024, 8, 8), of(1024, 8, 8)),
    "kernel/matmul/4x4096x1024": kernel(torch.matmul, of(4, 4096), of(4096, 1024)),
    "kernel/fft/1K": kernel(torch.fft.fft, complex_of(1024)),
    "kernel/fft/1000": kernel(torch.fft.fft, complex_of(1000)),
    "kernel/fft/64x1024": kernel(torch.fft.fft, complex_of(64, 1024)),
    "kernel/fft/rfft-64x1024": kernel(torch.fft.rfft, of(64, 1024)),
    "kernel/fft/irfft-64x1024": kernel(torch.fft.irfft, complex_of(64, 513)),
    "kernel/fft/2d-256": kernel(torch.fft.fft2, complex_of(256, 256)),
    "kernel/fft/stft-16x16000": kernel(
        lambda x, w: torch.stft(x, 512, 128, window=w, return_complex=True), of(16, 16000), lambda: torch.hann_window(512)),
    "train/xor/4": train(xor, of(4, 2), of(4, 1), loss=F.mse_loss),
    "train/mlp/1-sgd": train(mlp, of(1, 784), lambda: class_ids(10, 1), optim.SGD),
    "train/mlp/64": train(mlp, of(64, 784), lambda: class_ids(10, 64)),
    "train/mlp/512": train(mlp, of(512, 784), lambda: class_ids(10, 512)),
    "train/custom-mlp": train(custom_mlp, of(64, 784), lambda: class_ids(10, 64)),
    "train/lenet/64": train(lenet, of(64, 1, 28, 28), lambda: class_ids(10, 64)),
    "train/convnet/32": train(convnet, of(32, 3, 32, 32), lambda: class_ids(10, 32)),
    "train/simple-recurrent/32x50": train(SimpleRecurrent, of(32, 50, 64), lambda: class_ids(64, 32, 50)),
    "train/lstm/32x50": train(
        lambda: Gated(nn.LSTM(64, 256, 2, batch_first=True), 256), of(32, 50, 64), lambda: class_ids(64, 32, 50)),
    "train/gru/32x50": train(lambda: Gated(nn.GRU(64, 128, batch_first=True), 128), of(32, 50, 64), lambda: class_ids(64, 32, 50)),
    "train/gpt/16x64": train(GPT, lambda: class_ids(65, 16, 64), lambda: class_ids(65, 16, 64), optim.AdamW),
    "infer/mlp/1": infer(mlp, of(1, 784)),
    "infer/policy/1": infer(policy, of(1, 4)),
    "train/policy/8": train(policy, of(8, 4), of(8, 2), loss=F.mse_loss),
    "infer/lenet/1": infer(lenet, of(1, 1, 28, 28)),
    "infer/gpt/1x64": infer(GPT, lambda: class_ids(65, 1, 64)),
}



def depthwise(size, stride=1):
    return lambda x, w: F.conv2d(x, w, stride=stride, padding=size // 2, groups=64)


def gradients(function, *inputs):
    """A row that is both directions of a function's sum of squares."""

    def prepare():
        tensors = [make().requires_grad_() for make in inputs]
        job = compiled(lambda *x: (function(*x) ** 2).sum())
        return lambda: torch.autograd.grad(job(*tensors), tensors)

    return prepare


images = of(16, 64, 32, 32)
wide = of(32, 64, 32, 32)
rows |= {
    "kernel/add-row/1024x1024": kernel(lambda x, y: x + y, square, of(1024)),
    "kernel/multiply-column/1024x1024": kernel(lambda x, y: x * y, square, of(1024, 1)),
    "kernel/dot/1M": kernel(torch.dot, of(1 << 20), of(1 << 20)),
    "kernel/leaky-relu/1M": kernel(F.leaky_relu, of(1 << 20)),
    "kernel/channels-last/32x64x32x32": kernel(lambda x: x.permute(0, 2, 3, 1).contiguous(), wide),
    "kernel/permutation/1M": kernel(lambda: torch.randperm(1 << 20)),
    "kernel/sum/262144x4": kernel(lambda x: x.sum(1), of(1 << 18, 4)),
    "kernel/max/131072x10": kernel(lambda x: x.amax(1), of(1 << 17, 10)),
    "kernel/argmax/131072x10": kernel(lambda x: x.argmax(1), of(1 << 17, 10)),
    "kernel/softmax/65536x10": kernel(lambda x: x.softmax(-1), of(1 << 16, 10)),
    "kernel/any-columns/1024x1024": kernel(lambda x: x.any(0), square),
    "kernel/searchsorted/256K-in-64K": kernel(torch.searchsorted, lambda: torch.randn(1 << 16).sort().values, of(1 << 18)),
    "kernel/depthwise-3x3/16x64x32x32": kernel(depthwise(3), images, of(64, 1, 3, 3)),
    "kernel/depthwise-5x5-stride-2/16x64x32x32": kernel(depthwise(5, 2), images, of(64, 1, 5, 5)),
    "kernel/depthwise-3x3-gradient/16x64x32x32": gradients(depthwise(3), images, of(64, 1, 3, 3)),
    "kernel/meanpool/16x32x56x56": kernel(lambda x: F.avg_pool2d(x, 2), of(16, 32, 56, 56)),
    "kernel/meanpool-3x3/16x32x56x56": kernel(lambda x: F.avg_pool2d(x, 3, 1, 1), of(16, 32, 56, 56)),
    "kernel/batchnorm-infer/32x64x32x32": kernel(
        lambda x, mean, variance, w, b: F.batch_norm(x, mean, variance, w, b), wide, of(64), lambda: torch.rand(64) + 0.1, of(64), of(64)),
    "kernel/sum-channels/32x64x32x32": kernel(lambda x: x.sum((0, 2, 3)), wide),
}



def resize(height, width):
    return lambda x: F.interpolate(x, (height, width), mode="bilinear", align_corners=False)


def causal(is_causal):
    return lambda q, k, v: F.scaled_dot_product_attention(q, k, v, is_causal=is_causal)


def double(*shape):
    return lambda: torch.randn(*shape, dtype=torch.float64)


def symmetric():
    x = normal(64, 64)
    return x + x.t()


def wide_dense():
    return nn.Sequential(nn.Linear(1024, 2048), nn.ReLU(), nn.Linear(2048, 2048), nn.ReLU(), nn.Linear(2048, 10))


class Encoder(nn.Module):
    """Post-norm transformer blocks and a class for each sequence."""

    def __init__(self, width, heads, blocks):
        super().__init__()
        layer = nn.TransformerEncoderLayer(width, heads, 4 * width, dropout=0, batch_first=True)
        self.blocks, self.out = nn.TransformerEncoder(layer, blocks, enable_nested_tensor=False), nn.Linear(width, 10)

    def forward(self, x):
        return self.out(self.blocks(x).mean(1))


class MiniLM(nn.Module):
    """The sizes of all-MiniLM-L6-v2: token ids to a vector for each text."""

    def __init__(self):
        super().__init__()
        layer = nn.TransformerEncoderLayer(384, 12, 1536, dropout=0, activation="gelu", batch_first=True)
        self.words, self.places, self.norm = nn.Embedding(30522, 384), nn.Embedding(512, 384), nn.LayerNorm(384)
        self.blocks = nn.TransformerEncoder(layer, 6, enable_nested_tensor=False)

    def forward(self, ids):
        return self.blocks(self.norm(self.words(ids) + self.places.weight[: ids.shape[1]])).mean(1)


def step(make_cell):
    """A row that is one step of a recurrent cell from its state before."""

    def prepare():
        cell = make_cell().eval()
        x, hidden = normal(1, cell.input_size), normal(1, cell.hidden_size)
        state = (hidden, normal(1, cell.hidden_size)) if isinstance(cell, nn.LSTMCell) else hidden
        return kernel(lambda x: cell(x, state), lambda: x)()

    return prepare


long = of(1, 8, 1024, 64)
rows |= {
    "kernel/resize-up/8x16x64x64-160x160": kernel(resize(160, 160), of(8, 16, 64, 64)),
    "kernel/resize-down/8x16x128x128-56x56": kernel(resize(56, 56), of(8, 16, 128, 128)),
    "kernel/elu-gradient/1M": gradients(F.elu, of(1 << 20)),
    "kernel/relu-gradient/1M": gradients(F.relu, of(1 << 20)),
    "kernel/pad/16x32x56x56-2": kernel(lambda x: F.pad(x, (2, 2, 2, 2)), of(16, 32, 56, 56)),
    "kernel/qr/64": kernel(torch.linalg.qr, of(64, 64)),
    "kernel/eigh/64": kernel(torch.linalg.eigh, symmetric),
    "kernel/conv2d-stride-2/16x64x32x32-128": kernel(lambda x, w: F.conv2d(x, w, stride=2, padding=1), images, of(128, 64, 3, 3)),
    "kernel/conv2d-1x1/16x256x14x14-256": kernel(F.conv2d, of(16, 256, 14, 14), of(256, 256, 1, 1)),
    "kernel/conv2d-5x5/16x32x28x28-64": kernel(lambda x, w: F.conv2d(x, w, padding=2), of(16, 32, 28, 28), of(64, 32, 5, 5)),
    "kernel/attention/1x8x1024x64": kernel(causal(False), long, long, long),
    "kernel/attention-causal/1x8x1024x64": kernel(causal(True), long, long, long),
    "kernel/linear/256x1024x2048": kernel(F.linear, of(256, 1024), of(2048, 1024), of(2048)),
    "kernel/linear/1x384x1536": kernel(F.linear, of(1, 384), of(1536, 384), of(1536)),
    "kernel/matmul-float64/256": kernel(torch.matmul, double(256, 256), double(256, 256)),
    "kernel/matmul-float64/1024": kernel(torch.matmul, double(1024, 1024), double(1024, 1024)),
    "kernel/scatter-add/16384x64-4096": kernel(
        lambda x, values, ids: x.index_add(0, ids, values), of(4096, 64), of(16384, 64), lambda: class_ids(4096, 16384)),
    "kernel/std-columns/4096x256": kernel(lambda x: x.std(0), of(4096, 256)),
    "train/wide-dense/256": train(wide_dense, of(256, 1024), lambda: class_ids(10, 256)),
    "train/encoder-256/8x128": train(lambda: Encoder(256, 4, 2), of(8, 128, 256), lambda: class_ids(10, 8), optim.AdamW),
    "infer/lstm-step/1x256": step(lambda: nn.LSTMCell(256, 256)),
    "infer/gru-step/1x256": step(lambda: nn.GRUCell(256, 256)),
    "infer/gru-step/1x32": step(lambda: nn.GRUCell(32, 128)),
    "infer/encoder-384/1x128": infer(lambda: Encoder(384, 6, 4), of(1, 128, 384)),
    "infer/minilm/1x32": infer(MiniLM, lambda: class_ids(30522, 1, 32)),
    "infer/minilm/16x128": infer(MiniLM, lambda: class_ids(30522, 16, 128)),
    # Mixed precision.
    "train/wide-dense/256/bf16": train(wide_dense, of(256, 1024), lambda: class_ids(10, 256), is_mixed=True),
    "train/encoder-256/8x128/bf16": train(
        lambda: Encoder(256, 4, 2), of(8, 128, 256), lambda: class_ids(10, 8), optim.AdamW, is_mixed=True
    ),
    "train/gpt/16x64/bf16": train(GPT, lambda: class_ids(65, 16, 64), lambda: class_ids(65, 16, 64), optim.AdamW, is_mixed=True),
    "infer/gpt/1x64/bf16": infer(GPT, lambda: class_ids(65, 1, 64), is_mixed=True),
    "infer/encoder-384/1x128/bf16": infer(lambda: Encoder(384, 6, 4), of(1, 128, 384), is_mixed=True),
    "infer/minilm/16x128/bf16": infer(MiniLM, lambda: class_ids(30522, 16, 128), is_mixed=True),
}


def check(figures):
    """Adds what ran eagerly; whether that is as it should be."""
    if "error" in figures:
        return "recompile" not in figures["error"].lower()
    reasons = eager_parts()
    if not reasons:
        return True
    if all(RECURRENT in reason for reason in reasons):
        figures["eager"] = RECURRENT
        return True
    figures.pop("us", None)
    figures["error"] = "not all of it was compiled: " + "; ".join(reasons)[:400]
    return False


wrong = timing.run("torch.compile" if options.compile else "torch", rows, options, begin=begin, check=check)
if wrong:
    sys.exit(f"torch.compile left {len(wrong)} rows to the interpreter: {', '.join(wrong)}")
