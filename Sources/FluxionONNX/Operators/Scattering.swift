import Tensors

extension OperatorTable {
  /// Elements written to parts of tensors.
  static let scattering: [Operator] = [
    .one("Scatter", [9, 11], "`x.scatter(values, at: indices, axis:)`") { call in try call.scatteredElements() },
    .one("ScatterElements", [11, 13, 16, 18], "`x.scatter(values, at: indices, axis:combining:)`") { call in
      try call.scatteredElements()
    },
    .one("ScatterND", [11, 13, 16, 18], "`x.scatter(values, at: indices, axis: 0, combining:)` of rows") { call in
      let (x, indices, updates) = (try call.tensor(0), try call.tensor(1), try call.tensor(2))
      let depth = indices.rank > 0 ? indices.shape[-1] : 0
      guard depth >= 1, depth <= x.rank else { throw ONNXError.field("input 1", "\(indices.shape) for \(x.shape)") }
      let flat = try x.flatPositions(indices, batch: 0)
      let rest = Array(x.shape[depth...])
      if updates.shape != Shape(Array(indices.shape.dropLast()) + rest) {
        throw ONNXError.field("input 2", "\(updates.shape); \(Array(indices.shape.dropLast()) + rest) would fit")
      }
      let rows = x.reshaped([x.shape[..<depth].reduce(1, *), rest.reduce(1, *)])
      let values = updates.reshaped([flat.elementCount, rest.reduce(1, *)])
      let places = flat.reshaped([-1, 1]).expanded(values.shape)
      return try call.combined(rows, values, places, axis: 0).reshaped(x.shape)
    },
    .one("TensorScatter", [24], "`x.scatter(values, at: positions, axis:)`") { call in
      let (x, update) = (try call.tensor(0), try call.tensor(1))
      let axis = try call.axis(try call.attributes.int("axis", -2), rank: x.rank)
      let isCircular = try call.attributes.word("mode", "linear", ["linear", "circular"]) == "circular"
      guard axis > 0, update.rank == x.rank, (0..<x.rank).allSatisfy({ $0 == axis || update.shape[$0] == x.shape[$0] }) else {
        throw ONNXError.field("input 1", "\(update.shape) for \(x.shape)")
      }
      let batch = x.shape[0]
      let starts = call.has(2) ? try call.integers(2) : Array(repeating: 0, count: batch)
      let (steps, room) = (update.shape[axis], x.shape[axis])
      guard starts.count == batch else { throw ONNXError.field("input 2", "\(starts.count) positions for a batch of \(batch)") }
      var places: [Int] = []
      for start in starts {
        guard start >= 0, isCircular || start <= room - steps, room > 0 || steps == 0 else {
          throw ONNXError.field("input 2", "\(start) for \(steps) steps of \(room)")
        }
        for step in 0..<steps { places.append((start % max(1, room) + step) % max(1, room)) }
      }
      var sizes = Array(repeating: 1, count: x.rank)
      (sizes[0], sizes[axis]) = (batch, steps)
      return x.scatter(update, at: Tensor(places, shape: Shape(sizes)).expanded(update.shape), axis: axis)
    },
  ]
}

extension Call {
  func scatteredElements() throws -> Tensor {
    let (x, indices, updates) = (try tensor(0), try tensor(1), try tensor(2))
    let axis = try self.axis(try attributes.int("axis", 0), rank: x.rank)
    return try combined(x, updates, indices, axis: axis)
  }

  /// Values written or combined by the node's `reduction`.
  func combined(_ x: Tensor, _ values: Tensor, _ indices: Tensor, axis: Int) throws -> Tensor {
    switch try attributes.word("reduction", "none", ["none", "add", "mul", "min", "max"]) {
    case "add": return x.scatter(values, at: indices, axis: axis, combining: .sum).wrapped(to: try type(0))
    case "mul": return x.scatter(values, at: indices, axis: axis, combining: .product).wrapped(to: try type(0))
    case "min": return x.scatter(values, at: indices, axis: axis, combining: .minimum)
    case "max": return x.scatter(values, at: indices, axis: axis, combining: .maximum)
    default: return x.scatter(values, at: indices, axis: axis)
    }
  }
}
