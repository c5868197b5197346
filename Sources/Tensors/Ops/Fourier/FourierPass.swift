import CFFT
import CKernels

/// The transforms of all signals along an axis, from one layout of elements to another of the same axes; the two may be the same elements.
struct FourierPass {
  /// Complex to complex, forward or backward, real to half of the complex numbers, or these to real.
  let kind: fx_fft_kind
  /// How many numbers a signal has, as a real or as a full complex one.
  let length: Int
  let scale: Double
  /// Whether the half of the complex numbers is that of the other direction.
  var isConjugated = false

  /// The axes beside the transformed one: neighbours that step alike in both layouts are one.
  private struct Axis {
    var size: Int
    var from: Int
    var to: Int
  }

  /// Elements that signals begin with, in bytes from the first one.
  private func starts(_ x: Tensor, _ y: Tensor, _ axis: Int) -> (lane: Axis, outer: [Axis]) {
    var axes: [Axis] = []
    for i in 0..<x.rank where i != axis && x.shape[i] != 1 {
      let next = Axis(size: x.shape[i], from: x.strides[i], to: y.strides[i])
      if let last = axes.last, last.from == next.from * next.size, last.to == next.to * next.size {
        axes[axes.count - 1] = Axis(size: last.size * next.size, from: next.from, to: next.to)
      } else {
        axes.append(next)
      }
    }
    if axes.isEmpty { return (Axis(size: 1, from: 0, to: 0), []) }
    // Signals that lie side by side are read as vectors; where a signal's own elements do, any axis will do.
    var best = 0
    func worth(_ a: Axis) -> (Int, Int) {
      (x.strides[axis] == 1 ? 0 : (a.from == 1 ? 2 : 0) + (a.to == 1 ? 1 : 0), a.size)
    }
    for i in axes.indices where worth(axes[i]) > worth(axes[best]) { best = i }
    let lane = axes.remove(at: best)
    return (lane, axes)
  }

  func run(from x: Tensor, to y: Tensor, axis: Int) throws(TensorError) {
    let isReal = kind == FX_FFT_REAL || kind == FX_FFT_HERMITIAN
    let plan = try FourierPlan.of(FourierPlan.Key(length: length, isDouble: x.dtype.real == .float64, isReal: isReal))
    let (lane, outer) = starts(x, y, axis)
    let (source, target) = (x.pointer, y.pointer)
    let (fromSize, toSize) = (x.dtype.byteCount, y.dtype.byteCount)
    let outerCount = outer.reduce(1) { $0 * $1.size }
    let (fromStride, toStride) = (x.strides[axis], y.strides[axis])

    // The job of a stretch of the lane's signals.
    func job(_ row: Int, _ signal: Int = 0) -> fx_fft_job {
      var (rest, from, to) = (row, signal * lane.from, signal * lane.to)
      for axis in outer.reversed() {
        from += rest % axis.size * axis.from
        to += rest % axis.size * axis.to
        rest /= axis.size
      }
      return fx_fft_job(
        kind: kind, scale: scale, conjugated: isConjugated ? 1 : 0, from: source + from * fromSize, from_distance: lane.from,
        from_stride: fromStride, to: target + to * toSize, to_distance: lane.to, to_stride: toStride)
    }

    var first = job(0)
    if fx_fft_is_split(plan.pointer, &first, Int64(lane.size)) != 0 {
      let signals = outerCount * lane.size
      if length < FourierPass.long {
        try parallel(signals, grain: Swift.max(1, FourierPass.grain / length)) { (range) throws(TensorError) in
          try withWorkingMemory(byteCount: Int(fx_fft_split_bytes(plan.pointer)) + 64) { (between) throws(TensorError) in
            for i in range { try split(job(i / lane.size, i % lane.size), plan, between, sharesParts: false) }
          }
        }
      } else {
        try withWorkingMemory(byteCount: Int(fx_fft_split_bytes(plan.pointer)) + 64) { (between) throws(TensorError) in
          for i in 0..<signals { try split(job(i / lane.size, i % lane.size), plan, between, sharesParts: true) }
        }
      }
    } else {
      // A group of signals is read before it is written; what takes much memory goes one by one.
      let lanes = Int(fx_fft_lanes(plan.pointer))
      let width = length <= FourierPass.long ? lanes : 1
      let chunks = (lane.size + width - 1) / width
      try parallel(outerCount * chunks, grain: Swift.max(1, FourierPass.grain / (length * width))) { (range) throws(TensorError) in
        var i = range.lowerBound
        while i < range.upperBound {
          // All chunks of a row that are in the range in one call.
          let (row, chunk) = (i / chunks, i % chunks)
          let count = width == 1 ? 1 : Swift.min(range.upperBound - i, chunks - chunk)
          var job = job(row)
          let (start, end) = (chunk * width, Swift.min(lane.size, (chunk + count) * width))
          if fx_fft_run(plan.pointer, &job, Int64(start), Int64(end)) == 0 { throw FourierPlan.outOfMemory(length) }
          i += count
        }
      }
    }
    withExtendedLifetime((x, y, plan)) {}
  }

  /// One signal in steps, whose parts threads share where it is long.
  private func split(
    _ job: fx_fft_job, _ plan: FourierPlan, _ between: UnsafeMutableRawPointer, sharesParts: Bool
  ) throws(TensorError) {
    for step: Int32 in kind == FX_FFT_REAL ? [0, 1, 2] : kind == FX_FFT_HERMITIAN ? [2, 0, 1] : [0, 1] {
      let parts = Int(fx_fft_split_parts(plan.pointer, step))
      func run(_ range: Range<Int>) throws(TensorError) {
        var job = job
        if fx_fft_split_run(plan.pointer, &job, step, Int64(range.lowerBound), Int64(range.upperBound), between) == 0 {
          throw FourierPlan.outOfMemory(length)
        }
      }
      if sharesParts {
        try parallel(parts, grain: Swift.max(1, FourierPass.grain * parts / length)) { (range) throws(TensorError) in try run(range) }
      } else {
        try run(0..<parts)
      }
    }
  }

  /// From this length on threads share a signal.
  private static let long = 1 << 15
  /// So many numbers are worth a thread: some 15 µs.
  private static let grain = 1 << 14
}
