import CKernels

/// The sum of products that a convolution and its adjoints share, y[n, o, p] = Σ weight[o, c, k] · x[n, c, the input under k at p], by the ways of
/// computing one of the three from the other two.
///
/// As a matrix product: of the weight [outputs, channels·window] and of columns [channels·window, places], in which each place's window is
/// written out. The columns are made tile by tile, in memory that stays in the cache. Directly, plane by plane: where every output sees but one
/// channel there is nothing for a matrix product to gain, and integers have none.
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

  init(_ geometry: WindowGeometry, _ groups: Int, batch: Int, channels: Int, outputs: Int, _ dtype: DType) {
    self.geometry = geometry
    self.groups = groups
    self.batch = batch
    self.channels = channels / groups
    self.outputs = outputs / groups
    self.dtype = dtype
  }

  private var size: Int { dtype.byteCount }
  /// The elements of a plane of x and of y, and of a row of the weight.
  private var image: Int { geometry.inputCount }
  private var places: Int { geometry.outputCount }
  private var row: Int { channels * geometry.windowCount }
  private var isDirect: Bool { !dtype.isFloatingPoint || channels == 1 && outputs == 1 }

  /// Tiles of places whose columns fit into a core's second-level cache, of even widths.
  private func tiles(rows: Int) -> (count: Int, width: Int) {
    let fitting = Swift.max(64, (256 << 10) / Swift.max(1, rows * size))
    let count = (places + fitting - 1) / fitting
    let width = ((places + count - 1) / count + 15) / 16 * 16
    return ((places + width - 1) / width, width)
  }

  /// The columns of a stretch of places as a matrix: x itself where each place sees one element.
  private func columns(
    _ x: UnsafeMutableRawPointer, channels: Int, _ start: Int, _ count: Int, _ scratch: UnsafeMutableRawPointer
  ) -> BLAS.Operand {
    if geometry.isIdentity { return .init(pointer: x + start * size, isTransposed: false, lead: image) }
    geometry.withRaw { fx_columns(Int32(size), $0, channels, start, count, x, scratch, count) }
    return .init(pointer: scratch, isTransposed: false, lead: count)
  }

  // MARK: y

  /// y from x, the weight and a bias.
  func result(
    _ x: UnsafeMutableRawPointer, _ weight: UnsafeMutableRawPointer, bias: UnsafeMutableRawPointer?, into y: UnsafeMutableRawPointer
  ) {
    if batch * groups * outputs * places == 0 { return }
    /// The bias, or 0, in a stretch of a group's planes.
    func prepare(_ group: Int, _ y: UnsafeMutableRawPointer, planes: Range<Int>, _ count: Int) {
      for o in planes {
        let target = y + (o - planes.lowerBound) * places * size
        if let bias {
          fx_fill(dtype.code, count, bias + (group * outputs + o) * size, target)
        } else {
          target.initializeMemory(as: UInt8.self, repeating: 0, count: count * size)
        }
      }
    }
    if isDirect || row == 0 {
      let total = batch * groups * outputs
      parallel(total, grain: Swift.max(1, 100_000 / Swift.max(1, row * places))) { range in
        for i in range {
          let (n, group, o) = (i / (groups * outputs), i / outputs % groups, i % outputs)
          let target = y + i * places * size
          prepare(group, target, planes: o..<o + 1, places)
          for c in 0..<channels {
            let plane = x + ((n * groups + group) * channels + c) * image * size
            let taps = weight + ((group * outputs + o) * row + c * geometry.windowCount) * size
            geometry.withRaw { fx_correlate(dtype.code, $0, plane, taps, target) }
          }
        }
      }
      return
    }
    guard BLAS.isReady else { return }
    let (tileCount, width) = tiles(rows: row)
    let parts = batch * groups * tileCount
    parallel(parts, grain: Swift.max(1, 500_000 / (outputs * row * Swift.min(width, places)))) { range in
      let scratch = Context.current.scratch(geometry.isIdentity ? 0 : row * width * size)
      for part in range {
        let (block, tile) = (part / tileCount, part % tileCount)
        let group = block % groups
        let (start, count) = (tile * width, Swift.min(width, places - tile * width))
        let columns = self.columns(x + block * channels * image * size, channels: channels, start, count, scratch)
        let target = y + (block * outputs * places + start) * size
        if bias != nil { prepare(group, target, planes: 0..<outputs, count) }
        let matrix = BLAS.Operand(pointer: weight + group * outputs * row * size, isTransposed: false, lead: row)
        BLAS.gemm(dtype, outputs, count, row, matrix, columns, beta: bias == nil ? 0 : 1, target, places)
      }
    }
  }

  // MARK: x

  /// x from y and the weight.
  func image(_ y: UnsafeMutableRawPointer, _ weight: UnsafeMutableRawPointer, into x: UnsafeMutableRawPointer) {
    let planes = batch * groups * channels
    if planes * image == 0 { return }
    if isDirect || outputs * places == 0 {
      parallel(planes, grain: Swift.max(1, 100_000 / Swift.max(1, outputs * geometry.windowCount * places))) { range in
        for i in range {
          let (block, group, c) = (i / channels, i / channels % groups, i % channels)
          let target = x + i * image * size
          target.initializeMemory(as: UInt8.self, repeating: 0, count: image * size)
          for o in 0..<outputs {
            let plane = y + (block * outputs + o) * places * size
            let taps = weight + ((group * outputs + o) * row + c * geometry.windowCount) * size
            geometry.withRaw { fx_correlate_input(dtype.code, $0, plane, taps, target) }
          }
        }
      }
      return
    }
    guard BLAS.isReady else { return }
    // Few images are cut by channels as well, whose planes are their own.
    let blocks = batch * groups
    let cuts = blocks >= 8 ? 1 : Swift.min(channels, 8)
    let parts = blocks * cuts
    let most = (channels + cuts - 1) / cuts
    let (tileCount, width) = tiles(rows: most * geometry.windowCount)
    parallel(parts, grain: Swift.max(1, 500_000 / (outputs * most * geometry.windowCount * places))) { range in
      let scratch = Context.current.scratch(geometry.isIdentity ? 0 : most * geometry.windowCount * width * size)
      for part in range {
        let (block, cut) = (part / cuts, part % cuts)
        let (from, to) = (channels * cut / cuts, channels * (cut + 1) / cuts)
        let rows = (to - from) * geometry.windowCount
        let taps = weight + (block % groups * outputs * row + from * geometry.windowCount) * size
        let matrix = BLAS.Operand(pointer: taps, isTransposed: true, lead: row)
        let target = x + (block * channels + from) * image * size
        if !geometry.isIdentity { target.initializeMemory(as: UInt8.self, repeating: 0, count: (to - from) * image * size) }
        for tile in 0..<tileCount {
          let (start, count) = (tile * width, Swift.min(width, places - tile * width))
          let values = BLAS.Operand(pointer: y + (block * outputs * places + start) * size, isTransposed: false, lead: places)
          if geometry.isIdentity {
            BLAS.gemm(dtype, rows, count, outputs, matrix, values, beta: 0, target + start * size, image)
          } else {
            BLAS.gemm(dtype, rows, count, outputs, matrix, values, beta: 0, scratch, count)
            geometry.withRaw { fx_columns_add(dtype.code, $0, to - from, start, count, scratch, count, target) }
          }
        }
      }
    }
  }

  // MARK: weight

  /// The weight from x and y.
  func weight(_ x: UnsafeMutableRawPointer, _ y: UnsafeMutableRawPointer, into weight: UnsafeMutableRawPointer) {
    let window = geometry.windowCount
    if groups * outputs * row == 0 { return }
    if isDirect || batch * places == 0 {
      let total = groups * outputs * channels
      parallel(total, grain: Swift.max(1, 100_000 / Swift.max(1, batch * window * places))) { range in
        for i in range {
          let (group, o, c) = (i / (outputs * channels), i / channels % outputs, i % channels)
          let target = weight + i * window * size
          target.initializeMemory(as: UInt8.self, repeating: 0, count: window * size)
          for n in 0..<batch {
            let plane = x + ((n * groups + group) * channels + c) * image * size
            let values = y + ((n * groups + group) * outputs + o) * places * size
            geometry.withRaw { fx_correlate_weight(dtype.code, $0, plane, values, target) }
          }
        }
      }
      return
    }
    guard BLAS.isReady else { return }
    /// The sum over images `from` ..< `to` for channels of a group, into rows of the weight.
    func sum(_ images: Range<Int>, _ group: Int, _ channel: Range<Int>, _ target: UnsafeMutableRawPointer) {
      let rows = channel.count * window
      let (tileCount, width) = tiles(rows: rows)
      let scratch = Context.current.scratch(geometry.isIdentity ? 0 : rows * width * size)
      for n in images {
        for tile in 0..<tileCount {
          let (start, count) = (tile * width, Swift.min(width, places - tile * width))
          let plane = x + ((n * groups + group) * channels + channel.lowerBound) * image * size
          let columns = self.columns(plane, channels: channel.count, start, count, scratch)
          let values = BLAS.Operand(
            pointer: y + ((n * groups + group) * outputs * places + start) * size, isTransposed: false, lead: places)
          BLAS.gemm(
            dtype, outputs, rows, count, values, columns.flipped, beta: n == images.lowerBound && tile == 0 ? 0 : 1,
            target + channel.lowerBound * window * size, row)
        }
      }
    }
    let work = batch * groups * outputs * row * places
    if work < 500_000 {
      for group in 0..<groups { sum(0..<batch, group, 0..<channels, weight + group * outputs * row * size) }
      return
    }
    // Each part has channels of its own; where these are few, images, whose sums are added up in order.
    let cuts = Swift.min(channels, (8 + groups - 1) / groups)
    if groups * cuts >= 4 || batch < 4 {
      parallel(groups * cuts, grain: 1) { range in
        for part in range {
          let (group, cut) = (part / cuts, part % cuts)
          sum(0..<batch, group, channels * cut / cuts..<channels * (cut + 1) / cuts, weight + group * outputs * row * size)
        }
      }
      return
    }
    let parts = Swift.min(batch, 8)
    let length = groups * outputs * row
    let partial = Tensor(uninitialized: [parts, length], dtype)
    let sums = partial.pointer
    parallel(parts, grain: 1) { range in
      for part in range {
        for group in 0..<groups {
          sum(
            batch * part / parts..<batch * (part + 1) / parts, group, 0..<channels,
            sums + (part * length + group * outputs * row) * size)
        }
      }
    }
    let total = partial.sum(axis: 0)
    weight.copyMemory(from: total.pointer, byteCount: length * size)
  }
}
