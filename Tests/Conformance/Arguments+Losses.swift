import Fluxion

extension Arguments {
  /// PyTorch's `reduction`; `batchmean` is a sum to be divided.
  func reduction() throws -> Reduction {
    switch try string("reduction", default: "mean") {
    case "none": .none
    case "sum", "batchmean": .sum
    default: .mean
    }
  }

  /// The axis of the classes, PyTorch's second, moved to the end, where Fluxion has it.
  func classesLast(_ x: Tensor) -> Tensor {
    x.rank < 3 ? x : x.permuted([0] + Array(2..<x.rank) + [1])
  }

  /// Tensors that PyTorch would take as float32 if they are none.
  func floats(_ positions: Int...) throws -> [Tensor] {
    try promoted(positions.map { value("argument \($0)", at: $0) }).map { $0.dtype.isDifferentiable ? $0 : $0.cast(to: .float32) }
  }
}
