import Fluxion

/// The arguments of a case, as the table reads them: by keyword, or by position where PyTorch takes them so.
///
/// What PyTorch does with its arguments silently, the table says in words of Fluxion: ``promoted(_:_:)`` and ``floating(_:)`` are the
/// `.cast(to:)` that a program would write.
public struct Arguments {
  let positional: [Value]
  let keywords: [String: Value]
  let tensors: [String: Tensor]

  /// Whether an argument is there and not `None`.
  func has(_ name: String, at position: Int? = nil) -> Bool {
    if case .none = value(name, at: position) { return false }
    return true
  }

  /// An argument, `.none` if it was not given.
  func value(_ name: String, at position: Int? = nil) -> Value {
    if let value = keywords[name] { return value }
    if let position, position < positional.count { return positional[position] }
    return .none
  }

  // MARK: Tensors

  /// The first argument.
  var x: Tensor { get throws { try tensor(0) } }

  /// A tensor by position.
  func tensor(_ position: Int) throws -> Tensor { try tensor("argument \(position)", at: position) }

  /// A tensor by keyword or position.
  func tensor(_ name: String, at position: Int? = nil) throws -> Tensor {
    guard let x = try optionalTensor(name, at: position) else { throw CaseError("\(name) is not given") }
    return x
  }

  /// A tensor that may be left out.
  func optionalTensor(_ name: String, at position: Int? = nil) throws -> Tensor? {
    switch value(name, at: position) {
    case .none: return nil
    case .tensor(let name, _):
      guard let x = tensors[name] else { throw CaseError("no tensor named \(name)") }
      return x
    default: throw CaseError("\(name) is not a tensor")
    }
  }

  /// Tensors in a list.
  func tensors(at position: Int) throws -> [Tensor] { try tensors(of: value("argument \(position)", at: position)) }

  /// All positional arguments as tensors, from one on.
  func tensors(from position: Int) throws -> [Tensor] { try tensors(of: .list(Array(positional.dropFirst(position)))) }

  private func tensors(of value: Value) throws -> [Tensor] {
    guard case .list(let list) = value else { throw CaseError("not a list of tensors: \(value)") }
    return try list.map { item in
      guard case .tensor(let name, _) = item, let x = tensors[name] else { throw CaseError("not a tensor: \(item)") }
      return x
    }
  }

  // MARK: Promotion, written out

  /// Two operands as PyTorch would promote them; a number becomes a scalar tensor.
  ///
  /// The kind of the dtype (bool, integer, float) is the highest of all operands; tensors with axes decide before scalars, and those before
  /// numbers.
  func promoted(_ a: Int = 0, _ b: Int = 1) throws -> (Tensor, Tensor) {
    let x = try promoted([a, b].map { (position: Int) in value("argument \(position)", at: position) })
    return (x[0], x[1])
  }

  /// Any number of operands, promoted together.
  func promoted(_ values: [Value]) throws -> [Tensor] {
    let dtype = try commonDType(values)
    return try values.map { try operand($0, dtype) }
  }

  private func operand(_ value: Value, _ dtype: DType) throws -> Tensor {
    switch value {
    case .tensor(let name, _):
      guard let x = tensors[name] else { throw CaseError("no tensor named \(name)") }
      return x.cast(to: dtype)
    case .bool(let number): return .full([], number, dtype)
    case .int(let number): return .full([], number, dtype)
    case .double(let number): return .full([], number, dtype)
    case .complex(let re, let im): return complex(Tensor.full([], re, .float64), Tensor.full([], im, .float64)).cast(to: dtype)
    default: throw CaseError("\(value) is neither a tensor nor a number")
    }
  }

  private func commonDType(_ values: [Value]) throws -> DType {
    // Tensors with axes, scalar tensors, numbers: a later group counts only if it is of a higher kind.
    var groups: [DType?] = [nil, nil, nil]
    func higher(_ a: DType?, _ b: DType) -> DType {
      guard let a else { return b }
      let order: [DType] = [.bool, .int32, .int64, .float16, .bfloat16, .float32, .float64, .complex64, .complex128]
      if a.isComplex != b.isComplex, a == .float64 || b == .float64 { return .complex128 }
      return order.firstIndex(of: a)! >= order.firstIndex(of: b)! ? a : b
    }
    func kind(_ dtype: DType) -> Int { dtype == .bool ? 0 : dtype.isInteger ? 1 : dtype.isComplex ? 3 : 2 }
    for value in values {
      switch value {
      case .tensor(let name, _):
        guard let x = tensors[name] else { throw CaseError("no tensor named \(name)") }
        let group = x.rank == 0 ? 1 : 0
        groups[group] = higher(groups[group], x.dtype)
      case .bool: groups[2] = higher(groups[2], .bool)
      case .int: groups[2] = higher(groups[2], .int64)
      case .double: groups[2] = higher(groups[2], .float32)
      case .complex: groups[2] = higher(groups[2], .complex64)
      default: throw CaseError("\(value) is neither a tensor nor a number")
      }
    }
    var result: DType?
    for case let dtype? in groups where result == nil || kind(dtype) > kind(result!) {
      result = dtype.isComplex && result == .float64 ? .complex128 : dtype
    }
    return result ?? .float32
  }

