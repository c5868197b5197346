import CKernels
import RealModule

/// softmax or its logarithm along an axis: one pass over each row, or where that is not the last axis over strips of columns.
struct Softmax: Primitive {
  let isLogarithmic: Bool
  var axis = -1
  var name: String { isLogarithmic ? "logSoftmax" : "softmax" }
  var keeps: Keeps { .output }

  func result(_ x: Tensor) throws(TensorError) -> Signature {
    if !x.dtype.isFloatingPoint { throw mistake("not defined for \(x.dtype), only for floating-point dtypes; convert with .cast(to:)") }
    return Signature(x.shape, x.dtype)
  }
  func evaluate(_ x: Tensor, _ result: Signature) throws(TensorError) -> Tensor {
    if axis >= 0 { return try ofColumns(x.ordered) }
    return try x.isContiguous ? Softmax.ofRows(x, isLogarithmic) : Softmax.ofRows(x.contiguousCopy(), isLogarithmic)
  }

  /// Of elements that lie in order.
  @inline(__always)
  fileprivate static func ofRows(_ x: Tensor, _ isLogarithmic: Bool) throws(TensorError) -> Tensor {
    let y = try Tensor(uninitialized: x.shape, x.dtype)
    let n = x.rank == 0 ? 1 : x.shape[-1]
    let (from, to, code) = (x.pointer, y.pointer, x.dtype.code)
    if x.elementCount <= Blocks.grain / 4 {
      if n > 0 { fx_softmax(code, isLogarithmic ? 1 : 0, x.elementCount / n, n, from, to) }
    } else {
      forEachRow(x, n) { at, rows in fx_softmax(code, isLogarithmic ? 1 : 0, rows, n, from + at, to + at) }
    }
    return y
  }
  func gradient(_ x: Tensor, _ y: Tensor, _ dy: Tensor, _ needs: Needs) -> [Tensor?] {
    [SoftmaxGradient(isLogarithmic: isLogarithmic, axis: axis)(Pair(y, dy))]
  }
}

/// dx = y·(dy − Σ dy·y), or for the logarithm dy − exp(y)·Σ dy.
struct SoftmaxGradient: Primitive {
  let isLogarithmic: Bool
  var axis = -1
  var name: String { "softmax" }
  func result(_ x: Pair) -> Signature { Signature(x.a.shape, x.a.dtype) }
  func evaluate(_ x: Pair, _ result: Signature) throws(TensorError) -> Tensor {
    let (y, dy) = try (x.a.ordered, x.b.ordered)
    if axis >= 0 { return try ofColumns(y, dy) }
    let dx = try Tensor(uninitialized: y.shape, y.dtype)
    let n = y.rank == 0 ? 1 : y.shape[-1]
    forEachRow(y, n) { at, rows in
      fx_softmax_backward(y.dtype.code, isLogarithmic ? 1 : 0, rows, n, y.pointer + at, dy.pointer + at, dx.pointer + at)
    }
    return dx
  }
  func gradient(_ x: Pair, _ result: Tensor, _ d: Tensor, _ needs: Needs) -> [Tensor?] {
    let (y, dy) = (x.a, x.b)
    func sum(_ t: Tensor) -> Tensor { t.sum(axis: axis, keepDims: true) }
    if isLogarithmic {
      return [needs[0] ? -(d * exp(y) * sum(dy)) : nil, needs[1] ? d - sum(d * exp(y)) : nil]
    }
    return [
      needs[0] ? d * (dy - sum(y * dy)) - dy * sum(d * y) : nil,
      needs[1] ? SoftmaxGradient(isLogarithmic: false, axis: axis)(Pair(y, d)) : nil,
    ]
  }
}

