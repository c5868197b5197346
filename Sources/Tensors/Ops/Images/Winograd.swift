import CKernels

/// A convolution by 3 × 3 filters without a stride in a quarter of the products, by Winograd's algorithm F(4 × 4, 3 × 3); float32.
///
/// Tiles of 6 × 6 places and the filters are transformed to 36 numbers each; those are multiplied and summed up over channels, which is 36 matrix
/// products, and the sums transformed back to 4 × 4 results. The gradient of the image is such a convolution, too; for that of the filters each step is
/// replaced by its adjoint.
///
/// Roundings are two to four times those of the sum as it is written (`Guides/Performance.md`). Infinity in one place would be NaN in the whole tile,
/// so a result that is not finite is computed anew by ``ConvolutionSum``. Each number is summed up in one order, however the work is cut.
struct Winograd {
  private let raw: fx_winograd
  private let batch: Int
  /// In whole blocks of so many as a vector has.
  private let channels, outputs: Int

  private static let lanes = Int(fx_winograd_lanes())
  private static let numbers = Int(FX_WINOGRAD)

  /// Nil where the geometry is another.
  init?(_ window: fx_window, batch: Int, channels: Int, outputs: Int, _ dtype: DType) {
    guard dtype == .float32, window.window == (1, 3, 3), window.stride == (1, 1, 1), window.dilation == (1, 1, 1), window.before.0 == 0,
      window.input.0 == 1, window.output.0 == 1, batch > 0, channels > 0, outputs > 0, window.output.1 > 0, window.output.2 > 0
    else { return nil }
    raw = fx_winograd(
      channels: channels, outputs: outputs, input: (window.input.1, window.input.2), output: (window.output.1, window.output.2),
      before: (window.before.1, window.before.2), rows: window.output.1.parts(of: 4), columns: window.output.2.parts(of: 4))
    self.batch = batch
    (self.channels, self.outputs) = (channels.rounded(to: Self.lanes), outputs.rounded(to: Self.lanes))
  }

  private var lanes: Int { Self.lanes }
  private var tiles: Int { batch * raw.rows * raw.columns }

  /// Whether it is faster than the sum as it is written, by nanoseconds of one core with AVX-512; with shorter vectors all of it takes longer alike.
  ///
  /// Blocks are filled up and tiles cut off; that sum's operand takes time, too. Filters of several megabytes go to memory and back as 36 numbers each.
  var pays: Bool {
    let filters = Double(raw.outputs * raw.channels)
    let isFar = Self.numbers * 4 * raw.outputs * raw.channels > 8 << 20
    return isLarge && 1.2 * (work + (isFar ? 8 : 2) * filters) < written + 2 * filters
  }
  /// The same of the gradient of the filters: their numbers go to memory and back.
  var paysForWeight: Bool { isLarge && 1.2 * (work + 10 * Double(raw.outputs * raw.channels)) < written }

  private var written: Double { 0.1 * Double(batch * raw.outputs * raw.channels) * Double(raw.output.0 * raw.output.1) }
  private var work: Double { Double(tiles) * (0.3 * Double(channels * outputs) + 4.5 * Double(channels + outputs)) }
  private var isLarge: Bool { written > 5_000 }

  /// So many elements from one number to the next: an odd number of cache lines, for at a power of two 36 of them would drive each other out.
  private func apart(_ count: Int) -> Int { ((count + 15) / 16 | 1) * 16 }

  // MARK: y

  /// The elements from one of a transformed filter's numbers to the next.
  private var filterStep: Int { apart(outputs.rounded(to: 2 * lanes) * channels) }

  /// The filters' numbers.
  ///
  /// - Parameters:
  ///   - steps: From an output's filters to the next one's, and from a channel's to the next one's.
  ///   - isReversed: Of filters turned by 180°.
  func transformed(
    _ filters: UnsafeMutableRawPointer, steps: (output: Int, channel: Int), isReversed: Bool
  ) throws(TensorError) -> Tensor {
    let each = filterStep
    let transformed = try Tensor(uninitialized: [Self.numbers * each], .float32)
    let u = transformed.floats
    parallel(outputs / lanes * (channels / lanes), grain: 8) { range in
      for i in range {
        withRaw {
          fx_winograd_filters(
            $0, i / (channels / lanes), i % (channels / lanes), steps.output, steps.channel, isReversed ? 1 : 0, filters.floats, each, u)
        }
      }
    }
    return transformed
  }

