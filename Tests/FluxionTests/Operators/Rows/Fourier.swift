import Foundation
import Tensors

// Complex operands and results are pairs of real numbers along a last axis of 2, so that the table's grids can hold them.

extension Grid {
  /// Σ x[j]·e^(∓2πi·jk/n) along an axis of pairs, by its definition; x cut or padded with zeros to a length.
  func fourier(_ axis: Int, length: Int? = nil, isForward: Bool, scale: Double = 1) -> Grid {
    let given = shape[axis]
    let n = length ?? given
    let outer = shape[..<axis].reduce(1, *)
    let inner = shape[(axis + 1)...].reduce(1, *) / 2
    var shape = shape
    shape[axis] = n
    var y = [Double](repeating: 0, count: outer * n * inner * 2)
    let angles = (0..<n).map { (isForward ? -2 : 2) * Double.pi * Double($0) / Double(n) }
    let (c, s) = (angles.map { cos($0) * scale }, angles.map { sin($0) * scale })
    for o in 0..<outer {
      for i in 0..<inner {
        for k in 0..<n {
          var (re, im, j) = (0.0, 0.0, 0)
          while j < min(given, n) {
            let at = 2 * ((o * given + j) * inner + i)
            let (a, b, w) = (values[at], values[at + 1], j * k % n)
            re += a * c[w] - b * s[w]
            im += a * s[w] + b * c[w]
            j += 1
          }
          y[2 * ((o * n + k) * inner + i)] = re
          y[2 * ((o * n + k) * inner + i) + 1] = im
        }
      }
    }
    return Grid(shape, y)
  }

  /// Real numbers as pairs.
  var paired: Grid { Grid(shape + [2], values.flatMap { [$0, 0] }) }

  /// The first numbers of pairs.
  var realParts: Grid { Grid(Array(shape.dropLast()), stride(from: 0, to: values.count, by: 2).map { values[$0] }) }

  /// The first numbers along an axis, zeros behind what there are.
  func first(_ count: Int, _ axis: Int) -> Grid {
    var shape = shape
    let given = shape[axis]
    shape[axis] = count
    return Grid(shape) { $0[axis] < given ? self[$0] : 0 }
  }

  /// All n numbers of pairs along an axis of which the first n/2 + 1 are there.
  func hermitian(_ axis: Int, _ n: Int) -> Grid {
    var shape = shape
    let half = first(n / 2 + 1, axis)
    shape[axis] = n
    return Grid(shape) { place in
      var other = place
      let isImaginary = place[place.count - 1] == 1
      if isImaginary && (place[axis] == 0 || 2 * place[axis] == n) { return 0 }
      if place[axis] <= n / 2 { return half[place] }
      other[axis] = n - place[axis]
      return isImaginary ? -half[other] : half[other]
    }
  }
}

extension OperatorTable {
  /// Signals along the last axis, and one that is cut into columns and rows.
  private static let pairs: [[[Int]]] = [[[2, 3, 5, 2]], [[1, 1, 1, 2]], [[0, 2, 4, 2]], [[2, 4, 17, 2]], [[1, 2, 288, 2]]]
  private static let signals: [[[Int]]] = [[[2, 3, 6]], [[1, 1, 1]], [[0, 2, 4]], [[2, 5, 17]], [[1, 2, 576]]]

  private static func row(
    _ name: String, _ covers: String..., cases: [[[Int]]], _ apply: @escaping @Sendable (Tensor) -> Tensor,
    reference: @escaping @Sendable (Grid) -> Grid
  ) -> OperatorRow {
    OperatorRow.general(name, covers, cases: cases) {
      apply($0[0])
    } reference: {
      reference($0[0])
    }.with {
      $0.isComposite = true
      // Complex numbers have parts of 32 bits at least.
      $0.resultDType = { $0.isHalf ? .float32 : $0 }
    }
  }