/// log Σ exp along an axis, which goes.
struct LogSumExp: Primitive {
  var axis = -1
  var name: String { "logSumExp" }
  var keeps: Keeps { .both }
  func result(_ x: Tensor) throws(TensorError) -> Signature {
    if !x.dtype.isFloatingPoint { throw mistake("not defined for \(x.dtype), only for floating-point dtypes; convert with .cast(to:)") }
    return Signature(axis < 0 ? Shape(x.shape.dropLast()) : Shape(Array(x.shape[..<axis]) + Array(x.shape[(axis + 1)...])), x.dtype)
  }
  func evaluate(_ x: Tensor, _ result: Signature) throws(TensorError) -> Tensor {
    let x = try x.ordered
    if axis >= 0 { return try ofColumns(x, result) }
    let y = try Tensor(uninitialized: result.shape, x.dtype)
    let n = x.shape[-1]
    let size = x.dtype.byteCount
    if n == 0 {
      fillElements(y.pointer, -.infinity, y.dtype, y.elementCount)
    } else {
      forEachRow(x, n) { at, rows in fx_logsumexp(x.dtype.code, rows, n, x.pointer + at, y.pointer + at / (n * size) * size) }
    }
    return y
  }
  func gradient(_ x: Tensor, _ y: Tensor, _ dy: Tensor, _ needs: Needs) -> [Tensor?] {
    // Not exp(x − y), which has lost digits where y is large. Elements of +∞ share the derivative; a row of −∞ has none, 0.
    let slope = select(y .== -Double.infinity, 0.0, dy).unsqueezed(axis: axis)
    return [slope * Softmax(isLogarithmic: false, axis: axis)(bounded(x, y.unsqueezed(axis: axis)))]
  }
}

/// Elements with the softmax that is the limit where it would be NaN: even over those that are as infinite as the largest, y.
private let bounded = Elementwise { x, y in select(y.isInfinite, select(x .== y, 0, Symbol(-Double.infinity)), x) }

/// −log softmax(x) at each row's class: [rows, classes] gives [rows].
///
/// A negative label counts nothing and has no gradient.
struct CrossEntropy: Primitive {
  let labels: Tensor
  var name: String { "crossEntropy" }

  func result(_ x: Tensor) throws(TensorError) -> Signature {
    if !x.dtype.isFloatingPoint { throw mistake("not defined for \(x.dtype), only for floating-point dtypes; convert with .cast(to:)") }
    if labels.dtype != .int64 { throw mistake("labels are \(labels.dtype); convert with .cast(to: .int64)") }
    if x.rank != 2 || labels.shape != [x.shape[0]] {
      throw mistake("logits of shape \(x.shape) and labels of shape \(labels.shape); [rows, classes] and [rows] would fit")
    }
    return Signature(labels.shape, x.dtype)
  }
  func evaluate(_ x: Tensor, _ result: Signature) throws(TensorError) -> Tensor {
    let n = x.shape[1]
    let ids = labels.pointer.assumingMemoryBound(to: Int64.self)
    for i in 0..<labels.elementCount where ids[i] >= n {
      throw mistake("label \(ids[i]) at position \(i) for \(n) classes; 0 to \(n - 1) would fit")
    }
    let x = try x.ordered
    let y = try LogSumExp().evaluate(x, result)
    func subtract<F: BinaryFloatingPoint>(_: F.Type) {
      let (y, x) = (y.pointer.assumingMemoryBound(to: F.self), x.pointer.assumingMemoryBound(to: F.self))
      for i in 0..<labels.elementCount {
        let row = i * n
        if ids[i] < 0 {
          y[i] = 0
        } else if y[i] == .infinity && x[row + Int(ids[i])] == .infinity {
          // Logits of +∞ share the probability; of one alone it is 1.
          y[i] = F(Double.log(Double((row..<row + n).count { x[$0] == .infinity })))
        } else {
          y[i] -= x[row + Int(ids[i])]
        }
      }
    }
    x.dtype == .float32 ? subtract(Float.self) : subtract(Double.self)
    return y
  }
  func gradient(_ x: Tensor, _ y: Tensor, _ dy: Tensor, _ needs: Needs) -> [Tensor?] {
    [CrossEntropyGradient(labels: labels)(Pair(x, dy))]
  }
}

/// dx = dy·(softmax(x) − one-hot(label)).
struct CrossEntropyGradient: Primitive {
  let labels: Tensor
  var name: String { "crossEntropy" }
  func result(_ x: Pair) -> Signature { Signature(x.a.shape, x.a.dtype) }
  func evaluate(_ x: Pair, _ result: Signature) throws(TensorError) -> Tensor {
    let (x, dy) = try (x.a.ordered, x.b.ordered)
    let n = x.shape[1]
    let dx = try Tensor(uninitialized: x.shape, x.dtype)
    let ids = labels.pointer.assumingMemoryBound(to: Int64.self)
    forEachRow(x, n) { at, rows in
      let row = at / n  // in bytes
      fx_cross_entropy_backward(
        x.dtype.code, rows, n, x.pointer + at, ids + row / x.dtype.byteCount, dy.pointer + row, dx.pointer + at)
    }
    return dx
  }
  func gradient(_ x: Pair, _ y: Tensor, _ d: Tensor, _ needs: Needs) -> [Tensor?] {
    let counts = (labels .>= 0).cast(to: x.a.dtype)
    let p = Softmax(isLogarithmic: false)(select(counts.unsqueezed(axis: 1) .!= 0, x.a, 0))
    let ids = labels.clamped(min: 0)
    let picked = d.gather(ids.unsqueezed(axis: 1), axis: 1).squeezed(axes: 1)
    return [
      needs[0] ? (x.b * counts).unsqueezed(axis: 1) * SoftmaxGradient(isLogarithmic: false)(Pair(p, d)) : nil,
      needs[1] ? ((d * p).sum(axis: 1) - picked) * counts : nil,
    ]
  }
}

