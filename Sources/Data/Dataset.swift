import Tensors

/// Examples that can be asked for by their positions, several at once.
///
/// A data set of one's own is a type with a count and a way to make a batch; `DataLoader` does the rest:
///
///     struct Squares: Dataset {
///       let count = 1000
///       func batch(_ indices: [Int]) -> (Tensor, Tensor) {
///         let x = Tensor(indices.map { Float($0) }, shape: [indices.count, 1])
///         return (x, x * x)
///       }
///     }
public protocol Dataset<Element>: Sendable {
  /// A batch: for supervised learning `(Tensor, Tensor)`, inputs and targets.
  associatedtype Element: Sendable

  /// The number of examples.
  var count: Int { get }

  /// The examples at some positions, in that order. It may be called from another thread than the one that uses the batch. Random numbers
  /// of the stream in force depend on the loader's seed, the pass and the batch only. What it throws, a damaged file for instance, ends the
  /// pass where the batch was asked for.
  func batch(_ indices: [Int]) throws -> Element
}

/// Inputs and targets whose first axis counts the examples.
///
///     let data = TensorDataset(images, labels)        // [60000, 784] and [60000]
///     let (train, validation) = data.split(at: 50_000)
public struct TensorDataset: Dataset {
  /// What a model gets: [count, …].
  public let inputs: Tensor
  /// What it should answer: [count, …], or class ids of shape [count].
  public let targets: Tensor

  /// Pairs rows of `inputs` with rows of `targets`.
  ///
  /// A mistake unless both have the same number of them.
  public init(_ inputs: Tensor, _ targets: Tensor) {
    let fits = inputs.rank > 0 && targets.rank > 0 && inputs.shape[0] == targets.shape[0]
    if !fits {
      fail(TensorError("TensorDataset", "inputs \(inputs.shape) and targets \(targets.shape): they need the same number of rows"))
    }
    self.inputs = fits ? TensorDataset.ordered(inputs) : .zeros([0])
    self.targets = fits ? TensorDataset.ordered(targets) : .zeros([0])
  }

  /// Rows as they are to be taken: of a transposed tensor every batch would put all rows in order first.
  private static func ordered(_ x: Tensor) -> Tensor { x.isLaidOutInOrder ? x.detached : concatenate([x.detached]) }

  /// The number of examples.
  public var count: Int { inputs.shape[0] }

  /// Rows of the inputs and of the targets: [indices.count, …] each.
  ///
  /// Neighbours in order are a view; nothing is copied.
  public func batch(_ indices: [Int]) -> (Tensor, Tensor) {
    if let first = indices.first, first >= 0, first <= count - indices.count, indices.elementsEqual(first..<first + indices.count) {
      return (inputs[first..<first + indices.count], targets[first..<first + indices.count])
    }
    let rows = Tensor(indices)
    return (inputs.take(rows), targets.take(rows))
  }

  /// A stretch of the examples: a view.
  public subscript(range: Range<Int>) -> TensorDataset {
    guard range.lowerBound >= 0 && range.upperBound <= count else {
      fail(TensorError("TensorDataset", "examples \(range) of \(count)"))
      return self
    }
    return TensorDataset(inputs[range], targets[range])
  }

  /// The first `position` examples, and the rest: views.
  public func split(at position: Int) -> (TensorDataset, TensorDataset) {
    guard 0...count ~= position else {
      fail(TensorError("TensorDataset", "split at \(position) of \(count) examples"))
      return (self, self)
    }
    return (self[0..<position], self[position..<count])
  }
}
