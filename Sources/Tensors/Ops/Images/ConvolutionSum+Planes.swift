import CKernels

// Where every output sees but one channel (depthwise convolutions): planes in tiles, summed up in registers, see convolution_planes.c.
extension ConvolutionSum {
  // Zeros: it is multiplied by 0, which would not take a NaN away.
  /// What may be read behind a tile's copy: nine vectors of 64 bytes.
  private var slack: Int { 576 }

  /// Calls `body` for each plane of `count` with each of its tiles, a copy of what the tile sees of the plane at `x`, and its taps' offsets.
  private func forEachTile(
    _ window: fx_window, planes count: Int, _ x: UnsafeMutableRawPointer,
    prepare: ((_ plane: Int, _ stuffed: UnsafeMutableRawPointer) -> Void)? = nil,
    _ body: (
      _ plane: Int, _ tile: fx_tile, _ offsets: UnsafeMutablePointer<Int>, _ copy: UnsafeMutableRawPointer
    ) -> Void
  ) throws(TensorError) {
    let grid = ConvolutionTile.Grid(window, channels: 1, budget: (64 << 10) / size, blocks: Swift.max(count, 4), lanes: 64 / size)
    let inputs = window.input.0 * window.input.1 * window.input.2
    let taps = window.window.0 * window.window.1 * window.window.2
    let largest = grid.first
    let (copied, stuffed) = (largest.raw.plane * size + slack, prepare == nil ? 0 : inputs * size)
    let bytes =
      ScratchStretches.bytes(taps, Int.self) + ScratchStretches.bytes(copied, UInt8.self) + ScratchStretches.bytes(stuffed, UInt8.self)
    try parallel(count, grain: Swift.max(1, 200_000 / Swift.max(1, taps * largest.placeCount * grid.count))) {
      (range) throws(TensorError) in
      var memory = try ScratchStretches(Context.current.scratch(bytes))
      let offsets = memory.take(taps, Int.self)
      let (copy, own) = (memory.take(copied), memory.take(stuffed))
      for plane in range {
        prepare?(plane, own)
        let source = prepare == nil ? x + plane * inputs * size : own
        for i in 0..<grid.count {
          // One tile is the same for all planes, and so are its offsets and what lies around the elements in its copy.
          let isSame = grid.count == 1 && plane > range.lowerBound
          let tile = isSame ? largest : grid[i]
          withUnsafePointer(to: tile.raw) { fx_tile_pad_plane(dtype.code, $0, isSame ? 1 : 0, slack / size, source, copy) }
          if !isSame { tile.writeOffsets(channels: 1, to: offsets) }
          body(plane, tile.raw, offsets, copy)
        }
      }
    }
  }

  /// y from x, the weight and a bias.
  func planes(
    _ x: UnsafeMutableRawPointer, _ weight: UnsafeMutableRawPointer, _ bias: UnsafeMutableRawPointer?, into y: UnsafeMutableRawPointer
  ) throws(TensorError) {
    let (taps, places) = (geometry.windowCount, geometry.outputCount)
    try forEachTile(geometry.raw, planes: batch * groups, x) { plane, tile, offsets, copy in
      let group = plane % groups
      withUnsafePointer(to: tile) {
        fx_tile_plane(
          dtype.code, $0, taps, offsets, weight + group * taps * size, bias.map { $0 + group * size }, copy, y + plane * places * size)
      }
    }
  }

  /// x from y and the weight: a convolution itself, by the window turned round, of y with as many zeros between its elements as the stride skips.
  func imagePlanes(_ y: UnsafeMutableRawPointer, _ weight: UnsafeMutableRawPointer, into x: UnsafeMutableRawPointer) throws(TensorError) {
    let raw = geometry.raw
    let (taps, places, image) = (geometry.windowCount, geometry.outputCount, geometry.inputCount)
    var adjoint = raw
    func spread(_ count: Int, _ stride: Int) -> Int { (count - 1) * stride + 1 }
    adjoint.input = (spread(raw.output.0, raw.stride.0), spread(raw.output.1, raw.stride.1), spread(raw.output.2, raw.stride.2))
    adjoint.output = raw.input
    adjoint.stride = (1, 1, 1)
    adjoint.before = (
      (raw.window.0 - 1) * raw.dilation.0 - raw.before.0, (raw.window.1 - 1) * raw.dilation.1 - raw.before.1,
      (raw.window.2 - 1) * raw.dilation.2 - raw.before.2
    )
    // The taps from the last to the first.
    let turned = try Tensor(uninitialized: [groups, taps], dtype)
    copyElements([groups, taps], from: [taps, -1], weight + (taps - 1) * size, to: [taps, 1], turned.pointer, size: size)
    let (depth, height, width) = adjoint.input
    let step = Shape(raw.stride.0 * height * width, raw.stride.1 * width, raw.stride.2)
    let sizes = Shape(raw.output.0, raw.output.1, raw.output.2)
    let lead = Shape(raw.output.1 * raw.output.2, raw.output.2, 1)
    let stuff = { (plane: Int, stuffed: UnsafeMutableRawPointer) in
      stuffed.initializeMemory(as: UInt8.self, repeating: 0, count: depth * height * width * size)
      copyElements(sizes, from: lead, y + plane * places * size, to: step, stuffed, size: size)
    }
    try forEachTile(adjoint, planes: batch * groups, y, prepare: raw.stride == (1, 1, 1) ? nil : stuff) { plane, tile, offsets, copy in
      withUnsafePointer(to: tile) {
        fx_tile_plane(
          dtype.code, $0, taps, offsets, turned.pointer + plane % groups * taps * size, nil, copy, x + plane * image * size)
      }
    }
    withExtendedLifetime(turned) {}
  }

  /// The weight from x and y: each plane's sums, added up over the batch in order.
  func weightPlanes(_ x: UnsafeMutableRawPointer, _ y: UnsafeMutableRawPointer, into weight: UnsafeMutableRawPointer) throws(TensorError) {
    let (taps, places) = (geometry.windowCount, geometry.outputCount)
    let partial = try Tensor(zeros: [batch, groups, taps], .float64)
    let sums = partial.pointer.assumingMemoryBound(to: Double.self)
    try forEachTile(geometry.raw, planes: batch * groups, x) { plane, tile, offsets, copy in
      withUnsafePointer(to: tile) {
        fx_tile_plane_weight(dtype.code, $0, taps, offsets, copy, y + plane * places * size, sums + plane * taps)
      }
    }
    let sum = Reduce(kind: .sum, axes: [0], keepDims: false)
    let total = try sum.evaluate(partial, try sum.result(partial)).cast(to: dtype).made
    weight.copyMemory(from: total.pointer, byteCount: groups * taps * size)
    withExtendedLifetime((partial, total)) {}
  }
}
