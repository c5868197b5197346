import ArgumentParser
import Fluxion
import FluxionMPI
import Foundation
import Psalms

/// Trains two LSTM layers to write psalms, character by character.
@main
struct CharRNN: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "charrnn",
    abstract: "Trains two LSTM layers to write psalms, character by character.",
    discussion:
      "Nine tenths of the text are learned from; the loss of the rest is the last line. Without --text it is the psalms. Built with "
      + "--traits MPI, several processes train together: mpirun -n 2 charrnn.")

  @Option(help: "How often the text is gone through.")
  var epochs = 16
  @Option(help: "The most training steps, for a brief run (default: as many as the epochs have).")
  var steps: Int?
  @Option(help: "The size of the hidden values.")
  var hidden = 256
  @Option(help: "How likely elements between the layers are dropped.")
  var dropout = 0.3
  @Option(help: "How many places of the text are read at once.")
  var batchSize = 32
  @Option(help: "After how many characters the model is changed, and gradients end.")
  var length = 50
  @Option(help: "The size of Adam's steps at first; it falls to a tenth.")
  var learningRate = 3e-3
  @Option(help: "What weights and samples follow from.")
  var seed: UInt64 = 1
  @Option(help: ArgumentHelp("Where the run is kept at its end.", valueName: "directory"))
  var checkpoints: String?
  @Option(help: "What the samples begin with.")
  var prompt = "The LORD "
  @Option(help: "How many characters the samples have.")
  var sampleLength = 300
  @Option(parsing: .upToNextOption, help: "How daring the samples are: 0 always takes the likeliest character.")
  var temperatures = [0.5, 0.8, 1.0]
  @Option(help: ArgumentHelp("A text of your own, in UTF-8.", valueName: "file"))
  var text: String?

  func validate() throws {
    let counts = [("epochs", epochs), ("hidden", hidden), ("batch-size", batchSize), ("length", length), ("steps", steps ?? 1)]
    for (name, value) in counts where value < 1 { throw ValidationError("--\(name) \(value): 1 or more would fit") }
    if !(0..<1).contains(dropout) { throw ValidationError("--dropout \(dropout): 0 or more and less than 1 would fit") }
    if !(learningRate > 0 && learningRate.isFinite) {
      throw ValidationError("--learning-rate \(learningRate): a positive number would fit")
    }
    if sampleLength < 0 { throw ValidationError("--sample-length \(sampleLength): 0 or more would fit") }
    for temperature in temperatures where !(temperature >= 0 && temperature.isFinite) {
      throw ValidationError("--temperatures \(temperature): 0 or more would fit")
    }
  }

  func run() throws {
    let psalms = try Psalms(file: text)
    let start = try psalms.vocabulary.ids(of: prompt, name: "--prompt")
    var model = withSeed(seed) { reader(characters: psalms.vocabulary.count, hidden: hidden, dropout: dropout).unrolled(stateful: true) }
    let world = try World.ofLauncher()
    let isFirst = world?.rank ?? 0 == 0
    if isFirst {
      print(
        "\(psalms.train.count) characters to learn from, \(psalms.validation.count) to be tested on; \(model.parameterCount) parameters")
    }

    let loss = try withSeed(seed) { try train(&model, on: psalms, across: world) }
    // The others have the same.
    if !isFirst { return }

    var random = RandomStream(seed: seed)
    for temperature in temperatures {
      print("\nTemperature \(temperature):\n")
      let ids = sample(model.step, after: start, count: sampleLength, temperature: temperature, using: &random)
      print(prompt + psalms.vocabulary.text(of: ids))
    }
    print("\nvalidation loss \(String(format: "%.3f", loss))")
  }

  /// Goes through the text with states that pass from batch to batch; the loss of the rest of the text at the end.
  private func train(_ model: inout Unrolled<Chain>, on psalms: Psalms, across world: World?) throws -> Double {
    let batches = DataLoader(try psalms.train.streams(batchSize, length: length), batchSize: batchSize)
    let total = min(steps ?? .max, epochs * batches.batchCount)
    var run = TrainingState(model, Adam(learningRate: learningRate), seed: seed)
    defer { model = run.model }
    var loss = Double.nan
    for epoch in 1...epochs where run.step < total {
      let begin = Date()
      // What is carried over is the end of the stream before, whose beginning comes now.
      run.model.reset()
      var losses: [Double] = []
      for (x, y) in batches where run.step < total {
        run.optimizer.learningRate = learningRate * (1 - 0.9 * Double(run.step) / Double(total))
        let value = makeStep(&run, x, y, across: world)
        losses.append(value)
        run.advance(loss: value)
      }
      loss = try validate(run.model, on: psalms)
      let mean = losses.reduce(0, +) / Double(max(1, losses.count))
      if world?.rank ?? 0 == 0 {
        print(
          "epoch \(epoch)/\(epochs)  loss \(String(format: "%.3f", mean))  validation \(String(format: "%.3f", loss))  "
            + String(format: "%.1f s", Date().timeIntervalSince(begin)))
      }
      fflush(nil)
    }
    if let checkpoints, world?.rank ?? 0 == 0 {
      try FileManager.default.createDirectory(atPath: checkpoints, withIntermediateDirectories: true)
      try run.save(to: checkpoints + "/last.safetensors")
    }
    return loss
  }

  /// The loss of a batch, and a step along its gradient; with other processes, the batch is cut into shards that they share.
  private func makeStep(_ run: inout TrainingState<Unrolled<Chain>, Adam>, _ x: Tensor, _ y: Tensor, across world: World?) -> Double {
    let (loss, gradient) =
      if let world {
        valueAndGradient(at: &run.model, across: world, examples: x.shape[0]) { model, range in crossEntropy(model(x[range]), y[range]) }
      } else {
        valueAndGradient(at: &run.model) { model in crossEntropy(model(x), y) }
      }
    run.optimizer.update(&run.model, along: gradient)
    return loss.item()
  }

  /// The mean loss of a character of the rest of the text, in nats.
  private func validate(_ model: Unrolled<Chain>, on psalms: Psalms) throws -> Double {
    var model = model
    model.reset()
    let losses = DataLoader(try psalms.validation.streams(8, length: 100), batchSize: 8).map { x, y in crossEntropy(model(x), y).item() }
    return losses.reduce(0, +) / Double(losses.count)
  }
}
