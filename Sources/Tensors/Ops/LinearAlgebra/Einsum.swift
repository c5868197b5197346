/// Sums of products, written with a letter for each axis (Einstein's notation).
///
///     einsum("ij,jk->ik", x, y)      // the matrix product
///     einsum("bij,bj->bi", x, y)     // one for each of a batch
///     einsum("ii->i", x)             // the diagonal
///     einsum("...i,...i->...", x, y) // scalar products over the last axis
///
/// Axes with one letter go together: they are multiplied, and summed unless the letter stands behind the arrow. A letter twice in one operand
/// takes the diagonal. `...` stands for axes without letters, which broadcast; axes of size 1 broadcast with any size. Without an arrow the
/// result has the axes of `...` and then, in the order of the alphabet (capitals first), the letters that occur once.
///
/// An axis of one operand alone that is summed gives int64 for int32, as ``Tensor/sum(axes:keepDims:)`` does.
///
/// Of several operands pairs are multiplied one after the other, in the order that takes the fewest multiplications as far as a search of all orders
/// (up to five operands) or of the next cheapest pair finds it; each pair is a matrix product. PyTorch: `einsum`.
public func einsum(_ equation: String, _ operands: Tensor...) -> Tensor { einsum(equation, operands) }

/// ``einsum(_:_:)-(String,Tensor...)`` of a list of operands.
public func einsum(_ equation: String, _ operands: [Tensor]) -> Tensor {
  if Context.current.hasFailed { return .placeholder }
  if let first = operands.first, first.dtype.isHalf, operands.allSatisfy({ $0.dtype == first.dtype }) {
    return einsum(equation, operands.map(\.widened)).cast(to: first.dtype)
  }
  return attempt { () throws(TensorError) in try Contraction(equation, operands).result() } ?? .placeholder
}

/// An equation read, with an axis number for each letter.
private struct Contraction {
  /// A tensor and the label of each of its axes.
  private struct Term {
    var tensor: Tensor
    var labels: [Int]
  }

  private let equation: String
  private var terms: [Term] = []
  private var output: [Int] = []
  private var sizes: [Int: Int] = [:]
  /// The operands' shapes, as they were given.
  private let shapes: [Shape]

  private func mistake(_ message: String) -> TensorError { TensorError("einsum", "\"\(equation)\": \(message)") }
  private func mistakeOfAll(_ message: String) -> TensorError {
    TensorError("einsum", "\"\(equation)\" of \(shapes.map(\.description).joined(separator: " and ")): \(message)")
  }

  /// Letters are 0 to 51, capitals first; the axes of an ellipsis are numbered behind them, so that the last one is the last of all.
  private static let firstOfEllipsis = 52

  /// The labels of one operand's or the result's letters, an ellipsis as -1.
  private func labels(_ text: Substring) throws(TensorError) -> [Int] {
    var labels: [Int] = []
    var rest = text
    while let letter = rest.first {
      if rest.hasPrefix("...") {
        if labels.contains(-1) { throw mistake("\(text) has more than one ellipsis") }
        labels.append(-1)
        rest = rest.dropFirst(3)
        continue
      }
      guard let value = letter.asciiValue, letter.isLetter else {
        throw mistake("'\(letter)' is neither a letter nor part of '...', ',' or '->'")
      }
      labels.append(value < 97 ? Int(value) - 65 : Int(value) - 97 + 26)
      rest = rest.dropFirst()
    }
    return labels
  }

  private static func name(_ label: Int) -> String {
    label >= firstOfEllipsis ? "an axis of '...'" : "axis \(Character(UnicodeScalar(UInt8(label < 26 ? label + 65 : label - 26 + 97))))"
  }

