"""Reads a directory of event files with TensorBoard's own code: `tensorboard_events.py DIRECTORY`, as TensorBoardTests.swift calls it.

Prints one JSON object: by tag the steps and values of scalars, the sums of histograms, the sizes and first pixels of images, texts, and the nodes of the graph.
"""

import io
import json
import sys

from PIL import Image
from tensorboard.backend.event_processing import event_accumulator
from tensorboard.compat.proto import graph_pb2


def picture(event):
    image = Image.open(io.BytesIO(event.encoded_image_string))
    image.load()
    return {"step": event.step, "size": [event.width, event.height], "mode": image.mode, "pixels": list(image.tobytes())}


def main(directory):
    events = event_accumulator.EventAccumulator(directory, size_guidance={kind: 0 for kind in event_accumulator.DEFAULT_SIZE_GUIDANCE})
    events.Reload()
    tags = events.Tags()
    found = {
        "scalars": {tag: [[e.step, e.value] for e in events.Scalars(tag)] for tag in tags["scalars"]},
        "images": {tag: [picture(e) for e in events.Images(tag)] for tag in tags["images"]},
        "histograms": {
            tag: [[e.step, e.histogram_value.min, e.histogram_value.max, e.histogram_value.num, sum(e.histogram_value.bucket),
                   len(e.histogram_value.bucket_limit)] for e in events.Histograms(tag)]
            for tag in tags["histograms"]
        },
        "texts": {tag: [t.decode() for e in events.Tensors(tag) for t in e.tensor_proto.string_val] for tag in tags["tensors"]},
        "graph": [],
    }
    if tags["graph"]:
        graph = events.Graph()
        assert isinstance(graph, graph_pb2.GraphDef)
        found["graph"] = [
            [n.name, n.op, list(n.input), [d.size for s in n.attr["_output_shapes"].list.shape for d in s.dim]] for n in graph.node
        ]
    print(json.dumps(found))


main(*sys.argv[1:])
