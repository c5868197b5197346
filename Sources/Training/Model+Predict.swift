import Data
import Models
import Tensors

extension Model {
  /// The answers to all examples of a data set, in inference mode, batch by batch: [count, …]; of a model that answers with a tuple or a struct of tensors
  /// each of them.
  ///
  ///     let (mean, deviation) = model.predict(over: pictures, batchSize: 256) { batch in batch.image }
  ///
  /// Memory is that of one batch beside the answers. The model stays as it is, so that hidden values do not go from one batch to the next.
  /// What the data set throws ends it.
  ///
  /// - Parameter input: What the model gets of a batch.
  public func predict<D: Dataset>(over data: D, batchSize: Int = 64, _ input: (_ batch: D.Element) -> Input) throws -> Output {
    var answers: [Output] = []
    let batches = DataLoader(data, batchSize: batchSize, seed: 0).pass(0)
    while let batch = try batches.nextBatch() {
      answers.append(predict(input(batch)))
      if hasFailed { break }
    }
    // Of no examples the answers have their shapes too.
    return answers.isEmpty ? predict(input(try data.batch([]))) : joined(answers)
  }
}

extension Model where Input == Tensor, Output == Tensor {
  /// The answers to the inputs of a data set, in inference mode, batch by batch: [count, …].
  public func predict(over data: some Dataset<(Tensor, Tensor)>, batchSize: Int = 64) throws -> Tensor {
    try predict(over: data, batchSize: batchSize) { batch in batch.0 }
  }

  /// The answers to inputs [count, …], in inference mode, so many at a time: [count, …].
  public func predict(over inputs: Tensor, batchSize: Int = 64) -> Tensor {
    if inputs.rank == 0 { return predict(inputs) }
    if batchSize < 1 { fail(TensorError("predict", "a batch size of \(batchSize); 1 or more would fit")) }
    let (count, size) = (inputs.shape[0], max(1, batchSize))
    var answers: [Tensor] = []
    var start = 0
    repeat {
      let end = count - start > size ? start + size : count
      answers.append(predict(inputs[start..<end]))
      start = end
    } while start < count && !hasFailed
    return joined(answers)
  }
}

/// Tensors of answers one after another, whatever tuple or struct they stand in.
private func joined<Output>(_ answers: [Output]) -> Output {
  var all = answers[0]
  if answers.count == 1 || hasFailed { return all }
  let parts = answers.map { tensors(in: $0) }
  let (size, stride) = (MemoryLayout<Tensor>.size, MemoryLayout<Tensor>.stride)
  // What has tensors and nothing else has them side by side in memory.
  guard let count = parts[0]?.count, MemoryLayout<Output>.size == (count - 1) * stride + size else {
    fail(TensorError("predict", "answers of type \(Output.self); a tensor, or a tuple or struct of tensors, would fit"))
    return all
  }
  for i in 0..<count {
    let whole = concatenate(parts.compactMap { $0?[i] })
    withUnsafeMutableBytes(of: &all) { bytes in
      bytes.baseAddress?.advanced(by: i * stride).assumingMemoryBound(to: Tensor.self).pointee = whole
    }
  }
  return all
}

/// The tensors of a tuple or a struct, in order; nil where there is something else.
private func tensors(in value: Any) -> [Tensor]? {
  if let x = value as? Tensor { return [x] }
  let mirror = Mirror(reflecting: value)
  guard mirror.displayStyle == .tuple || mirror.displayStyle == .struct, !mirror.children.isEmpty else { return nil }
  let parts = mirror.children.map { tensors(in: $0.value) }
  return parts.contains { $0 == nil } ? nil : parts.flatMap { $0 ?? [] }
}
