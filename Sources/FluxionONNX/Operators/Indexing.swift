import Tensors

extension OperatorTable {
  /// Parts of tensors by ranges and positions.
  static let indexing: [Operator] = [
    Operator("Slice", [1, 10, 11, 13], "`x[from..<to]`, and steps") { call in
      let x = try call.typed(0)
      let starts, ends: [Int]
      let given: [Int]?
      var steps: [Int]?
      if call.version < 10 {
        (starts, ends) = (try call.attributes.ints("starts") ?? [], try call.attributes.ints("ends") ?? [])
        given = try call.attributes.ints("axes")
      } else {
        (starts, ends) = (try call.integers(1), try call.integers(2))
        given = call.has(3) ? try call.integers(3) : nil
        steps = call.has(4) ? try call.integers(4) : nil
      }
      let axes = try call.axes(given ?? Array(starts.indices), rank: x.rank, "axes")
      guard starts.count == ends.count, axes.count == starts.count, steps.map({ $0.count == starts.count }) ?? true else {
        throw ONNXError.field("starts", "\(starts.count) starts, \(ends.count) ends, \(axes.count) axes")
      }
      var host = x.rank == 1 ? x.host : nil
      var y = host == nil ? x.tensor : Tensor.zeros([])
      for (i, axis) in axes.enumerated() {
        let stretch = try Stretch(starts[i], ends[i], steps?[i] ?? 1, size: x.shape[axis])
        if let known = host {
          let elements = stretch.positions.map { known.elements[$0] }
          host = HostIntegers(shape: [elements.count], elements: elements)
        } else {
          y = stretch.part(of: y, axis: axis)
        }
      }
      return [.tensor(host.map { TypedTensor(host: $0, x.type) } ?? TypedTensor(y, x.type))]
    },
    Operator("Gather", [1, 11, 13], "`x.take(indices, axis:)`") { call in
      let (x, indices) = (try call.typed(0), try call.typed(1))
      let axis = try call.axis(try call.attributes.int("axis", 0), rank: x.rank)
      if let a = x.host, let b = indices.host, a.shape.count == 1 {
        let n = a.elements.count
        if let bad = b.elements.first(where: { $0 < -n || $0 >= n }) { throw ONNXError.field("input 1", "index \(bad) for \(n) elements") }
        let elements = b.elements.map { a.elements[$0 < 0 ? $0 + n : $0] }
        return [.tensor(TypedTensor(host: HostIntegers(shape: b.shape, elements: elements), x.type))]
      }
      return [.tensor(TypedTensor(x.tensor.take(indices.tensor, axis: axis), x.type))]
    },
    .one("GatherElements", [11, 13], "`x.gather(indices, axis:)`") { call in
      let x = try call.tensor(0)
      let axis = try call.axis(try call.attributes.int("axis", 0), rank: x.rank)
      return x.gather(try call.tensor(1), axis: axis)
    },
    .one("GatherND", [11, 12, 13], "`x[i, j, …]` with tensors of positions") { call in
      let (x, indices) = (try call.tensor(0), try call.tensor(1))
      let batch = try call.attributes.int("batch_dims", 0)
      let depth = indices.rank > 0 ? indices.shape[-1] : 0
      guard batch >= 0, batch < x.rank, batch < indices.rank, depth >= 1, batch + depth <= x.rank,
        (0..<batch).allSatisfy({ x.shape[$0] == indices.shape[$0] })
      else { throw ONNXError.field("input 1", "\(indices.shape) for \(x.shape) with batch_dims \(batch)") }
      let flat = try x.flatPositions(indices, batch: batch)
      let rest = Array(x.shape[(batch + depth)...])
      let rows = x.reshaped(Shape([x.shape[..<(batch + depth)].reduce(1, *)] + rest))
      return rows.take(flat, axis: 0)
    },
    Operator("Compress", [9, 11, 28], "`x.take(positions of true, axis:)`; the shape depends on the elements") { call in
      let (x, mask) = (try call.typed(0), try call.integers(1))
      let type = x.type
      let axis = try call.attributes.int("axis")
      let from = axis == nil ? x.tensor.reshaped([-1]) : x.tensor
      let along = try axis.map { try call.axis($0, rank: x.rank) } ?? 0
      if mask.count > from.shape[along] { throw ONNXError.field("input 1", "\(mask.count) conditions for \(from.shape[along]) elements") }
      let positions = mask.indices.filter { mask[$0] != 0 }
      return [.tensor(TypedTensor(from.take(Tensor(positions, shape: [positions.count]), axis: along), type))]
    },
    Operator("NonZero", [9, 13], "`x.nonzero()`; the shape depends on the elements") { call in
      let x = try call.tensor(0)
      if !x.hasElements { throw ONNXError.field("input 0", "depends on elements, which a run on shapes alone does not have") }
      if x.rank == 0 {
        let isZero = !(x .!= 0).item(as: Bool.self)
        return [.tensor(TypedTensor(Tensor.zeros([0, isZero ? 0 : 1], .int64), .int64))]
      }
      return [.tensor(TypedTensor(stack((x .!= 0).nonzero(), axis: 0), .int64))]
    },
    Operator("OneHot", [9, 11, 28], "`select(indices .== arange, on, off)`") { call in
      let (indices, values) = (try call.tensor(0), try call.typed(2))
      let depth = try call.doubles(1)
      guard depth.count == 1, depth[0] >= 0, depth[0] < 0x1p40 else { throw ONNXError.field("input 1", "\(depth); one size would fit") }
      let classes = Int(depth[0])
      let axis = try call.axis(try call.attributes.int("axis", -1), rank: indices.rank + 1)
      let whole = indices.cast(to: .int64)
      // Negative ids count from the end; those of no class give a row of `off` only.
      let ids = select(whole .< 0, whole + classes, whole).unsqueezed(axis: axis)
      let sizes = (0...indices.rank).map { $0 == axis ? classes : 1 }
      let pair = values.tensor.reshaped([2])
      let (off, on): (Tensor, Tensor) = (pair[axis: 0, 0], pair[axis: 0, 1])
      return [.tensor(TypedTensor(select(ids .== Tensor.arange(classes).reshaped(Shape(sizes)), on, off), values.type))]
    },
    .one("ReverseSequence", [10, 28], "`x.gather(positions, axis:)`") { call in
      let (x, lengths) = (try call.tensor(0), try call.integers(1))
      let time = try call.axis(try call.attributes.int("time_axis", 0), rank: x.rank, "attribute time_axis")
      let batch = try call.axis(try call.attributes.int("batch_axis", 1), rank: x.rank, "attribute batch_axis")
      let steps = x.shape[time]
      guard time != batch, lengths.count == x.shape[batch], lengths.allSatisfy({ $0 >= 0 && $0 <= steps }) else {
        throw ONNXError.field("input 1", "\(lengths) for \(x.shape)")
      }
      let positions = lengths.flatMap { length in (0..<steps).map { $0 < length ? length - 1 - $0 : $0 } }
      var sizes = Array(repeating: 1, count: x.rank)
      (sizes[batch], sizes[time]) = (lengths.count, steps)
      let table = Tensor(positions, shape: [lengths.count, steps])
      return x.gather((batch < time ? table : table.transposed()).reshaped(Shape(sizes)).expanded(x.shape), axis: time)
    },
    .one("Trilu", [14], "`x.upperTriangle(diagonal:)`, `x.lowerTriangle(diagonal:)`") { call in
      let x = try call.tensor(0)
      let diagonal = call.has(1) ? try call.integer(1) : 0
      let isUpper = try call.attributes.flag("upper", true)
      // Of Booleans and integers alike, as a product with a mask of ones.
      func part(_ x: Tensor) -> Tensor { isUpper ? x.upperTriangle(diagonal: diagonal) : x.lowerTriangle(diagonal: diagonal) }
      return x.dtype == .bool ? part(x.cast(to: .int32)) .!= 0 : part(x)
    },
  ]
}

