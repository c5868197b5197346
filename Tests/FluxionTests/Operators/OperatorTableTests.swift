import Autodiff
import Tensors
import Testing

/// What each row of the operator table is put through.
@Suite struct OperatorTableTests {
  /// The values of every case in every layout and dtype; of several operands all lie that way, and then the first only.
  @Test(arguments: OperatorTable.rows, OperatorLayout.allCases)
  func forward(_ row: OperatorRow, _ layout: OperatorLayout) {
    guard row.layouts.contains(layout) else { return }
    // Large operands are for the bounds of blocks and threads, which do not depend on every layout: contiguous and one other.
    for shapes in row.cases {
      let isLarge = OperatorRow.isLarge(shapes)
      if isLarge && layout != .contiguous && layout != row.layoutOfLargeOperands { continue }
      for dtype in isLarge ? [row.dtypes[0]] : row.dtypes {
        let operands = row.operands(shapes, dtype, layout)
        let expected = row.reference(operands, dtype)
        for mixed in operands.count > 1 && layout != .contiguous ? [false, true] : [false] {
          let x = operands.enumerated().map { i, grid in
            mixed && i > 0 ? grid.tensor(dtype) : layout.view(layout.base(grid, dtype).tensor(dtype), grid.shape)
          }
          let y = row.apply(x, dtype)
          #expect(y.dtype == row.resultDType(dtype), "\(shapes) \(dtype)")
          let mismatch = Grid(y).mismatch(expected, tolerance: row.tolerance(expected, y.dtype))
          #expect(mismatch == nil, "\(shapes) \(dtype)\(mixed ? ", the first operand alone" : "")")
          // Operators change nobody's elements but those of what they are in place of.
          if !isLarge {
            #expect(zip(x, operands).allSatisfy { Grid($0).mismatch($1, tolerance: 0) == nil }, "an operand of \(shapes) changed")
          }
        }
      }
    }
  }

  /// Gradients through every layout, with respect to what the operands are views of, to second order.
  @Test(arguments: OperatorTable.sloped, OperatorLayout.allCases)
  func gradients(_ row: OperatorRow, _ layout: OperatorLayout) {
    guard row.layouts.contains(layout) else { return }
    let check = SlopeCheck(row, layout)
    for input in row.slopedInputs {
      let first = check.first(input)
      #expect(first.isClose, "input \(input): \(first)")
    }
    let second = check.second()
    #expect(second.isClose, "second order: \(second)")
    for shapes in row.cases where OperatorRow.isLarge(shapes) && layout == row.layoutOfLargeOperands {
      let check = SlopeCheck(row, layout, shapes: shapes)
      for input in row.slopedInputs {
        let first = check.first(input)
        #expect(first.isClose, "input \(input) of \(shapes): \(first)")
      }
    }
  }

  /// A slope near zero would agree with anything: such a sample is a bad sample.
  @Test(arguments: OperatorTable.sloped)
  func liveness(_ row: OperatorRow) {
    let check = SlopeCheck(row, .contiguous)
    for input in row.slopedInputs {
      let first = check.first(input)
      #expect(first.isLive, "input \(input): \(first)")
    }
    let second = check.second()
    #expect(second.isLive, "second order: \(second)")
  }

  /// The check of the check: a rule that is off by a thousandth must fail, for each input.
  @Test(arguments: OperatorTable.sloped)
  func sabotage(_ row: OperatorRow) {
    var check = SlopeCheck(row, .contiguous)
    for input in row.slopedInputs {
      check.sabotaged = input
      let first = check.first(input)
      #expect(!first.isClose, "input \(input): \(first)")
    }
  }

  /// A value that is used twice has twice the gradient, to the last bit: nothing that a rule hands out is overwritten when gradients add
  /// up.
  @Test(arguments: OperatorTable.sloped)
  func fanOut(_ row: OperatorRow) {
    let check = SlopeCheck(row, .contiguous)
    let once = gradient(at: check.bases) { check.result($0).sum() }
    let twice = gradient(at: check.bases) { x in (check.result(x) + check.result(x)).sum() }
    for input in row.slopedInputs {
      let expected = Grid(once[input]).map { 2 * $0 }
      let tolerance = row.isComposite ? 1e-15 * max(1, expected.largest) : 0
      let mismatch = Grid(twice[input]).mismatch(expected, tolerance: tolerance)
      #expect(mismatch == nil, "input \(input)")
    }
  }