  static let fourier = list { rows in
    let one = "(_: Tensor, length: Int?, axis: Int, norm: FourierNorm)"
    for axis in [-1, 0, 1] {
      let place = axis < 0 ? 2 : axis
      rows.add(
        row("fft along \(axis)", "fft\(one)", "struct ComplexTransform", cases: pairs.filter { $0[0][place] > 0 }) {
          fft($0.viewAsComplex(), axis: axis).viewAsReal()
        } reference: {
          $0.fourier(place, isForward: true)
        })
      rows.add(
        row("ifft along \(axis)", "ifft\(one)", cases: pairs.filter { $0[0][place] > 0 }) {
          ifft($0.viewAsComplex(), axis: axis).viewAsReal()
        } reference: {
          $0.fourier(place, isForward: false, scale: 1 / Double($0.shape[place]))
        })
      rows.add(
        row("rfft along \(axis)", "rfft\(one)", "struct RealTransform", cases: signals.filter { $0[0][place] > 0 }) {
          rfft($0, axis: axis).viewAsReal()
        } reference: {
          $0.paired.fourier(place, isForward: true).first($0.shape[place] / 2 + 1, place)
        })
      rows.add(
        row("irfft along \(axis)", "irfft\(one)", "struct HermitianTransform", cases: pairs.filter { $0[0][place] > 1 }) {
          irfft($0.viewAsComplex(), axis: axis)
        } reference: { x in
          let n = 2 * (x.shape[place] - 1)
          return x.hermitian(place, n).fourier(place, isForward: false, scale: 1 / Double(n)).realParts
        })
      rows.add(
        row("hfft along \(axis)", "hfft\(one)", cases: pairs.filter { $0[0][place] > 1 }) {
          hfft($0.viewAsComplex(), axis: axis)
        } reference: { x in
          let n = 2 * (x.shape[place] - 1)
          return x.hermitian(place, n).fourier(place, isForward: true).realParts
        })
      rows.add(
        row("ihfft along \(axis)", "ihfft\(one)", cases: signals.filter { $0[0][place] > 0 }) {
          ihfft($0, axis: axis).viewAsReal()
        } reference: {
          $0.paired.fourier(place, isForward: false, scale: 1 / Double($0.shape[place])).first($0.shape[place] / 2 + 1, place)
        })
    }
    for length in [4, 7, 8] {
      rows.add(
        row("fft of length \(length)", "fft\(one)", cases: [[[3, 6, 2]]]) {
          fft($0.viewAsComplex(), length: length, norm: .ortho).viewAsReal()
        } reference: {
          $0.fourier(1, length: length, isForward: true, scale: 1 / Double(length).squareRoot())
        })
      rows.add(
        row("rfft of length \(length)", "rfft\(one)", cases: [[[3, 6]]]) {
          rfft($0, length: length, norm: .forward).viewAsReal()
        } reference: {
          $0.paired.fourier(1, length: length, isForward: true, scale: 1 / Double(length)).first(length / 2 + 1, 1)
        })
      rows.add(
        row("irfft of length \(length)", "irfft\(one)", cases: [[[3, 4, 2]]]) {
          irfft($0.viewAsComplex(), length: length, norm: .forward)
        } reference: {
          $0.hermitian(1, length).fourier(1, isForward: false).realParts
        })
    }
    rows.add(
      row("fft of real numbers", "fft\(one)", cases: [[[2, 3, 4]], [[5]]]) {
        fft($0, axis: 0).viewAsReal()
      } reference: {
        $0.paired.fourier(0, isForward: true)
      })
  }

