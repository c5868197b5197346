"""Writes Tests/FluxionTests/Golden/attention.json: outputs and gradients of embeddings, attention and transformer blocks, as PyTorch computes
them in float64.

    python3 -m pip install torch
    python3 Tests/Golden/attention.py

The same file comes out every time: parameters and inputs are fixed pseudo-random multiples of 1/64.

    {"torch": the version of PyTorch that computed the numbers,
     "cases": [{
       "name": "attention/causal",
       "layer": "attention", the part of the name before the first slash,
       "options": {name: value},
       "parameters": {PyTorch's name: tensor},
       "inputs": {name: tensor}: x, and where there are such: keys, values, memory, z, offsets, factors, mask, keyMask, memoryKeyMask,
       "output": tensor,
       "weights": tensor [batch, heads, queries, keys], for attention,
       "upstream": tensor of the output's shape,
       "gradients": {name: tensor}, the gradient of sum(output * upstream) for each input of floats that is no mask,
       "parameterGradients": {name: tensor}
     }]}

A tensor is {"shape", "dtype": "float64", "int64" or "bool", "values"}, its values flat, in row-major order.
Masks of bools are true where a query sees a key, the other way round than PyTorch's.
"""

import json
import pathlib
import random

import torch
from torch import nn

OUTPUT = pathlib.Path(__file__).resolve().parent.parent / "FluxionTests" / "Golden" / "attention.json"
BATCH, QUERIES, KEYS, FEATURES, HEADS = 2, 3, 4, 4, 2

generator = random.Random(2017)
cases = []


def multiples(*shape, low=-64, high=64):
    """Numbers between low/64 and high/64, exact in every dtype."""
    count = torch.Size(shape).numel()
    return torch.tensor([generator.randint(low, high) / 64 for _ in range(count)], dtype=torch.float64).reshape(shape)


def written(x):
    kind = str(x.dtype).removeprefix("torch.")
    return {"shape": list(x.shape), "dtype": kind, "values": x.detach().to(torch.float64).flatten().tolist()}


def case(name, module, options, inputs, run):
    """Runs `run(module, inputs)`, which gives the output, or the output and the attention's weights."""
    module = module.to(torch.float64).train()
    with torch.no_grad():
        for parameter in module.parameters():
            parameter.copy_(multiples(*parameter.shape))
    isTrained = lambda key: inputs[key].is_floating_point() and "ask" not in key
    given = {key: x.clone().requires_grad_(isTrained(key)) for key, x in inputs.items()}
    result = run(module, given)
    output, weights = result if isinstance(result, tuple) else (result, None)
    upstream = multiples(*output.shape)
    names = [key for key in inputs if isTrained(key)]
    parameters = dict(module.named_parameters())
    gradients = torch.autograd.grad(
        (output * upstream).sum(), [given[key] for key in names] + list(parameters.values()), allow_unused=True, materialize_grads=True)
    row = {
        "name": name, "layer": name.split("/")[0], "options": options,
        "parameters": {key: written(x) for key, x in parameters.items()}, "inputs": {key: written(x) for key, x in inputs.items()},
        "output": written(output), "upstream": written(upstream),
        "gradients": {key: written(x) for key, x in zip(names, gradients)},
        "parameterGradients": {key: written(x) for key, x in zip(parameters, gradients[len(names):])},
    }
    if weights is not None:
        row["weights"] = written(weights)
    cases.append(row)


def hidden(mask):
    """PyTorch's mask: true where a query does not see a key."""
    return None if mask is None else ~mask if mask.dtype == torch.bool else mask


def causal(length):
    return torch.tril(torch.ones(length, length, dtype=torch.bool))


def attention():
    def run(module, x):
        keys = x.get("keys", x["x"])
        mask = hidden(x.get("mask"))
        if mask is not None and mask.dim() == 4:
            mask = mask.flatten(0, 1)
        elif mask is not None and mask.dim() == 3:
            mask = mask.repeat_interleave(HEADS, dim=0)
        return module(
            x["x"], keys, x.get("values", keys), key_padding_mask=hidden(x.get("keyMask")), attn_mask=mask, need_weights=True,
            average_attn_weights=False)

    x, keys, values = multiples(BATCH, QUERIES, FEATURES), multiples(BATCH, KEYS, FEATURES), multiples(BATCH, KEYS, FEATURES)
    some = torch.tensor([[True, False, True], [True, True, False], [False, True, True]])
    padding = torch.tensor([[True, True, True, False], [True, True, False, False]])
    rows = [
        ("self", {}, {"x": x}),
        ("no-bias", {"hasBias": False}, {"x": x}),
        ("causal", {"isCausal": True}, {"x": x, "mask": causal(QUERIES)}),
        ("mask", {}, {"x": x, "mask": some}),
        ("mask-of-numbers", {}, {"x": x, "mask": multiples(QUERIES, QUERIES)}),
        ("mask-by-sequence", {}, {"x": x, "mask": torch.stack([some, some.T])}),
        ("mask-by-head", {}, {"x": x, "mask": multiples(BATCH, HEADS, QUERIES, QUERIES)}),
        ("cross", {}, {"x": x, "keys": keys}),
        ("cross-values", {}, {"x": x, "keys": keys, "values": values}),
        ("cross-key-mask", {}, {"x": x, "keys": keys, "keyMask": padding}),
        ("key-mask-and-mask", {}, {"x": x, "keys": keys, "keyMask": padding, "mask": torch.ones(QUERIES, KEYS, dtype=torch.bool).tril(1)}),
        ("widths", {"keyFeatures": 3, "valueFeatures": 6},
         {"x": x, "keys": multiples(BATCH, KEYS, 3), "values": multiples(BATCH, KEYS, 6)}),
        ("widths-no-bias", {"keyFeatures": 3, "valueFeatures": 6, "hasBias": False},
         {"x": x, "keys": multiples(BATCH, KEYS, 3), "values": multiples(BATCH, KEYS, 6)}),
    ]
    for name, options, inputs in rows:
        module = nn.MultiheadAttention(
            FEATURES, HEADS, bias=options.get("hasBias", True), kdim=options.get("keyFeatures"), vdim=options.get("valueFeatures"),
            batch_first=True)
        case(f"attention/{name}", module, options, inputs, run)


