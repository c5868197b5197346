"""PyTorch's side of the benchmark rows: eager, or torch.compile with --compile."""

import warnings

import torch
import torch.nn.functional as F
from torch import nn, optim

import timing

parser = timing.arguments(__doc__)
parser.add_argument("--compile", action="store_true", help="through torch.compile (needs g++)")
options = parser.parse_args()
warnings.filterwarnings("ignore")
torch.manual_seed(0)
torch.set_num_threads(options.threads)

normal = torch.randn


def class_ids(classes, *shape):
    return torch.randint(0, classes, shape)


def compiled(function):
    return torch.compile(function) if options.compile else function


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


def train(make_model, x, y, optimizer=optim.Adam, loss=cross_entropy):
    """A row that is a whole training step: forward, backward, update."""

    def prepare():
        model, inputs, targets = make_model(), x(), y()
        updater = optimizer(model.parameters(), lr=1e-3)
        forward = compiled(lambda x, y: loss(model(x), y))
        update = compiled(lambda: updater.step()) if options.compile else updater.step

        def step():
            updater.zero_grad()
            forward(inputs, targets).backward()
            update()

        return step

    return prepare


def infer(make_model, x):
    """A row that is a model's answer."""

    def prepare():
        model = make_model().eval()
        return kernel(lambda x: model(x), x)()

    return prepare


# Models


def xor():
    return nn.Sequential(nn.Linear(2, 16), nn.Tanh(), nn.Linear(16, 1))


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
    "kernel/maxpool/32x16x32x32": kernel(lambda x: F.max_pool2d(x, 2), of(32, 16, 32, 32)),
    "kernel/cholesky/512": kernel(torch.linalg.cholesky, definite),
    "kernel/solve/512": kernel(lambda x, a: torch.linalg.solve(a, x), of(512, 512), definite),
    "kernel/svd/256": kernel(torch.linalg.svd, of(256, 256)),
    "kernel/solve/1024x8x8": kernel(torch.linalg.solve, lambda: of(1024, 8, 8)() + 8 * torch.eye(8), of(1024, 8, 1)),
    "kernel/bmm/1024x8x8": kernel(torch.matmul, of(1024, 8, 8), of(1024, 8, 8)),
    "kernel/matmul/4x4096x1024": kernel(torch.matmul, of(4, 4096), of(4096, 1024)),
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

timing.run("torch.compile" if options.compile else "torch", rows, options)
