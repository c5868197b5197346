import CKernels

/// A number that an operator was given, as exactly as it was given: an Int beyond 2⁵³ is no Double.
enum Number: Sendable, Hashable, CustomStringConvertible {
  case integer(Int64)
  case real(Double)
  case complex(Double, Double)

  /// The nearest Double; the real part of a complex number.
  @inline(__always) var double: Double {
    switch self {
    case .integer(let value): Double(value)
    case .real(let value): value
    case .complex(let value, _): value
    }
  }

  /// As it was written: `5`, `0.5` or `1.0+2.0i`.
  var description: String {
    switch self {
    case .integer(let value): "\(value)"
    case .real(let value): "\(value)"
    case .complex(let re, let im): "\(re)\(im.sign == .minus ? "-" : "+")\(abs(im))i"
    }
  }

  /// The integer that it is, if it is one.
  private var whole: Int64? {
    switch self {
    case .integer(let value): value
    case .real(let value): Int64(exactly: value)
    case .complex: nil
    }
  }

  /// Whether a tensor of a dtype can hold it.
  ///
  /// This is the library's one rule for numbers that meet tensors: a float dtype takes the nearest of its numbers, which beyond its range is
  /// ±∞, as IEEE 754 rounds, a complex dtype the nearest pair of them; an integer dtype takes integers of its range; bool takes 0 and 1. Whatever else
  /// would become another number.
  @inline(__always) func isValue(of dtype: DType) -> Bool { dtype.isDifferentiable && !isComplex || isOtherValue(of: dtype) }

  @inline(__always) private var isComplex: Bool {
    if case .complex = self { return true }
    return false
  }

  @inline(never)
  private func isOtherValue(of dtype: DType) -> Bool { isComplex ? dtype.isComplex : isWholeValue(of: dtype) }

  @inline(never)
  private func isWholeValue(of dtype: DType) -> Bool {
    guard let whole else { return false }
    switch dtype {
    case .int32: return Int32(exactly: whole) != nil
    case .bool: return whole == 0 || whole == 1
    default: return true
    }
  }

  /// That a tensor of a dtype can hold it; `remedy` ends the sentence with the dtype that can.
  @inline(__always)
  func check(
    _ dtype: DType, _ operation: @autoclosure () -> String, remedy: String = "convert the tensor with .cast(to: .%)"
  ) throws(TensorError) {
    if !isValue(of: dtype) { throw mistake(dtype, operation(), remedy) }
  }

  @inline(never)
  private func mistake(_ dtype: DType, _ operation: String, _ remedy: String) -> TensorError {
    let fitting: DType = isComplex ? dtype.complex : whole == nil ? .float32 : .int64
    let parts = remedy.split(separator: "%", omittingEmptySubsequences: false)
    return TensorError(operation, "\(self) is not a value of \(dtype); " + parts.joined(separator: "\(fitting)"))
  }

  /// Writes it `count` times, rounded to a dtype that can hold it.
  func fill(_ target: UnsafeMutableRawPointer, _ dtype: DType, _ count: Int) {
    if dtype.isComplex { return fillComplex(target, dtype, count) }
    guard case .integer(let value) = self else { return fillElements(target, double, dtype, count) }
    switch dtype {
    case .float32: withUnsafePointer(to: Float(value)) { fx_fill(dtype.code, count, $0, target) }
    case .int64: withUnsafePointer(to: value) { fx_fill(dtype.code, count, $0, target) }
    case .float16, .bfloat16: fillHalves(target, value, .int64, dtype, count)
    default: fillElements(target, double, dtype, count)
    }
  }

  @inline(never)
  private func fillComplex(_ target: UnsafeMutableRawPointer, _ dtype: DType, _ count: Int) {
    var imaginary = 0.0
    if case .complex(_, let value) = self { imaginary = value }
    if dtype == .complex64 {
      withUnsafePointer(to: SIMD2(Float(double), Float(imaginary))) { fx_fill(dtype.code, count, $0, target) }
    } else {
      withUnsafePointer(to: SIMD2(double, imaginary)) { fx_fill(dtype.code, count, $0, target) }
    }
  }
}

extension Scalar {
  /// The number, exactly.
  @inline(__always) var number: Number { Self.dtype.isComplex ? complexNumber : realNumber }

  private var complexNumber: Number {
    withUnsafeBytes(of: self) {
      if Self.dtype == .complex128 { return .complex($0.loadUnaligned(as: Double.self), $0.loadUnaligned(fromByteOffset: 8, as: Double.self)) }
      return .complex(Double($0.loadUnaligned(as: Float.self)), Double($0.loadUnaligned(fromByteOffset: 4, as: Float.self)))
    }
  }

  @inline(__always) private var realNumber: Number {
    Self.dtype == .int64 ? .integer(withUnsafeBytes(of: self) { $0.loadUnaligned(as: Int64.self) }) : .real(double)
  }
}

extension Tensor {
  /// Whether a number is one of this dtype's values; a mistake if not.
  @inline(__always)
  func admits(_ number: Number, _ label: StaticString) -> Bool {
    if number.isValue(of: dtype) { return true }
    _ = attempt { () throws(TensorError) in try number.check(dtype, "\(label)") }
    return false
  }

  /// Whether a number is an integer of this dtype that a Double may have rounded.
  @inline(__always)
  func holdsExactly<S: Scalar>(_ scalar: S) -> Bool { dtype == .int64 && S.dtype == .int64 && abs(scalar.double) >= 0x1p53 }

  /// A number as a scalar of a dtype, for an operator that takes it beside tensors of this one; a placeholder if it is none of its values.
  static func scalar(_ number: Number, _ dtype: DType, _ label: StaticString) -> Tensor {
    let context = Context.current
    if context.hasFailed || attempt({ () throws(TensorError) in try number.check(dtype, "\(label)") }) == nil { return .placeholder }
    guard let y = Tensor.made([], dtype, "\(label)") else { return .placeholder }
    if !context.isDry { number.fill(y.pointer, dtype, 1) }
    return y
  }
}

extension DType {
  /// What no value is below: −∞, or the smallest integer.
  var least: Number {
    switch self {
    case .float32, .float64, .float16, .bfloat16, .complex64, .complex128: .real(-.infinity)
    case .int32: .integer(Int64(Int32.min))
    case .int64: .integer(.min)
    case .bool: .integer(0)
    }
  }

  /// What no value is above: ∞, or the largest integer.
  var greatest: Number {
    switch self {
    case .float32, .float64, .float16, .bfloat16, .complex64, .complex128: .real(.infinity)
    case .int32: .integer(Int64(Int32.max))
    case .int64: .integer(.max)
    case .bool: .integer(1)
    }
  }
}