/// A range of an axis by start, end and step, as `Slice` counts them.
struct Stretch {
  let start: Int
  let count: Int
  let step: Int

  init(_ start: Int, _ end: Int, _ step: Int, size n: Int) throws(ONNXError) {
    if step == 0 || step == Int.min { throw .field("steps", "\(step); any other number would fit") }
    func place(_ x: Int) -> Int { x < 0 ? x.saturatingPlus(n) : x }
    let (first, last) = (place(start), place(end))
    self.step = step
    if step > 0 {
      self.start = max(0, min(n, first))
      let end = max(0, min(n, last))
      count = end > self.start ? (end - self.start - 1) / step + 1 : 0
    } else {
      self.start = max(-1, min(n - 1, first))
      let end = max(-1, min(n - 1, last))
      count = self.start > end ? (self.start - end - 1) / -step + 1 : 0
    }
  }

  var positions: [Int] { (0..<count).map { start + $0 * step } }

  /// A view, where the step is positive or there is no more than one.
  func part(of x: Tensor, axis: Int) -> Tensor {
    if count == 0 { return x[axis: axis, 0..<0] }
    let last = start + (count - 1) * step
    if step > 0 { return x[axis: axis, TensorIndexKind.stride(from: start, to: last + 1, by: step)] }
    return x.reversed(axes: [axis])[
      axis: axis, TensorIndexKind.stride(from: x.shape[axis] - 1 - start, to: x.shape[axis] - last, by: -step)]
  }
}

extension Tensor {
  /// Places in the first axes, counted as one, of indices whose last axis has a position for each axis behind the batch's.
  func flatPositions(_ indices: Tensor, batch: Int) throws(ONNXError) -> Tensor {
    let depth = indices.shape[-1]
    let sizes = (0..<depth).map { shape[batch + $0] }
    let all = try indices.elements("input 1") { $0.cast(to: .int64).reshaped([-1]).scalars(Int.self) }
    let count = depth == 0 ? 0 : all.count / depth
    let batches = shape[..<batch].reduce(1, *)
    let each = batches == 0 ? 0 : count / batches
    var flat = [Int](repeating: 0, count: count)
    for i in 0..<count {
      var place = each == 0 ? 0 : i / each
      for axis in 0..<depth {
        let index = all[i * depth + axis]
        guard index >= -sizes[axis], index < sizes[axis] else {
          throw .field("input 1", "index \(index) for axis \(batch + axis) of \(shape)")
        }
        place = place * sizes[axis] + (index < 0 ? index + sizes[axis] : index)
      }
      flat[i] = place
    }
    return Tensor(flat, shape: Shape(indices.shape.dropLast()))
  }
}
