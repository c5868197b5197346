import Fluxion
import Foundation
import Testing

// The code of Guides/Data.md, compiled and run.

private struct Repeated: Sampler {
  let times: Int
  func count(of count: Int) -> Int { count * times }
  func positions(of count: Int, using random: inout RandomStream) -> [Int] {
    (0..<times).flatMap { _ in (0..<count).shuffled(using: &random) }
  }
}

@Suite struct DataGuideTests {
  private static let guide: String = {
    var root = URL(filePath: #filePath)
    for _ in 0..<4 { root.deleteLastPathComponent() }
    return (try? String(contentsOf: root.appending(path: "Guides/Data.md"), encoding: .utf8)) ?? ""
  }()

  @Test func tables() throws {
    try IDXFixture.withFolder { folder in
      let cities = ["Bern", "Basel", "Genf"]
      let lines = (0..<200).map { i in
        let (area, rooms) = (55.5 + Double(i) * 1.5, 2 + i % 4)
        let price = 40 + area * 3 + Double(rooms) * 12 + [25.0, 55, -10][i % 3]
        return "\(i % 10 == 2 ? "" : "\(area)"),\(rooms),\(cities[i % 3]),\(price)"
      }
      try IDXFixture.write(Array(("area,rooms,city,price\n" + lines.joined(separator: "\n")).utf8), folder + "/houses.csv")

      let houses = try Table(contentsOf: folder + "/houses.csv")
      print(houses)
      // 200 rows, 4 columns
      //   area   number, 20 missing: 55.5, 57, missing, 60, 61.5, …
      //   rooms  integer: 2, 3, 4, 5, 2, …
      //   city   text: Bern, Basel, Genf, Bern, Basel, …
      //   price  number: 255.5, 302, 253.5, 305, 303.5, …
      let large = houses.filter { row in row["area"].number ?? 0 > 100 }
      let matrix = houses.select(["area", "rooms"]).tensor()  // float32 [200, 2], NaN where a number is missing
      #expect(matrix.shape == [200, 2] && large.rowCount > 100)
      for line in "\(houses)".split(separator: "\n") { #expect(Self.guide.contains("// \(line)\n"), "\(line)") }

      let parts = houses.split(into: [0.8, 0.2], stratifiedBy: "city", seed: 1)
      let (train, test) = (parts[0], parts[1])
      let encoder = TableEncoder(fitting: train, numbers: ["area", "rooms"], categories: ["city"], missing: .median, addsMasks: true)
      let x = encoder.features(train)  // float32 [160, 7]
      print(encoder.featureNames)  // ["area", "rooms", "area is missing", "rooms is missing", "city = Basel", …]
      let prices = Scaler.standard(fitting: train["price"].tensor().reshaped([-1, 1]))
      let y = prices(train["price"].tensor().reshaped([-1, 1]))
      #expect(x.shape == [160, 7] && encoder.featureNames[4] == "city = Basel")

      var model = Chain {
        Scaler.standard(fitting: x)
        Dense(7, 16, activation: relu)
        Dense(16, 1)
      }
      try model.fit(TensorDataset(x, y), loss: mse, optimizer: Adam(learningRate: 1e-2), epochs: 20, progress: .none)
      let guesses = prices.inverse(model.predict(encoder.features(test)))
      try encoder.save(to: folder + "/encoder.json")
      try model.save(to: folder + "/model.safetensors")
      #expect(guesses.shape == [40, 1])

      let saved = try TableEncoder(contentsOf: folder + "/encoder.json")
      let row = saved.features(["area": 120, "rooms": 4, "city": "Bern"])
      let price = prices.inverse(model.predict(row)).item()
      #expect(saved == encoder && abs(price - 473) < 120, "\(price)")
    }
  }

  private let images = withSeed(1) { Tensor.uniform([100, 3, 32, 32]) }
  private let labels = Tensor((0..<100).map { $0 % 2 })

  @Test func splits() {
    let data = TensorDataset(images, labels)
    let (train, validation) = (data.split(into: [0.9, 0.1], seed: 1)[0], data.split(into: [0.9, 0.1], seed: 1)[1])
    let fair = data.split(into: [0.8, 0.1, 0.1], stratifiedBy: labels, seed: 1)
    for (train, validation) in data.folds(5, stratifiedBy: labels, seed: 1) {
      print(train.count, validation.count)  // 80 20, five times
      #expect(train.count == 80 && validation.count == 20)
    }
    #expect(train.count == 90 && validation.count == 10 && fair.map(\.count) == [80, 10, 10])
  }

  @Test func pictures() throws {
    try IDXFixture.withFolder { folder in
      try images[0].writeImage(to: folder + "/photo.jpg")
      for i in 0..<16 {
        let name = i < 8 ? "daisy" : "rose"
        try FileManager.default.createDirectory(atPath: "\(folder)/flowers/\(name)", withIntermediateDirectories: true)
        try images[i].writeImage(to: "\(folder)/flowers/\(name)/\(i).png")
      }
      let photo = try Tensor(imageAt: folder + "/photo.jpg", channels: .rgb)  // float32 [3, height, width], 0 to 1
      try photo.writeImage(to: folder + "/photo.png")
      let grid = images.imageGrid(columns: 10, padding: 2)  // [3, …, …]
      try grid.writeImage(to: folder + "/grid.png")
      #expect(photo.shape == [3, 32, 32] && grid.shape == [3, 342, 342])

      let flowers = try ImageFolder(folder + "/flowers", size: [32, 32])
      print(flowers.classes)  // ["daisy", "rose"]
      let loader = DataLoader(flowers, batchSize: 8, shuffle: true, seed: 1, workers: 4)
      for (x, y) in loader {
        print(x.shape, y.shape)  // [8, 3, 32, 32] [8]
        #expect(x.shape == [8, 3, 32, 32] && y.shape == [8])
      }
      #expect(flowers.classes == ["daisy", "rose"])

      let batches = loader.makeIterator()
      while let (x, y) = try batches.nextBatch() {
        print(x.shape, y.shape)
      }
    }
  }

  @Test func augmentation() {
    var model = Chain {
      RandomFlip()
      RandomCrop(padding: 4)
      RandomAffine(rotation: 10, shift: 0.05)
      ColorJitter(brightness: 0.2, contrast: 0.2, saturation: 0.2, hue: 0.05)
      RandomErasing(side: 8)
      Conv2D(3, 8, kernel: 3, activation: relu)
      GlobalMeanPool()
      Dense(8, 2)
    }
    let (x, y) = (images[0..<20], labels[0..<20])
    let slopes = gradient(at: &model) { model in
      let (mixed, targets) = mixup(x, y, classes: 2, alpha: 0.2)
      let loss = crossEntropy(model(mixed), targets)
      return loss
    }
    #expect(slopes.parameters.count == 4 && slopes.parameters.allSatisfy { $0.value.isFinite.all().item(as: Bool.self) })
  }

  @Test func samplers() {
    let data = TensorDataset(images, labels)
    let weights = (0..<100).map { Double($0) }
    let balanced = DataLoader(data, batchSize: 20, sampler: BalancedSampler(classes: labels), seed: 1)
    let weighted = DataLoader(data, batchSize: 20, sampler: WeightedSampler(weights, count: 1000), seed: 1)
    let few = DataLoader(data, batchSize: 20, sampler: SubsetSampler([3, 1, 4], shuffle: false))
    #expect(balanced.batchCount == 5 && weighted.batchCount == 50 && few.first { _ in true }?.1.scalars(Int.self) == [1, 1, 0])
    #expect(DataLoader(data, batchSize: 50, sampler: Repeated(times: 3)).batchCount == 6)
  }
}
