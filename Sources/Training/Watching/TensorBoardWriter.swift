import Data
import Foundation
import Models
import Tensors

/// Writes an event file, which TensorBoard shows while it grows: `tensorboard --logdir runs`.
///
///     let board = try TensorBoardWriter("runs/first")
///     try board.scalar("loss", 0.31, step: 100)
///     try board.histogram("weights", model[parameter: "layers.0.weight"]!, step: 100)
///     try board.image("samples/digit", digit, step: 100)
///     try board.graph(model.summary(for: [1, 784]))
///
/// A slash in a tag makes a group. Each writer makes a file of its own in the directory, which may have others: TensorBoard joins them. An event is in the file
/// when the call returns. What cannot be written throws ``DataError``. In a run of `fit`, ``TrainingCallback/tensorBoard(_:every:histograms:)`` does all of it.
/// PyTorch: `torch.utils.tensorboard.SummaryWriter`.
public final class TensorBoardWriter {
  /// The directory, as it was given.
  public let directory: String
  /// The file that is written.
  public let file: String
  private let records: RecordFile

  /// Begins a file in a directory, which is made if there is none.
  ///
  /// - Parameter firstStep: Where a run goes on that an earlier process wrote events of: its events of this step and later ones are not shown any more. PyTorch:
  ///   `purge_step`.
  public init(_ directory: String, resumingAt firstStep: Int? = nil) throws(DataError) {
    self.directory = directory
    try LogDirectory.make(directory)
    // Files are shown in the order of their names, which begin with the time.
    let time = Date().timeIntervalSince1970
    let (process, host) = (ProcessInfo.processInfo.processIdentifier, ProcessInfo.processInfo.hostName)
    var (path, number) = ("", 0)
    repeat {
      path = "\(directory)/events.out.tfevents.\(Int(time)).\(host).\(process).\(number)"
      number += 1
    } while FileManager.default.fileExists(atPath: path)
    file = path
    records = try RecordFile(path)
    try write(.version, step: 0)
    if let firstStep { try write(.restart, step: firstStep) }
  }

  /// A number; NaN and infinities are shown as such.
  public func scalar(_ tag: String, _ value: Double, step: Int) throws(DataError) { try write(.scalar(tag, value), step: step) }

  /// The elements of a tensor, by 64 equal bins from the least to the largest; those that are not finite are left out, and nothing is written if none is.
  public func histogram(_ tag: String, _ values: Tensor, step: Int) throws(DataError) {
    if hasFailed { return }
    var x = values.detached.cast(to: .float64).flattened()
    if !x.isFinite.all().item(as: Bool.self) {
      let finite = x.scalars(Double.self).filter(\.isFinite)
      x = Tensor(finite, shape: [finite.count])
    }
    guard x.elementCount > 0 else { return }
    let (least, largest): (Double, Double) = (x.min().item(), x.max().item())
    var figures = TensorBoardEvent.HistogramFigures(
      least: least, largest: largest, sum: x.sum().item(), sumOfSquares: x.squared.sum().item(), limits: [largest],
      counts: [Double(x.elementCount)])
    // A range of no width, or too wide for its width to be a number, is one bin.
    let width = (largest - least) / Double(Self.bins)
    if width > 0, width.isFinite, least + width > least {
      figures.limits = (1...Self.bins).map { $0 == Self.bins ? largest : least + Double($0) * width }
      figures.counts = x.histogram(bins: Self.bins, in: least...largest).cast(to: .float64).scalars(Double.self)
    }
    if hasFailed { return }
    try write(.histogram(tag, figures), step: step)
  }

  /// A picture: [height, width] or [channels, height, width] in floating point, 0 black and 1 white, of 1 channel (gray), 3 (red, green, blue), or 2 and 4 (with opacity).
  ///
  /// Numbers outside of 0...1 are shown as the nearer end, NaN as 0.
  public func image(_ tag: String, _ image: Tensor, step: Int) throws(DataError) {
    let shape = image.shape
    let channels = shape.rank == 3 ? shape[0] : 1
    guard image.dtype.isFloatingPoint, 2...3 ~= shape.rank, 1...4 ~= channels, image.elementCount > 0 else {
      return fail(
        TensorError(
          "TensorBoardWriter.image",
          "\(image.dtype) \(shape); floating point [height, width] or [channels, height, width] of 1 to 4 channels would fit"))
    }
    let png = try image.pngBytes()
    try write(.image(tag, width: shape[-1], height: shape[-2], channels: channels, png: png), step: step)
  }

  /// A text in Markdown.
  public func text(_ tag: String, _ text: String, step: Int) throws(DataError) { try write(.text(tag, text), step: step) }

  /// A model's parts as a graph: those inside another stand in it, each with the shape that it gives and the number of its parameters.
  ///
  /// Parts follow one another, as in a chain; the branches of `Parallel`, `Branch` and `Maxout` stand side by side.
  public func graph(_ summary: ModelSummary) throws(DataError) { try write(.graph(Self.nodes(summary)), step: 0) }

  private static let bins = 64

  private func write(_ content: TensorBoardEvent.Content, step: Int) throws(DataError) {
    if hasFailed { return }
    try records.write(TensorBoardEvent(time: Date().timeIntervalSince1970, step: step, content: content).bytes)
  }

  /// A node for each part, called by its path, so that those inside another are shown in it; behind them stands the part itself, with the shape that it gives.
  ///
  /// Parts follow one another, but for branches, which have one input.
  static func nodes(_ summary: ModelSummary) -> [TensorBoardEvent.GraphNode] {
    let parts = summary.parts
    var nodes = [TensorBoardEvent.GraphNode(name: "input", operation: "Input", inputs: [], shape: nil, parameters: 0)]
    /// The nodes of the part at a place, which is moved behind it and those inside it; the name of the one that gives its output.
    func add(_ place: inout Int, _ input: String) -> String {
      let part = parts[place]
      let name = part.path.isEmpty ? (parts.count > 1 ? "model" : "model/\(part.type)") : "model/" + part.path.replacing(".", with: "/")
      place += 1
      let isBranching = ["Parallel", "Branch", "Maxout"].contains(part.type)
      var (last, ends) = (input, [String]())
      while place < parts.count && parts[place].depth > part.depth {
        last = add(&place, isBranching ? input : last)
        ends.append(last)
      }
      nodes.append(
        .init(
          name: name, operation: part.type, inputs: isBranching && !ends.isEmpty ? ends : [last], shape: part.output,
          parameters: part.parameters))
      return name
    }
    var place = 0
    if !parts.isEmpty { _ = add(&place, "input") }
    return nodes
  }
}

/// The directories of logs.
enum LogDirectory {
  /// Makes it if there is none.
  static func make(_ path: String) throws(DataError) {
    do {
      try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    } catch {
      throw DataError(file: path, message: "cannot be made a directory")
    }
  }
}
