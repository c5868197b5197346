import Fluxion
import Foundation
import Testing

/// Small PNG and JPEG files with the levels that Pillow reads from them.
struct GoldenImageFile: Decodable, Sendable, CustomTestStringConvertible {
  let name: String
  let file: Data
  let most: Double
  let shape: [Int]
  let levels: [Double]
  let gray: [Double]?
  var testDescription: String { name }
  var bytes: [UInt8] { [UInt8](file) }

  private struct File: Decodable { let cases: [GoldenImageFile] }
  static let all: [GoldenImageFile] = (try? golden(File.self, "pictures").cases) ?? []
  static func named(_ name: String) -> [UInt8] { all.first { $0.name == name }?.bytes ?? [] }
}

@Suite struct ImageFileTests {
  private func distance(_ levels: [Double], _ x: Tensor, most: Double) -> Double {
    let found = x.scalars(Float.self).map { Double($0) * most }
    return found.count == levels.count ? zip(levels, found).map { abs($0 - $1) }.max() ?? 0 : .infinity
  }

  @Test func filesAreThere() { #expect(GoldenImageFile.all.count == 25) }

  @Test(arguments: GoldenImageFile.all) func levelsAreThoseThatPillowReads(_ picture: GoldenImageFile) throws {
    // Of JPEG two decoders may differ by a level, and in colours that are stored at half the size by a few.
    let tolerance = picture.name.hasSuffix("png") ? 0.01 : picture.name == "half.jpg" || picture.name == "cmyk.jpg" ? 3.01 : 1.01
    let x = try Tensor(imageBytes: picture.bytes)
    #expect(x.shape == Shape(picture.shape) && x.dtype == .float32)
    #expect(distance(picture.levels, x, most: picture.most) < tolerance)
    if let gray = picture.gray {
      let y = try Tensor(imageBytes: picture.bytes, channels: .gray)
      #expect(y.shape == [1, picture.shape[1], picture.shape[2]] && distance(gray, y, most: 255) < tolerance)
    }
    let rgba = try Tensor(imageBytes: picture.bytes, channels: .rgba)
    let rgb = try Tensor(imageBytes: picture.bytes, channels: .rgb)
    #expect(rgba.shape[0] == 4 && isIdentical(rgba[0..<3], rgb))
    if picture.shape[0] == 3 { #expect(isIdentical(rgb, x) && rgba[3].min().item() == 1) }
    if picture.shape[0] == 1 { #expect(isIdentical(rgb[2..<3], x)) }
  }

  @Test func orientationCanBeLeftAlone() throws {
    let upright = try Tensor(imageBytes: GoldenImageFile.named("turned1.jpg"))
    for i in 2...8 {
      let raw = try Tensor(imageBytes: GoldenImageFile.named("turned\(i).jpg"), appliesOrientation: false)
      #expect(isIdentical(raw, upright))
    }
  }

  @Test func whatIsWrittenIsRead() throws {
    try IDXFixture.withFolder { folder in
      for channels in 1...4 {
        for (bits, most) in [(8, 255.0), (16, 65535.0)] {
          let x = round(withSeed(1) { Tensor.uniform([channels, 5, 7]) } * most) / most
          try x.writeImage(to: folder + "/x.png", bits: bits)
          #expect(abs(try Tensor(imageAt: folder + "/x.png") - x).max().item() < 1e-7)
        }
      }
      // Held within 0...1, NaN 0, views as they are seen.
      let odd = Tensor([[-1, 0.5, 2], [.nan, 0.2501, 1]] as [[Float]]).transposed()
      try odd.writeImage(to: folder + "/odd.png")
      #expect(try Tensor(imageAt: folder + "/odd.png").scalars(Float.self) == [0, 0, 128 / 255, 64 / 255, 1, 1])
      let smooth =
        (Tensor.arange(24).reshaped([1, 24, 1]) + Tensor.arange(32).reshaped([1, 1, 32])).cast(to: .float64).tiled([3, 1, 1]) / 56.0
      for (quality, bound) in [(100, 0.02), (90, 0.05), (10, 0.3)] {
        try smooth.writeImage(to: folder + "/x.jpeg", quality: quality)
        let y = try Tensor(imageAt: folder + "/x.jpeg")
        #expect(y.shape == [3, 24, 32] && abs(y - smooth.cast(to: .float32)).max().item() < bound)
      }
      try smooth[0].writeImage(to: folder + "/gray.JPG")
      #expect(try Tensor(imageAt: folder + "/gray.JPG").shape == [1, 24, 32])
      #expect(throws: DataError(file: "/nowhere/x.png", message: "cannot be written: No such file or directory")) {
        try smooth.writeImage(to: "/nowhere/x.png")
      }
    }
  }

  @Test func grids() {
    let x = Tensor.arange(3 * 2).cast(to: .float32).reshaped([3, 1, 1, 2]) + 1
    let y = x.imageGrid(columns: 2, padding: 1, value: 9)
    #expect(y.shape == [1, 5, 7])
    #expect(
      y.scalars(Float.self) == [
        9, 9, 9, 9, 9, 9, 9, 9, 1, 2, 9, 3, 4, 9, 9, 9, 9, 9, 9, 9, 9, 9, 5, 6, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9,
      ])
    #expect(x.imageGrid(columns: 8, padding: 0).scalars(Float.self) == [1, 2, 3, 4, 5, 6])
  }

  // MARK: Damage

  @Test func whatIsNoImageThrows() throws {
    let rows: [(bytes: [UInt8], sentence: String)] = [
      ([], "is empty; PNG or JPEG would fit"),
      (Array("GIF89a".utf8), "is GIF; PNG or JPEG would fit"),
      (Array("RIFF....WEBPVP8 ".utf8), "is WebP; PNG or JPEG would fit"),
      (Array("hello".utf8), "begins with 68 65 6C 6C 6F; PNG or JPEG would fit"),
      (Array(GoldenImageFile.named("rgb.png").prefix(20)), "png data: it ends before its picture does"),
      (Array(GoldenImageFile.named("rgb.png").dropLast(30)), "png data: it ends before its picture does"),
      (Array(GoldenImageFile.named("rgb.jpg").prefix(300)), "jpeg data: Premature end of JPEG file"),
      (Array(GoldenImageFile.named("rgb.jpg").dropLast(20)), "jpeg data: Premature end of JPEG file"),
      (Array(GoldenImageFile.named("progressive.jpg").dropLast(100)), "jpeg data: Premature end of JPEG file"),
    ]
    for (bytes, sentence) in rows {
      let error = #expect(throws: DataError.self) { try Tensor(imageBytes: bytes, name: "x.png") }
      #expect(error.map { "\($0)" } == "x.png: \(sentence)")
    }
    #expect(throws: DataError(file: "/nowhere", message: "cannot be opened: No such file or directory")) { try Tensor(imageAt: "/nowhere") }
    let zeros = #expect(throws: DataError.self) { try Tensor(imageAt: "/dev/zero") }
    #expect(zeros?.message.hasPrefix("begins with 00 00") == true)
  }

  /// A few bytes that claim a large picture take no memory.
  @Test func claimsAreBounded() throws {
    var png = GoldenImageFile.named("rgb.png")
    #expect { try Tensor(imageBytes: png, name: "x", maximumBytes: 239) } throws: {
      "\($0)"
        == "x: png header: 4 by 5 pixels of 3 channels take 240 bytes; at most 239 are read here, and a larger maximumBytes would allow more"
    }
    #expect(try Tensor(imageBytes: png, maximumBytes: 240).shape == [3, 5, 4])
    png.replaceSubrange(16..<24, with: [0x7F, 0xFF, 0xFF, 0xFF, 0x7F, 0xFF, 0xFF, 0xFF])
    #expect(throws: DataError.self) { try Tensor(imageBytes: png) }
    var jpeg = GoldenImageFile.named("rgb.jpg")
    let frame = try #require(jpeg.indices.first { jpeg[$0] == 0xFF && jpeg[$0 + 1] == 0xC0 })
    jpeg.replaceSubrange(frame + 5..<frame + 9, with: [0xFF, 0xDC, 0xFF, 0xDC])
    let error = #expect(throws: DataError.self) { try Tensor(imageBytes: jpeg) }
    #expect(error?.field == "jpeg header" && error?.message.contains("at most 268435456 are read here") == true)
  }

