/// What a tensor's literal is made of: numbers, and lists of equal lists.
///
/// A number by itself is no tensor: in `x + 1` the 1 takes the dtype of `x`, which a tensor of its own could not.
public struct TensorLiteral: ExpressibleByFloatLiteral, ExpressibleByIntegerLiteral, ExpressibleByArrayLiteral {
  fileprivate var shape: Shape
  fileprivate var numbers: [Double]

  /// A number.
  public init(floatLiteral value: Double) {
    shape = []
    numbers = [value]
  }

  /// A number.
  public init(integerLiteral value: Int) { self.init(floatLiteral: Double(value)) }

  /// A list of numbers, or of lists of one shape.
  public init(arrayLiteral elements: TensorLiteral...) { self.init(elements) }

  fileprivate init(_ elements: [TensorLiteral]) {
    let inner = elements.first?.shape ?? []
    if let odd = elements.first(where: { $0.shape != inner }) {
      fail(TensorError("Tensor", "a literal with parts of shapes \(inner) and \(odd.shape); all parts need one shape"))
    }
    shape = Shape([elements.count] + Array(inner))
    numbers = elements.flatMap(\.numbers)
  }
}

extension Tensor: ExpressibleByArrayLiteral {
  /// Nested literals: `[[1, 2], [3, 4]]` is float32 of shape [2, 2].
  ///
  /// For another dtype use `.cast(to:)` or an array: `Tensor([1, 2, 3])` is int64.
  public init(arrayLiteral elements: TensorLiteral...) {
    let literal = TensorLiteral(elements)
    self =
      literal.numbers.count == literal.shape.elementCount ? Tensor(literal.numbers.map(Float.init), shape: literal.shape) : .placeholder
  }
}
