"""Writes Tests/FluxionTests/Golden/images.json: what PyTorch's layers for images and its normalisations give, in float64.

    python3 -m pip install torch
    python3 Tests/Golden/images.py

The same file comes out every time: inputs and parameters are fixed pseudo-random multiples of 1/64. Results have twelve digits.

    {"torch": the version of PyTorch that computed the numbers,
     "cases": [{
       "name": "BatchNorm2d/images", PyTorch's layer and what is special about it,
       "parameters": {name: tensor}, under PyTorch's names,
       "steps": [{
         "mode": "training" or "inference",
         "x":         tensor,
         "y":         tensor, the layer's output,
         "upstream":  tensor of the output's shape,
         "gradients": {name: tensor}, the gradient of sum(y * upstream) for x and each parameter,
         "state":     {name: tensor}, what the layer keeps, after the step
       }]
     }]}

A tensor is {"shape", "dtype": "float64" or "int64", "values"}, its values flat, in row-major order; a scalar's shape is [].
"""

import json
import pathlib
import random

import torch
from torch import nn

OUTPUT = pathlib.Path(__file__).resolve().parent.parent / "FluxionTests" / "Golden" / "images.json"

generator = random.Random(2017)
cases = []


def multiples(*shape, low=-192, high=192):
    """Numbers between low/64 and high/64, exact in every dtype."""
    count = torch.Size(shape).numel()
    return torch.tensor([generator.randint(low, high) / 64 for _ in range(count)], dtype=torch.float64).reshape(shape)


def distinct(*shape):
    """Numbers of which no two are equal, so that a largest one is one."""
    values = list(range(torch.Size(shape).numel()))
    generator.shuffle(values)
    return torch.tensor([value / 64 - 0.5 for value in values], dtype=torch.float64).reshape(shape)


def written(x):
    values = x.detach().flatten().tolist()
    if x.dtype == torch.float64:
        values = [float(f"{value:.12g}") for value in values]
    return {"shape": list(x.shape), "dtype": str(x.dtype).removeprefix("torch."), "values": values}


def case(name, layer, *inputs, training=None):
    """Runs the layer on the inputs, one step each, and keeps what comes out; the first `training` ones in training mode."""
    layer = layer.double()
    with torch.no_grad():
        for parameter in layer.parameters():
            parameter.copy_(multiples(*parameter.shape, low=-64, high=64))
    parameters = {key: written(value) for key, value in layer.named_parameters()}
    steps = []
    for index, x in enumerate(inputs):
        is_training = training is None or index < training
        layer.train(is_training)
        x = x.clone().requires_grad_()
        y = layer(x)
        upstream = multiples(*y.shape, low=-64, high=64)
        names = ["x"] + [key for key, _ in layer.named_parameters()]
        gradients = torch.autograd.grad((y * upstream).sum(), [x] + list(layer.parameters()))
        steps.append({
            "mode": "training" if is_training else "inference", "x": written(x), "y": written(y), "upstream": written(upstream),
            "gradients": {key: written(gradient) for key, gradient in zip(names, gradients)},
            "state": {key: written(value) for key, value in layer.named_buffers()},
        })
    cases.append({"name": name, "parameters": parameters, "steps": steps})


def convolutions():
    case("Conv1d/plain", nn.Conv1d(3, 4, 3), multiples(2, 3, 7))
    case("Conv1d/stride, padding, dilation", nn.Conv1d(2, 3, 3, stride=2, padding=2, dilation=2), multiples(2, 2, 9))
    case("Conv2d/plain", nn.Conv2d(2, 3, 3), multiples(2, 2, 5, 4))
    case("Conv2d/same", nn.Conv2d(2, 3, (3, 4), padding="same", dilation=(2, 1)), multiples(1, 2, 5, 6))
    case("Conv2d/without a batch", nn.Conv2d(2, 3, 3, padding=1), multiples(2, 4, 5))
    case("Conv2d/without bias", nn.Conv2d(2, 3, 3, stride=(1, 2), padding=(1, 0), bias=False), multiples(2, 2, 4, 5))
    case("Conv2d/groups", nn.Conv2d(4, 6, 3, padding=1, groups=2), multiples(1, 4, 4, 4))
    case("Conv2d/depthwise", nn.Conv2d(3, 6, 3, groups=3), multiples(2, 3, 4, 4))
    for mode in ("reflect", "replicate", "circular"):
        case(f"Conv2d/{mode}", nn.Conv2d(1, 2, 3, padding=(1, 2), stride=2, padding_mode=mode), multiples(2, 1, 4, 5))
    case("Conv2d/reflect, same", nn.Conv2d(1, 2, (2, 3), padding="same", padding_mode="reflect"), multiples(1, 1, 4, 5))
    case("Conv3d/plain", nn.Conv3d(2, 2, 2), multiples(1, 2, 3, 3, 4))
    case("Conv3d/strides", nn.Conv3d(1, 2, (2, 3, 2), stride=(1, 2, 1), padding=(1, 0, 1)), multiples(1, 1, 3, 5, 2))


