import Fluxion
import Foundation
import Testing

@Suite struct AugmentationTests {
  private let images = withSeed(1) { Tensor.uniform([16, 3, 12, 10]) }

  private func trained<M: Model<Tensor, Tensor>>(_ make: @autoclosure () -> M, _ x: Tensor, seed: UInt64 = 2) -> Tensor {
    var model = withSeed(seed) { make() }
    return withMode(.training) { model(x) }
  }

  static let layers: [@Sendable () -> any Model<Tensor, Tensor>] = [
    { RandomFlip() }, { RandomFlip(.vertical) }, { RandomCrop(padding: 2) }, { RandomCrop([8, 6]) },
    { RandomAffine(rotation: 20, shift: 0.1) },
    { ColorJitter(brightness: 0.4, contrast: 0.4, saturation: 0.4, hue: 0.2) }, { GaussianNoise(0.1) }, { RandomErasing() },
    { RandomErasing(side: 4) },
  ]

  /// In training only; from the layer's own stream, that a copy has too; each call and each image draws anew; one image alone as well.
  @Test(arguments: layers.indices) func randomInTrainingOnly(_ index: Int) {
    func check<M: Model<Tensor, Tensor>>(_ model: M) {
      let x = Tensor.ones([16, 1, 1, 1]) * images[0..<1]
      let isCrop = model is RandomCrop
      #expect(isCrop || isIdentical(model.predict(x), x))
      var (one, two) = (model, model)
      let (a, b, c) = withMode(.training) { (one(x), two(x), one(x)) }
      #expect(isIdentical(a, b) && !isIdentical(a, c))
      #expect(!(1..<16).allSatisfy { isIdentical(a[$0], a[0]) }, "each image draws for itself")
      #expect(a.shape == model.predict(x).shape && a.isFinite.all().item(as: Bool.self))
      var single = model
      #expect(withMode(.training) { single(images[0]) }.rank == 3)
      var double = model
      #expect(withMode(.training) { double(x.cast(to: .float64)) }.dtype == .float64)
      var empty = model
      #expect(withMode(.training) { empty(x[0..<0]) }.shape[0] == 0)
    }
    let model: any Model<Tensor, Tensor> = withSeed(5) { Self.layers[index]() }
    check(model)
  }

  @Test func flips() {
    for (direction, axis) in [(RandomFlip.Direction.horizontal, 3), (.vertical, 2)] {
      let y = trained(RandomFlip(direction), images)
      let mirrored = images.reversed(axes: axis)
      let count = (0..<16).filter { isIdentical(y[$0], mirrored[$0]) }.count
      #expect((0..<16).allSatisfy { isIdentical(y[$0], mirrored[$0]) || isIdentical(y[$0], images[$0]) } && 1...15 ~= count)
      #expect(isIdentical(trained(RandomFlip(direction, probability: 1), images), mirrored))
    }
  }

  @Test func crops() {
    let padded = images.padded([(2, 2), (3, 3)], mode: .reflect)
    let y = trained(RandomCrop([9, 10], padding: [2, 3], mode: .reflect), images)
    #expect(y.shape == [16, 3, 9, 10])
    var places: Set<[Int]> = []
    for i in 0..<16 {
      let place = (0...7).flatMap { top in (0...6).map { [top, $0] } }.first { place in
        isIdentical(y[i], padded[i, .all, place[0]..<place[0] + 9, place[1]..<place[1] + 10])
      }
      #expect(place != nil)
      if let place { places.insert(place) }
    }
    #expect(places.count > 8)
    #expect(isIdentical(RandomCrop([8, 6]).predict(images), images[.all, .all, 2..<10, 2..<8]))
  }