/// Calls `body` with byte offsets and counts of stretches of rows, in parallel where that pays.
private func forEachRow(_ x: Tensor, _ n: Int, _ body: (_ at: Int, _ rows: Int) -> Void) {
  if n == 0 { return }
  let size = x.dtype.byteCount
  parallel(x.elementCount / n, grain: Swift.max(1, Blocks.grain / 4 / n)) { range in body(range.lowerBound * n * size, range.count) }
}

extension Tensor {
  /// Along the last axis or another one by strips, or where they do not suit along that axis moved to the end.
  fileprivate func softmax(_ axis: Int, isLogarithmic: Bool) -> Tensor {
    let along = Softmax(isLogarithmic: isLogarithmic)
    if rank == 0 || axis == -1 || axis == rank - 1 { return along(self) }
    guard let axis = attempt({ () throws(TensorError) in try self.axis(axis, "\(along.name)") }) else { return .placeholder }
    if suitsStrips(axis) { return Softmax(isLogarithmic: isLogarithmic, axis: axis)(self) }
    return along(transposed(axis, -1)).transposed(axis, -1)
  }

  /// exp(x) / Σ exp(x) along an axis, without overflow.
  ///
  /// Derivative: y·(dy − Σ dy·y). PyTorch: `softmax`.
  public func softmax(axis: Int = -1) -> Tensor {
    // Where nothing records, a small tensor is not even taken hold of.
    if axis == -1 && isContiguous && hasElements && dtype.isSingleOrDouble && Context.current.isPlain(node.tape),
      let y = try? Softmax.ofRows(self, false)
    {
      return y
    }
    return softmax(axis, isLogarithmic: false)
  }
  /// x − log Σ exp(x) along an axis.
  ///
  /// Derivative: dy − exp(y)·Σ dy. PyTorch: `log_softmax`.
  public func logSoftmax(axis: Int = -1) -> Tensor { softmax(axis, isLogarithmic: true) }

  /// log Σ exp(x) over the given axes, or over all, without overflow; −∞ of no elements.
  ///
  /// Derivative: dy·softmax(x), shared evenly among elements of +∞; 0 where all are −∞. PyTorch: `logsumexp`.
  public func logSumExp(axes: [Int] = [], keepDims: Bool = false) -> Tensor {
    guard let normal = attempt({ () throws(TensorError) in try self.axes(axes, "logSumExp") }) else { return .placeholder }
    let kept = (0..<rank).filter { !normal.contains($0) }
    let count = normal.reduce(1) { $0 * shape[$1] }
    let keptShape = Shape(kept.map { shape[$0] })
    var y: Tensor
    if let columns = columns(alongAll: normal), columns.suitsStrips(1) {
      y = LogSumExp(axis: 1)(columns).reshaped(keptShape)
    } else {
      y = LogSumExp()(permuted(kept + normal).reshaped(Shape(Array(keptShape) + [count])))
    }
    return keepDims ? y.reshaped(Shape((0..<rank).map { normal.contains($0) ? 1 : shape[$0] })) : y
  }
  /// log Σ exp(x) over one axis.
  public func logSumExp(axis: Int, keepDims: Bool = false) -> Tensor { logSumExp(axes: [axis], keepDims: keepDims) }

  /// −log softmax(x)[label] of each row, for losses: logits [rows, classes], labels int64 [rows] with −1 for rows that do not count.
  package func crossEntropyRows(_ labels: Tensor) -> Tensor {
    attempt("crossEntropy") { () throws(TensorError) in try labels.ordered }.map { CrossEntropy(labels: $0)(self) } ?? .placeholder
  }
}