  static let fourierAxes = list { rows in
    let two = "(_: Tensor, lengths: [Int]?, axes: [Int], norm: FourierNorm)"
    let many = "(_: Tensor, lengths: [Int]?, axes: [Int]?, norm: FourierNorm)"
    let pairs: [[[Int]]] = [[[2, 3, 4, 2]], [[1, 2, 2, 2]], [[0, 3, 4, 2]]]
    let signals: [[[Int]]] = [[[2, 3, 4]], [[1, 2, 2]], [[0, 3, 5]]]
    rows.add(
      row("fft2", "fft2\(two)", cases: pairs) {
        fft2($0.viewAsComplex()).viewAsReal()
      } reference: {
        $0.fourier(1, isForward: true).fourier(2, isForward: true)
      })
    rows.add(
      row("ifft2", "ifft2\(two)", cases: pairs) {
        ifft2($0.viewAsComplex(), lengths: [4, 3], norm: .ortho).viewAsReal()
      } reference: {
        $0.fourier(1, length: 4, isForward: false, scale: 0.5).fourier(2, length: 3, isForward: false, scale: 1 / 3.0.squareRoot())
      })
    rows.add(
      row("rfft2", "rfft2\(two)", cases: signals) {
        rfft2($0).viewAsReal()
      } reference: {
        $0.paired.fourier(2, isForward: true).first($0.shape[2] / 2 + 1, 2).fourier(1, isForward: true)
      })
    rows.add(
      row("irfft2", "irfft2\(two)", cases: pairs) {
        irfft2($0.viewAsComplex(), norm: .forward)
      } reference: {
        let n = 2 * ($0.shape[2] - 1)
        return $0.fourier(1, isForward: false).hermitian(2, n).fourier(2, isForward: false).realParts
      })
    rows.add(
      row("hfft2", "hfft2\(two)", cases: pairs) {
        hfft2($0.viewAsComplex())
      } reference: {
        let n = 2 * ($0.shape[2] - 1)
        return $0.fourier(1, isForward: true).hermitian(2, n).fourier(2, isForward: true).realParts
      })
    rows.add(
      row("ihfft2", "ihfft2\(two)", cases: signals) {
        ihfft2($0, norm: .forward).viewAsReal()
      } reference: {
        $0.paired.fourier(2, isForward: false).first($0.shape[2] / 2 + 1, 2).fourier(1, isForward: false)
      })
    let full = pairs.filter { $0[0][0] > 0 }
    rows.add(
      row("fftn", "fftn\(many)", cases: full) {
        fftn($0.viewAsComplex()).viewAsReal()
      } reference: {
        $0.fourier(0, isForward: true).fourier(1, isForward: true).fourier(2, isForward: true)
      })
    rows.add(
      row("ifftn along [2, 0]", "ifftn\(many)", cases: full) {
        ifftn($0.viewAsComplex(), lengths: [3, 2], axes: [2, 0], norm: .forward).viewAsReal()
      } reference: {
        $0.fourier(2, length: 3, isForward: false).fourier(0, length: 2, isForward: false)
      })
    rows.add(
      row("rfftn along [2, 1]", "rfftn\(many)", cases: signals) {
        rfftn($0, axes: [2, 1]).viewAsReal()
      } reference: {
        $0.paired.fourier(1, isForward: true).first($0.shape[1] / 2 + 1, 1).fourier(2, isForward: true)
      })
    rows.add(
      row("irfftn", "irfftn\(many)", cases: pairs) {
        irfftn($0.viewAsComplex(), lengths: [3, 5], norm: .forward)
      } reference: {
        $0.first(3, 1).fourier(1, isForward: false).hermitian(2, 5).fourier(2, isForward: false).realParts
      })
    rows.add(
      row("hfftn", "hfftn\(many)", cases: full) {
        hfftn($0.viewAsComplex())
      } reference: {
        let n = 2 * ($0.shape[2] - 1)
        return $0.fourier(0, isForward: true).fourier(1, isForward: true).hermitian(2, n).fourier(2, isForward: true).realParts
      })
    rows.add(
      row("ihfftn", "ihfftn\(many)", cases: signals.filter { $0[0][0] > 0 }) {
        ihfftn($0, axes: [0, 2], norm: .forward).viewAsReal()
      } reference: {
        $0.paired.fourier(2, isForward: false).first($0.shape[2] / 2 + 1, 2).fourier(0, isForward: false)
      })
  }

  static let fourierPlaces = list { rows in
    for (name, count, isHalf, expected) in [
      ("fftfreq", 5, false, [0, 0.2, 0.4, -0.4, -0.2]), ("fftfreq", 4, false, [0, 0.25, -0.5, -0.25]), ("fftfreq", 1, false, [0]),
      ("rfftfreq", 5, true, [0, 0.2, 0.4]), ("rfftfreq", 4, true, [0, 0.25, 0.5]),
    ] as [(String, Int, Bool, [Double])] {
      rows.add(
        OperatorRow(
          name: "\(name) of \(count)", covers: ["\(name)(_: Int, spacing: Double, _: DType)"], cases: [[]], domains: [], slope: .none,
          apply: { isHalf ? rfftfreq(count, spacing: 0.5, $1) : fftfreq(count, spacing: 0.5, $1) },
          reference: { _, _ in Grid(expected.map { 2 * $0 }) }))
    }
    let cases: [[[Int]]] = [[[3, 4, 5]], [[1, 2, 3]], [[0, 2, 2]]]
    rows.add(
      row("fftshift", "fftshift(_: Tensor, axes: [Int]?)", cases: cases) {
        fftshift($0)
      } reference: { x in
        Grid(x.shape) { place in x[place.indices.map { (place[$0] + x.shape[$0] - x.shape[$0] / 2) % x.shape[$0] }] }
      }.moving().with { $0.resultDType = { $0 } })
    rows.add(
      row("ifftshift along axes", "ifftshift(_: Tensor, axes: [Int]?)", cases: cases) {
        ifftshift($0, axes: [-1, 1])
      } reference: { x in
        Grid(x.shape) { place in x[place.indices.map { $0 == 0 ? place[0] : (place[$0] + x.shape[$0] / 2) % x.shape[$0] }] }
      }.moving().with { $0.resultDType = { $0 } })
  }

