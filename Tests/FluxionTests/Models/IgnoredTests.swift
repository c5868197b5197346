import Fluxion
import Testing

/// What is masked, ignored, behind a length or has the weight 0 counts nothing, whatever it holds: values and gradients have the bits that zeros in
/// its place give, and its own gradient is 0.
@Suite struct IgnoredTests {
  static let fills: [Double] = [.nan, .infinity, -.infinity, 3.4e38, -3.4e38]

  @Test(arguments: IgnoredRow.losses + IgnoredRow.features + IgnoredRow.layers)
  func countsNothing(_ row: IgnoredRow) {
    for dtype in row.dtypes {
      let wanted = row.run(0, dtype)
      #expect(wanted.same.allSatisfy { $0.isFinite.all().item() != 0 }, "\(dtype): not finite with zeros")
      // Something has to move, or nothing is tested.
      #expect(wanted.same.dropFirst().contains { abs($0).sum().item() > 1e-3 }, "\(dtype): no gradient")
      for fill in row.fills {
        let found = row.run(fill, dtype)
        for (i, (a, b)) in zip(found.same, wanted.same).enumerated() {
          #expect(a.numbers == b.numbers, "result \(i) with \(fill) in \(dtype)")
        }
        for slope in found.zero { #expect(slope.numbers.allSatisfy { $0 == 0 }, "its gradient with \(fill) in \(dtype)") }
      }
    }
  }
}

/// A call in which something counts nothing.
struct IgnoredRow: Sendable, CustomTestStringConvertible {
  let name: String
  var fills = IgnoredTests.fills
  var dtypes: [DType] = [.float32, .float64]
  /// What must be the same for every number that fills the ignored places, the value first, and what must be 0.
  let run: @Sendable (_ fill: Double, _ dtype: DType) -> (same: [Tensor], zero: [Tensor])
  var testDescription: String { name }
}

extension IgnoredRow {
  /// A tensor, and where in it nothing counts (bools that broadcast).
  typealias Operand = (x: Tensor, ignored: Tensor?)

  static func noise(_ shape: Shape, _ seed: UInt64 = 1) -> Tensor { withSeed(seed) { .normal(shape, .float64) } }

  /// A function of tensors, its gradients, and second derivatives if it is smooth.
  init(
    _ name: String, fills: [Double] = IgnoredTests.fills, isSmooth: Bool = true, _ operands: [Operand],
    _ f: @escaping @Sendable ([Tensor]) -> Tensor
  ) {
    let (inputs, masks) = (operands.map(\.x), operands.map(\.ignored))
    self.init(name: name, fills: fills) { fill, dtype in
      let x = zip(inputs, masks).map { x, ignored in
        let x = x.cast(to: dtype)
        return ignored.map { select($0, Tensor.full([], fill, dtype), x) } ?? x
      }
      // Parts of a vector count differently, so that no gradient adds up to nothing.
      func loss(_ x: [Tensor]) -> Tensor {
        let y = f(x)
        return (y * (1 + 0.5 * sin(Tensor.arange(y.elementCount).cast(to: dtype)).reshaped(y.shape))).sum()
      }
      let slopes = gradient(at: x, loss)
      var all = slopes
      if isSmooth { all += gradient(at: x) { x in gradient(at: x, loss).reduce(Tensor.zeros([], dtype)) { $0 + $1.squared.sum() } } }
      let zero = all.enumerated().compactMap { i, slope in
        masks[i % masks.count].map { select($0, slope, 0) }
      }
      return ([f(x)] + all, zero)
    }
  }