  /// Of an image whose values are a plane those of the result are one: its slopes tell angle and size.
  @Test func turnsAndShifts() {
    let (height, width) = (21, 31)
    let across = Tensor.arange(width).cast(to: .float64).reshaped([1, 1, 1, width])
    let x = across.expanded([16, 1, height, width]) / 100.0
    func slopes(_ y: Tensor) -> [(right: Double, down: Double, middle: Double)] {
      (0..<16).map { i in
        let middle = y[i, 0, 10, 15].item()
        return ((y[i, 0, 10, 17].item() - middle) * 50, (y[i, 0, 12, 15].item() - middle) * 50, middle * 100)
      }
    }
    var angles: [Double] = []
    for (right, down, middle) in slopes(trained(RandomAffine(rotation: 30, padding: .border), x)) {
      #expect(abs(right * right + down * down - 1) < 1e-9 && abs(middle - 15) < 1e-9)
      angles.append(atan2(down, right) * 180 / .pi)
    }
    #expect(angles.allSatisfy { abs($0) <= 30 } && angles.max()! > 10 && angles.min()! < -10)
    let shifted = slopes(trained(RandomAffine(shift: 0.2), x))
    #expect(
      shifted.allSatisfy { abs($0.right - 1) < 1e-9 && abs($0.middle - 15) <= 6.2 + 1e-9 } && shifted.contains { abs($0.middle - 15) > 2 })
    let scaled = slopes(trained(RandomAffine(scale: 0.5...0.8, padding: .border), x))
    #expect(scaled.allSatisfy { 1 / 0.8 - 1e-9...2 + 1e-9 ~= $0.right && abs($0.down) < 1e-9 })
    let sheared = slopes(trained(RandomAffine(shear: 20, padding: .border), x))
    #expect(
      sheared.allSatisfy { abs($0.right - 1) < 1e-9 && abs($0.down) <= tan(20 * Double.pi / 180) + 1e-9 }
        && sheared.contains { abs($0.down) > 0.1 })
    #expect(distance(trained(RandomAffine(), images), images) < 1e-5)
  }

  @Test func colours() {
    let x = images.cast(to: .float64) * 0.5 + 0.2
    let bright = trained(ColorJitter(brightness: 0.2), x) / x
    #expect((0..<16).allSatisfy { i in bright[i].max().item() - bright[i].min().item() < 1e-9 && 0.8...1.2 ~= bright[i].mean().item() })
    func gray(_ x: Tensor) -> Tensor { x[.all, 0] * 0.299 + x[.all, 1] * 0.587 + x[.all, 2] * 0.114 }
    // Contrast keeps the mean gray, saturation each gray.
    #expect(distance(gray(trained(ColorJitter(contrast: 0.2), x)).mean(axes: [1, 2]), gray(x).mean(axes: [1, 2])) < 1e-9)
    #expect(distance(gray(trained(ColorJitter(saturation: 0.2), x)), gray(x)) < 1e-9)
    // A hue keeps the largest and the smallest of the three, and turns all pixels of an image alike.
    let turned = trained(ColorJitter(hue: 0.5), x)
    #expect(distance(turned.max(axis: 1), x.max(axis: 1)) < 1e-9 && distance(turned.min(axis: 1), x.min(axis: 1)) < 1e-9)
    for i in 0..<16 {
      func sixths(_ x: Tensor, _ p: Int) -> Double {
        let c = (0..<3).map { x[i, $0, p, 4].item() }
        let (v, m) = (c.max()!, c.min()!)
        let h = v == c[0] ? (c[1] - c[2]) / (v - m) : v == c[1] ? 2 + (c[2] - c[0]) / (v - m) : 4 + (c[0] - c[1]) / (v - m)
        return h < 0 ? h + 6 : h
      }
      let turns = (0..<12).map { p in (sixths(turned, p) - sixths(x, p) + 12).truncatingRemainder(dividingBy: 6) }
      #expect(turns.allSatisfy { abs($0 - turns[0]) < 1e-6 || abs(abs($0 - turns[0]) - 6) < 1e-6 }, "\(turns)")
    }
    let y = trained(ColorJitter(brightness: 2, contrast: 2, saturation: 2, hue: 0.5), images)
    #expect(y.min().item() >= 0 && y.max().item() <= 1)
    #expect(trained(ColorJitter(brightness: 0.4, saturation: 0.4), images[.all, 0..<1]).shape == [16, 1, 12, 10])
  }

  @Test func noiseAndHoles() {
    let noise = trained(GaussianNoise(0.5), Tensor.zeros([16, 3, 32, 32]))
    #expect(abs(noise.mean().item()) < 0.01 && abs(noise.standardDeviation().item() - 0.5) < 0.01)
    let big = Tensor.ones([64, 2, 20, 30])
    let erased = (trained(RandomErasing(), big) .== 0).cast(to: .float64)
    #expect(isIdentical(erased[.all, 0], erased[.all, 1]))
    let shares = erased[.all, 0].mean(axes: [1, 2]).scalars(Double.self)
    #expect(20...44 ~= shares.filter { $0 > 0 }.count && shares.allSatisfy { $0 < 0.37 })
    for i in 0..<64 where shares[i] > 0 {
      // A rectangle: as many as its rows times its columns.
      let (rows, columns) = (erased[i, 0].max(axis: 1).sum().item(), erased[i, 0].max(axis: 0).sum().item())
      #expect(erased[i, 0].sum().item() == rows * columns)
    }
    let cut = (trained(RandomErasing(side: 6, value: 7), big) .== 7).cast(to: .float64)[.all, 0].sum(axes: [1, 2]).scalars(Double.self)
    #expect(cut.allSatisfy { 9...36 ~= $0 } && cut.contains(36))
  }

  @Test func mixtures() {
    let x = Tensor.arange(8).cast(to: .float64).reshaped([8, 1, 1, 1]).expanded([8, 3, 4, 5])
    let ids = Tensor(Array(0..<8))
    for alpha in [0.001, 0.2, 1, 50] {
      let (mixed, y) = withSeed(1) { mixup(x, ids, classes: 8, alpha: alpha) }
      #expect(y.shape == [8, 8] && y.dtype == .float64 && distance(y.sum(axis: 1), .ones([8], .float64)) < 1e-9)
      // The image is the mean of the classes by their shares.
      #expect(distance(mixed, (y • Tensor.arange(8).cast(to: .float64).reshaped([8, 1])).reshaped([8, 1, 1, 1]).expanded(x.shape)) < 1e-9)
    }
    // Beta(a, a) has the variance 1 / (4 (2a + 1)).
    for alpha in [0.2, 1, 3] {
      let values = Tensor([0, 1] as [Double]).tiled([4000]).reshaped([8000, 1])
      let (mixed, _) = withSeed(2) { mixup(values, values, alpha: alpha) }
      // Half of the pairs differ; of those the result is λ or 1 − λ.
      let shares = mixed.scalars(Double.self).filter { $0 > 0 && $0 < 1 }
      let spread = shares.reduce(0) { $0 + ($1 - 0.5) * ($1 - 0.5) } / Double(shares.count)
      #expect(abs(spread * 4 * (2 * alpha + 1) - 1) < 0.1, "\(alpha): \(spread)")
    }
    let (cut, y) = withSeed(3) { cutmix(x, ids, classes: 8) }
    for i in 0..<8 {
      let own = (cut[i] .== Double(i)).cast(to: .float64).mean().item()
      #expect(abs(own - y[i, i].item()) < 1e-9)
    }
    #expect(distance(y.sum(axis: 1), .ones([8], .float64)) < 1e-9)
    let targets = Tensor.arange(8).cast(to: .float32).reshaped([8, 1])
    #expect(withSeed(1) { mixup(x, targets) }.y.shape == [8, 1])
  }

  static let mistakes: [(sentence: String, call: @Sendable () throws -> Void)] = [
    ("RandomFlip: a probability of 2.0; 0 to 1 would fit", { _ = RandomFlip(probability: 2) }),
    (
      "RandomFlip: [3, 4]; [batch, channels, height, width], or that without the batch, would fit",
      {
        var l = RandomFlip(); _ = l(.zeros([3, 4]))
      }
    ),
    (
      "RandomFlip: not defined for int64, only for floating-point dtypes; convert with .cast(to:)",
      {
        var l = RandomFlip(); _ = l(.zeros([1, 1, 3, 4], .int64))
      }
    ),
    (
      "RandomCrop: a window of 8 by 8 in [1, 1, 4, 4], 6 by 6 with its padding; a larger padding would fit",
      {
        var l = RandomCrop(8, padding: 1); _ = l(.zeros([1, 1, 4, 4]))
      }
    ),
    ("RandomAffine: a rotation of -1.0; 0 to 360.0 would fit", { _ = RandomAffine(rotation: -1) }),
    (
      "ColorJitter: [1, 2, 4, 4] has 2 channels; 1, or 3 for RGB, would fit",
      {
        var l = ColorJitter(); _ = l(.zeros([1, 2, 4, 4]))
      }
    ),
    ("RandomErasing: a side of 0 pixels; 1 or more would fit", { _ = RandomErasing(side: 0) }),
    ("GaussianNoise: a standard deviation of -1.0; a finite number, 0 or more, would fit", { _ = GaussianNoise(-1) }),
    (
      "mixup: alpha must be above 0, and 1e6 at most, got 0.0",
      { _ = mixup(.zeros([2, 3]), Tensor([0, 1], .int64), classes: 2, alpha: 0) }
    ),
    ("mixup: class ids, and no classes; their number, 1 or more, would fit", { _ = mixup(.zeros([2, 3]), Tensor([0, 1], .int64)) }),
    ("cutmix: [2, 3]; [batch, channels, height, width] would fit", { _ = cutmix(.zeros([2, 3]), Tensor([0, 1], .int64), classes: 2) }),
  ]

  @Test(arguments: mistakes.indices) func mistakesAreNamed(_ index: Int) {
    #expect {
      try checked { try Self.mistakes[index].call() }
    } throws: {
      "\($0)".hasPrefix(Self.mistakes[index].sentence)
    }
  }
}