  /// A tensor whose integers or bools PyTorch would take as float32.
  func floating(_ position: Int = 0) throws -> Tensor {
    let x = try tensor(position)
    return x.dtype.isDifferentiable ? x : x.cast(to: .float32)
  }

  /// Two operands, promoted, and then to float32 if they are not of a float dtype.
  func floatingPair(_ a: Int = 0, _ b: Int = 1) throws -> (Tensor, Tensor) {
    let (x, y) = try promoted(a, b)
    return x.dtype.isDifferentiable ? (x, y) : (x.cast(to: .float32), y.cast(to: .float32))
  }

  // MARK: Axes

  /// Axes of a tensor, none if not given.
  ///
  /// PyTorch takes axis 0 of a scalar for the scalar itself.
  func axes(_ name: String = "dim", at position: Int? = nil, of x: Tensor) throws -> [Int] {
    let axes = try ints(name, at: position)
    return x.rank == 0 ? [] : axes
  }

  /// What an operator along an axis makes of `x`; a scalar, which has no axis, goes through it as a vector of one.
  func lifted(_ x: Tensor, _ body: (Tensor) throws -> Tensor) rethrows -> Tensor {
    x.rank == 0 ? try body(x.reshaped([1])).reshaped([]) : try body(x)
  }

  /// The same for an operator with several results.
  func lifted(_ x: Tensor, _ body: (Tensor) throws -> [Tensor]) rethrows -> [Tensor] {
    x.rank == 0 ? try body(x.reshaped([1])).map { $0.reshaped([]) } : try body(x)
  }

  // MARK: Plain values

  func int(_ name: String, at position: Int? = nil, default other: Int? = nil) throws -> Int {
    guard let number = try optionalInt(name, at: position) ?? other else { throw CaseError("\(name) is not given") }
    return number
  }

  func optionalInt(_ name: String, at position: Int? = nil) throws -> Int? {
    switch value(name, at: position) {
    case .none: return nil
    case .int(let number): return number
    case .bool(let flag): return flag ? 1 : 0
    case .tensor(let name, _):
      guard let x = tensors[name], x.shape.elementCount == 1 else { throw CaseError("\(name) is not one number") }
      return Int(x.cast(to: .int64).item(as: Int64.self))
    default: throw CaseError("\(name) is not an integer")
    }
  }

  /// Integers, of which a single one stands for a list of one; empty if not given.
  func ints(_ name: String, at position: Int? = nil) throws -> [Int] { try optionalInts(name, at: position) ?? [] }

  func optionalInts(_ name: String, at position: Int? = nil) throws -> [Int]? {
    switch value(name, at: position) {
    case .none: return nil
    case .int(let number): return [number]
    case .list(let list):
      return try list.map {
        guard case .int(let number) = $0 else { throw CaseError("\(name) is not a list of integers") }
        return number
      }
    default: throw CaseError("\(name) is not a list of integers")
    }
  }

  func double(_ name: String, at position: Int? = nil, default other: Double? = nil) throws -> Double {
    guard let number = try optionalDouble(name, at: position) ?? other else { throw CaseError("\(name) is not given") }
    return number
  }

  func optionalDouble(_ name: String, at position: Int? = nil) throws -> Double? {
    switch value(name, at: position) {
    case .none: return nil
    case .int(let number): return Double(number)
    case .double(let number): return number
    case .bool(let flag): return flag ? 1 : 0
    case .tensor(let name, _):
      guard let x = tensors[name], x.shape.elementCount == 1 else { throw CaseError("\(name) is not one number") }
      return x.cast(to: .float64).item(as: Double.self)
    default: throw CaseError("\(name) is not a number")
    }
  }

  func bool(_ name: String, at position: Int? = nil, default other: Bool = false) throws -> Bool {
    switch value(name, at: position) {
    case .none: return other
    case .bool(let flag): return flag
    case .int(let number): return number != 0
    default: throw CaseError("\(name) is not true or false")
    }
  }

  func string(_ name: String, at position: Int? = nil, default other: String = "") throws -> String {
    switch value(name, at: position) {
    case .none: return other
    case .string(let text): return text
    default: throw CaseError("\(name) is not a string")
    }
  }

  func dtype(_ name: String = "dtype", at position: Int? = nil) throws -> DType? {
    switch value(name, at: position) {
    case .none: return nil
    case .dtype(let dtype): return dtype
    default: throw CaseError("\(name) is not a dtype")
    }
  }
}
