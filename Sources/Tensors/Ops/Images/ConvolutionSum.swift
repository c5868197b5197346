import CKernels

/// The sum of products that a convolution and its adjoints share, y[n, o, p] = Σ weight[o, c, k] · x[n, c, the input under k at p], by the ways of
/// computing one of the three from the other two.
///
/// In tiles, as matrix products of the weight with rows of the image (``ConvolutionTile``), or with fewer products by ``Winograd``'s algorithm; plane by
/// plane where every output sees but one channel (`ConvolutionSum+Planes.swift`). Directly of integers.
///
/// How the work is cut follows from the shapes alone, so that sums are the same for any number of threads.
struct ConvolutionSum {
  let geometry: WindowGeometry
  let groups: Int
  let batch: Int
  /// Of one group.
  let channels: Int
  let outputs: Int
  let dtype: DType
  /// Whether ``Winograd`` is used, nil for where it pays.
  ///
  /// Tests compare the two.
  var usesWinograd: Bool?

  init(_ geometry: WindowGeometry, _ groups: Int, batch: Int, channels: Int, outputs: Int, _ dtype: DType) {
    self.geometry = geometry
    self.groups = groups
    self.batch = batch
    self.channels = channels / groups
    self.outputs = outputs / groups
    self.dtype = dtype
  }

  var size: Int { dtype.byteCount }
  /// The elements of a plane of x and of y, and of a row of the weight.
  var image: Int { geometry.inputCount }
  var places: Int { geometry.outputCount }
  var row: Int { channels * geometry.windowCount }
  private var isDirect: Bool { !dtype.isFloatingPoint }
  /// Every output sees one channel: there is nothing for a matrix product to gain.
  private var isPlain: Bool {
    dtype.isFloatingPoint && channels == 1 && outputs == 1 && geometry.windowCount > 0 && places > 0 && image > 0
  }
  /// Rows and lanes of a block that the kernels hold in registers.
  private var block: (rows: Int, lanes: Int) {
    var (rows, lanes) = (0, 0)
    fx_tile_shape(dtype.code, &rows, &lanes)
    return (rows, lanes)
  }
  /// The elements of a tile's copy that suit a second-level cache.
  private var budget: Int { (256 << 10) / size }

  /// A matrix with a row for each output, made of each group's part of the weight in turn.
  private func packed(
    _ weight: UnsafeMutableRawPointer, rows: Int, channels: Int, taps: Int, rowStep: Int, channelStep: Int, isReversed: Bool = false
  ) throws(TensorError) -> (matrices: Tensor, each: Int) {
    let each = (rows + block.rows - 1) / block.rows * block.rows * channels * taps
    let matrices = try Tensor(uninitialized: [groups, each], dtype)
    for group in 0..<groups {
      fx_tile_pack(
        dtype.code, rows, channels, taps, rowStep, channelStep, isReversed ? 1 : 0, weight + group * outputs * row * size,
        matrices.pointer + group * each * size)
    }
    return (matrices, each)
  }

  /// Winograd's algorithm, where it fits and pays.
  private func winograd(_ window: fx_window, channels: Int, outputs: Int, where pays: (Winograd) -> Bool) -> Winograd? {
    guard groups == 1, usesWinograd != false,
      let winograd = Winograd(window, batch: batch, channels: channels, outputs: outputs, dtype),
      usesWinograd ?? pays(winograd)
    else { return nil }
    return winograd
  }

  // MARK: y

  /// A weight as the sums read it, which is worth keeping where it stays as it is.
  enum PreparedWeight {
    /// As it lies.
    case plain
    case transformed(Winograd, Tensor)
    case packed(Tensor, each: Int)
  }

  /// The weight as the way that is taken reads it.
  func prepared(_ weight: UnsafeMutableRawPointer) throws(TensorError) -> PreparedWeight {
    if batch * groups * outputs * places == 0 || isPlain || isDirect || row == 0 { return .plain }
    if hasFewPlaces && usesWinograd != true { return .plain }
    let taps = geometry.windowCount
    if let winograd = winograd(geometry.raw, channels: channels, outputs: outputs, where: \.pays) {
      return .transformed(winograd, try winograd.transformed(weight, steps: (row, taps), isReversed: false))
    }
    let (matrices, each) = try packed(weight, rows: outputs, channels: channels, taps: taps, rowStep: row, channelStep: taps)
    return .packed(matrices, each: each)
  }

  /// y from x, the weight and a bias.
  func result(
    _ x: UnsafeMutableRawPointer, _ weight: UnsafeMutableRawPointer, bias: UnsafeMutableRawPointer?, into y: UnsafeMutableRawPointer
  ) throws(TensorError) {
    try result(x, weight, try prepared(weight), bias: bias, into: y)
  }