@Suite struct ScalerTests {
  private let nan = Double.nan

  /// As scikit-learn has it: constant columns have the scale 1, and NaN counts nothing.
  @Test func statistics() {
    let x = Tensor([[1, 5, .nan], [2, 5, 4], [3, 5, .nan], [10, 5, 8]] as [[Double]])
    let standard = Scaler.standard(fitting: x)
    #expect(standard.center.scalars(Double.self) == [4, 5, 6])
    #expect(distance(standard.scale, Tensor([Double(12.5).squareRoot(), 1, 2] as [Double])) < 1e-12)
    let range = Scaler.minMax(fitting: x)
    #expect(range.center.scalars(Double.self) == [1, 5, 4] && range.scale.scalars(Double.self) == [9, 1, 4])
    let robust = Scaler.robust(fitting: x)
    #expect(robust.center.scalars(Double.self) == [2.5, 5, 6] && robust.scale.scalars(Double.self) == [3, 1, 2])
    let y = Scaler.minMax(fitting: x, low: -1, high: 3)(x).scalars(Double.self)
    let expected: [Double] = [-1, -1, nan, -1 + 4 / 9, -1, -1, -1 + 8 / 9, -1, nan, 3, -1, 3]
    for (a, b) in zip(y, expected) { #expect(a.isNaN && b.isNaN || abs(a - b) < 1e-12) }
    for scaler in [standard, range, robust] {
      let back = scaler.inverse(scaler(x))
      #expect(distance(select(x.isNaN, 0, back), select(x.isNaN, 0, x)) < 1e-12)
    }
    // Beyond what squares hold, and constant but for rounding.
    let wide = Tensor([[1e200, 0.1], [-1e200, 0.1], [1e200, 0.1]] as [[Double]])
    #expect(Scaler.standard(fitting: wide)(wide).isFinite.all().item(as: Bool.self) && Scaler.standard(fitting: wide).scale[1].item() == 1)
    #expect(Scaler.standard(fitting: Tensor([[.nan], [.nan]] as [[Float]])).scale.scalars(Float.self) == [1])
  }

  @Test func vectorsImagesAndModels() throws {
    let targets = Tensor([2, 4, 6] as [Float])
    let prices = Scaler.standard(fitting: targets)
    #expect(
      distance(prices.inverse(prices(targets)), targets) < 1e-6 && prices(targets).shape == [3]
        && prices(targets.reshaped([3, 1])).shape == [3, 1])
    let images = withSeed(1) { Tensor.normal([6, 3, 4, 5], mean: 7, standardDeviation: 2) }
    let channels = Scaler.standard(fitting: images, axis: 1)
    let y = channels(images)
    #expect(
      abs(y.mean(axes: [0, 2, 3])).max().item() < 1e-5 && abs(y.standardDeviation(axes: [0, 2, 3], correction: 0) - 1).max().item() < 1e-5)

