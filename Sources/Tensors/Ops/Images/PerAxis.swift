/// What stands for a number along each spatial axis: an `Int` for all of them, a list with one for each, or a ``PerAxis``.
public protocol PerAxisConvertible: Sendable {
  /// The numbers.
  var perAxis: PerAxis { get }
}

/// What stands for the padding of images: an `Int` for every side, a list with one for each axis, or a ``WindowPadding`` such as `.same`.
public protocol WindowPaddingConvertible: Sendable {
  /// The padding.
  var windowPadding: WindowPadding { get }
}

extension Int: PerAxisConvertible, WindowPaddingConvertible {
  /// One number for all axes.
  public var perAxis: PerAxis { PerAxis(self) }
  /// So many on each side.
  public var windowPadding: WindowPadding { WindowPadding(self) }
}
extension [Int]: PerAxisConvertible, WindowPaddingConvertible {
  /// One number for each axis.
  public var perAxis: PerAxis { PerAxis(self) }
  /// So many on each side of each axis.
  public var windowPadding: WindowPadding { WindowPadding(PerAxis(self)) }
}
extension PerAxis: PerAxisConvertible, WindowPaddingConvertible {
  /// It.
  public var perAxis: PerAxis { self }
  /// So many on each side of each axis.
  public var windowPadding: WindowPadding { WindowPadding(self) }
}
extension WindowPadding: WindowPaddingConvertible {
  /// It.
  public var windowPadding: WindowPadding { self }
}
extension WindowPaddingConvertible where Self == WindowPadding {
  /// None: the window stays inside.
  public static var valid: WindowPadding { WindowPadding(0) }
  /// As many as give ⌈size / stride⌉ places of the window, the odd one behind: with a stride of 1 the size stays.
  public static var same: WindowPadding { .evenly }
  /// So many in front of each axis and so many behind: numbers of their own for the two sides.
  public static func before(_ before: any PerAxisConvertible, after: any PerAxisConvertible) -> WindowPadding {
    WindowPadding(before: before, after: after)
  }
}

/// A number for each spatial axis, or one for all of them: a window's size, a stride, a dilation.
///
///     maxPool(x, window: 2)            // 2 along every axis but the first two
///     maxPool(x, window: [2, n])       // 2 and n along the last two axes
public struct PerAxis: Sendable, Hashable, ExpressibleByIntegerLiteral, ExpressibleByArrayLiteral, CustomStringConvertible {
  private var numbers: [Int]
  private var isForAll: Bool

  /// One number for all axes.
  public init(_ number: Int) {
    numbers = [number]
    isForAll = true
  }
  /// One number for each axis.
  public init(_ numbers: [Int]) {
    self.numbers = numbers
    isForAll = false
  }
  /// One number for all axes.
  public init(integerLiteral value: Int) { self.init(value) }
  /// One number for each axis.
  public init(arrayLiteral elements: Int...) { self.init(elements) }

  /// How many axes there are numbers for; nil if one stands for all.
  var count: Int? { isForAll ? nil : numbers.count }

  /// As it is written: `2` or `[2, 3]`.
  public var description: String { isForAll ? "\(numbers[0])" : "\(numbers)" }

  /// The numbers for `axes` axes, none below `least`.
  ///
  /// - Parameter what: What they are, for the mistake: `a stride`.
  package func numbers(_ what: String, axes: Int, least: Int, _ operation: String) throws(TensorError) -> Shape {
    if let count, count != axes {
      throw TensorError(operation, "\(what) of \(self) for \(axes == 1 ? "1 axis" : "\(axes) axes"); one number, or \(axes), would fit")
    }
    // The upper bound keeps every product with a size within 64 bits.
    if let wrong = numbers.first(where: { $0 < least || $0 > PerAxis.most }) {
      throw TensorError(operation, "\(what) of \(wrong); \(least) to \(PerAxis.most) would fit")
    }
    return isForAll ? Shape(repeating: numbers[0], rank: axes) : Shape(numbers)
  }
  private static let most = 1 << 24
}

/// What surrounds an image where a window reaches over its edge: numbers of added places, or a rule for them.
///
///     convolution(x, weight: w, padding: 1)         // one place on each side of each axis
///     convolution(x, weight: w, padding: [0, 2])    // none, and two on each side
///     convolution(x, weight: w, padding: .same)     // as many as keep the size
///     convolution(x, weight: w, padding: .before([1, 0], after: 0))
public struct WindowPadding: Sendable, Hashable, ExpressibleByIntegerLiteral, ExpressibleByArrayLiteral, CustomStringConvertible {
  private enum Kind: Hashable {
    case same
    case sides(before: PerAxis, after: PerAxis)
  }
  private var kind: Kind

  fileprivate static let evenly = WindowPadding(kind: .same)

  private init(kind: Kind) { self.kind = kind }
  /// So many on each side.
  public init(_ number: Int) { self.init(PerAxis(number)) }
  /// So many on each side of each axis.
  public init(_ numbers: PerAxis) { kind = .sides(before: numbers, after: numbers) }
  /// So many in front of and behind each axis.
  public init(before: any PerAxisConvertible, after: any PerAxisConvertible) {
    kind = .sides(before: before.perAxis, after: after.perAxis)
  }
  /// So many on each side.
  public init(integerLiteral value: Int) { self.init(value) }
  /// So many on each side of each axis.
  public init(arrayLiteral elements: Int...) { self.init(PerAxis(elements)) }

  /// As it is written: `1`, `[0, 2]` or `.same`.
  public var description: String {
    switch kind {
    case .same: ".same"
    case .sides(let before, let after): before == after ? "\(before)" : ".before(\(before), after: \(after))"
    }
  }

  /// The numbers before and after each axis of sizes `input` for a window that spans `reach` places.
  package func numbers(
    _ input: Shape, reach: Shape, stride: Shape, _ operation: String
  ) throws(TensorError) -> (before: Shape, after: Shape) {
    switch kind {
    case .sides(let before, let after):
      let front = try before.numbers("a padding", axes: input.rank, least: 0, operation)
      return (front, before == after ? front : try after.numbers("a padding", axes: input.rank, least: 0, operation))
    case .same:
      var (before, after) = (input, input)
      for axis in 0..<input.rank {
        let outputs = (input[axis] + stride[axis] - 1) / stride[axis]
        let total = Swift.max(0, (outputs - 1) * stride[axis] + reach[axis] - input[axis])
        before[axis] = total / 2
        after[axis] = total - total / 2
      }
      return (before, after)
    }
  }
}
