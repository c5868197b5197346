import Tensors

private func z(_ shape: Shape, _ dtype: DType = .float32) -> Tensor { .zeros(shape, dtype) }

extension ErrorTable {
  private static let fractions = "only for floating-point dtypes; convert with .cast(to:)"

  static let scans = [
    ErrorRow("cumulativeSum: axis 2 of [2, 3]; -2 to 1 would fit") { _ = z([2, 3]).cumulativeSum(axis: 2) },
    ErrorRow("cumulativeProduct: axis -3 of [2, 3]; -2 to 1 would fit") { _ = z([2, 3]).cumulativeProduct(axis: -3) },
    ErrorRow("cumulativeSum: axis 0 of a scalar, which has none") { _ = z([]).cumulativeSum(axis: 0) },
    ErrorRow("cumulativeLogSumExp: axis 2 of [2, 3]; -2 to 1 would fit") { _ = z([2, 3]).cumulativeLogSumExp(axis: 2) },
    ErrorRow("cumulativeLogSumExp: not defined for int32, \(fractions)") { _ = z([2], .int32).cumulativeLogSumExp(axis: 0) },
    ErrorRow("cumulativeMax: axis 2 of [2, 3]; -2 to 1 would fit") { _ = z([2, 3]).cumulativeMax(axis: 2) },
    ErrorRow("cumulativeMin: axis 2 of [2, 3]; -2 to 1 would fit") { _ = z([2, 3]).cumulativeMin(axis: 2) },
    ErrorRow("differences: axis 2 of [2, 3]; -2 to 1 would fit") { _ = z([2, 3]).differences(axis: 2) },
    ErrorRow("differences: of order -1; 0 or more would fit") { _ = z([2, 3]).differences(order: -1) },
    ErrorRow("concatenate: [3] and [2, 1] differ beside axis 0; equal sizes or 1 would fit") {
      _ = z([2, 1]).differences(axis: 0, prepending: z([3]))
    },
    ErrorRow("trapezoid: axis 2 of [2, 3]; -2 to 1 would fit") { _ = z([2, 3]).trapezoid(axis: 2) },
    ErrorRow("trapezoid: not defined for int64, \(fractions)") { _ = z([2], .int64).trapezoid() },
    ErrorRow("trapezoid: points of shape [2] for [2, 3]; 3 along axis 1 would fit") { _ = z([2, 3]).trapezoid(at: z([2])) },
    ErrorRow("trapezoid: points of shape [3, 2, 3] for [2, 3]; 3 along axis 1 would fit") { _ = z([2, 3]).trapezoid(at: z([3, 2, 3])) },
    ErrorRow("trapezoid: axis -2 of [3]; -1 to 0 would fit") { _ = z([3]).trapezoid(at: z([3]), axis: -2) },
    ErrorRow("trapezoid: points of dtype float64 for values of float32; convert one with .cast(to: .float64) or .cast(to: .float32)") {
      _ = z([3]).trapezoid(at: z([3], .float64))
    },
    ErrorRow("cumulativeTrapezoid: axis 1 of [3]; -1 to 0 would fit") { _ = z([3]).cumulativeTrapezoid(axis: 1) },
    ErrorRow("cumulativeTrapezoid: axis 1 of [3]; -1 to 0 would fit") { _ = z([3]).cumulativeTrapezoid(at: z([3]), axis: 1) },
    ErrorRow("cumulativeTrapezoid: points of shape [] for [3]; 3 along axis 0 would fit") { _ = z([3]).cumulativeTrapezoid(at: z([])) },
  ]

