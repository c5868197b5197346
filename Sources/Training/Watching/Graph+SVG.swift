import Foundation
import Tensors

extension Graph {
  /// The graph as a picture, inputs above: a box for each operator with its shape and model part, arrows from values to those that take them.
  ///
  ///     try graph.svg(title: "LeNet").write(toFile: "model.svg", atomically: true, encoding: .utf8)
  ///
  /// Constants are left out: they are the numbers and tables that the function itself brings along.
  public func svg(title: String = "Graph") -> String {
    let drawing = GraphDrawing(self)
    var parts = SVG.begin(
      width: drawing.width, height: drawing.height, title: title,
      subtitle: "\(nodes.count) operators, \(inputs.count) inputs, \(outputs.count) results")
    parts += drawing.elements
    parts.append("</svg>")
    return parts.joined(separator: "\n") + "\n"
  }
}

/// Boxes in ranks, each below what it takes; in a rank each as near to the middle of what it takes as it can be.
private struct GraphDrawing {
  private struct Box {
    let text: String
    let detail: String
    let fill: String
    let rank: Int
    let operands: [Int]
    var column = 0.0
  }
  private static let size = (width: 184.0, height: 40.0, apart: 20.0, below: 36.0, margin: 32.0, top: 88.0)
  private var boxes: [Box] = []
  private var columns = 0.0
  private var ranks = 0

  init(_ graph: Graph) {
    var boxOf: [Int: Int] = [:]
    func shape(_ value: Int) -> String { "\(graph.values[value].dtype) \(graph.values[value].shape)" }
    for input in graph.inputs {
      boxOf[input] = boxes.count
      boxes.append(Box(text: "input \(input)", detail: shape(input), fill: "#eff6ff", rank: 0, operands: []))
    }
    for node in graph.nodes {
      let operands = node.inputs.compactMap { boxOf[$0] }
      let rank = (operands.map { boxes[$0].rank }.max() ?? 0) + 1
      boxOf[node.output] = boxes.count
      let detail = shape(node.output) + (node.part.isEmpty ? "" : ", \(node.part)")
      boxes.append(
        Box(
          text: node.formula ?? node.operation, detail: detail, fill: graph.outputs.contains(node.output) ? "#ecfdf5" : "#f9fafb",
          rank: rank, operands: Array(Set(operands)).sorted()))
    }
    ranks = (boxes.map(\.rank).max() ?? 0) + 1
    var widest = 1
    for rank in 0..<ranks {
      let members = boxes.indices.filter { boxes[$0].rank == rank }
      widest = max(widest, members.count)
      func middle(_ i: Int) -> Double {
        let operands = boxes[i].operands
        return operands.isEmpty ? 0 : operands.reduce(0) { $0 + boxes[$1].column } / Double(operands.count)
      }
      let order = members.map { ($0, middle($0)) }.sorted { ($0.1, $0.0) < ($1.1, $1.0) }
      var last = -Double.infinity
      for (i, at) in order {
        boxes[i].column = max(at, last + 1)
        last = boxes[i].column
      }
    }
    columns = (boxes.map(\.column).max() ?? 0) + 1
  }

  var width: Double { max(420, columns * (Self.size.width + Self.size.apart) - Self.size.apart + 2 * Self.size.margin) }
  var height: Double { Double(ranks) * (Self.size.height + Self.size.below) - Self.size.below + Self.size.top + Self.size.margin }

  private func corner(_ box: Box) -> (x: Double, y: Double) {
    (
      Self.size.margin + box.column * (Self.size.width + Self.size.apart),
      Self.size.top + Double(box.rank) * (Self.size.height + Self.size.below)
    )
  }

  var elements: [String] {
    let (w, h) = (Self.size.width, Self.size.height)
    var parts: [String] = []
    // Arrows first: boxes lie above those that pass them.
    for box in boxes {
      let (x, y) = corner(box)
      for operand in box.operands {
        let (a, b) = corner(boxes[operand])
        let (from, to, bend) = ((a + w / 2, b + h), (x + w / 2, y), (y - b - h) / 2)
        let curve = [from.0, from.1, from.0, from.1 + bend, to.0, to.1 - bend, to.0, to.1].map(SVG.number)
        parts.append(
          "<path d=\"M\(curve[0]) \(curve[1]) C\(curve[2]) \(curve[3]) \(curve[4]) \(curve[5]) \(curve[6]) \(curve[7])\" fill=\"none\" "
            + "stroke=\"\(SVG.gray)\" stroke-opacity=\"0.6\"/>")
      }
    }
    for box in boxes {
      let (x, y) = corner(box)
      parts.append("<g><title>\(SVG.escaped("\(box.text): \(box.detail)"))</title>")
      parts.append(SVG.box(x, y, w, h, "rx=\"5\" fill=\"\(box.fill)\" stroke=\"\(SVG.grid)\""))
      parts.append(SVG.label(x + 8, y + 16, SVG.shortened(box.text, 26), SVG.ink, "font-size=\"12\""))
      parts.append(SVG.label(x + 8, y + 31, SVG.shortened(box.detail, 32), SVG.gray, "font-size=\"10\""))
      parts.append("</g>")
    }
    return parts
  }
}
