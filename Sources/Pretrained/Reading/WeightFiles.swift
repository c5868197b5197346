import Data
import Foundation
import Models
import Tensors

/// The tensors of a folder: model.safetensors, or the shards that model.safetensors.index.json names.
///
/// Names, shapes and types are known from the headers; elements are read when they are asked for.
struct WeightFiles: NamedTensors, Sendable {
  private let files: [SafetensorsFile]
  /// Which file has a tensor, under its name.
  private let places: [ByteName: Int]
  let names: [String]
  let metadata: [String: String]
  let source: String

  init(_ folder: ModelFolder) throws {
    let (single, index) = ("model.safetensors", "model.safetensors.index.json")
    if folder.has(single) {
      let file = try SafetensorsFile(folder.file(single))
      self.init([file], source: folder.file(single))
    } else if folder.has(index) {
      try self.init(folder, index: index)
    } else if folder.has("pytorch_model.bin") || folder.has("pytorch_model.bin.index.json") {
      throw DataError(
        file: folder.path, message: "has its weights in PyTorch's pickles alone, which can run programs; \(single) would fit")
    } else {
      throw DataError(file: folder.path, message: "has neither \(single) nor \(index)")
    }
  }

  private init(_ files: [SafetensorsFile], source: String) {
    self.files = files
    names = files.flatMap(\.names)
    places = Dictionary(
      files.enumerated().flatMap { i, file in file.names.map { (ByteName($0), i) } }, uniquingKeysWith: { first, _ in first })
    metadata = files.first?.metadata ?? [:]
    self.source = source
  }

  private init(_ folder: ModelFolder, index: String) throws {
    let path = folder.file(index)
    guard let map = try folder.object(index)["weight_map"]?.object else {
      throw DataError(file: path, field: "weight_map", message: "is missing; an object of tensors and the files they are in would fit")
    }
    var shards: [String] = []
    var expected: [(name: String, shard: String)] = []
    for (name, value) in map.entries {
      guard let shard = value.text, !shard.contains("/"), shard.hasSuffix(".safetensors") else {
        throw DataError(
          file: path, field: "weight_map", message: "\(name) is in \(value.kind); a file NAME.safetensors of the folder would fit")
      }
      if !shards.contains(shard) { shards.append(shard) }
      expected.append((name, shard))
    }
    var files: [SafetensorsFile] = []
    for shard in shards {
      guard folder.has(shard) else {
        throw DataError(file: path, field: "weight_map", message: "names \(shard), which the folder does not have")
      }
      files.append(try SafetensorsFile(folder.file(shard)))
    }
    self.init(files, source: path)
    var seen: [ByteName: String] = [:]
    for (shard, file) in zip(shards, files) {
      for name in file.names {
        if let other = seen.updateValue(shard, forKey: ByteName(name)) {
          throw DataError(file: path, message: "\(name) is both in \(other) and in \(shard)")
        }
      }
    }
    for (name, shard) in expected where seen[ByteName(name)] != shard {
      throw DataError(file: path, field: "weight_map", message: "\(shard) does not have \(name)")
    }
  }

  func outline(_ name: String) -> (shape: Shape, dtype: DType)? { places[ByteName(name)].flatMap { files[$0].outline(name) } }

  func tensor(_ name: String) throws -> Tensor {
    guard let place = places[ByteName(name)] else {
      throw DataError(file: source, field: name, message: "there is no tensor of this name")
    }
    return try files[place].tensor(name)
  }

  /// The type of a tensor's elements in its file.
  func elementType(_ name: String) -> SafetensorsFile.ElementType? {
    places[ByteName(name)].flatMap { place in files[place].entries.first { $0.name == name }?.elementType }
  }

  /// The longest axis of any tensor, and how many tensors there are.
  var limits: (axis: Int, tensors: Int) {
    let shapes = names.compactMap { outline($0)?.shape }.filter { $0.elementCount > 0 }
    return (min(shapes.flatMap { Array($0) }.max() ?? 0, Int(Int32.max)), names.count)
  }
}