  /// The same with a weight that has been prepared.
  func result(
    _ x: UnsafeMutableRawPointer, _ weight: UnsafeMutableRawPointer, _ prepared: PreparedWeight, bias: UnsafeMutableRawPointer?,
    into y: UnsafeMutableRawPointer
  ) throws(TensorError) {
    if batch * groups * outputs * places == 0 { return }
    switch prepared {
    case .plain where isPlain: try planes(x, weight, bias, into: y)
    case .plain where isDirect || row == 0: resultDirectly(x, weight, bias, y)
    case .plain: try resultOfFewPlaces(x, weight, bias, y)
    case .transformed(let winograd, let filters):
      if try winograd.result(x, filters, bias: bias, into: y) { return }
      let taps = geometry.windowCount
      let (matrices, each) = try packed(weight, rows: outputs, channels: channels, taps: taps, rowStep: row, channelStep: taps)
      try result(x, weight, .packed(matrices, each: each), bias: bias, into: y)
    case .packed(let matrices, let each):
      try correlate(geometry.raw, channels: channels, outputs: outputs, x, matrices.pointer, each, bias: bias, y)
      withExtendedLifetime(matrices) {}
    }
  }

  /// The sums under a window, for each group of channels by its matrix.
  private func correlate(
    _ window: fx_window, channels: Int, outputs: Int, _ x: UnsafeMutableRawPointer, _ matrices: UnsafeMutableRawPointer, _ each: Int,
    bias: UnsafeMutableRawPointer?, _ y: UnsafeMutableRawPointer
  ) throws(TensorError) {
    let grid = ConvolutionTile.Grid(window, channels: channels, budget: budget, blocks: batch * groups)
    let (inputs, places) = (window.input.0 * window.input.1 * window.input.2, window.output.0 * window.output.1 * window.output.2)
    let depth = channels * window.window.0 * window.window.1 * window.window.2
    let (lanes, largest) = (block.lanes, grid.first)
    let copied = channels * largest.raw.plane + 4 * lanes
    let most = largest.raw.count.0 * largest.throughCount(lanes) + largest.placeCount
    let through = largest.runsThrough(lanes) && grid.counts.2 == 1
    let collected = through ? outputs * largest.raw.count.0 * largest.throughCount(lanes) * lanes : 0
    let bytes =
      ScratchStretches.bytes(depth, Int.self) + ScratchStretches.bytes(most, fx_run.self)
      + ScratchStretches.bytes(copied * size, UInt8.self) + ScratchStretches.bytes(collected * size, UInt8.self)
    try parallel(batch * groups * grid.count, grain: Swift.max(1, 400_000 / (outputs * depth * largest.placeCount))) {
      (range) throws(TensorError) in
      var memory = try ScratchStretches(Context.current.scratch(bytes))
      let (offsets, runs) = (memory.take(depth, Int.self), memory.take(most, fx_run.self))
      let (copy, collection) = (memory.take(copied * size), memory.take(collected * size))
      for part in range {
        let (i, group) = (part / grid.count, part / grid.count % groups)
        let tile = grid[part % grid.count]
        withUnsafePointer(to: tile.raw) { fx_tile_pad(dtype.code, $0, channels, 4 * lanes, x + i * channels * inputs * size, copy) }
        tile.writeOffsets(channels: channels, to: offsets)
        let count = tile.writeRuns(lanes, through: through, to: runs)
        let target = y + i * outputs * places * size
        let lead = through ? tile.raw.count.0 * tile.throughCount(lanes) * lanes : places
        fx_tile_product(
          dtype.code, outputs, depth, matrices + group * each * size, offsets, count, runs, copy,
          bias.map { $0 + group * outputs * size }, through ? collection : target, lead)
        if through {
          // What was summed up in the padding between rows is left behind.
          let (layers, rows, columns) = tile.raw.count
          copyElements(
            Shape([outputs, layers, rows, columns]), from: Shape([lead, lead / layers, tile.rowLength, 1]), collection,
            to: Shape([places, window.output.1 * window.output.2, window.output.2, 1]), target + tile.firstPlace * size, size: size)
        }
      }
    }
  }

  // MARK: x