def transposed():
    case("ConvTranspose1d/plain", nn.ConvTranspose1d(3, 2, 3), multiples(2, 3, 4))
    case("ConvTranspose1d/output padding", nn.ConvTranspose1d(2, 3, 3, stride=3, padding=1, output_padding=2), multiples(2, 2, 4))
    case("ConvTranspose2d/plain", nn.ConvTranspose2d(2, 3, 4, stride=2, padding=1), multiples(2, 2, 3, 2))
    case("ConvTranspose2d/groups, dilation", nn.ConvTranspose2d(4, 6, (2, 3), groups=2, dilation=(2, 1), bias=False), multiples(1, 4, 3, 2))
    case("ConvTranspose3d/output padding", nn.ConvTranspose3d(2, 2, 2, stride=(2, 1, 2), output_padding=(1, 0, 1)), multiples(1, 2, 2, 2, 2))


def pools():
    case("MaxPool1d/plain", nn.MaxPool1d(2), distinct(2, 3, 5))
    case("MaxPool2d/plain", nn.MaxPool2d(2), distinct(2, 2, 4, 5))
    case("MaxPool2d/all", nn.MaxPool2d(3, stride=2, padding=1, dilation=(1, 2), ceil_mode=True), distinct(1, 2, 6, 7))
    case("MaxPool2d/without a batch", nn.MaxPool2d((2, 1)), distinct(3, 4, 4))
    case("MaxPool3d/plain", nn.MaxPool3d(2, stride=1), distinct(1, 2, 3, 3, 2))
    case("AvgPool1d/plain", nn.AvgPool1d(2), multiples(2, 3, 5))
    case("AvgPool2d/plain", nn.AvgPool2d(2), multiples(2, 2, 4, 5))
    case("AvgPool2d/padding", nn.AvgPool2d(3, stride=2, padding=1, ceil_mode=True), multiples(1, 2, 6, 5))
    case("AvgPool2d/padding not counted", nn.AvgPool2d(3, stride=2, padding=1, count_include_pad=False), multiples(1, 2, 6, 5))
    case("AvgPool2d/divisor", nn.AvgPool2d(2, divisor_override=3), multiples(1, 2, 4, 4))
    case("AvgPool3d/plain", nn.AvgPool3d(2, stride=1), multiples(1, 2, 3, 3, 2))
    case("AdaptiveMaxPool1d/plain", nn.AdaptiveMaxPool1d(3), distinct(2, 2, 7))
    case("AdaptiveMaxPool2d/sizes", nn.AdaptiveMaxPool2d((3, 2)), distinct(2, 2, 5, 4))
    case("AdaptiveAvgPool2d/plain", nn.AdaptiveAvgPool2d(3), multiples(2, 2, 5, 7))
    case("AdaptiveAvgPool3d/sizes", nn.AdaptiveAvgPool3d((1, 2, 2)), multiples(1, 2, 3, 3, 4))
    case("AdaptiveAvgPool2d/1 and Flatten", nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Flatten()), multiples(2, 3, 4, 3))
    case("AdaptiveMaxPool2d/1 and Flatten", nn.Sequential(nn.AdaptiveMaxPool2d(1), nn.Flatten()), distinct(2, 3, 4, 3))


