import Fluxion
import Foundation
import Testing

/// Checkpoints that are damaged, locked, or of another program.
@Suite struct HealingTests {
  private static func data(_ count: Int = 16) -> TensorDataset {
    withSeed(1) {
      let x = Tensor.normal([count, 2])
      return TensorDataset(x, (x[.all, 0] .> x[.all, 1]).cast(to: .int64))
    }
  }

  private static func model(_ seed: UInt64 = 2) -> Chain {
    withSeed(seed) {
      Chain {
        Dense(2, 4, activation: relu); Dropout(0.1); Dense(4, 2)
      }
    }
  }

  @discardableResult
  private static func fit(
    _ model: inout Chain, _ folder: String?, epochs: Int = 4, keep: Int = 10, strict: Bool = true,
    onEpoch: ((History.Epoch, Chain) throws -> Void)? = nil
  ) throws -> History {
    try withSeed(7) {
      try model.fit(
        data(), loss: crossEntropy, optimizer: Adam(learningRate: 0.01), epochs: epochs, batchSize: 8, seed: 1, checkpoints: folder,
        keep: keep,
        resume: folder != nil, strict: strict, progress: .none, onEpoch: onEpoch)
    }
  }

  private static func bytes(_ path: String) throws -> [UInt8] { try Array(Data(contentsOf: URL(fileURLWithPath: path))) }

