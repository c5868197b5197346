import Autodiff
import Tensors
import Testing

/// The rows of the operator table on 16-bit floats: what float32 gives for the same numbers, rounded.
@Suite struct HalfTableTests {
  static let halves: [DType] = [.float16, .bfloat16]
  /// Rows that take any float dtype: those of float32 alone make it themselves.
  static let rows = OperatorTable.rows.filter { $0.dtypes.contains(.float32) && $0.dtypes.contains(.float64) }

  /// A case's operands, exact in 16 bits, and the same as float32.
  static func operands(
    _ row: OperatorRow, _ shapes: [[Int]], _ dtype: DType, _ layout: OperatorLayout
  ) -> (halves: [Tensor], floats: [Tensor]) {
    let grids = row.operands(shapes, .float32, layout)
    let bases = grids.map { layout.base($0, .float32).tensor(.float32).cast(to: dtype) }
    func views(_ bases: [Tensor]) -> [Tensor] { zip(bases, grids).map { layout.view($0, $1.shape) } }
    return (views(bases), views(bases.map { $0.cast(to: .float32) }))
  }

  /// Whether what is computed in 16 bits is what float32 gives, but for a few roundings.
  ///
  /// Twice PyTorch's tolerances, as rows are often compositions, relative to the largest number of all: where differences cancel, what is lost was lost before.
  static func mismatch(_ y: Tensor, _ expected: Tensor, scale: Double) -> String? {
    let tolerance = y.dtype == .float16 ? 4e-3 : 3.2e-2
    return Grid(y).mismatch(Grid(expected), tolerance: tolerance * max(1, scale))
  }

  static func largest(_ x: [Tensor]) -> Double { x.map { Grid($0).largest }.filter(\.isFinite).max() ?? 0 }

  @Test(arguments: rows, halves)
  func forward(_ row: OperatorRow, _ dtype: DType) throws {
    for layout in row.layouts where layout == .contiguous || layout == row.layoutOfLargeOperands {
      for shapes in row.cases where !OperatorRow.isLarge(shapes) {
        let (halves, floats) = Self.operands(row, shapes, dtype, layout)
        let y = try checked { row.apply(halves, dtype) }
        let expected = try checked { row.apply(floats, .float32) }
        #expect(y.dtype == row.resultDType(dtype), "\(shapes)")
        #expect(y.shape == expected.shape, "\(shapes)")
        if y.dtype != dtype || row.isExact {
          #expect(Grid(y).mismatch(Grid(expected.cast(to: y.dtype)), tolerance: 0) == nil, "\(shapes) \(layout)")
        } else {
          let scale = Self.largest(floats + [expected])
          #expect(Self.mismatch(y, expected, scale: scale) == nil, "\(shapes) \(layout)")
        }
      }
    }
  }

  @Test(arguments: rows.filter { !$0.slopedInputs.isEmpty }, halves)
  func gradients(_ row: OperatorRow, _ dtype: DType) throws {
    let (halves, floats) = Self.operands(row, row.cases[0], dtype, .contiguous)
    let slopes = try checked { gradient(at: halves) { row.apply($0, dtype).cast(to: .float32).sum().cast(to: dtype) } }
    let expected = try checked { gradient(at: floats) { row.apply($0, .float32).sum() } }
    for input in row.slopedInputs {
      #expect(slopes[input].dtype == dtype && slopes[input].shape == floats[input].shape)
      let scale = Self.largest(floats + expected)
      #expect(Self.mismatch(slopes[input], expected[input], scale: scale) == nil, "input \(input)")
    }
  }

  /// A run on shapes alone tells the dtype, too.
  @Test(arguments: rows.filter(\.hasKnownShape), halves)
  func dryRuns(_ row: OperatorRow, _ dtype: DType) throws {
    let shapes = row.cases[0]
    let y = try checked { row.apply(Self.operands(row, shapes, dtype, .contiguous).halves, dtype) }
    let outline = try checked { dryRun { row.apply(shapes.map { Tensor.outline(Shape($0), dtype) }, dtype) } }
    #expect(outline.shape == y.shape && outline.dtype == y.dtype)
  }
}