  init(_ equation: String, _ operands: [Tensor]) throws(TensorError) {
    self.equation = equation
    shapes = operands.map(\.shape)
    let text = equation.filter { !$0.isWhitespace }
    let arrow = text.range(of: "->")
    let inputs = text[..<(arrow?.lowerBound ?? text.endIndex)].split(separator: ",", omittingEmptySubsequences: false)
    if operands.isEmpty { throw mistake("no operands; one or more would fit") }
    if inputs.count != operands.count { throw mistake("\(inputs.count) operands are named and \(operands.count) given") }
    for x in operands where x.dtype != operands[0].dtype {
      var error = mixedDTypes(operands[0].dtype, x.dtype)
      error.operation = "einsum"
      throw error
    }
    // How many axes an ellipsis stands for, at most: fewer broadcast.
    var read: [[Int]] = []
    var wide = 0
    for (input, x) in zip(inputs, operands) {
      let labels = try labels(input)
      let missing = x.rank - labels.count + (labels.contains(-1) ? 1 : 0)
      if missing < 0 || missing > 0 && !labels.contains(-1) {
        throw mistake("'\(input)' for an operand of shape \(x.shape), which has \(x.rank) axes")
      }
      wide = Swift.max(wide, missing)
      read.append(labels)
    }
    let ellipsis = (0..<wide).map { $0 + Contraction.firstOfEllipsis }
    for (labels, x) in zip(read, operands) {
      let missing = x.rank - labels.count + 1
      terms.append(Term(tensor: x, labels: labels.flatMap { $0 == -1 ? Array(ellipsis.suffix(missing)) : [$0] }))
    }
    for i in terms.indices { try takeDiagonals(i) }
    var owners: [Int: Int] = [:]
    for (i, term) in terms.enumerated() {
      for (label, size) in zip(term.labels, term.tensor.shape) {
        let other = sizes[label] ?? 1
        if size != other && size != 1 && other != 1 {
          let first = owners[label] ?? 0
          throw mistake(
            "\(Contraction.name(label)) is \(other) in operand \(first) of shape \(shapes[first]) and \(size) in operand \(i) of shape"
              + " \(shapes[i]); equal sizes or 1 would fit")
        }
        if other == 1 { (sizes[label], owners[label]) = (size, i) }
      }
    }
    if let arrow {
      let labels = try labels(text[arrow.upperBound...])
      for (i, label) in labels.enumerated() where label >= 0 {
        if labels[..<i].contains(label) { throw mistake("\(Contraction.name(label)) stands twice behind the arrow") }
        if sizes[label] == nil { throw mistake("\(Contraction.name(label)) of the result is in no operand") }
      }
      output = labels.flatMap { $0 == -1 ? ellipsis : [$0] }
    } else {
      let letters = read.flatMap { $0 }.filter { $0 >= 0 }
      output = ellipsis + letters.filter { label in letters.count { $0 == label } == 1 }.sorted()
    }
    if operands[0].dtype == .bool && (operands.count > 1 || sizes.count > output.count) {
      throw mistake("sums and products are not defined for bool; convert with .cast(to:)")
    }
    if output.count > Shape.maximumRank { throw mistake("the result has \(output.count) axes; up to \(Shape.maximumRank) would fit") }
    dropOnes()
  }

  /// Axes of one operand with the same letter become their diagonal.
  private mutating func takeDiagonals(_ i: Int) throws(TensorError) {
    while let second = terms[i].labels.indices.first(where: { terms[i].labels[..<$0].contains(terms[i].labels[$0]) }) {
      let labels = terms[i].labels
      let first = labels.firstIndex(of: labels[second])!
      let x = terms[i].tensor
      if x.shape[first] != x.shape[second] {
        throw mistake("\(Contraction.name(labels[second])) is twice in operand \(i) of shape \(shapes[i]); equal sizes would fit")
      }
      let others = labels.indices.filter { $0 != first && $0 != second }
      terms[i] = Term(tensor: x.permuted(others + [first, second]).diagonal(), labels: others.map { labels[$0] } + [labels[first]])
    }
  }

  /// Leaves out axes of size 1 that broadcast with larger ones.
  private mutating func dropOnes() {
    for (i, term) in terms.enumerated() {
      let kept = term.labels.indices.filter { term.tensor.shape[$0] == sizes[term.labels[$0]] }
      if kept.count == term.labels.count { continue }
      terms[i] = Term(
        tensor: term.tensor.reshaped(Shape(kept.map { term.tensor.shape[$0] })), labels: kept.map { term.labels[$0] })
    }
  }

  // MARK: Contraction

  func result() throws(TensorError) -> Tensor {
    var terms = terms
    for (i, j) in Contraction.order(terms.map { Set($0.labels) }, Set(output), sizes) {
      let (a, b) = (terms[i], terms[j])
      terms.remove(at: j)
      terms.remove(at: i)
      let needed = terms.reduce(into: Set(output)) { $0.formUnion($1.labels) }
      terms.append(try product(a, b, needed))
    }
    var term = terms[0]
    let summed = term.labels.indices.filter { !output.contains(term.labels[$0]) }
    if !summed.isEmpty {
      term = Term(tensor: term.tensor.sum(axes: summed), labels: term.labels.filter { output.contains($0) })
    }
    return term.tensor.permuted(output.map { term.labels.firstIndex(of: $0)! })
  }