  /// y from x, the filters' numbers and a bias.
  ///
  /// - Returns: Whether the result is finite; else it is to be computed another way.
  func result(
    _ x: UnsafeMutableRawPointer, _ filters: Tensor, bias: UnsafeMutableRawPointer?, into y: UnsafeMutableRawPointer
  ) throws(TensorError) -> Bool {
    let (u, each) = (filters.floats, filterStep)
    let places = (x.floats, bias?.floats, y.floats)
    let isFinite = try tiles <= 64 ? inSteps(places.0, u, each, places.1, places.2) : inGroups(places.0, u, each, places.1, places.2)
    withExtendedLifetime(filters) {}
    return isFinite
  }

  /// Groups of tiles one by one from the image to the result, in the memory of a thread.
  private func inGroups(
    _ x: UnsafeMutablePointer<Float>, _ u: UnsafeMutablePointer<Float>, _ each: Int, _ bias: UnsafeMutablePointer<Float>?,
    _ y: UnsafeMutablePointer<Float>
  ) throws(TensorError) -> Bool {
    // Whole rows of tiles, or equal pieces of long ones, to keep the transformed numbers in the second-level cache; enough groups for all threads.
    let piece = raw.columns.divided(into: raw.columns.parts(of: Int(FX_WINOGRAD_COLUMNS)))
    let size = Swift.max(1, Swift.max(16, Swift.min(48, tiles / 8)) / piece) * piece
    let groups = tiles.parts(of: size)
    let (seen, made) = (apart(size * channels), apart(size * outputs))
    let bytes = ScratchStretches.bytes(Self.numbers * seen, Float.self) + ScratchStretches.bytes(Self.numbers * made, Float.self)
    return try allFinite(groups) { (group) throws(TensorError) in
      var memory = try ScratchStretches(Context.current.scratch(bytes))
      let (v, m) = (memory.take(Self.numbers * seen, Float.self), memory.take(Self.numbers * made, Float.self))
      let (first, count) = (group * size, Swift.min(size, tiles - group * size))
      return withRaw { raw in
        for block in 0..<channels / lanes { fx_winograd_image(raw, first, count, block, x, seen, v + block * count * lanes) }
        for e in 0..<Self.numbers { products(count, e, 0..<outputs.parts(of: 2 * lanes), v, seen, u, each, m, made) }
        var isFinite = true
        for block in 0..<outputs / lanes where fx_winograd_result(raw, first, count, block, m, made, outputs, bias, y) == 0 {
          isFinite = false
        }
        return isFinite
      }
    }
  }

  /// All tiles step by step, each step shared by blocks of channels or outputs: for few tiles and many filters.
  private func inSteps(
    _ x: UnsafeMutablePointer<Float>, _ u: UnsafeMutablePointer<Float>, _ each: Int, _ bias: UnsafeMutablePointer<Float>?,
    _ y: UnsafeMutablePointer<Float>
  ) throws(TensorError) -> Bool {
    let (seen, made) = (apart(tiles * channels), apart(tiles * outputs))
    let memory = try Tensor(uninitialized: [Self.numbers * (seen + made)], .float32)
    let v = memory.floats
    let m = v + Self.numbers * seen
    parallel(channels / lanes, grain: Swift.max(1, 64 / tiles)) { range in
      for block in range { withRaw { fx_winograd_image($0, 0, tiles, block, x, seen, v + block * tiles * lanes) } }
    }
    let panels = outputs.parts(of: 2 * lanes)
    parallel(Self.numbers * panels, grain: 2) { range in
      for part in range { products(tiles, part / panels, part % panels..<part % panels + 1, v, seen, u, each, m, made) }
    }
    defer { withExtendedLifetime(memory) {} }
    return try allFinite(outputs / lanes) { block in
      withRaw { fx_winograd_result($0, 0, tiles, block, m, made, outputs, bias, y) != 0 }
    }
  }

