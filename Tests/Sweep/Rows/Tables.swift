import Data
import Fluxion

// In this file alone the module Data is imported by name: Foundation has a type of that name, and the sweep one called Table.
private typealias DataTable = Data.Table

extension Table {
  private static let houses = try! DataTable(bytes: Array("area,rooms,city\n100,4,Bern\n,3,Basel\n60,,Bern\n".utf8))
  private static let examples = TensorDataset(Tensor.ones([6, 3]), Tensor([0, 1, 0, 1, 0, 1], .int64))

  mutating func tables() {
    row(
      "Table.init(bytes:name:separator:hasHeader:names:kinds:missing:maximumBytes:)",
      "Table.init(contentsOf:separator:hasHeader:names:kinds:missing:maximumBytes:)"
    ) { h in
      try DataTable(bytes: Array("a\n1\n".utf8), maximumBytes: h.i(1 << 20)).rowCount
    }
    row("Table.subscript(_:)") { h in Table.houses[h.i(1)]["area"] }
    row("Table.subscript(_:)") { h in Table.houses[h.range(0, 2)].rowCount }
    row("Table.rows(at:)") { h in Table.houses.rows(at: h.list(2, 0)).select(["area"]).tensor() }
    row("Table.Column.subscript(_:)", "Table.Column.isMissing(_:)") { h in
      (Table.houses["area"][h.i(1)], Table.houses["city"].isMissing(h.i(1)))
    }
    row("Table.Column.init(_:integers:)", "Table.Column.init(_:numbers:)") { h in
      let columns = [
        DataTable.Column("a", integers: [h.i(1), nil]), .init("b", numbers: [h.d(0.5), nil]),
        .init("c", values: [.integer(h.i(1)), .number(h.d(1))]),
      ]
      let encoder = TableEncoder(fitting: DataTable(columns), numbers: ["a", "b", "c"], categories: ["c"], missing: .mean, addsMasks: true)
      return [DataTable(columns).tensor(), encoder.features(DataTable(columns)), DataTable.Column("a", integers: [h.i(1)]).tensor(.int32)]
    }
    row("TableEncoder.init(fitting:numbers:categories:missing:addsMasks:minimumCount:)", "TableEncoder.Missing.constant(_:)") { h in
      let encoder = TableEncoder(
        fitting: Table.houses, numbers: ["area"], categories: ["city"], missing: .constant(h.d(0)), minimumCount: h.i(1))
      return [encoder.features(Table.houses), encoder.ids(Table.houses)]
    }
    row("CategoryEncoder.init(fitting:minimumCount:hasUnknown:)", "CategoryEncoder.text(_:)") { h in
      let encoder = CategoryEncoder(fitting: Table.houses["city"], minimumCount: h.i(1))
      return "\(encoder.text(h.i(1)) ?? "") \(encoder.count)"
    }
    row(
      "Table.Value.integer(_:)", "Table.Value.number(_:)", "Table.Value.init(integerLiteral:)", "Table.Value.init(floatLiteral:)"
    ) { h in
      let row: [String: DataTable.Value] = [
        "area": .number(h.d(1)), "rooms": .integer(h.i(2)), "city": DataTable.Value(integerLiteral: h.i(3)),
        "x": .init(floatLiteral: h.d(1)),
      ]
      let encoder = TableEncoder(fitting: Table.houses, numbers: ["area", "rooms"], categories: ["city"])
      return [encoder.numbers(row), encoder.ids(row), encoder.features(row), Tensor(DataTable(rows: [row]).rowCount)]
    }
  }

