import Tensors

/// One event as TensorBoard reads it (tensorflow/core/util/event.proto): when, at which step, and what.
struct TensorBoardEvent {
  enum Content {
    /// The first event of a file.
    case version
    /// Steps from this event's on, written by a process before, do not count any more.
    case restart
    case scalar(String, Double)
    case histogram(String, HistogramFigures)
    /// A PNG file.
    case image(String, width: Int, height: Int, channels: Int, png: [UInt8])
    case text(String, String)
    case graph([GraphNode])
  }

  /// Some values' range, sums, and counts by equal bins.
  struct HistogramFigures {
    var least: Double
    var largest: Double
    var sum: Double
    var sumOfSquares: Double
    /// The upper ends of bins.
    var limits: [Double]
    var counts: [Double]
  }

  /// A part of a model.
  struct GraphNode {
    var name: String
    var operation: String
    var inputs: [String]
    var shape: Shape?
    var parameters: Int
  }

  /// Seconds since 1970.
  var time: Double
  var step: Int
  var content: Content

  /// The message `Event`: wall_time 1, step 2, file_version 3, graph_def 4, summary 5, session_log 7.
  var bytes: [UInt8] {
    var event = ProtobufMessage()
    event.double(1, time)
    if step != 0 { event.integer(2, step) }
    switch content {
    case .version: event.text(3, "brain.Event:2")
    case .restart: event.message(7) { $0.integer(1, 1) }  // SessionLog.status = START
    case .graph(let nodes): event.bytes(4, Self.graph(nodes))
    case .scalar(let tag, let value): summary(&event, tag) { $0.float(2, Float(value)) }
    case .histogram(let tag, let figures): summary(&event, tag) { $0.message(5) { Self.histogram(figures, &$0) } }
    case .image(let tag, let width, let height, let channels, let png):
      summary(&event, tag) { value in
        value.message(4) { image in
          image.integer(1, height)
          image.integer(2, width)
          image.integer(3, channels)
          image.bytes(4, png)
        }
      }
    case .text(let tag, let text):
      summary(&event, tag) { value in
        value.message(8) { tensor in
          tensor.integer(1, 7)  // DT_STRING
          tensor.message(2) { shape in shape.message(2) { $0.integer(1, 1) } }
          tensor.text(8, text)
        }
        value.message(9) { metadata in metadata.message(1) { $0.text(1, "text") } }
      }
    }
    return event.bytes
  }

  /// `Summary` with one `Value`: tag 1, simple_value 2, image 4, histo 5, tensor 8, metadata 9.
  private func summary(_ event: inout ProtobufMessage, _ tag: String, _ body: (inout ProtobufMessage) -> Void) {
    event.message(5) { summary in
      summary.message(1) { value in
        value.text(1, tag)
        body(&value)
      }
    }
  }

  /// `HistogramProto`: min 1, max 2, num 3, sum 4, sum_squares 5, bucket_limit 6, bucket 7.
  private static func histogram(_ figures: HistogramFigures, _ message: inout ProtobufMessage) {
    message.double(1, figures.least)
    message.double(2, figures.largest)
    message.double(3, figures.counts.reduce(0, +))
    message.double(4, figures.sum)
    message.double(5, figures.sumOfSquares)
    message.packed(6, figures.limits)
    message.packed(7, figures.counts)
  }

  /// `GraphDef`: node 1, versions 4; `NodeDef`: name 1, op 2, input 3, attr 5.
  private static func graph(_ nodes: [GraphNode]) -> [UInt8] {
    var graph = ProtobufMessage()
    for node in nodes {
      graph.message(1) { message in
        message.text(1, node.name)
        message.text(2, node.operation)
        for input in node.inputs { message.text(3, input) }
        if let shape = node.shape {
          attribute("_output_shapes", &message) { value in
            value.message(1) { list in
              list.message(7) { shapes in for size in shape { shapes.message(2) { $0.integer(1, size) } } }
            }
          }
        }
        if node.parameters > 0 { attribute("parameters", &message) { $0.integer(3, node.parameters) } }
      }
    }
    graph.message(4) { $0.integer(1, 22) }
    return graph.bytes
  }

  private static func attribute(_ name: String, _ node: inout ProtobufMessage, _ value: (inout ProtobufMessage) -> Void) {
    node.message(5) { entry in
      entry.text(1, name)
      entry.message(2, value)
    }
  }
}