  /// A model on sequences, the gradients of its parameters and its input's.
  init<M: Model & Sendable>(
    model name: String, _ operand: Operand, _ make: @escaping @Sendable () -> M, _ f: @escaping @Sendable (inout M, Tensor) -> Tensor
  ) {
    let (input, ignored) = operand
    self.init(name: name, dtypes: [.float32]) { fill, dtype in
      let x = select(ignored!, Tensor.full([], fill, dtype), input.cast(to: dtype))
      var model = withSeed(7) { make() }
      var copy = model
      let value = f(&copy, x)
      // A model without parameters has no gradient at them.
      let slopes =
        model.parameters.isEmpty ? [] : gradient(at: &model) { model in f(&model, x).squared.sum() }.parameters.map(\.value)
      let dx = gradient(at: x) { x in
        var copy = withSeed(7) { make() }
        return f(&copy, x).squared.sum()
      }
      return ([value, dx] + slopes, [select(ignored!, dx, 0)])
    }
  }
}

extension IgnoredRow {
  /// Whether a row, or an element, counts nothing: every third.
  static func thirds(_ shape: Shape) -> Tensor { (Tensor.arange(shape.elementCount) % 3 .== 1).reshaped(shape) }

  static let losses: [IgnoredRow] = {
    var rows: [IgnoredRow] = []
    // Few classes in tiles, some, and more than a group; ids with −100 for each third row.
    for (count, classes) in [(6, 4), (40, 5), (5, 40), (4, 2100)] {
      let size = "of [\(count), \(classes)]"
      let ids = Tensor((0..<count).map { $0 % 3 == 1 ? -100 : $0 % classes })
      let logits: Operand = (noise([count, classes]), thirds([count, 1]))
      let isSmall = classes < 100
      for reduction in [Reduction.mean, .sum, .none] {
        rows.append(
          IgnoredRow("crossEntropy \(size), ignored, \(reduction)", isSmooth: isSmall, [logits]) {
            crossEntropy($0[0], ids, ignoring: -100, reduction: reduction)
          })
      }
      rows.append(
        IgnoredRow("crossEntropy \(size), ignored, smoothed", isSmooth: isSmall, [logits]) {
          crossEntropy($0[0], ids, labelSmoothing: 0.1, ignoring: -100, reduction: .mean)
        })
      rows.append(
        IgnoredRow("crossEntropy \(size), ignored, weighted and smoothed", isSmooth: isSmall, [logits]) {
          let weights = Tensor.arange($0[0].shape[1]).cast(to: $0[0].dtype) + 1
          return crossEntropy($0[0], ids, weights: weights, labelSmoothing: 0.1, ignoring: -100, reduction: .mean)
        })
      // A class of factor 0, which is every third row's.
      let marked = Tensor((0..<count).map { $0 % 3 == 1 ? 0 : 1 + $0 % (classes - 1) })
      let factors: @Sendable (DType) -> Tensor = { dtype in select(Tensor.arange(classes) .== 0, Tensor.full([], 0, dtype), 1.5) }
      rows.append(
        IgnoredRow("crossEntropy \(size), a factor of 0", isSmooth: false, [logits]) {
          crossEntropy($0[0], marked, weights: factors($0[0].dtype), reduction: .mean)
        })
      rows.append(
        IgnoredRow("crossEntropy \(size), rows left out of its losses", isSmooth: false, [logits]) {
          select(thirds([count]), 0, crossEntropy($0[0], ids.clamped(min: 0), reduction: .none))
        })
      rows.append(
        IgnoredRow("crossEntropy \(size) of no probabilities", isSmooth: false, [logits]) { x in
          let target = select(thirds([count, 1]), 0, Tensor.full([count, classes], 1 / Double(classes), x[0].dtype))
          return crossEntropy(x[0], target, reduction: .sum)
        })
      rows.append(
        IgnoredRow("negativeLogLikelihood \(size), ignored", isSmooth: false, [logits]) {
          negativeLogLikelihood($0[0], ids, ignoring: -100, reduction: .mean)
        })
      rows.append(
        IgnoredRow("negativeLogLikelihood \(size), a factor of 0", isSmooth: false, [logits]) {
          negativeLogLikelihood($0[0], marked, weights: factors($0[0].dtype), reduction: .mean)
        })
      rows.append(
        IgnoredRow("focal \(size), ignored", isSmooth: isSmall, [logits]) { focal($0[0], ids, ignoring: -100, reduction: .mean) })
      rows.append(
        IgnoredRow("focal \(size), a factor of 0", isSmooth: isSmall, [logits]) {
          focal($0[0], marked, gamma: 1.5, weights: factors($0[0].dtype), reduction: .none)
        })
      if count > 30 { continue }
      rows.append(
        IgnoredRow("multiMargin \(size), a factor of 0", isSmooth: false, [logits]) {
          multiMargin($0[0], marked, p: 2, weights: factors($0[0].dtype), reduction: .mean)
        })
      if !isSmall { continue }
      let targets = select(
        thirds([count, 1]), -1, Tensor((0..<count * classes).map { $0 % classes < 2 ? $0 % classes : -1 }, shape: [count, classes]))
      rows.append(
        IgnoredRow("multilabelMargin \(size), rows without a target", isSmooth: false, [logits]) {
          multilabelMargin($0[0], targets, reduction: .mean)
        })
    }
    rows.append(
      IgnoredRow("crossEntropy of images, ignored", [(noise([2, 3, 4]), thirds([2, 3, 1]))]) {
        crossEntropy($0[0], Tensor([1, 9, 2, 3, 9, 0], shape: [2, 3], .int64), labelSmoothing: 0.2, ignoring: 9, reduction: .none)
      })
    rows.append(
      IgnoredRow(
        "negativeLogLikelihood, other classes", isSmooth: false,
        [(noise([3, 3]), Tensor.arange(3).unsqueezed(axis: 1) .!= Tensor.arange(3))]
      ) {
        negativeLogLikelihood($0[0], Tensor([0, 1, 2], .int64))
      })

    let off = thirds([4, 5])
    let probabilities = sigmoid(noise([4, 5]))
    let weights: @Sendable (DType) -> Tensor = { select(off, Tensor.full([], 0, $0), 0.7) }
    for reduction in [Reduction.mean, .none] {
      rows.append(
        IgnoredRow("binaryCrossEntropy, \(reduction)", [(probabilities, off), (sigmoid(noise([4, 5], 2)), off)]) {
          binaryCrossEntropy($0[0], $0[1], weights: weights($0[0].dtype), reduction: reduction)
        })
      rows.append(
        IgnoredRow("binaryCrossEntropy of logits, \(reduction)", [(noise([4, 5]), off), (probabilities, off)]) {
          binaryCrossEntropy(logits: $0[0], $0[1], weights: weights($0[0].dtype), reduction: reduction)
        })
      rows.append(
        IgnoredRow("binaryCrossEntropy of logits, positives weighted, \(reduction)", [(noise([4, 5]), off), (probabilities, off)]) {
          binaryCrossEntropy(
            logits: $0[0], $0[1], weights: weights($0[0].dtype), positiveWeights: .full([5], 2, $0[0].dtype), reduction: reduction)
        })
    }
    rows.append(
      IgnoredRow("binaryFocal, an alpha of 1", [(noise([4, 5]), off)]) {
        binaryFocal(logits: $0[0], select(off, Tensor.full([], 0, $0[0].dtype), 1), gamma: 1.5, alpha: 1)
      })
    rows.append(
      IgnoredRow("klDivergence, a target of 0", [(noise([4, 5]), off)]) {
        klDivergence($0[0], select(off, Tensor.full([], 0, $0[0].dtype), 0.3), reduction: .mean)
      })
    rows.append(
      IgnoredRow("klDivergence, a log target of −∞", [(noise([4, 5]), off)]) {
        klDivergence($0[0], select(off, Tensor.full([], -Double.infinity, $0[0].dtype), -1), isLogTarget: true, reduction: .mean)
      })
    let behind = (Tensor.arange(6) .>= Tensor([6, 4, 2], .int64).unsqueezed(axis: 1)).unsqueezed(axis: 2)
    rows.append(
      IgnoredRow("ctc, behind the lengths", [(noise([3, 6, 4]), behind)]) {
        ctc($0[0], Tensor([1, 2, 3, 3, 0, 0, 1, 0, 0], shape: [3, 3], .int64), inputLengths: [6, 4, 2], targetLengths: [3, 1, 1])
      })
    return rows
  }()
}
