"""PyTorch's state_dicts of a LeNet, an LSTM, a GPT and a convolution with batch norm as safetensors, and an input of each with PyTorch's
output: Tests/FluxionTests/Golden/lenet.safetensors, lstm.safetensors, gpt.safetensors, batchnorm.safetensors, state-dicts.safetensors.

usage: state_dicts.py [--full] [DIRECTORY]

The parameters have the names that the modules give them. The last file has `lenet.input`, `lenet.output` (in inference mode) and so on. Sizes are scaled down to files that can be committed; --full writes the sizes of the benchmarks (LeNet of 28 by 28 digits, LSTM of
2 layers of 256, GPT of 4 blocks of 128).
"""

import argparse
import pathlib

import torch
import torch.nn as nn
import torch.nn.functional as F
from safetensors.torch import save_file

parser = argparse.ArgumentParser()
parser.add_argument("--full", action="store_true")
parser.add_argument("directory", nargs="?", default=pathlib.Path(__file__).parent.parent / "FluxionTests" / "Golden")
options = parser.parse_args()
full = options.full
torch.manual_seed(7)


def lenet(side, c1, c2, h1, h2):
    flat = c2 * ((side // 2 - 4) // 2) ** 2
    return nn.Sequential(
        nn.Conv2d(1, c1, 5, padding=2), nn.ReLU(), nn.MaxPool2d(2), nn.Conv2d(c1, c2, 5), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten(),
        nn.Linear(flat, h1), nn.ReLU(), nn.Linear(h1, h2), nn.ReLU(), nn.Linear(h2, 10))


class LSTM(nn.Module):
    def __init__(self, inputs, hidden):
        super().__init__()
        self.lstm = nn.LSTM(inputs, hidden, 2, batch_first=True)
        self.out = nn.Linear(hidden, inputs)

    def forward(self, x):
        return self.out(self.lstm(x)[0])


class Block(nn.Module):
    def __init__(self, d, h):
        super().__init__()
        self.n1, self.n2 = nn.LayerNorm(d), nn.LayerNorm(d)
        self.qkv, self.o = nn.Linear(d, 3 * d), nn.Linear(d, d)
        self.up, self.down = nn.Linear(d, 4 * d), nn.Linear(4 * d, d)
        self.h = h

    def forward(self, x):
        B, T, D = x.shape
        q, k, v = [t.view(B, T, self.h, D // self.h).transpose(1, 2) for t in self.qkv(self.n1(x)).chunk(3, -1)]
        x = x + self.o(F.scaled_dot_product_attention(q, k, v, is_causal=True).transpose(1, 2).reshape(B, T, D))
        return x + self.down(F.gelu(self.up(self.n2(x))))


class GPT(nn.Module):
    def __init__(self, V, d, h, n, T):
        super().__init__()
        self.e, self.p = nn.Embedding(V, d), nn.Embedding(T, d)
        self.b, self.n, self.u = nn.Sequential(*[Block(d, h) for _ in range(n)]), nn.LayerNorm(d), nn.Linear(d, V)

    def forward(self, x):
        return self.u(self.n(self.b(self.e(x) + self.p(torch.arange(x.shape[1])))))


side = 28 if full else 20
normalised = nn.Sequential(
    nn.Sequential(nn.Conv2d(1, 3, 3, bias=False), nn.BatchNorm2d(3), nn.ReLU()), nn.Flatten(), nn.Linear(108, 4))
for _ in range(3):
    normalised(2 * torch.randn(8, 1, 8, 8) + 1)
rows = {
    "lenet": (lenet(28, 6, 16, 120, 84) if full else lenet(20, 3, 4, 24, 16), torch.randn(4, 1, side, side)),
    "lstm": (LSTM(64, 256), torch.randn(4, 50, 64)) if full else (LSTM(8, 24), torch.randn(2, 12, 8)),
    "gpt": (
        (GPT(65, 128, 4, 4, 64), torch.randint(0, 65, (2, 64))) if full else (GPT(17, 24, 3, 2, 16), torch.randint(0, 17, (2, 16)))),
    "batchnorm": (normalised, torch.randn(2, 1, 8, 8)),
}
answers = {}
for name, (model, x) in rows.items():
    model.eval()
    with torch.no_grad():
        # Parameters that are not as they begin: a LayerNorm's ones and zeros would hide which is which.
        for parameter in model.parameters():
            parameter.add_(0.02 * torch.randn_like(parameter))
        y = model(x)
    tensors = {key: value.contiguous() for key, value in model.state_dict().items()}
    answers[f"{name}.input"], answers[f"{name}.output"] = x, y
    path = pathlib.Path(options.directory) / f"{name}.safetensors"
    save_file(tensors, path, metadata={"format": "pt"})
    print(f"{path}: {path.stat().st_size} bytes, {sum(t.numel() for t in tensors.values())} parameters")
save_file(answers, pathlib.Path(options.directory) / "state-dicts.safetensors")