  /// The products of number e for some panels of two vectors of outputs.
  private func products(
    _ count: Int, _ e: Int, _ panels: Range<Int>, _ v: UnsafeMutablePointer<Float>, _ seen: Int, _ u: UnsafeMutablePointer<Float>,
    _ each: Int,
    _ m: UnsafeMutablePointer<Float>, _ made: Int
  ) {
    for panel in panels {
      let first = 2 * lanes * panel
      fx_winograd_products(
        count, channels, Swift.min(2 * lanes, outputs - first), v + e * seen, u + e * each + first * channels, m + e * made + first, outputs
      )
    }
  }

  // MARK: weight

  /// The filters [outputs, channels, 3, 3] from x and y.
  ///
  /// - Returns: Whether they are finite; else they are to be computed another way.
  func weight(_ x: UnsafeMutableRawPointer, _ y: UnsafeMutableRawPointer, into filters: UnsafeMutableRawPointer) throws(TensorError) -> Bool
  {
    let (x, y, filters) = (x.floats, y.floats, filters.floats)
    // So many tiles at a time that their numbers stay in the third-level cache.
    let most = Swift.max(64, (4 << 20) / (Self.numbers * 4 * (channels + outputs)))
    let stretch = tiles.divided(into: tiles.parts(of: most)).rounded(to: 64)
    let (seen, made, each) = (apart(stretch * channels), apart(stretch * outputs), apart(raw.outputs * channels))
    let memory = try Tensor(uninitialized: [Self.numbers * (seen + made + each)], .float32)
    let v = memory.floats
    let m = v + Self.numbers * seen
    let u = m + Self.numbers * made
    let (inputs, blocks) = (channels / lanes, (channels + outputs) / lanes)
    let totals = try tiles > DoubleAccumulator.chunk ? DoubleAccumulator(Self.numbers * each) : nil
    var terms = 0
    for first in stride(from: 0, to: tiles, by: stretch) {
      let count = Swift.min(stretch, tiles - first)
      let parts = count.parts(of: 64)
      ThreadPool.shared.run(blocks * parts) { i in
        let (block, part) = (i / parts, i % parts)
        let (from, to) = (count * part / parts, count * (part + 1) / parts)
        withRaw {
          if block < inputs {
            fx_winograd_image($0, first + from, to - from, block, x, seen, v + (block * count + from) * lanes)
          } else {
            fx_winograd_result_adjoint($0, first + from, to - from, block - inputs, y, made, outputs, m + from * outputs)
          }
        }
      }
      ThreadPool.shared.run(Self.numbers) { e in
        fx_winograd_products_adjoint(
          count, raw.outputs, channels, m + e * made, outputs, v + e * seen, terms > 0 ? 1 : 0, u + e * each)
      }
      terms += count
      if let totals, terms >= DoubleAccumulator.chunk / 4 || first + stretch >= tiles {
        totals.add(u)
        terms = 0
      }
    }
    totals?.write(to: u)
    defer { withExtendedLifetime(memory) {} }
    return try allFinite(raw.outputs) { o in
      var isFinite = true
      for block in 0..<inputs where withRaw({ fx_winograd_filters_adjoint($0, o, block, u, each, filters) }) == 0 { isFinite = false }
      return isFinite
    }
  }

  // MARK: Helpers

  @inline(__always)
  private func withRaw<R>(_ body: (UnsafePointer<fx_winograd>) -> R) -> R { withUnsafePointer(to: raw, body) }

  /// Shares parts among threads and says whether all of them gave true.
  private func allFinite(_ parts: Int, _ body: (Int) throws(TensorError) -> Bool) throws(TensorError) -> Bool {
    try withWorkingMemory(of: Bool.self, count: parts) { (finite) throws(TensorError) in
      let failure = FirstFailure()
      ThreadPool.shared.run(parts) { part in failure.keep(part) { () throws(TensorError) in finite[part] = try body(part) } }
      try failure.rethrow()
      return (0..<parts).allSatisfy { finite[$0] }
    }
  }
}

extension UnsafeMutableRawPointer {
  fileprivate var floats: UnsafeMutablePointer<Float> { assumingMemoryBound(to: Float.self) }
}

extension Tensor {
  fileprivate var floats: UnsafeMutablePointer<Float> { pointer.floats }
}