  /// x from y and the weight.
  func image(_ y: UnsafeMutableRawPointer, _ weight: UnsafeMutableRawPointer, into x: UnsafeMutableRawPointer) throws(TensorError) {
    if batch * groups * channels * image == 0 { return }
    if isPlain { return try imagePlanes(y, weight, into: x) }
    if isDirect || outputs * places == 0 { return imageDirectly(y, weight, x) }
    let taps = geometry.windowCount
    // Without a stride it is a convolution itself, by the window turned round; little work is done in PyTorch's order, to the same bits.
    let work = batch * groups * outputs * row * places
    guard geometry.raw.stride == (1, 1, 1) && (work > 1_000_000 || usesWinograd == true) else { return try imageByColumns(y, weight, x) }
    let raw = geometry.raw
    func turned(_ before: Int, _ taps: Int, _ dilation: Int) -> Int { (taps - 1) * dilation - before }
    var adjoint = raw
    (adjoint.input, adjoint.output) = (raw.output, raw.input)
    adjoint.before = (
      turned(raw.before.0, raw.window.0, raw.dilation.0), turned(raw.before.1, raw.window.1, raw.dilation.1),
      turned(raw.before.2, raw.window.2, raw.dilation.2)
    )
    if let winograd = winograd(adjoint, channels: outputs, outputs: channels, where: \.pays),
      try winograd.result(y, try winograd.transformed(weight, steps: (taps, row), isReversed: true), bias: nil, into: x)
    {
      return
    }
    let (matrices, each) = try packed(
      weight, rows: channels, channels: outputs, taps: taps, rowStep: taps, channelStep: row, isReversed: true)
    try correlate(adjoint, channels: outputs, outputs: channels, y, matrices.pointer, each, bias: nil, x)
    withExtendedLifetime(matrices) {}
  }

  /// As columns, what each place gives to what it saw, which are then added up.
  private func imageByColumns(
    _ y: UnsafeMutableRawPointer, _ weight: UnsafeMutableRawPointer, _ x: UnsafeMutableRawPointer
  ) throws(TensorError) {
    let taps = geometry.windowCount
    // Few images are cut by channels as well, whose planes are their own.
    let cuts = batch * groups >= 8 ? 1 : Swift.min(channels, 8)
    let most = (channels + cuts - 1) / cuts
    let lanes = block.lanes
    let fitting = Swift.max(4 * lanes, budget / (most * taps + outputs) / lanes * lanes)
    let width = Swift.min(fitting, (places + lanes - 1) / lanes * lanes)
    // An odd number of vectors from one row to the next, for the cache.
    let lead = (width / lanes | 1) * lanes
    let matrices = try (0..<cuts).map { (cut) throws(TensorError) in
      let (from, to) = (channels * cut / cuts, channels * (cut + 1) / cuts)
      return try packed(weight + from * taps * size, rows: (to - from) * taps, channels: outputs, taps: 1, rowStep: 1, channelStep: row)
    }
    let bytes =
      ScratchStretches.bytes(outputs, Int.self) + ScratchStretches.bytes(width / lanes, fx_run.self)
      + ScratchStretches.bytes((outputs * lead + lanes) * size, UInt8.self) + ScratchStretches.bytes(most * taps * lead * size, UInt8.self)
    try parallel(batch * groups * cuts, grain: Swift.max(1, 400_000 / (outputs * most * taps * places))) { (range) throws(TensorError) in
      var memory = try ScratchStretches(Context.current.scratch(bytes))
      let (offsets, runs) = (memory.take(outputs, Int.self), memory.take(width / lanes, fx_run.self))
      let (values, columns) = (memory.take((outputs * lead + lanes) * size), memory.take(most * taps * lead * size))
      for o in 0..<outputs { offsets[o] = o * lead }
      for part in range {
        let (i, cut) = (part / cuts, part % cuts)
        let (from, to) = (channels * cut / cuts, channels * (cut + 1) / cuts)
        let target = x + (i * channels + from) * image * size
        target.initializeMemory(as: UInt8.self, repeating: 0, count: (to - from) * image * size)
        for start in Swift.stride(from: 0, to: places, by: width) {
          let count = Swift.min(width, places - start)
          let vectors = (count + lanes - 1) / lanes
          for o in 0..<outputs {
            let row = values + o * lead * size
            row.copyMemory(from: y + ((i * outputs + o) * places + start) * size, byteCount: count * size)
            (row + count * size).initializeMemory(as: UInt8.self, repeating: 0, count: (vectors * lanes - count) * size)
          }
          for v in 0..<vectors { runs[v] = fx_run(from: v * lanes, to: v * lanes, count: lanes) }
          fx_tile_product(
            dtype.code, (to - from) * taps, outputs, matrices[cut].matrices.pointer + i % groups * matrices[cut].each * size, offsets,
            vectors, runs, values, nil, columns, lead)
          geometry.withRaw { fx_columns_add(dtype.code, $0, to - from, start, count, columns, lead, target) }
        }
      }
    }
    withExtendedLifetime(matrices) {}
  }