  mutating func sampling() {
    row("Splits.random(_:into:seed:)") { h in Splits.random(h.i(10), into: [h.d(0.5), h.d(0.5)], seed: h.u(1)).map(\.count).reduce(0, +) }
    row("Splits.stratified(by:into:seed:)", "Splits.grouped(by:into:seed:)") { h in
      let classes = h.list(0, 1, 0, 1)
      return [
        Splits.stratified(by: classes, into: [h.d(0.5), h.d(0.5)], seed: h.u(1)).count,
        Splits.grouped(by: classes, into: [h.d(0.5), h.d(0.5)], seed: h.u(1)).count,
      ]
    }
    row("Splits.folds(_:of:shuffle:seed:)") { h in
      let k = h.i(2)
      // As many folds as there are examples are what was asked for.
      return k > 1000 ? 0 : Splits.folds(k, of: h.i(5), seed: h.u(1)).count
    }
    row("Splits.stratifiedFolds(_:by:seed:)", "Splits.groupedFolds(_:by:)") { h in
      let classes = h.list(0, 1, 0, 1)
      return [Splits.stratifiedFolds(h.i(2), by: classes, seed: h.u(1)).count, Splits.groupedFolds(h.i(2), by: classes).count]
    }
    row("Dataset.split(into:seed:)", "Dataset.split(into:stratifiedBy:seed:)", "Dataset.split(into:groupedBy:seed:)") { h in
      let (fractions, seed) = ([h.d(0.5), h.d(0.5)], h.u(1))
      return [
        Table.examples.split(into: fractions, seed: seed).count,
        Table.examples.split(into: fractions, stratifiedBy: Table.examples.targets, seed: seed).count,
        Table.examples.split(into: fractions, groupedBy: Table.examples.targets, seed: seed).count,
      ]
    }
    row("Dataset.folds(_:shuffle:seed:)", "Dataset.folds(_:stratifiedBy:seed:)", "Dataset.folds(_:groupedBy:)") { h in
      let (k, seed) = (h.i(2), h.u(1))
      return [
        Table.examples.folds(k, seed: seed).count, Table.examples.folds(k, stratifiedBy: Table.examples.targets, seed: seed).count,
        Table.examples.folds(k, groupedBy: Table.examples.targets).count,
      ]
    }
    row("Table.split(into:seed:)", "Table.split(into:stratifiedBy:seed:)", "Table.split(into:groupedBy:seed:)") { h in
      let (fractions, seed) = ([h.d(0.5), h.d(0.5)], h.u(1))
      return [
        Table.houses.split(into: fractions, seed: seed).count, Table.houses.split(into: fractions, stratifiedBy: "city", seed: seed).count,
        Table.houses.split(into: fractions, groupedBy: "city", seed: seed).count,
      ]
    }
    row("Table.folds(_:shuffle:seed:)", "Table.folds(_:stratifiedBy:seed:)") { h in
      let (k, seed) = (h.i(2), h.u(1))
      return [Table.houses.folds(k, seed: seed).count, Table.houses.folds(k, stratifiedBy: "city", seed: seed).count]
    }
    row("Dataset.subset(_:)", "Subset.init(_:_:)", "Subset.batch(_:)") { h in
      try Table.examples.subset(h.list(1, 2)).batch(h.list(0, 1)).0
    }
    row("DataLoader.init(_:batchSize:sampler:seed:dropLast:prefetch:workers:)", "SubsetSampler.init(_:shuffle:)") { h in
      Array(DataLoader(Table.examples, batchSize: h.i(2), sampler: SubsetSampler(h.list(1, 2)), seed: h.u(1), workers: h.i(2))).count
    }
    row(
      "Sampler.count(of:)", "Sampler.positions(of:using:)", "SequentialSampler.count(of:)", "RandomSampler.count(of:)",
      "SubsetSampler.count(of:)", "WeightedSampler.count(of:)", "BalancedSampler.count(of:)"
    ) { h in
      let n = h.i(2)
      let samplers: [any Sampler] = [
        SequentialSampler(), RandomSampler(), RandomSampler(drawing: 3), SubsetSampler([0]), WeightedSampler([1, 2]),
        BalancedSampler(classes: [0, 1]),
      ]
      return samplers.map { $0.count(of: n) }
    }
    row(
      "SequentialSampler.positions(of:using:)", "RandomSampler.positions(of:using:)", "SubsetSampler.positions(of:using:)",
      "WeightedSampler.positions(of:using:)", "BalancedSampler.positions(of:using:)"
    ) { h in
      let n = h.i(2)
      // A list of all positions is what the first two give.
      let all: [any Sampler] = n > 1 << 24 ? [] : [SequentialSampler(), RandomSampler()]
      let samplers =
        all + [RandomSampler(drawing: 3), SubsetSampler([0]), WeightedSampler([1, 2]), BalancedSampler(classes: [0, 1])] as [any Sampler]
      return samplers.map { $0.positions(of: n, using: &h.random).count }
    }
    row(
      "RandomSampler.init(drawing:)", "WeightedSampler.init(_:count:)", "BalancedSampler.init(classes:count:)",
      "BalancedSampler.init(classes:count:)"
    ) { h in
      let draws = h.i(3)
      // So many draws are what was asked for.
      if draws > 1 << 24 { return 0 }
      let samplers: [any Sampler] = [
        RandomSampler(drawing: draws), WeightedSampler([h.d(1), h.d(2)], count: draws),
        BalancedSampler(classes: h.list(0, 1), count: draws), BalancedSampler(classes: Tensor(h.list(0, 1)), count: draws),
      ]
      return samplers.map { $0.positions(of: 2, using: &h.random).count }
    }
  }

