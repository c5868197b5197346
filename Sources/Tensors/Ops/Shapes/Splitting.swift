extension Tensor {
  /// Parts of the given sizes along an axis, as views.
  ///
  /// Derivative: dy at the part's place.
  public func split(sizes: [Int], axis: Int = 0) -> [Tensor] {
    guard let axis = attempt({ () throws(TensorError) in try self.axis(axis, "split") }) else { return sizes.map { _ in .placeholder } }
    guard sizes.allSatisfy({ $0 >= 0 }), sizes.reduce(0, { $0.saturatingPlus($1) }) == shape[axis] else {
      fail(
        TensorError("split", "sizes \(sizes) for axis \(axis) of \(shape); sizes that add up to \(shape[axis]), none negative, would fit"))
      return sizes.map { _ in .placeholder }
    }
    var start = 0
    return sizes.map { size in
      var region = Region(all: shape)
      region.take(axis, from: start, count: size)
      start += size
      return Slice(region: region)(self)
    }
  }

  /// Parts of `size` along an axis, the last one smaller if it does not come out even: views.
  ///
  /// PyTorch: `split`.
  public func split(size: Int, axis: Int = 0) -> [Tensor] {
    guard let axis = attempt({ () throws(TensorError) in try self.axis(axis, "split") }) else { return placeholders() }
    guard size > 0 else {
      fail(TensorError("split", "parts of size \(size) along axis \(axis) of \(shape); 1 or more would fit"))
      return placeholders()
    }
    let length = shape[axis]
    let count = length / size
    guard attempt({ () throws(TensorError) in try checkList(count, of: bytesOfView, "split", "\(count) parts of size \(size)") }) != nil
    else { return placeholders(count) }
    return split(sizes: length == 0 ? [0] : Swift.stride(from: 0, to: length, by: size).map { Swift.min(size, length - $0) }, axis: axis)
  }

  /// At most `count` parts of equal size along an axis, the last one smaller: views.
  ///
  /// PyTorch: `chunk`.
  public func chunk(_ count: Int, axis: Int = 0) -> [Tensor] {
    guard let axis = attempt({ () throws(TensorError) in try self.axis(axis, "chunk") }) else { return placeholders(count) }
    guard count > 0 else {
      fail(TensorError("chunk", "\(count) parts along axis \(axis) of \(shape); 1 or more would fit"))
      return []
    }
    return split(size: Swift.max(1, (shape[axis] - 1) / count + 1), axis: axis)
  }

  /// Parts that begin at the given positions along an axis, and one before them: views.
  ///
  /// Positions count from the end if negative, and what lies outside the axis is its end, as in PyTorch; a part that would end before it
  /// begins is empty. Derivative: dy at the part's place. PyTorch: `tensor_split`.
  public func split(at positions: [Int], axis: Int = 0) -> [Tensor] {
    guard let axis = attempt({ () throws(TensorError) in try self.axis(axis, "split") }) else {
      return (0...positions.count).map { _ in .placeholder }
    }
    let n = shape[axis]
    let bounds = [0] + positions.map { Swift.max(0, Swift.min($0 < 0 ? $0 + n : $0, n)) } + [n]
    return zip(bounds, bounds.dropFirst()).map { start, end in
      var region = Region(all: shape)
      region.take(axis, from: start, count: Swift.max(0, end - start))
      return Slice(region: region)(self)
    }
  }

  /// Exactly `parts` parts along an axis, the first ones larger by one if it does not come out even: views.
  ///
  /// Derivative: dy at the part's place. PyTorch: `tensor_split`.
  public func split(parts: Int, axis: Int = 0) -> [Tensor] {
    guard let axis = attempt({ () throws(TensorError) in try self.axis(axis, "split") }) else { return placeholders(parts) }
    guard parts > 0 else {
      fail(TensorError("split", "\(parts) parts along axis \(axis) of \(shape); 1 or more would fit"))
      return []
    }
    guard attempt({ () throws(TensorError) in try checkList(parts, of: bytesOfView, "split", "\(parts) parts") }) != nil else {
      return placeholders(parts)
    }
    let (size, larger) = (shape[axis] / parts, shape[axis] % parts)
    return split(sizes: (0..<parts).map { size + ($0 < larger ? 1 : 0) }, axis: axis)
  }

  /// The tensors along an axis, which goes: what ``stack(_:axis:)`` undoes.
  ///
  /// Derivative: dy at the tensor's place. PyTorch: `unbind`.
  public func unstacked(axis: Int = 0) -> [Tensor] {
    guard let axis = attempt({ () throws(TensorError) in try self.axis(axis, "unstacked") }) else { return placeholders() }
    let count = shape[axis]
    guard attempt({ () throws(TensorError) in try checkList(count, of: bytesOfView, "unstacked", "\(count) tensors") }) != nil else {
      return placeholders(count)
    }
    return (0..<count).map { self[axis: axis, $0] }
  }
}

/// What a list of so many tensors is after a mistake in a checked scope, for a program that goes on with each of them; where nobody can tell how many
/// it would have been, since what is split is no more than a placeholder itself, more than such a program asks for.
private func placeholders(_ count: Int = .max) -> [Tensor] { Array(repeating: .placeholder, count: countAfterMistake(count)) }

/// What a view takes in memory, beside the elements: its body, and a list's reference to it, roundly.
private let bytesOfView = 512