  static let order = [
    ErrorRow("argsort: axis 2 of [2, 3]; -2 to 1 would fit") { _ = z([2, 3]).argsort(axis: 2) },
    ErrorRow("sorted: axis 2 of [2, 3]; -2 to 1 would fit") { _ = z([2, 3]).sorted(axis: 2) },
    ErrorRow("sorted: axis -1 of a scalar, which has none") { _ = z([]).sorted() },
    ErrorRow("topK: 4 elements of axis 1 of [2, 3]; 0 to 3 would fit") { _ = z([2, 3]).topK(4) },
    ErrorRow("topK: -1 elements of axis 0 of [2, 3]; 0 to 2 would fit") { _ = z([2, 3]).topK(-1, axis: 0) },
    ErrorRow("kthSmallest: element 0 of axis 1 of [2, 3]; 1 to 3 would fit") { _ = z([2, 3]).kthSmallest(0) },
    ErrorRow("kthSmallest: element 4 of axis 1 of [2, 3]; 1 to 3 would fit") { _ = z([2, 3]).kthSmallest(4) },
    ErrorRow("kthSmallest: axis 0 of [0, 3] has no elements to choose from") { _ = z([0, 3]).kthSmallest(1, axis: 0) },
    ErrorRow("median: axis 2 of [2, 3]; -2 to 1 would fit") { _ = z([2, 3]).median(axis: 2) },
    ErrorRow("median: axis 0 of [0] has no elements to choose from") { _ = z([0, 3]).median() },
    ErrorRow("argmedian: axis 1 of [3, 0] has no elements to choose from") { _ = z([3, 0]).argmedian(axis: 1) },
    ErrorRow("mode: axis 1 of [3, 0] has no elements to choose from") { _ = z([3, 0]).mode() },
    ErrorRow("mode: axis 2 of [2, 3]; -2 to 1 would fit") { _ = z([2, 3]).mode(axis: 2) },
    ErrorRow("quantile: axis 2 of [2, 3]; -2 to 1 would fit") { _ = z([2, 3]).quantile(0.5, axis: 2) },
    ErrorRow("quantile: not defined for int64, \(fractions)") { _ = z([2], .int64).quantile(0.5) },
    ErrorRow("quantile: a fraction of 1.5; 0 to 1 would fit") { _ = z([2]).quantile(1.5) },
    ErrorRow("quantile: a fraction of nan; 0 to 1 would fit") { _ = z([2]).quantile(.nan) },
    ErrorRow("quantile: fractions of shape [2, 1]; a scalar or a vector would fit") { _ = z([2]).quantile(z([2, 1])) },
    ErrorRow("quantile: fractions of dtype float64 for float32; convert them with .cast(to: .float32)") {
      _ = z([2]).quantile(z([2], .float64))
    },
    ErrorRow("quantile: [2, 0] has no elements to choose from") { _ = z([2, 0]).quantile(0.5) },
    ErrorRow("searchSorted: operands of dtypes float32 and int64; convert one with .cast(to: .float32) or .cast(to: .int64)") {
      _ = z([3]).searchSorted(z([2], .int64))
    },
    ErrorRow("searchSorted: in a scalar; a sorted vector, or rows of them, would fit") { _ = z([]).searchSorted(z([2])) },
    ErrorRow(
      "searchSorted: values of shape [3, 4] in rows of [2, 4]; equal axes but for the last would fit, or one sorted vector"
    ) {
      _ = z([2, 4]).searchSorted(z([3, 4]))
    },
    ErrorRow("isContained: elements of dtype float32 in values of int32; convert one with .cast(to: .float32) or .cast(to: .int32)") {
      _ = z([2]).isContained(in: z([2], .int32))
    },
    ErrorRow("histogram: not defined for int64, \(fractions)") { _ = z([2], .int64).histogram() },
    ErrorRow("histogram: 0 bins; 1 or more would fit") { _ = z([2]).histogram(bins: 0) },
    ErrorRow("histogram: from 1.0 to inf of float32; finite bounds, apart from each other, would fit") {
      _ = Tensor([Float(1), .infinity]).histogram()
    },
    ErrorRow("histogram: from nan to nan of float32; finite bounds, apart from each other, would fit") {
      _ = Tensor([Float(1), .nan]).histogram()
    },
    ErrorRow("bincount: numbers are float32; int32 or int64 would fit") { _ = z([2]).bincount() },
    ErrorRow("bincount: numbers of shape [2, 1]; a vector would fit") { _ = z([2, 1], .int64).bincount() },
    ErrorRow("bincount: weights of shape [3] for numbers of shape [2]; equal shapes would fit") {
      _ = z([2], .int64).bincount(weights: z([3]))
    },
    ErrorRow("bincount: a length of -1; 0 or more would fit") { _ = z([2], .int64).bincount(minimumLength: -1) },
    ErrorRow("bincount: a number of -2; 0 or more would fit") { _ = Tensor([1, -2], .int64).bincount() },
    ErrorRow(
      "bincount: a number of 1152921504606846976 asks for 1152921504606846977 counts, more than memory could hold; searchSorted and unique"
        + " count distant numbers"
    ) {
      _ = Tensor([1, 1 << 60]).bincount()
    },
    ErrorRow("bincount: a length of 1152921504606846976 is more than memory could hold") {
      _ = Tensor([1], .int64).bincount(minimumLength: 1 << 60)
    },
    ErrorRow("bincount: a number of 9223372036854775807 has no place in memory") { _ = Tensor([Int.max]).bincount() },
    ErrorRow("unique: axis 2 of [2, 3]; -2 to 1 would fit") { _ = z([2, 3]).unique(axis: 2) },
    ErrorRow("uniqueConsecutive: axis 2 of [2, 3]; -2 to 1 would fit") { _ = z([2, 3]).uniqueConsecutive(axis: 2) },
    ErrorRow("unique: parts of [2, 0] along axis 0 have no elements to compare") { _ = z([2, 0]).unique(axis: 0) },
  ]
}
