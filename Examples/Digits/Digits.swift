import ArgumentParser
import BundledDigits
import Fluxion
import FluxionMPI
import Foundation

/// Trains a model on handwritten digits and shows how well it reads others.
@main
struct Digits: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "digits",
    abstract: "Trains a model on handwritten digits and shows how well it reads others.",
    discussion: "Without --data it trains on 3,400 of MNIST's digits, which come with the program, and is tested on 600 others. Built with "
      + "--traits MPI, several processes train together: mpirun -n 2 digits.")

  @Option(help: "The model: mlp (784-128-64-10), lenet (two convolutions) or recurrent (reads a digit row by row).")
  var model = ModelKind.mlp
  @Option(help: "How often the training data is gone through (default: 12 for mlp, 10 for lenet, 30 for recurrent).")
  var epochs: Int?
  @Option(help: "How many digits are learned from at once.")
  var batchSize = 64
  @Option(help: "The size of Adam's steps.")
  var learningRate = 1e-3
  @Option(help: "What weights and orders follow from.")
  var seed: UInt64 = 1
  @Option(help: ArgumentHelp("A folder with MNIST's four files, plain or with .gz.", valueName: "directory"))
  var data: String?
  @Option(help: ArgumentHelp("Where the training curve goes.", valueName: "file"))
  var curve = "training.svg"
  @Option(help: ArgumentHelp("Where the run is kept while it trains, so that it can go on.", valueName: "directory"))
  var checkpoints: String?
  @Flag(help: "Go on with the run that is in --checkpoints, if there is one.")
  var resume = false
  @Option(help: ArgumentHelp("Where the trained weights go.", valueName: "file"))
  var save: String?

  func validate() throws {
    if let epochs, epochs < 1 { throw ValidationError("--epochs \(epochs): 1 or more would fit") }
    if batchSize < 1 { throw ValidationError("--batch-size \(batchSize): 1 or more would fit") }
    if resume && checkpoints == nil { throw ValidationError("--resume without --checkpoints: the directory of the run would fit") }
    if !(learningRate > 0 && learningRate.isFinite) {
      throw ValidationError("--learning-rate \(learningRate): a positive number would fit")
    }
  }

  func run() throws {
    let digits = try MNIST(directory: data ?? bundledDigits)
    switch model {
    case .mlp: try run(withSeed(seed) { perceptron() }, on: digits)
    case .lenet: try run(withSeed(seed) { lenet() }, on: digits)
    case .recurrent: try run(withSeed(seed) { rowReader() }, on: digits)
    }
  }

  private func run(_ model: some Model<Tensor, Tensor>, on digits: MNIST) throws {
    var model = model
    let world = try World.ofLauncher()
    let isFirst = world?.rank ?? 0 == 0
    if isFirst {
      print("\(digits.train.count) digits to learn from, \(digits.test.count) to be tested on; \(model.parameterCount) parameters")
    }
    let history = try model.fit(
      digits.train, validation: digits.test, loss: crossEntropy, optimizer: Adam(learningRate: learningRate),
      epochs: epochs ?? self.model.epochs, batchSize: batchSize, seed: seed, checkpoints: checkpoints, resume: resume,
      across: world)
    // The others have the same.
    if !isFirst { return }

    let predictions = model.predict(digits.test.inputs).argmax(axis: -1)
    let labels = digits.test.targets
    print("\nHow often each digit (row) was read as each (column):\n")
    print(table(confusionMatrix(predictions, labels, classes: MNIST.classes)))
    print("\nSome digits of the test:\n")
    print(gallery(digits.test.inputs, labels: labels.scalars(Int.self), predictions: predictions.scalars(Int.self)))

    let accuracy = String(format: "%.3f", accuracy(model.predict(digits.test.inputs), labels))
    try write(history.svg(title: "Handwritten digits", subtitle: "\(self.model) · Adam · test accuracy \(accuracy)"))
    print("The training curve is in \(curve)")
    if let save {
      try model.save(to: save, metadata: ["model": "\(self.model)", "test accuracy": accuracy])
      print("The weights are in \(save)")
    }
    print("test accuracy \(accuracy)")
  }

  private func write(_ svg: String) throws {
    do {
      try svg.write(toFile: curve, atomically: true, encoding: .utf8)
    } catch {
      throw DataError(file: curve, message: "the training curve cannot be written there")
    }
  }
}