def normalizations():
    def batches(*shape):
        # Three to train on, whose statistics differ, and one to answer.
        return [multiples(*shape) * scale + shift for scale, shift in ((1.0, 0.0), (0.5, 2.0), (2.0, -1.0), (1.0, 0.5))]

    case("BatchNorm1d/features", nn.BatchNorm1d(3), *batches(5, 3), training=3)
    case("BatchNorm1d/signals", nn.BatchNorm1d(3), *batches(2, 3, 4), training=3)
    case("BatchNorm2d/images", nn.BatchNorm2d(2), *batches(3, 2, 3, 4), training=3)
    case("BatchNorm3d/volumes", nn.BatchNorm3d(2), *batches(2, 2, 2, 2, 3), training=3)
    case("BatchNorm2d/momentum, epsilon", nn.BatchNorm2d(2, momentum=0.25, eps=0.5), *batches(2, 2, 2, 3), training=3)
    case("BatchNorm2d/mean over all batches", nn.BatchNorm2d(2, momentum=None), *batches(2, 2, 2, 3), training=3)
    case("BatchNorm2d/not affine", nn.BatchNorm2d(2, affine=False), *batches(2, 2, 2, 3), training=3)
    case("BatchNorm2d/not tracking", nn.BatchNorm2d(2, track_running_stats=False), *batches(2, 2, 2, 3), training=3)
    case("LayerNorm/last axis", nn.LayerNorm(5), multiples(2, 3, 5), multiples(4, 5), training=1)
    case("LayerNorm/two axes", nn.LayerNorm((3, 4)), multiples(2, 3, 4))
    case("LayerNorm/without bias", nn.LayerNorm(5, bias=False, eps=0.25), multiples(3, 5))
    case("LayerNorm/not affine", nn.LayerNorm(5, elementwise_affine=False), multiples(3, 5))
    case("GroupNorm/images", nn.GroupNorm(2, 4), multiples(2, 4, 2, 3), multiples(1, 4, 2, 3), training=1)
    case("GroupNorm/not affine", nn.GroupNorm(3, 6, affine=False, eps=0.25), multiples(2, 6, 3))
    case("InstanceNorm1d/plain", nn.InstanceNorm1d(3), *batches(2, 3, 4)[:2], training=1)
    case("InstanceNorm2d/affine", nn.InstanceNorm2d(2, affine=True), *batches(2, 2, 3, 2)[:2], training=1)
    case("InstanceNorm2d/tracking", nn.InstanceNorm2d(2, affine=True, track_running_stats=True), *batches(3, 2, 3, 2), training=3)
    case("InstanceNorm3d/tracking, not affine", nn.InstanceNorm3d(2, momentum=0.25, track_running_stats=True), *batches(2, 2, 2, 2, 1),
         training=3)
    case("RMSNorm/last axis", nn.RMSNorm(5), multiples(2, 3, 5))
    case("RMSNorm/two axes", nn.RMSNorm((3, 4), eps=0.25), multiples(2, 3, 4))
    case("RMSNorm/not affine", nn.RMSNorm(5, elementwise_affine=False), multiples(3, 5))


def others():
    case("PReLU/one", nn.PReLU(), multiples(3, 4))
    case("PReLU/channels", nn.PReLU(3), multiples(2, 3, 2, 2))
    case("PixelShuffle/2", nn.PixelShuffle(2), multiples(2, 8, 2, 3))
    case("PixelUnshuffle/2", nn.PixelUnshuffle(2), multiples(1, 2, 4, 6))
    case("Upsample/nearest", nn.Upsample(scale_factor=2), multiples(1, 2, 2, 3))
    case("Upsample/nearest-exact", nn.Upsample(size=5, mode="nearest-exact"), multiples(1, 2, 3))
    case("Upsample/linear", nn.Upsample(scale_factor=1.5, mode="linear"), multiples(1, 2, 4))
    case("Upsample/bilinear", nn.Upsample(scale_factor=(2, 3), mode="bilinear"), multiples(1, 2, 2, 3))
    case("Upsample/bilinear, corners", nn.Upsample(size=(3, 5), mode="bilinear", align_corners=True), multiples(1, 2, 2, 3))
    case("Upsample/bicubic", nn.Upsample(scale_factor=2, mode="bicubic"), multiples(1, 1, 3, 3))
    case("Upsample/trilinear", nn.Upsample(scale_factor=2, mode="trilinear"), multiples(1, 1, 2, 2, 2))
    case("ZeroPad2d/plain", nn.ZeroPad2d(1), multiples(1, 2, 2, 3))
    # PyTorch names the last axis' sides first.
    case("ConstantPad2d/sides", nn.ConstantPad2d((0, 2, 1, -1), 0.5), multiples(1, 2, 2, 3))
    case("ReflectionPad1d/plain", nn.ReflectionPad1d(2), multiples(1, 2, 4))
    case("ReplicationPad3d/plain", nn.ReplicationPad3d(1), multiples(1, 1, 2, 1, 2))
    case("CircularPad2d/sizes", nn.CircularPad2d((2, 2, 1, 1)), multiples(1, 2, 2, 3))
    case("Flatten/plain", nn.Flatten(), multiples(2, 2, 3, 2))
    case("Flatten/axes", nn.Flatten(2, 3), multiples(2, 2, 3, 2, 2))
    case("Unflatten/plain", nn.Unflatten(1, (2, 3, 1)), multiples(2, 6))


def main():
    torch.set_num_threads(1)
    convolutions()
    transposed()
    pools()
    normalizations()
    others()
    lines = ",\n".join(json.dumps(case, allow_nan=False, separators=(",", ":")) for case in cases)
    OUTPUT.parent.mkdir(parents=True, exist_ok=True)
    OUTPUT.write_text(f'{{"torch":"{torch.__version__.split("+")[0]}","cases":[\n{lines}\n]}}\n')


main()
