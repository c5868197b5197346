import Fluxion
import Foundation

/// A number that may be a large integer: written exactly.
enum Number: Equatable, Encodable, CustomStringConvertible {
  case integer(Int64)
  case real(Double)

  var description: String {
    switch self {
    case .integer(let value): value.description
    case .real(let value): brief(value)
    }
  }

  func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    switch self {
    case .integer(let value): try container.encode(value)
    case .real(let value): try container.encode(value)
    }
  }
}

/// What a tensor's elements are like.
///
/// Least, largest, mean and standard deviation are of those that are finite.
struct Statistics: Equatable, Encodable {
  var elements = 0
  var zeros = 0
  var nan = 0
  var infinite = 0
  /// Nil where no element is finite.
  var minimum: Number?
  var maximum: Number?
  var mean: Double?
  /// That of all elements there are: divided by their number, and not by one less.
  var standardDeviation: Double?

  /// Whether every element is a number.
  var isFinite: Bool { nan == 0 && infinite == 0 }

  init(_ tensor: Tensor) {
    switch tensor.dtype {
    case .float32: tensor.withElements(Float.self) { add($0) }
    case .float64: tensor.withElements(Double.self) { add($0) }
    case .int32: tensor.withElements(Int32.self) { add($0) }
    case .int64: tensor.withElements(Int64.self) { add($0) }
    case .bool: tensor.cast(to: .int32).withElements(Int32.self) { add($0) }
    case .float16, .bfloat16: tensor.cast(to: .float32).withElements(Float.self) { add($0) }
    // Of their absolute values.
    case .complex64: abs(tensor).withElements(Float.self) { add($0) }
    case .complex128: abs(tensor).withElements(Double.self) { add($0) }
    }
  }

  private mutating func add<T: BinaryFloatingPoint>(_ values: UnsafeBufferPointer<T>) {
    elements = values.count
    var (least, largest, sum): (T, T, Double) = (.infinity, -.infinity, 0)
    for value in values {
      if value.isFinite {
        if value == 0 { zeros += 1 }
        least = min(least, value)
        largest = max(largest, value)
        sum += Double(value)
      } else if value.isNaN {
        nan += 1
      } else {
        infinite += 1
      }
    }
    let count = elements - nan - infinite
    guard count > 0 else { return }
    // Text of the elements' own type: 0.1 of a float32 is not 0.10000000149.
    (minimum, maximum) = (.real(Self.shortest(least)), .real(Self.shortest(largest)))
    finish(sum, count) { mean in
      values.reduce(0) { total, value in
        let distance = Double(value) - mean
        return value.isFinite ? total + distance * distance : total
      }
    }
  }

  private static func shortest<T: BinaryFloatingPoint>(_ value: T) -> Double {
    if let value = value as? Float { return Double(value.description) ?? Double(value) }
    return Double(value)
  }

  private mutating func add<T: FixedWidthInteger & Scalar>(_ values: UnsafeBufferPointer<T>) {
    elements = values.count
    guard let least = values.min(), let largest = values.max() else { return }
    zeros = values.count { $0 == 0 }
    (minimum, maximum) = (.integer(Int64(least)), .integer(Int64(largest)))
    finish(values.reduce(0) { $0 + Double($1) }, values.count) { mean in
      values.reduce(0) { total, value in
        let distance = Double(value) - mean
        return total + distance * distance
      }
    }
  }

  private mutating func finish(_ sum: Double, _ count: Int, _ squares: (_ mean: Double) -> Double) {
    let mean = sum / Double(count)
    // The sum of large numbers may be beyond all floats.
    guard mean.isFinite else { return }
    self.mean = mean
    let deviation = (squares(mean) / Double(count)).squareRoot()
    if deviation.isFinite { standardDeviation = deviation }
  }
}

/// A number to five digits, as short as it can be written.
func brief(_ value: Double) -> String {
  guard value.isFinite, value != 0 else { return value == 0 ? "0" : value.description }
  let magnitude = abs(value)
  // Rounded as text: a product with a power of ten would round again.
  let digits = magnitude >= 1e5 || magnitude < 1e-4 ? NumberText.scientific(value, 4) : NumberText.significant(value, 5)
  guard let exponent = digits.firstIndex(of: "e") else { return digits }
  var mantissa = digits[..<exponent]
  while mantissa.last == "0" { mantissa.removeLast() }
  if mantissa.last == "." { mantissa.removeLast() }
  return String(mantissa + digits[exponent...])
}

/// A count as it is read most easily: `101,770`.
func grouped(_ count: Int) -> String {
  let digits = Array(String(count))
  return digits.indices.reduce(into: "") { text, i in
    if i > 0 && (digits.count - i) % 3 == 0 { text += "," }
    text.append(digits[i])
  }
}
