/// The operator table: one row and more for each operator, in files by family.
enum OperatorTable {
  static let rows: [OperatorRow] = [
    arithmetic, arithmeticWithNumbers, inPlace, mathematics, powers, bounds, activations, comparison, logic, choice, reductions, positions,
    views, slices, reading, writing, indexing, products, softmaxes, symbols, elementwise, creation,
    norms, scans, differences, sorting, medians, quantiles, searching, uniques, scattering, rearranging, padding, windows, contractions,
    linearAlgebra, convolutions, pooling, resampling, normalization, distances, attention, recurrent, losses, specialFunctions,
    fusedReductions, higherFunctions, bits, furtherStatistics, factors, complexNumbers,
    fourier, fourierAxes, fourierPlaces, fourierFrames,
  ].flatMap { $0 }

  /// The rows with a gradient.
  static let sloped = rows.filter { !$0.slopedInputs.isEmpty }

  /// A list that is written row by row: each is then an expression of its own to the compiler, which an array's elements are not.
  static func list(_ fill: (inout [OperatorRow]) -> Void) -> [OperatorRow] {
    var rows: [OperatorRow] = []
    fill(&rows)
    return rows
  }
}

extension [OperatorRow] {
  mutating func add(_ row: OperatorRow) { append(row) }
}