  mutating func pictures() {
    row(
      "Tensor.init(imageBytes:name:channels:appliesOrientation:maximumBytes:)",
      "Tensor.init(imageAt:channels:appliesOrientation:maximumBytes:)"
    ) { h in
      try Tensor(imageBytes: Table.picture, maximumBytes: h.i(1 << 20))
    }
    row("Tensor.writeImage(to:quality:bits:)") { h in
      let (image, quality, bits) = (Tensor.full([1, 2, 2], h.d(0.5)), h.i(90), h.i(8))
      try Table.inFolder { folder in
        try image.writeImage(to: folder + "/x.jpg", quality: quality)
        try image.writeImage(to: folder + "/x.png", bits: bits)
      }
      return image
    }
    row("ImageChannels.init(rawValue:)") { h in ImageChannels(rawValue: h.i(1))?.rawValue ?? 0 }
    row("Tensor.imageGrid(columns:padding:value:)") { h in h.images.imageGrid(columns: h.i(2), padding: h.i(1), value: h.d(0)) }
    row("ImageFolder.init(_:size:fit:channels:)", "ImageFolder.batch(_:)") { h in
      let (size, positions) = (h.list(2, 2), h.list(0))
      return try Table.inFolder { folder in
        try Table.write(Table.picture, to: "x.png", in: folder + "/a")
        return try ImageFolder(folder, size: size).batch(positions).0
      }
    }
  }

  mutating func augmentation() {
    row("RandomFlip.init(_:probability:)") { h in try h.call(RandomFlip(probability: h.d(0.5)), h.images) }
    row("RandomCrop.init(_:padding:mode:value:)") { h in
      try h.call(RandomCrop(h.axes(3, 4), padding: h.axes(1, 0), value: h.d(0)), h.images)
    }
    row("RandomAffine.init(rotation:shift:scale:shear:padding:method:)") { h in
      try h.call(RandomAffine(rotation: h.d(10), shift: h.d(0.1), scale: h.closed(0.9, 1.1), shear: h.d(5)), h.images)
    }
    row("ColorJitter.init(brightness:contrast:saturation:hue:)") { h in
      try h.call(ColorJitter(brightness: h.d(0.1), contrast: h.d(0.1), saturation: h.d(0.1), hue: h.d(0.1)), h.images[.all, 0..<3])
    }
    row("GaussianNoise.init(_:)") { h in try h.call(GaussianNoise(h.d(0.1)), h.images) }
    row("RandomErasing.init(probability:area:aspect:value:)") { h in
      try h.call(RandomErasing(probability: h.d(0.5), area: h.closed(0.02, 0.3), aspect: h.closed(0.3, 3), value: h.d(0)), h.images)
    }
    row("RandomErasing.init(side:probability:value:)") { h in
      try h.call(RandomErasing(side: h.i(2), probability: h.d(1), value: h.d(0)), h.images)
    }
    row("mixup(_:_:classes:alpha:using:)", "mixup(_:_:classes:alpha:)", "cutmix(_:_:classes:alpha:using:)", "cutmix(_:_:classes:alpha:)") {
      h in
      let (classes, alpha) = (h.i(2), h.d(0.2))
      let (a, b) = (
        mixup(h.images, h.labels, classes: classes, alpha: alpha, using: &h.random),
        cutmix(h.images, h.labels, classes: classes, alpha: alpha)
      )
      return [a.x, a.y, b.x, b.y]
    }
    row("Scaler.init(_:axis:_:)") { h in try h.call(Scaler(h.i(3), axis: h.i(-1)), h.x) }
    row(
      "Scaler.init(center:scale:axis:)", "Scaler.standard(fitting:axis:)", "Scaler.minMax(fitting:low:high:axis:)",
      "Scaler.robust(fitting:quantiles:axis:)"
    ) { h in
      let axis = h.i(-1)
      return [
        Scaler(center: .zeros([3]), scale: .ones([3]), axis: axis)(h.x), Scaler.standard(fitting: h.x, axis: axis)(h.x),
        Scaler.minMax(fitting: h.x, low: h.d(0), high: h.d(1), axis: axis)(h.x),
        Scaler.robust(fitting: h.x, quantiles: (h.d(0.25), h.d(0.75)), axis: axis)(h.x),
      ]
    }
  }

  /// A PNG file of one gray pixel.
  private static let picture: [UInt8] = [
    137, 80, 78, 71, 13, 10, 26, 10, 0, 0, 0, 13, 73, 72, 68, 82, 0, 0, 0, 1, 0, 0, 0, 1, 8, 0, 0, 0, 0, 58, 126, 155, 85, 0, 0, 0, 10, 73,
    68, 65, 84, 120, 156, 99, 104, 0, 0, 0, 130, 0, 129, 119, 205, 114, 182, 0, 0, 0, 0, 73, 69, 78, 68, 174, 66, 96, 130,
  ]
}
