import CKernels

/// A stretch of a convolution's places that is worked on at a time, and how the copy of what it sees lies in memory.
///
/// The copy, with its padding, stays in a core's second-level cache. Each tap of the window is then a row of it, shifted by an offset; with a stride
/// along rows these are taken apart into phases, so that neighbours are neighbours again.
struct ConvolutionTile {
  private(set) var raw: fx_tile
  /// The elements of a copied row.
  let rowLength: Int

  /// - Parameter lanes: Of a vector, if rows begin at whole ones, as many as hold the places and behind them what the taps reach.
  init(_ window: fx_window, start: (Int, Int, Int), count: (Int, Int, Int), lanes: Int = 1) {
    func reach(_ count: Int, _ taps: Int, _ stride: Int, _ dilation: Int) -> Int { (count - 1) * stride + (taps - 1) * dilation + 1 }
    let layers = reach(count.0, window.window.0, window.stride.0, window.dilation.0)
    let rows = reach(count.1, window.window.1, window.stride.1, window.dilation.1)
    func whole(_ count: Int) -> Int { (count + lanes - 1) / lanes * lanes }
    let phase = whole(whole(count.2) + (window.window.2 - 1) * window.dilation.2 / window.stride.2)
    rowLength = phase * window.stride.2
    // Channels an odd number of cache lines apart: at a power of two they would drive each other out of the cache.
    let plane = (layers * rows * rowLength + 15) / 16 | 1
    raw = fx_tile(window: window, start: start, count: count, size: (layers, rows, phase), plane: plane * 16)
  }

  /// The places of a convolution cut into tiles of one size (those at the end are smaller): their size and, along each axis, their number.
  struct Grid {
    let window: fx_window
    let size: (Int, Int, Int)
    let counts: (Int, Int, Int)
    let lanes: Int

    /// - Parameters:
    ///   - budget: The elements that a tile's copy, of `channels` channels, may have.
    ///   - blocks: What there is to do beside the tiles: if that is little they are smaller, so that there is something for each thread.
    ///   - lanes: Of a vector, if the copy's rows begin at whole ones.
    init(_ window: fx_window, channels: Int, budget: Int, blocks: Int, lanes: Int = 1) {
      var size = window.output
      func parts() -> Int {
        blocks * ((window.output.0 + size.0 - 1) / size.0) * ((window.output.1 + size.1 - 1) / size.1)
          * ((window.output.2 + size.2 - 1) / size.2)
      }
      while true {
        let elements = channels * ConvolutionTile(window, start: (0, 0, 0), count: size, lanes: lanes).raw.plane
        let isLarge = elements > budget
        if !isLarge && (parts() >= 4 || size.0 * size.1 * size.2 * channels < 2048) { break }
        if size.0 > 1 {
          size.0 = (size.0 + 1) / 2
        } else if size.1 > 4 || isLarge && size.1 > 1 {
          size.1 = (size.1 + 1) / 2
        } else if size.2 > 256 || isLarge && size.2 > 64 {
          size.2 = (size.2 + 1) / 2
        } else {
          break
        }
      }
      self.window = window
      self.size = size
      self.lanes = lanes
      counts = (
        (window.output.0 + size.0 - 1) / size.0, (window.output.1 + size.1 - 1) / size.1, (window.output.2 + size.2 - 1) / size.2
      )
    }

    var count: Int { counts.0 * counts.1 * counts.2 }
    /// The largest tile.
    var first: ConvolutionTile { ConvolutionTile(window, start: (0, 0, 0), count: size, lanes: lanes) }

    subscript(i: Int) -> ConvolutionTile {
      let (z, y, x) = (i / (counts.1 * counts.2) * size.0, i / counts.2 % counts.1 * size.1, i % counts.2 * size.2)
      let (layers, rows, columns) = window.output
      return ConvolutionTile(
        window, start: (z, y, x), count: (Swift.min(size.0, layers - z), Swift.min(size.1, rows - y), Swift.min(size.2, columns - x)),
        lanes: lanes)
    }
  }

  /// How many places there are.
  var placeCount: Int { raw.count.0 * raw.count.1 * raw.count.2 }
  /// The first place, in the row-major order of a plane.
  var firstPlace: Int { (raw.start.0 * raw.window.output.1 + raw.start.1) * raw.window.output.2 + raw.start.2 }