  @Test func everyTruncationThrowsOrReads() {
    for picture in GoldenImageFile.all
    where ["rgb.png", "palette-alpha.png", "interlaced.png", "progressive.jpg", "turned6.jpg"].contains(picture.name) {
      let bytes = picture.bytes
      for end in stride(from: 0, to: bytes.count - 12, by: 7) {
        #expect(throws: DataError.self, "\(picture.name) cut at \(end)") { try Tensor(imageBytes: Array(bytes[..<end])) }
      }
      for place in stride(from: 8, to: bytes.count, by: 5) {
        var changed = bytes
        changed[place] ^= 0x55
        if let x = try? Tensor(imageBytes: changed, maximumBytes: 1 << 20) { #expect(x.rank == 3) }
      }
    }
  }

  static let mistakes: [(sentence: String, call: @Sendable () throws -> Void)] = [
    ("writeImage: the path 'x.gif'; the ending .png, .jpg or .jpeg would fit", { try Tensor.zeros([3, 2, 2]).writeImage(to: "x.gif") }),
    (
      "writeImage: float32 [5, 2, 2] as png; floats [channels, height, width] with 1 to 4 channels, or [height, width], would fit",
      { try Tensor.zeros([5, 2, 2]).writeImage(to: "x.png") }
    ),
    (
      "writeImage: float32 [4, 2, 2] as jpeg; floats [channels, height, width] with 1 or 3 channels, or [height, width], would fit",
      { try Tensor.zeros([4, 2, 2]).writeImage(to: "x.jpg") }
    ),
    (
      "writeImage: int64 [3, 2, 2] as png; floats [channels, height, width] with 1 to 4 channels, or [height, width], would fit",
      { try Tensor.zeros([3, 2, 2], .int64).writeImage(to: "x.png") }
    ),
    ("writeImage: a quality of 0; 1 to 100 would fit", { try Tensor.zeros([3, 2, 2]).writeImage(to: "x.jpg", quality: 0) }),
    ("writeImage: 16 bits for jpeg; 8 would fit", { try Tensor.zeros([3, 2, 2]).writeImage(to: "x.jpg", bits: 16) }),
    (
      "imageGrid: float32 [3, 2, 2]; floats [count, channels, height, width] with one image at least would fit",
      { _ = Tensor.zeros([3, 2, 2]).imageGrid() }
    ),
    (
      "imageGrid: 0 columns and a padding of 2; 1 or more, and 0 to 1048576, would fit",
      { _ = Tensor.zeros([1, 3, 2, 2]).imageGrid(columns: 0) }
    ),
    ("ImageFolder: a size of [0, 3]; height and width, 1 to 65536, would fit", { _ = try ImageFolder("/", size: [0, 3]) }),
  ]

  @Test(arguments: mistakes.indices) func mistakesAreNamed(_ index: Int) {
    #expect {
      try checked { try Self.mistakes[index].call() }
    } throws: {
      "\($0)" == Self.mistakes[index].sentence
    }
  }