    let x = withSeed(2) { Tensor.normal([32, 4], mean: 100, standardDeviation: 30) }
    var model = Chain {
      Scaler.standard(fitting: x)
      Dense(4, 1)
    }
    let scale = try #require(model.layers[0].as(Scaler.self)?.scale.scalars(Float.self))
    try model.fit(TensorDataset(x, x[.all, 0..<1]), loss: mse, optimizer: Adam(learningRate: 0.1), epochs: 3, progress: .none)
    #expect(model.layers[0].as(Scaler.self)?.scale.scalars(Float.self) == scale && model.parameters.count == 2)
    try IDXFixture.withFolder { folder in
      try model.save(to: folder + "/model.safetensors")
      var other = Chain {
        Scaler(4)
        Dense(4, 1)
      }
      try other.load(from: folder + "/model.safetensors")
      #expect(isIdentical(other.predict(x), model.predict(x)))
    }
  }

  static let mistakes: [(sentence: String, call: @Sendable () throws -> Void)] = [
    ("Scaler: int64 [2]; float32 or float64 would fit: convert with .cast(to:)", { _ = Scaler.standard(fitting: Tensor([1, 2], .int64)) }),
    ("Scaler: [0, 2] has no numbers to fit to", { _ = Scaler.standard(fitting: .zeros([0, 2])) }),
    (
      "Scaler: [2] has infinite numbers, which have no mean and no range; finite ones, or NaN for what is missing, would fit",
      { _ = Scaler.robust(fitting: Tensor([1, .infinity] as [Float])) }
    ),
    ("Scaler: [3, 2] for 4 features on axis -1", { _ = Scaler(4)(.zeros([3, 2])) }),
    ("Scaler.minMax: from 1.0 to 0.0; a finite interval would fit", { _ = Scaler.minMax(fitting: .zeros([2]), low: 1, high: 0) }),
    (
      "Scaler.robust: quantiles of 0.9 and 0.1; two numbers of 0 to 1 in ascending order would fit",
      { _ = Scaler.robust(fitting: .zeros([2]), quantiles: (0.9, 0.1)) }
    ),
  ]

  @Test(arguments: mistakes.indices) func mistakesAreNamed(_ index: Int) {
    #expect {
      try checked { try Self.mistakes[index].call() }
    } throws: {
      "\($0)" == Self.mistakes[index].sentence
    }
  }
}
