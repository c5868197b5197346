"""Makes Tests/FluxionTests/Golden/metrics.json: scikit-learn's metrics, of classes, rankings and numbers.

    pip install scikit-learn numpy
    python Tests/Golden/metrics.py > Tests/FluxionTests/Golden/metrics.json

A list of cases: a name; outputs and targets with their shapes, ids where a list is of integers; weights or null; and each metric's value by its name, null where
it is NaN. Scores of classes are logits: scikit-learn is given their softmax.
"""

import json
import warnings

import numpy as np
from sklearn import metrics as sk

warnings.filterwarnings("ignore")
random = np.random.default_rng(7)


def softmax(x):
    e = np.exp(x - x.max(axis=-1, keepdims=True))
    return e / e.sum(axis=-1, keepdims=True)


def number(x):
    x = float(x)
    return None if np.isnan(x) else x


def classes(name, logits, labels, weights=None):
    """Scores [examples, classes] and ids."""
    predicted = logits.argmax(axis=1)
    w = dict(sample_weight=weights)
    count = logits.shape[1]
    values = {"accuracy": sk.accuracy_score(labels, predicted, **w)}
    for k in (2, 3):
        if k < count:
            values[f"top{k}"] = sk.top_k_accuracy_score(labels, logits, k=k, labels=range(count), **w)
    for average in ("macro", "micro", "weighted"):
        a = dict(average=average, zero_division=0, **w)
        values[f"precision {average}"] = sk.precision_score(labels, predicted, **a)
        values[f"recall {average}"] = sk.recall_score(labels, predicted, **a)
        values[f"f1 {average}"] = sk.f1_score(labels, predicted, **a)
        values[f"f2.0 {average}"] = sk.fbeta_score(labels, predicted, beta=2, **a)
    p = softmax(logits)
    values["perplexity"] = np.exp(sk.log_loss(labels, p, labels=range(count), **w))
    # Classes without examples, or without others, do not count.
    # Of two classes the figures are those of class 1.
    asked = [1] if count == 2 else range(count)
    present = [c for c in asked if 0 < (labels == c).sum() < len(labels)]
    values["auc"] = np.mean([sk.roc_auc_score(labels == c, p[:, c], **w) for c in present]) if present else np.nan
    there = [c for c in asked if (labels == c).any()]
    values["average precision"] = np.mean([sk.average_precision_score(labels == c, p[:, c], **w) for c in there])
    case = dict(name=name, outputs=logits.ravel().tolist(), shape=list(logits.shape), targets=labels.tolist(), targetShape=[len(labels)])
    case["weights"] = None if weights is None else weights.tolist()
    case["values"] = {k: number(v) for k, v in values.items()}
    case["confusion"] = sk.confusion_matrix(labels, predicted, labels=range(count), **w).ravel().tolist()
    case["byClass"] = sk.f1_score(labels, predicted, average=None, labels=range(count), zero_division=0, **w).tolist()
    return case


def binary(name, scores, labels, weights=None):
    """Scores of class 1 and 0 or 1."""
    predicted = (scores > 0).astype(int)
    w = dict(sample_weight=weights)
    a = dict(zero_division=0, **w)
    both = 0 < labels.sum() < len(labels)
    values = {
        "accuracy": sk.accuracy_score(labels, predicted, **w),
        "precision": sk.precision_score(labels, predicted, **a),
        "recall": sk.recall_score(labels, predicted, **a),
        "f1": sk.f1_score(labels, predicted, **a),
        "f1 macro": sk.f1_score(labels, predicted, average="macro", **a),
        "auc": sk.roc_auc_score(labels, scores, **w) if both else np.nan,
        "average precision": sk.average_precision_score(labels, scores, **w) if labels.any() else np.nan,
    }
    case = dict(name=name, outputs=scores.tolist(), shape=[len(scores)], targets=labels.tolist(), targetShape=[len(labels)])
    case["weights"] = None if weights is None else weights.tolist()
    case["values"] = {k: number(v) for k, v in values.items()}
    return case


def numbers(name, outputs, targets, weights=None):
    w = dict(sample_weight=weights)
    flat = (targets.reshape(len(targets), -1), outputs.reshape(len(outputs), -1))
    values = {
        "mae": sk.mean_absolute_error(*flat, **w),
        "mse": sk.mean_squared_error(*flat, **w),
        "rmse": np.sqrt(sk.mean_squared_error(*flat, **w)),
        "r2": sk.r2_score(*flat, **w),
    }
    case = dict(name=name, outputs=outputs.ravel().tolist(), shape=list(outputs.shape), targets=targets.ravel().astype(float).tolist())
    case["targetShape"] = list(targets.shape)
    case["weights"] = None if weights is None else weights.tolist()
    case["values"] = {k: number(v) for k, v in values.items()}
    return case


def r(*shape):
    return random.normal(size=shape).round(3)


ties = np.array([[1.0, 1, 0, 1], [0, 0, 0, 0], [2, 1, 2, 1], [0, 3, 3, 3], [1, 1, 1, 2], [0.5, 0.5, 0, 0]])
cases = [
    classes("four classes", r(23, 4), random.integers(0, 4, 23)),
    classes("four classes with weights", r(19, 4), random.integers(0, 4, 19), random.uniform(0.1, 3, 19).round(3)),
    classes("classes without examples", r(11, 5), np.array([0, 2, 2, 0, 2, 0, 0, 2, 2, 0, 2])),
    classes("two classes as scores of two", r(17, 2), random.integers(0, 2, 17)),
    classes("one class only", r(6, 3), np.full(6, 1)),
    # scikit-learn breaks ties of the top k the other way, so that they are tested by hand.
    {**classes("ties", ties[:, :2], np.array([0, 1, 0, 1, 1, 0]))},
    binary("binary", r(21), random.integers(0, 2, 21)),
    binary("binary with weights", r(15), random.integers(0, 2, 15), random.uniform(0.1, 3, 15).round(3)),
    binary("binary with equal scores", r(24).round(0), random.integers(0, 2, 24)),
    binary("all scores equal", np.full(6, 0.5), np.array([0, 1, 1, 0, 1, 0])),
    binary("no positives", r(5), np.zeros(5, int)),
    binary("no negatives", r(5), np.ones(5, int)),
    binary("never predicted", -abs(r(6)) - 0.1, np.array([0, 1, 1, 0, 1, 0])),
    numbers("numbers", r(12), r(12)),
    numbers("numbers with weights", r(12), r(12), random.uniform(0.1, 3, 12).round(3)),
    numbers("three outputs", r(9, 3), r(9, 3)),
    numbers("large targets", r(10) + 1e6, r(10) + 1e6),
    numbers("constant targets, met", np.full(4, 2.0), np.full(4, 2.0)),
    numbers("constant targets, missed", np.array([2.0, 2, 3, 2]), np.full(4, 2.0)),
    numbers("one example", r(1), r(1)),
]
print(json.dumps(cases, indent=None, separators=(",", ":")).replace('},{"name"', '},\n{"name"'))