  // MARK: Folders

  @Test func foldersAreClasses() throws {
    try IDXFixture.withFolder { folder in
      func write(_ name: String, _ shape: Shape, _ value: Double) throws {
        let path = URL(filePath: "\(folder)/\(name)")
        try FileManager.default.createDirectory(at: path.deletingLastPathComponent(), withIntermediateDirectories: true)
        try Tensor.full(shape, value).writeImage(to: path.path)
      }
      try write("rose/b.png", [3, 4, 4], 0.2)
      try write("rose/a.png", [1, 8, 4], 0.4)
      try write("daisy/more/1.JPG", [3, 4, 8], 0.6)
      try IDXFixture.write([1, 2, 3], folder + "/daisy/notes.txt")
      try IDXFixture.write([1, 2, 3], folder + "/.hidden")
      let data = try ImageFolder(folder, size: [4, 4])
      #expect(
        data.classes == ["daisy", "rose"]
          && data.paths.map { String($0.dropFirst(folder.count + 1)) } == ["daisy/more/1.JPG", "rose/a.png", "rose/b.png"])
      #expect(data.targets.scalars(Int.self) == [0, 1, 1])
      for fit in [ImageFolder.Fit.crop, .stretch] {
        for workers in [1, 3] {
          let loader = DataLoader(try ImageFolder(folder, size: [4, 4], fit: fit), batchSize: 2, workers: workers)
          let batches = Array(loader)
          #expect(batches.map(\.0.shape) == [[2, 3, 4, 4], [1, 3, 4, 4]] && batches[0].1.scalars(Int.self) == [0, 1])
          #expect(abs(batches[0].0.mean(axes: [1, 2, 3]) - Tensor([0.6, 0.4] as [Float])).max().item() < 0.01)
        }
      }
      #expect(try ImageFolder(folder, channels: .gray).batch([1]).0.shape == [1, 1, 8, 4])
      let wrong = #expect(throws: DataError.self) { try ImageFolder(folder).batch([2, 1]) }
      #expect(
        wrong?.description == "\(folder)/rose/a.png: is 4 by 8 pixels, the batch's first image 4 by 4; a size to resample to would fit")
      let exact = #expect(throws: DataError.self) { try ImageFolder(folder, size: [4, 4], fit: .exact).batch([0]) }
      #expect(exact?.message == "is 8 by 4 pixels, the data set 4 by 4; a size to resample to would fit")
      try IDXFixture.write([0xFF, 0xD8, 0xFF], folder + "/rose/b.png")
      let loader = DataLoader(data, batchSize: 1, workers: 2).makeIterator()
      #expect(throws: DataError.self) { while (try loader.nextBatch()) != nil {} }
      try FileManager.default.createDirectory(atPath: folder + "/tulip", withIntermediateDirectories: true)
      #expect(throws: DataError(file: folder + "/tulip", message: "holds no image; files that end in .png, .jpg or .jpeg would fit")) {
        try ImageFolder(folder)
      }
    }
    #expect(throws: DataError(file: "/nowhere", message: "cannot be opened: No such file or directory")) { try ImageFolder("/nowhere") }
  }
}