  /// float32 gives float64's values and gradients, but for its own rounding.
  @Test(arguments: OperatorTable.sloped)
  func precision(_ row: OperatorRow) {
    guard row.dtypes.contains(.float32) else { return }
    let (single, double) = (SlopeCheck(row, .contiguous, .float32), SlopeCheck(row, .contiguous))
    let values = Grid(double.result(double.bases))
    // A few roundings of 6e-8 each, of the largest element that took part.
    let mismatch = Grid(single.result(single.bases)).mismatch(values, tolerance: 2e-6 * max(1, values.largest))
    #expect(mismatch == nil, "value")
    let gradients = zip(single.gradients(single.bases), double.gradients(double.bases)).map { (Grid($0), Grid($1)) }
    for input in row.slopedInputs {
      let (value, wanted) = gradients[input]
      let mismatch = value.mismatch(wanted, tolerance: 1e-5 * max(1, wanted.largest))
      #expect(mismatch == nil, "gradient of input \(input)")
    }
  }

  /// NaN, infinities, signed zeros, and the derivatives that are a matter of convention.
  @Test(arguments: OperatorTable.rows.filter { !$0.specials.isEmpty })
  func specialValues(_ row: OperatorRow) {
    for special in row.specials {
      for dtype in row.dtypes where dtype.isFloatingPoint {
        let x = special.inputs.map { $0.tensor(dtype) }
        let y = row.apply(x, dtype)
        let tolerance = special.result.values.allSatisfy { $0 == 0 } ? 0 : row.tolerance(special.result, y.dtype)
        #expect(Grid(y).mismatch(special.result, tolerance: tolerance) == nil, "\(special.inputs.map(\.values)) in \(dtype)")
        if special.slopes.isEmpty { continue }
        for (slope, expected) in zip(gradient(at: x) { row.apply($0, dtype).sum() }, special.slopes) {
          let mismatch = Grid(slope).mismatch(expected, tolerance: row.tolerance(expected, dtype))
          #expect(mismatch == nil, "the gradient at \(special.inputs.map(\.values)) in \(dtype)")
        }
      }
    }
  }

  /// Gradients of every case, empty ones too, have the shape of what they are gradients of.
  @Test(arguments: OperatorTable.sloped)
  func gradientShapes(_ row: OperatorRow) {
    for shapes in row.cases where !OperatorRow.isLarge(shapes) {
      let check = SlopeCheck(row, .contiguous, shapes: shapes)
      let gradients = check.gradients(check.bases)
      #expect(gradients.map(\.shape) == check.bases.map(\.shape), "\(shapes)")
      // Second derivatives of nothing exist as well.
      let second = gradient(at: check.bases) { x in check.gradients(x).reduce(Tensor(0.0, .float64)) { $0 + $1.squared.sum() } }
      #expect(second.map(\.shape) == check.bases.map(\.shape), "\(shapes), second order")
    }
  }

  /// A run on shapes alone tells the shape and dtype of the result, and computes nothing.
  @Test(arguments: OperatorTable.rows.filter(\.hasKnownShape))
  func dryRuns(_ row: OperatorRow) {
    for shapes in row.cases where !OperatorRow.isLarge(shapes) {
      for dtype in row.dtypes {
        let y = row.apply(row.operands(shapes, dtype).map { $0.tensor(dtype) }, dtype)
        let outline = dryRun { row.apply(shapes.map { Tensor.outline(Shape($0), dtype) }, dtype) }
        #expect(outline.shape == y.shape && outline.dtype == y.dtype, "\(shapes) \(dtype)")
        #expect(outline.isPlaceholder || outline.elementCount == 0 || shapes.isEmpty)
      }
    }
  }

  /// Where the derivative is zero everywhere, so is the gradient.
  @Test(arguments: OperatorTable.rows.filter { $0.slope == .flat })
  func flatness(_ row: OperatorRow) {
    let check = SlopeCheck(row, .contiguous)
    for slope in gradient(at: check.bases, { check.result($0).sum() }) {
      #expect(Grid(slope) == Grid(Array(slope.shape)) { _ in 0 })
    }
  }
}

extension OperatorRow {
  /// What rounding to a dtype and a few operations in it may cost, relative to the largest number of the result.
  func tolerance(_ expected: Grid, _ dtype: DType) -> Double {
    switch dtype {
    case .float32: isExact ? 0 : 2e-6 * max(1, expected.largest)
    case .float64: isExact ? 0 : 1e-13 * max(1, expected.largest)
    default: 0.25
    }
  }
}