  private static func refuses(_ part: String, _ body: () throws -> Void) {
    #expect { try body() } throws: { error in
      if !"\(error)".contains(part) { Issue.record("\(error) instead of \(part)") }
      return true
    }
  }

  // MARK: Damage

  /// Every bit of a file of weights, and of a checkpoint, is covered.
  @Test func noBitChangesUnseen() throws {
    try IDXFixture.withFolder { folder in
      let path = folder + "/x.safetensors"
      var small = withSeed(1) { Chain { Dense(2, 1) } }
      try small.save(to: path, metadata: ["note": "é"])
      #expect(try SafetensorsFile(path).metadata == ["format": "pt", "note": "é"])
      let whole = try Self.bytes(path)
      for i in whole.indices {
        for bit in 0..<8 {
          var changed = whole
          changed[i] ^= 1 << bit
          #expect(throws: DataError.self, "bit \(bit) of byte \(i)") {
            let file = try SafetensorsFile(bytes: changed)
            for name in file.names { _ = try file.tensor(name) }
          }
        }
      }
      let before = small.parameters
      var changed = whole
      changed[whole.count - 1] ^= 1
      try IDXFixture.write(changed, path)
      Self.refuses("and the header tells of") { try small.load(from: path) }
      #expect(same(small.parameters, before))

      // Written again without them, or by others, a file has none.
      let file = try SafetensorsFile(bytes: whole)
      try SafetensorsFile.write(file.names.map { ($0, try file.tensor($0)) }, metadata: file.metadata, to: path)
      #expect(!String(decoding: try Self.bytes(path), as: UTF8.self).contains("crc32"))
      try small.load(from: path)

      let run = TrainingState(Self.model(), Adam(), seed: 1)
      try run.save(to: path)
      let checkpoint = try Self.bytes(path)
      var random = RandomStream(seed: 3)
      for _ in 0..<500 {
        var changed = checkpoint
        changed[Int.random(in: changed.indices, using: &random)] ^= 1 << UInt8.random(in: 0..<8, using: &random)
        try IDXFixture.write(changed, path)
        var other = TrainingState(Self.model(5), Adam(), seed: 2)
        #expect(throws: (any Error).self) { try other.load(from: path) }
      }
    }
  }

  @Test func aDamagedCheckpointGivesWayToTheOneBefore() throws {
    var expected = Self.model()
    try Self.fit(&expected, nil, epochs: 6)
    for damage in 0..<3 {
      try IDXFixture.withFolder { folder in
        var model = Self.model()
        try Self.fit(&model, folder, epochs: 4)
        let newest = folder + "/step-00000008.safetensors"
        var bytes = try Self.bytes(newest)
        switch damage {
        case 0: bytes[bytes.count - 3] ^= 4
        case 1: bytes.removeLast(5)
        default: bytes = []
        }
        try IDXFixture.write(bytes, newest)
        model = Self.model(9)
        // With one to keep, those that are damaged must not count.
        let history = try Self.fit(&model, folder, epochs: 6, keep: 1)
        #expect(same(model.parameters, expected.parameters))
        #expect(history.epochs.count == 6 && history.stepLosses.count == 12)
        #expect(
          history.remarks.contains { $0.hasPrefix(newest) && $0.contains("the run goes on from \(folder)/step-00000006.safetensors") })
        #expect(FileManager.default.fileExists(atPath: newest + ".damaged"))
        for name in ["last", "best"] { #expect(throws: Never.self) { try model.load(from: "\(folder)/\(name).safetensors") } }
      }
    }
  }

  @Test func whereNoneIsWholeNothingHappens() throws {
    try IDXFixture.withFolder { folder in
      var model = Self.model()
      try Self.fit(&model, folder, epochs: 2)
      let files = try FileManager.default.contentsOfDirectory(atPath: folder)
      for file in files { try IDXFixture.write([1, 2, 3], "\(folder)/\(file)") }
      let before = model.parameters
      Self.refuses("\(folder)/step-00000004.safetensors: header length at offset 0: the file ends after 3 bytes") {
        try Self.fit(&model, folder, epochs: 4)
      }
      #expect(same(model.parameters, before))
      #expect(try FileManager.default.contentsOfDirectory(atPath: folder).sorted() == files.sorted())
    }
  }

  // MARK: Two runs

  @Test func aSecondRunInADirectoryIsRefused() throws {
    try IDXFixture.withFolder { folder in
      var model = Self.model()
      try Self.fit(&model, folder) { epoch, _ in
        if epoch.number > 1 { return }
        var second = Self.model()
        Self.refuses("\(folder): another run writes its checkpoints here, in this process; a directory of its own would fit") {
          try Self.fit(&second, folder)
        }
      }
      // What a killed process left is no lock.
      try IDXFixture.write(Array("1\n".utf8), folder + "/.run.lock")
      try Self.fit(&model, folder, epochs: 5)
      #expect(!FileManager.default.fileExists(atPath: folder + "/.run.lock"))
    }
  }

  // MARK: Another program

  @Test func whatDiffersIsSaid() throws {
    let rows: [(String, () -> Chain)] = [
      (
        "line 2 of it is \"Dense(2, 4, activation: relu)\", and that of this run is \"Dense(2, 4, activation: tanh)\"",
        {
          Chain {
            Dense(2, 4, activation: tanh); Dropout(0.1); Dense(4, 2)
          }
        }
      ),
      (
        "\"Dropout(0.1)\", and that of this run is \"Dropout(0.2)\"",
        {
          Chain {
            Dense(2, 4, activation: relu); Dropout(0.2); Dense(4, 2)
          }
        }
      ),
      (
        "frozen parameters: layers.0.bias, layers.0.weight trained, which this run has frozen",
        {
          var model = Self.model()
          model.freeze("layers.0")
          return model
        }
      ),
    ]
    try IDXFixture.withFolder { folder in
      var model = Self.model()
      try Self.fit(&model, folder, epochs: 2)
      for (part, other) in rows {
        var other = other()
        let before = other.parameters
        Self.refuses(part) { try Self.fit(&other, folder, epochs: 2) }
        #expect(same(other.parameters, before))
        // Told to, it goes on, with the program's model.
        let frozen = other.frozenParameterNames
        #expect(try Self.fit(&other, folder, epochs: 2, strict: false).remarks.contains { $0.contains(part) })
        #expect(other.frozenParameterNames == frozen && same(other.parameters, model.parameters))
      }
      #expect(try Self.fit(&model, folder, epochs: 2).remarks == [])
    }
  }
}
