import Fluxion

extension Arguments {
  // MARK: Parts of a subscript

  /// What stands between the brackets of `x[…]` in Python, for a tensor of a shape.
  func parts(_ name: String, at position: Int, of shape: Shape) throws -> [any TensorIndex] {
    let index = value(name, at: position)
    guard case .list(let list) = index, !Self.isPositions(list) else { return [try part(index, 0, of: shape)] }
    // Axes that the parts before an ellipsis take, and those after it, count from either end.
    func axes(_ value: Value) -> Int {
      switch value {
      case .none, .ellipsis: 0
      case .tensor(let name, _): Self.mask(tensors[name])?.rank ?? 1
      default: 1
      }
    }
    let used = list.reduce(0) { $0 + axes($1) }
    var axis = 0
    return try list.map { item in
      let part = try part(item, axis, of: shape)
      if case .ellipsis = item { axis += shape.rank - used }
      axis += axes(item)
      return part
    }
  }

  private static func mask(_ x: Tensor?) -> Tensor? { x?.dtype == .bool ? x : nil }

  /// `[1, 2]`: a list of integers holds positions of the first axis.
  private static func isPositions(_ list: [Value]) -> Bool {
    !list.isEmpty && list.allSatisfy { if case .int = $0 { true } else { false } }
  }

  private func part(_ value: Value, _ axis: Int, of shape: Shape) throws -> any TensorIndex {
    switch value {
    case .none: return TensorIndexKind.newAxis
    case .ellipsis: return TensorIndexKind.ellipsis
    case .int(let i): return i
    case .slice(let bounds):
      // Python's bounds end where the axis does.
      let n = shape[axis]
      func bound(_ i: Int?) -> Int? { i.map { min(max($0 < 0 ? $0 + n : $0, 0), n) } }
      return TensorIndexKind.stride(from: bound(bounds[0]), to: bound(bounds[1]), by: bounds[2] ?? 1)
    case .tensor(let name, _):
      guard let x = tensors[name] else { throw CaseError("no tensor named \(name)") }
      return x
    case .list(let list):
      return Tensor(
        try list.map { item -> Int in
          guard case .int(let i) = item else { throw CaseError("an index that is not a list of integers: \(item)") }
          return i
        })
    default: throw CaseError("\(value) is no index")
    }
  }

  // MARK: Joining

  /// The tensors of a list, promoted together.
  func joined(at position: Int) throws -> [Tensor] {
    guard case .list(let list) = value("tensors", at: position) else { throw CaseError("tensors are not given") }
    return try promoted(list)
  }

  /// A number of any kind as a scalar tensor of a dtype; a tensor stays one.
  func number(_ name: String, at position: Int, _ dtype: DType) throws -> Tensor {
    switch value(name, at: position) {
    case .bool(let number): return .full([], number, dtype)
    // PyTorch takes any number for a bool.
    case .int(let number): return dtype == .bool ? .full([], number != 0, .bool) : .full([], number, dtype)
    case .double(let number): return .full([], number, dtype)
    case .complex(let re, let im): return complex(Tensor.full([], re, .float64), Tensor.full([], im, .float64)).cast(to: dtype)
    default: return try tensor(name, at: position).cast(to: dtype)
    }
  }

  // MARK: Scattering

  /// The operands of scattering as Fluxion wants them: scalars as vectors of one, values of the indices' shape, bools, which add up to
  /// whether one of them is true, as integers.
  func scattered(
    asNumbers: Bool, _ body: (_ x: Tensor, _ values: Tensor, _ indices: Tensor, _ axis: Int) throws -> Tensor
  ) throws -> Tensor {
    let (x, axis, indices) = (try tensor("input", at: 0), try int("dim", at: 1), try tensor("index", at: 2))
    if indices.elementCount == 0 { return x }
    let isScalar = x.rank == 0
    func lifted(_ t: Tensor) -> Tensor { t.rank == 0 ? t.reshaped([1]) : t }
    let places = lifted(indices)
    var values: Tensor
    if case .tensor = value("src", at: 3) {
      values = lifted(try tensor("src", at: 3))
      for axis in 0..<places.rank where values.shape[axis] != places.shape[axis] { values = values[axis: axis, 0..<places.shape[axis]] }
    } else {
      values = try number(has("value") ? "value" : "src", at: 3, x.dtype).expanded(places.shape)
    }
    let dtype = asNumbers && x.dtype == .bool ? DType.int32 : x.dtype
    let y = try body(lifted(x).cast(to: dtype), values.cast(to: dtype), places, axis).cast(to: x.dtype)
    return isScalar ? y.reshaped([]) : y
  }
}