  /// Where each tap of each channel begins in the copy.
  func writeOffsets(channels: Int, to offsets: UnsafeMutablePointer<Int>) {
    let window = raw.window
    var i = 0
    for c in 0..<channels {
      for z in 0..<window.window.0 {
        for y in 0..<window.window.1 {
          let row = c * raw.plane + (z * window.dilation.0 * raw.size.1 + y * window.dilation.1) * rowLength
          for x in 0..<window.window.2 {
            let (shift, phase) = (x * window.dilation.2).quotientAndRemainder(dividingBy: window.stride.2)
            offsets[i] = row + phase * raw.size.2 + shift
            i += 1
          }
        }
      }
    }
  }

  /// Where a row of places begins in the copy.
  @inline(__always)
  private func row(_ z: Int, _ y: Int) -> Int { (z * raw.window.stride.0 * raw.size.1 + y * raw.window.stride.1) * rowLength }

  /// Whether rows are so short that it pays to go on from one to the next through the padding between them.
  func runsThrough(_ lanes: Int) -> Bool {
    guard raw.window.stride.1 == 1, raw.window.stride.2 == 1 else { return false }
    let whole = (raw.count.1 - 1) * rowLength + raw.count.2
    return (whole + lanes - 1) / lanes < raw.count.1 * ((raw.count.2 + lanes - 1) / lanes)
  }

  /// The vectors of a layer that is run through, and their elements.
  func throughCount(_ lanes: Int) -> Int { ((raw.count.1 - 1) * rowLength + raw.count.2 + lanes - 1) / lanes }

  /// Runs of at most `lanes` places: from their place in the copy to that in a plane of the result, or if the rows are run through to where those
  /// of a layer lie one after the other.
  ///
  /// - Returns: How many.
  func writeRuns(_ lanes: Int, through: Bool, to runs: UnsafeMutablePointer<fx_run>) -> Int {
    var i = 0
    let (rows, columns) = (raw.window.output.1, raw.window.output.2)
    for z in 0..<raw.count.0 {
      if through {
        let count = throughCount(lanes)
        for v in 0..<count { runs[i + v] = fx_run(from: row(z, 0) + v * lanes, to: (z * count + v) * lanes, count: lanes) }
        i += count
        continue
      }
      for y in 0..<raw.count.1 {
        let to = ((raw.start.0 + z) * rows + raw.start.1 + y) * columns + raw.start.2
        var x = 0
        while x < raw.count.2 {
          runs[i] = fx_run(from: row(z, y) + x, to: to + x, count: Swift.min(lanes, raw.count.2 - x))
          i += 1
          x += lanes
        }
      }
    }
    return i
  }

  /// The longest run that is summed up at a time.
  private static let stretch = 64
  /// How many runs the rows of places are.
  var rowRunCount: Int { raw.count.0 * raw.count.1 * ((raw.count.2 + Self.stretch - 1) / Self.stretch) }

  /// The rows of places, long ones in stretches: from their place in the copy to their number in the tile.
  func writeRows(to runs: UnsafeMutablePointer<fx_run>) -> Int {
    var i = 0
    for z in 0..<raw.count.0 {
      for y in 0..<raw.count.1 {
        for x in Swift.stride(from: 0, to: raw.count.2, by: Self.stretch) {
          let to = (z * raw.count.1 + y) * raw.count.2 + x
          runs[i] = fx_run(from: row(z, y) + x, to: to, count: Swift.min(Self.stretch, raw.count.2 - x))
          i += 1
        }
      }
    }
    return i
  }
}

/// Memory of a thread, cut into stretches that begin at cache lines.
struct ScratchStretches {
  private var next: UnsafeMutableRawPointer

  init(_ memory: UnsafeMutableRawPointer) { next = memory }

  static func bytes<T>(_ count: Int, _: T.Type) -> Int { (count * MemoryLayout<T>.stride + 63) & ~63 }

  mutating func take<T>(_ count: Int, _ type: T.Type) -> UnsafeMutablePointer<T> {
    defer { next += Self.bytes(count, type) }
    return next.bindMemory(to: type, capacity: count)
  }
  mutating func take(_ byteCount: Int) -> UnsafeMutableRawPointer {
    defer { next += Self.bytes(byteCount, UInt8.self) }
    return next
  }
}
