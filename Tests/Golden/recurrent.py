"""Writes Tests/FluxionTests/Golden/recurrent.json: LSTM, GRU and RNN over sequences, as PyTorch computes them in float64.

    python3 -m pip install torch
    python3 Tests/Golden/recurrent.py

The same file comes out every time: inputs and parameters are fixed pseudo-random multiples of 1/64.

    {"torch": the version of PyTorch that computed the numbers,
     "cases": [{
       "name": "lstm/2-layers/lengths",
       "kind": "lstm", "gru", "rnn_tanh" or "rnn_relu",
       "inputs", "outputs", "layers", "isBidirectional": the model's sizes,
       "lengths": how many steps each sequence has, or null,
       "parameters":  {name: tensor}, by PyTorch's names,
       "input":       tensor [batch, time, inputs],
       "states":      {"hidden": tensor, "cell": tensor}, the first ones, [layers · directions, batch, outputs]; null where they are zeros,
       "output":      tensor, zeros behind a sequence's end,
       "last":        {"hidden": tensor, "cell": tensor}, the last states,
       "upstream":    tensor of the output's shape,
       "lastUpstream": {name: tensor}, of the last states' shapes,
       "inputGradient", "parameterGradients", "stateGradients": of sum(output * upstream) + sum(last * lastUpstream)
     }]}

A tensor is {"shape", "dtype", "values"}, its values flat, in row-major order.
"""

import json
import pathlib
import random

import torch
from torch import nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

OUTPUT = pathlib.Path(__file__).resolve().parent.parent / "FluxionTests" / "Golden" / "recurrent.json"
KINDS = {
    "lstm": lambda *sizes, **settings: nn.LSTM(*sizes, **settings),
    "gru": lambda *sizes, **settings: nn.GRU(*sizes, **settings),
    "rnn_tanh": lambda *sizes, **settings: nn.RNN(*sizes, nonlinearity="tanh", **settings),
    "rnn_relu": lambda *sizes, **settings: nn.RNN(*sizes, nonlinearity="relu", **settings),
}
INPUTS, OUTPUTS, TIME, BATCH = 3, 4, 5, 3

generator = random.Random(1997)
cases = []


def multiples(*shape, limit=64):
    """Numbers between -limit/64 and limit/64, exact in every dtype."""
    values = [generator.randint(-limit, limit) / 64 for _ in range(torch.Size(shape).numel())]
    return torch.tensor(values, dtype=torch.float64).reshape(shape)


def written(x):
    return {"shape": list(x.shape), "dtype": str(x.dtype).removeprefix("torch."), "values": x.detach().flatten().tolist()}


def case(name, kind, layers=1, bidirectional=False, lengths=None, bias=True, has_states=False):
    model = KINDS[kind](INPUTS, OUTPUTS, layers, batch_first=True, bidirectional=bidirectional, bias=bias).double()
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.copy_(multiples(*parameter.shape, limit=40))
    x = multiples(BATCH, TIME, INPUTS).requires_grad_()
    names = ["hidden", "cell"] if kind == "lstm" else ["hidden"]
    states = None
    if has_states:
        states = {key: multiples(layers * (2 if bidirectional else 1), BATCH, OUTPUTS).requires_grad_() for key in names}
    given = None if states is None else tuple(states.values()) if kind == "lstm" else states["hidden"]
    if lengths:
        output, last = model(pack_padded_sequence(x, lengths, batch_first=True, enforce_sorted=False), given)
        output, _ = pad_packed_sequence(output, batch_first=True, total_length=TIME)
    else:
        output, last = model(x, given)
    last = dict(zip(names, last if kind == "lstm" else [last]))
    upstream = multiples(*output.shape)
    last_upstream = {key: multiples(*value.shape) for key, value in last.items()}
    total = (output * upstream).sum() + sum((last[key] * last_upstream[key]).sum() for key in names)
    parameters = dict(model.named_parameters())
    variables = {"input": x, **parameters, **(states or {})}
    gradients = dict(zip(variables, torch.autograd.grad(total, list(variables.values()))))

    def all_written(values):
        return {key: written(value) for key, value in values.items()}

    cases.append({
        "name": name, "kind": kind, "inputs": INPUTS, "outputs": OUTPUTS, "layers": layers, "isBidirectional": bidirectional,
        "lengths": lengths, "parameters": all_written(parameters), "input": written(x),
        "states": None if states is None else all_written(states), "output": written(output), "last": all_written(last),
        "upstream": written(upstream), "lastUpstream": all_written(last_upstream), "inputGradient": written(gradients["input"]),
        "parameterGradients": {key: written(gradients[key]) for key in parameters},
        "stateGradients": None if states is None else {key: written(gradients[key]) for key in states},
    })


def main():
    torch.set_num_threads(1)
    for kind in ("lstm", "gru"):
        case(f"{kind}/1-layer", kind)
        case(f"{kind}/1-layer/states", kind, has_states=True)
        case(f"{kind}/1-layer/no-bias", kind, bias=False)
        case(f"{kind}/1-layer/lengths", kind, lengths=[3, 5, 1])
        case(f"{kind}/2-layers", kind, layers=2)
        case(f"{kind}/2-layers/lengths", kind, layers=2, lengths=[5, 2, 4], has_states=True)
        case(f"{kind}/bidirectional", kind, bidirectional=True)
        case(f"{kind}/bidirectional/lengths", kind, bidirectional=True, lengths=[2, 5, 3], has_states=True)
        case(f"{kind}/2-layers/bidirectional/lengths", kind, layers=2, bidirectional=True, lengths=[4, 1, 5])
    for kind in ("rnn_tanh", "rnn_relu"):
        case(f"{kind}/1-layer", kind, has_states=True)
        case(f"{kind}/1-layer/lengths", kind, lengths=[3, 5, 1])
        case(f"{kind}/2-layers", kind, layers=2)
        case(f"{kind}/bidirectional/lengths", kind, bidirectional=True, lengths=[2, 5, 3])
    lines = ",\n".join(json.dumps(case, allow_nan=False, separators=(",", ":")) for case in cases)
    OUTPUT.parent.mkdir(parents=True, exist_ok=True)
    OUTPUT.write_text(f'{{"torch":"{torch.__version__.split("+")[0]}","cases":[\n{lines}\n]}}\n')


main()