  /// Without the axes that neither the other operand nor anyone else needs.
  private func summed(_ a: Term, _ needed: Set<Int>) -> Term {
    let axes = a.labels.indices.filter { !needed.contains(a.labels[$0]) }
    if axes.isEmpty { return a }
    let labels = a.labels.filter { needed.contains($0) }
    if axes.allSatisfy({ sizes[a.labels[$0]] == 1 }) { return Term(tensor: a.tensor.squeezed(axes: Array(axes)), labels: labels) }
    return Term(tensor: a.tensor.sum(axes: Array(axes)), labels: labels)
  }

  private func product(_ first: Term, _ second: Term, _ needed: Set<Int>) throws(TensorError) -> Term {
    var a = summed(first, needed.union(second.labels))
    var b = summed(second, needed.union(first.labels))
    // Sums of int32 are int64.
    if a.tensor.dtype != b.tensor.dtype { (a.tensor, b.tensor) = (a.tensor.cast(to: .int64), b.tensor.cast(to: .int64)) }
    let common = a.labels.filter { b.labels.contains($0) }
    let (batch, inner) = (common.filter { needed.contains($0) }, common.filter { !needed.contains($0) })
    let (left, right) = (a.labels.filter { !common.contains($0) }, b.labels.filter { !common.contains($0) })
    func count(_ labels: [Int]) -> Int { labels.reduce(1) { $0 * sizes[$1]! } }
    func lie(_ term: Term, _ labels: [Int]) -> Tensor { term.tensor.permuted(labels.map { term.labels.firstIndex(of: $0)! }) }
    let labels = batch + left + right
    if labels.count > Shape.maximumRank {
      throw mistakeOfAll("a product of two operands has \(labels.count) axes; in several calls of up to \(Shape.maximumRank) it would fit")
    }
    guard (try? Shape(labels.map { sizes[$0]! }).check("")) != nil else {
      throw mistakeOfAll("a product of two operands has more elements than memory could hold")
    }
    func shaped(_ y: Tensor) -> Tensor { y.reshaped(Shape(labels.map { sizes[$0]! })) }
    if inner.isEmpty && (left.isEmpty || right.isEmpty || !batch.isEmpty) {
      // Nothing is summed: element by element.
      let x = lie(a, batch + left).reshaped([count(batch), count(left), 1])
      let y = lie(b, batch + right).reshaped([count(batch), 1, count(right)])
      return Term(tensor: shaped(x * y), labels: labels)
    }
    let x = lie(a, batch + left + inner)
    let y = lie(b, batch + inner + right)
    let product =
      batch.isEmpty
      ? x.reshaped([count(left), count(inner)]) • y.reshaped([count(inner), count(right)])
      : x.reshaped([count(batch), count(left), count(inner)]) • y.reshaped([count(batch), count(inner), count(right)])
    return Term(tensor: shaped(product), labels: labels)
  }

  /// Which pair is multiplied next, again and again: the product goes to the list's end.
  private static func order(_ terms: [Set<Int>], _ output: Set<Int>, _ sizes: [Int: Int]) -> [(Int, Int)] {
    func cost(_ a: Set<Int>, _ b: Set<Int>) -> Double { a.union(b).reduce(1) { $0 * Double(sizes[$1]!) } }
    func isTooWide(_ terms: [Set<Int>]) -> Bool { terms.last!.count > Shape.maximumRank }
    func step(_ terms: [Set<Int>], _ i: Int, _ j: Int) -> [Set<Int>] {
      var rest = terms
      rest.remove(at: j)
      rest.remove(at: i)
      let needed = rest.reduce(output) { $0.union($1) }
      return rest + [terms[i].union(terms[j]).intersection(needed)]
    }
    func pairs(_ count: Int) -> [(Int, Int)] { (0..<count).flatMap { i in (i + 1..<Swift.max(i + 1, count)).map { (i, $0) } } }
    func best(_ terms: [Set<Int>]) -> (cost: Double, order: [(Int, Int)]) {
      if terms.count < 2 { return (0, []) }
      var found: (cost: Double, order: [(Int, Int)]) = (.infinity, [])
      for (i, j) in pairs(terms.count) {
        let next = step(terms, i, j)
        let rest = best(next)
        let total = isTooWide(next) ? .infinity : cost(terms[i], terms[j]) + rest.cost
        if total < found.cost || found.order.isEmpty { found = (total, [(i, j)] + rest.order) }
      }
      return found
    }
    var (terms, order): ([Set<Int>], [(Int, Int)]) = (terms, [])
    while terms.count > 5 {
      let (i, j) = pairs(terms.count).min { cost(terms[$0.0], terms[$0.1]) < cost(terms[$1.0], terms[$1.1]) }!
      order.append((i, j))
      terms = step(terms, i, j)
    }
    return order + best(terms).order
  }
}
