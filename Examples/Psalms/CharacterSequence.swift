import Fluxion

/// A text as ids of its characters, to be cut into windows: inputs [batch, length] and, as targets, the ids that follow them.
public struct CharacterSequence: Sendable {
  /// The id of each character.
  public let ids: [Int]

  /// A text of given ids.
  public init(_ ids: [Int]) { self.ids = ids }

  /// How many characters it has.
  public var count: Int { ids.count }

  /// The windows of `length` characters that begin at 0, `step`, 2·`step`, ….
  ///
  /// With a step of 1 a shuffling `DataLoader` draws windows at random places; with a step of `length` each character is there once.
  public func windows(length: Int, step: Int = 1) throws(DataError) -> Windows {
    guard length >= 1, length < ids.count else {
      throw DataError(file: "text", message: "no window of \(length) characters in \(ids.count); 1 to \(ids.count - 1) would fit")
    }
    guard step >= 1 else { throw DataError(file: "text", message: "windows \(step) characters apart; 1 or more would fit") }
    return Windows(ids: ids, starts: Array(stride(from: 0, to: ids.count - length, by: step)), length: length)
  }

  /// The text cut into `count` streams that are read side by side, for training with states that pass from batch to batch.
  ///
  /// Row r of a batch continues row r of the batch before: ask for batches of `count`, in order.
  ///
  ///     for (x, y) in DataLoader(try psalms.train.streams(32, length: 50), batchSize: 32) { … }
  public func streams(_ count: Int, length: Int) throws(DataError) -> Windows {
    // The last character of a stream's last window has the next one as its target.
    let span = count >= 1 ? (ids.count - 1) / count : 0
    guard length >= 1, length <= span else {
      throw DataError(
        file: "text", message: "no \(count) streams of \(length) characters at a time in \(ids.count); fewer, or shorter ones would fit")
    }
    let starts = (0..<span / length).flatMap { batch in (0..<count).map { stream in stream * span + batch * length } }
    return Windows(ids: ids, starts: starts, length: length)
  }
}

/// Stretches of a text: inputs [batch, length] of int64 ids, and targets one character further on.
public struct Windows: Dataset {
  fileprivate let ids: [Int]
  /// Where each window begins.
  public let starts: [Int]
  /// The characters of a window.
  public let length: Int

  fileprivate init(ids: [Int], starts: [Int], length: Int) { (self.ids, self.starts, self.length) = (ids, starts, length) }

  /// How many windows there are.
  public var count: Int { starts.count }

  /// Inputs and targets of some windows.
  public func batch(_ indices: [Int]) -> (Tensor, Tensor) {
    func cut(_ shift: Int) -> Tensor {
      var values: [Int] = []
      values.reserveCapacity(indices.count * length)
      for index in indices { values += ids[starts[index] + shift..<starts[index] + shift + length] }
      return Tensor(values, shape: [indices.count, length])
    }
    return (cut(0), cut(1))
  }
}