  /// Frames of a signal times a window, [batch, frames, size].
  private static func frames(_ x: Grid, _ size: Int, _ hop: Int, _ window: [Double]) -> Grid {
    Grid([x.shape[0], (x.shape[1] - size) / hop + 1, size]) { x[[$0[0], $0[1] * hop + $0[2]]] * window[$0[2]] }
  }

  static let fourierFrames = list { rows in
    let stft =
      "stft(_: Tensor, size: Int, hop: Int?, windowLength: Int?, window: Tensor?, isCentered: Bool, padding: PaddingMode?, isNormalized: Bool, isOneSided: Bool?)"
    let istft =
      "istft(_: Tensor, size: Int, hop: Int?, windowLength: Int?, window: Tensor?, isCentered: Bool, isNormalized: Bool, isOneSided: Bool?, length: Int?, isComplex: Bool)"
    let window = [0.5, 1, 0.75, 0.25]
    @Sendable func tensor(_ x: Tensor) -> Tensor { Tensor(window, shape: [4]).cast(to: x.dtype) }
    let cases: [[[Int]]] = [[[2, 9]], [[1, 4]], [[0, 8]], [[3, 40]]]
    rows.add(
      row("stft", stft, cases: cases) {
        Tensors.stft($0, size: 4, hop: 2, window: tensor($0), isCentered: false).viewAsReal()
      } reference: { x in
        frames(x, 4, 2, window).paired.fourier(2, isForward: true).first(3, 2).permuted([0, 2, 1, 3])
      })
    rows.add(
      row("stft, centered and of both sides", stft, cases: cases) {
        Tensors.stft($0, size: 6, hop: 2, windowLength: 4, isNormalized: true, isOneSided: false).viewAsReal()
      } reference: { x in
        let n = x.shape[1]
        let padded = Grid([x.shape[0], n + 6]) { place in
          let at = abs(place[1] - 3)
          return x[[place[0], at < n ? at : 2 * n - 2 - at]]
        }
        return frames(padded, 6, 2, [0, 1, 1, 1, 1, 0]).paired.fourier(2, isForward: true, scale: 1 / 6.0.squareRoot())
          .permuted([0, 2, 1, 3])
      })
    rows.add(
      row("stft, padded with zeros", stft, cases: cases) {
        Tensors.stft($0, size: 5, padding: nil).viewAsReal()
      } reference: { x in
        let padded = Grid([x.shape[0], x.shape[1] + 4]) { $0[1] < 2 || $0[1] >= x.shape[1] + 2 ? 0 : x[[$0[0], $0[1] - 2]] }
        return frames(padded, 5, 1, [1, 1, 1, 1, 1]).paired.fourier(2, isForward: true).first(3, 2).permuted([0, 2, 1, 3])
      })
    rows.add(
      row("istft", istft, cases: [[[2, 3, 5, 2]], [[1, 3, 2, 2]], [[0, 3, 3, 2]], [[2, 3, 30, 2]]]) {
        Tensors.istft($0.viewAsComplex(), size: 4, hop: 2, window: tensor($0), isCentered: false)
      } reference: { x in
        let parts = x.permuted([0, 2, 1, 3]).hermitian(2, 4).fourier(2, isForward: false, scale: 0.25).realParts
        let total = 2 * (x.shape[2] - 1) + 4
        var (sum, weight) = (Grid([x.shape[0], total]) { _ in 0 }, [Double](repeating: 0, count: total))
        for t in 0..<x.shape[2] {
          for j in 0..<4 {
            weight[2 * t + j] += window[j] * window[j]
            for b in 0..<x.shape[0] { sum[[b, 2 * t + j]] += parts[[b, t, j]] * window[j] }
          }
        }
        return Grid(sum.shape) { sum[$0] / weight[$0[1]] }
      })
    rows.add(
      row("istft of stft", istft, cases: [[[2, 12]], [[1, 9]]]) { x in
        Tensors.istft(Tensors.stft(x, size: 4, window: tensor(x)), size: 4, window: tensor(x), length: x.shape[1])
      } reference: {
        $0
      })
  }
}
