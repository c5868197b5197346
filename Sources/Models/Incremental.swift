import Tensors

/// A layer that can go on where the last call ended, instead of taking each call for a sequence from its beginning.
///
/// Attention over a sequence so far keeps its keys and values, positions count on. What is kept is `@Recurrent` state: `reset()` on the model
/// forgets it. A layer of one's own that looks back conforms too.
public protocol Incremental {
  /// Whether a call goes on where the last one ended.
  var isIncremental: Bool { get set }
}

extension Model {
  /// A copy that is called with the next part of a sequence, and answers as a call with all parts so far would for its last rows.
  ///
  ///     var generator = model.incremental()
  ///     let logits = generator.predictAndAdvance(prompt)               // [1, time] ids
  ///     let next = generator.predictAndAdvance(id)                     // [1, 1]: the work of one step, not of all so far
  ///     generator.reset()                                              // a new sequence
  ///
  /// The model stays as it is. Its attention must be causal: what later parts would change cannot be answered now.
  public func incremental() -> Self {
    var copy = self
    var visitor = Continue()
    visitor.content(&copy)
    copy.reset()
    return copy
  }
}

/// Tells every part that can to go on where it ended.
private struct Continue: ModelVisitor {
  mutating func content<M: Model>(_ model: inout M) {
    if var layer = model as? any Incremental {
      layer.isIncremental = true
      model = layer as? M ?? model
    }
    model.visit(&self)
  }
}