def blocks():
    x, memory = multiples(BATCH, QUERIES, FEATURES), multiples(BATCH, KEYS, FEATURES)
    present = torch.tensor([[True, True, True], [True, True, False]])
    padding = torch.tensor([[True, True, True, False], [True, True, False, False]])

    def encode(module, x):
        mask = {"src_mask" if isinstance(module, nn.TransformerEncoderLayer) else "mask": hidden(x.get("mask"))}
        return module(x["x"], **mask, src_key_padding_mask=hidden(x.get("keyMask")))

    def decode(module, x):
        return module(
            x["x"], x["memory"], tgt_mask=hidden(x.get("mask")), tgt_key_padding_mask=hidden(x.get("keyMask")),
            memory_key_padding_mask=hidden(x.get("memoryKeyMask")))

    rows = [
        ("post-norm", {}, {}),
        ("pre-norm-gelu", {"normsFirst": True, "activation": "gelu"}, {}),
        ("causal", {"isCausal": True}, {"mask": causal(QUERIES)}),
        ("pre-norm-causal", {"normsFirst": True, "isCausal": True}, {"mask": causal(QUERIES)}),
        ("no-bias", {"hasBias": False}, {}),
        ("epsilon", {"epsilon": 0.5}, {}),
    ]
    for name, options, masks in rows:
        settings = {
            "dim_feedforward": 6, "dropout": 0.0, "activation": options.get("activation", "relu"), "batch_first": True,
            "norm_first": options.get("normsFirst", False), "bias": options.get("hasBias", True),
            "layer_norm_eps": options.get("epsilon", 1e-5)}
        case(f"encoderBlock/{name}", nn.TransformerEncoderLayer(FEATURES, HEADS, **settings), options, {"x": x, **masks}, encode)
        case(
            f"decoderBlock/{name}", nn.TransformerDecoderLayer(FEATURES, HEADS, **settings), options,
            {"x": x, "memory": memory, **masks}, decode)
    settings = {"dim_feedforward": 6, "dropout": 0.0, "batch_first": True}
    encoder, decoder = nn.TransformerEncoderLayer(FEATURES, HEADS, **settings), nn.TransformerDecoderLayer(FEATURES, HEADS, **settings)
    case("encoderBlock/key-mask", encoder, {}, {"x": x, "keyMask": present}, encode)
    case("decoderBlock/key-masks", decoder, {}, {"x": x, "memory": memory, "keyMask": present, "memoryKeyMask": padding}, decode)
    case("encoder/norm", nn.TransformerEncoder(encoder, 2, nn.LayerNorm(FEATURES), enable_nested_tensor=False), {}, {"x": x}, encode)
    case(
        "decoder/causal", nn.TransformerDecoder(decoder, 2), {"isCausal": True}, {"x": x, "memory": memory, "mask": causal(QUERIES)}, decode)


def tables():
    ids = torch.tensor([[0, 3, 3], [2, 0, 4]])
    for name, options in (("plain", {}), ("padding", {"padding": 3}), ("padding-from-last", {"padding": -2}),
                          ("frequency", {"scalesByFrequency": True})):
        module = nn.Embedding(5, 3, padding_idx=options.get("padding"), scale_grad_by_freq=options.get("scalesByFrequency", False))
        case(f"embedding/{name}", module, options, {"x": ids}, lambda module, x: module(x["x"]))
    flat, offsets = torch.tensor([0, 3, 3, 2, 0, 4]), torch.tensor([0, 4, 4])
    for reduction in ("sum", "mean", "max"):
        for name, options in (("", {}), ("-padding", {"padding": 3})):
            module = nn.EmbeddingBag(5, 3, mode=reduction, padding_idx=options.get("padding"))
            options = {**options, "reduction": reduction}
            case(f"embeddingBag/{reduction}{name}", module, options, {"x": ids}, lambda module, x: module(x["x"]))
            case(
                f"embeddingBag/{reduction}{name}-offsets", module, options, {"x": flat, "offsets": offsets},
                lambda module, x: module(x["x"], x["offsets"]))
    case(
        "embeddingBag/weighted", nn.EmbeddingBag(5, 3, mode="sum"), {"reduction": "sum"}, {"x": ids, "factors": multiples(2, 3)},
        lambda module, x: module(x["x"], per_sample_weights=x["factors"]))
    for name, options in (("plain", {}), ("no-bias", {"hasBias": False})):
        case(
            f"bilinear/{name}", nn.Bilinear(3, 4, 2, bias=options.get("hasBias", True)), options,
            {"x": multiples(2, 5, 3), "z": multiples(2, 5, 4)}, lambda module, x: module(x["x"], x["z"]))


def main():
    torch.set_num_threads(1)
    attention()
    blocks()
    tables()
    lines = ",\n".join(json.dumps(case, allow_nan=False, separators=(",", ":")) for case in cases)
    OUTPUT.write_text(f'{{"torch":"{torch.__version__.split("+")[0]}","cases":[\n{lines}\n]}}\n')


main()
