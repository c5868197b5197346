import Fluxion
import Foundation
import Testing

/// A tensor in a golden file.
struct GoldenTensor: Decodable, Sendable {
  var name: String?
  var shape: [Int]
  var dtype: String?
  var values: [Double]

  func tensor(_ fallback: DType = .float64) -> Tensor {
    let dtype = dtype.flatMap { name in DType.allCases.first { $0.description == name } } ?? fallback
    return Tensor(values, shape: Shape(shape)).cast(to: dtype)
  }
}

/// Reads one of PyTorch's files of numbers.
func golden<T: Decodable>(_ type: T.Type, _ name: String) throws -> T {
  let url = try #require(Bundle.module.url(forResource: name, withExtension: "json", subdirectory: "Golden"))
  return try JSONDecoder().decode(type, from: Data(contentsOf: url))
}

/// The largest |x − y| / max(1, |y|), infinite where one is NaN and the other not or shapes differ.
func distance(_ x: Tensor, _ y: Tensor) -> Double {
  guard x.shape == y.shape else { return .infinity }
  let pairs = zip(x.cast(to: .float64).scalars(Double.self), y.cast(to: .float64).scalars(Double.self))
  return pairs.reduce(0) { worst, pair in
    let (a, b) = pair
    if a == b || a.isNaN && b.isNaN { return worst }
    let error = abs(a - b) / max(1, abs(b))
    return error.isNaN ? .infinity : max(worst, error)
  }
}
