import Fluxion

/// A matrix of counts with its row and column numbers; zeros as dots.
func table(_ counts: Tensor) -> String {
  let (rows, columns) = (counts.shape[0], counts.shape[1])
  let values = counts.scalars(Int.self)
  func cell(_ text: String) -> String { String(repeating: " ", count: max(0, 5 - text.count)) + text }
  var lines = [cell("") + "  " + (0..<columns).map { cell("\($0)") }.joined()]
  for row in 0..<rows {
    let cells = (0..<columns).map { values[row * columns + $0] }.map { cell($0 == 0 ? "·" : "\($0)") }
    lines.append(cell("\(row)") + " │" + cells.joined())
  }
  return lines.joined(separator: "\n")
}

/// Three digits that were read right, and three that were not, if there are as many.
func gallery(_ images: Tensor, labels: [Int], predictions: [Int]) -> String {
  let right = labels.indices.filter { labels[$0] == predictions[$0] }.prefix(3)
  let wrong = labels.indices.filter { labels[$0] != predictions[$0] }.prefix(3)
  return [right, wrong].filter { !$0.isEmpty }.map { row in
    let drawings = row.map { drawing(images[$0].scalars(Float.self)) }
    let captions = row.map { "\(labels[$0]), read as \(predictions[$0])" }
    return beside(zip(drawings, captions).map { $0 + [$1] })
  }.joined(separator: "\n\n")
}

/// An image as lines of half blocks, two pixels to a character, without its border, which MNIST's digits keep clear of.
private func drawing(_ pixels: [Float]) -> [String] {
  let side = MNIST.side
  let border = 4
  func isInk(_ row: Int, _ column: Int) -> Bool { pixels[row * side + column] > 0.4 }
  return stride(from: border, to: side - border, by: 2).map { row in
    (border..<side - border).map { column in
      switch (isInk(row, column), isInk(row + 1, column)) {
      case (true, true): "█"
      case (true, false): "▀"
      case (false, true): "▄"
      case (false, false): " "
      }
    }.joined()
  }
}

/// Columns of lines, side by side.
private func beside(_ columns: [[String]]) -> String {
  let width = MNIST.side - 4
  let height = columns.map(\.count).max() ?? 0
  return (0..<height).map { row in
    let line = columns.map { lines in
      let text = row < lines.count ? lines[row] : ""
      return "  " + text + String(repeating: " ", count: max(0, width - text.count))
    }.joined()
    return String(line.reversed().drop { $0 == " " }.reversed())
  }.joined(separator: "\n")
}