  // MARK: weight

  /// The weight from x and y.
  func weight(_ x: UnsafeMutableRawPointer, _ y: UnsafeMutableRawPointer, into weight: UnsafeMutableRawPointer) throws(TensorError) {
    if groups * outputs * row == 0 { return }
    if isPlain && batch > 0 { return try weightPlanes(x, y, into: weight) }
    if isDirect || batch * places == 0 { return weightDirectly(x, y, weight) }
    if let winograd = winograd(geometry.raw, channels: channels, outputs: outputs, where: \.paysForWeight),
      try winograd.weight(x, y, into: weight)
    {
      return
    }
    let lanes = block.lanes
    let taps = geometry.windowCount
    // A row of outputs for each tap of each channel, filled up to whole vectors.
    let wide = (outputs + lanes - 1) / lanes * lanes
    // Each part sums up images of its own, of which few are cut by channels as well; the parts' sums are added up in order.
    var parts = Swift.min(batch, 8)
    while parts > 1 && parts * groups * row * wide * size > 64 << 20 { parts /= 2 }
    let cuts = parts * groups >= 4 ? 1 : Swift.min(channels, 4)
    let most = (channels + cuts - 1) / cuts
    let grid = ConvolutionTile.Grid(
      geometry.raw, channels: most + wide / Swift.max(1, taps), budget: budget, blocks: 4)
    let largest = grid.first
    let rows = largest.rowRunCount
    let copied = most * largest.raw.plane + 4 * lanes
    let bytes =
      ScratchStretches.bytes(most * taps, Int.self) + ScratchStretches.bytes(rows, fx_run.self)
      + ScratchStretches.bytes(copied * size, UInt8.self) + ScratchStretches.bytes(largest.placeCount * wide * size, UInt8.self)
    let partial = try Tensor(zeros: [parts, groups, row, wide], dtype)
    let sums = partial.pointer
    let work = batch * groups * outputs * row * places
    let isLong = dtype == .float32 && batch.parts(of: parts) * places > 2 * DoubleAccumulator.chunk
    try parallel(parts * groups * cuts, grain: work < 400_000 ? Int.max : 1) { (range) throws(TensorError) in
      var memory = try ScratchStretches(Context.current.scratch(bytes))
      let (offsets, runs) = (memory.take(most * taps, Int.self), memory.take(rows, fx_run.self))
      let (copy, values) = (memory.take(copied * size), memory.take(largest.placeCount * wide * size))
      // The outputs that fill up a vector are summed up, too, for nothing.
      if wide > outputs { values.initializeMemory(as: UInt8.self, repeating: 0, count: largest.placeCount * wide * size) }
      for index in range {
        let (part, group, cut) = (index / (groups * cuts), index / cuts % groups, index % cuts)
        let (from, to) = (channels * cut / cuts, channels * (cut + 1) / cuts)
        let target = sums + ((part * groups + group) * row + from * taps) * wide * size
        let totals = try isLong ? DoubleAccumulator((to - from) * taps * wide) : nil
        var terms = 0
        for n in batch * part / parts..<batch * (part + 1) / parts {
          let plane = x + ((n * groups + group) * channels + from) * image * size
          for t in 0..<grid.count {
            let tile = grid[t]
            withUnsafePointer(to: tile.raw) { fx_tile_pad(dtype.code, $0, to - from, 4 * lanes, plane, copy) }
            tile.writeOffsets(channels: to - from, to: offsets)
            let count = tile.writeRows(to: runs)
            // The outputs of each place side by side.
            let (layers, lines, columns) = tile.raw.count
            let (height, length) = (geometry.raw.output.1, geometry.raw.output.2)
            copyElements(
              Shape([layers, lines, columns, outputs]), from: Shape([height * length, length, 1, places]),
              y + ((n * groups + group) * outputs * places + tile.firstPlace) * size,
              to: Shape([lines * columns * wide, columns * wide, wide, 1]), values, size: size)
            fx_tile_weight(dtype.code, (to - from) * taps, offsets, count, runs, copy, values, wide, target)
            terms += tile.placeCount
            if let totals, terms >= DoubleAccumulator.chunk {
              totals.take(target)
              terms = 0
            }
          }
        }
        totals?.write(to: target, adds: true)
      }
    }
    let total = try parts == 1 ? partial : partial.sum(axis: 0).made
    copyElements(
      Shape([groups, outputs, row]), from: Shape([row * wide, 1, wide]), total.pointer, to: Shape([outputs * row, row, 1]), weight,
      size: size)
    withExtendedLifetime((partial, total)) {}
  }
}
