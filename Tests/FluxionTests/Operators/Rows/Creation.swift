import Tensors

extension OperatorTable {
  /// A row without operands: what makes a tensor of a dtype.
  private static func creator(
    _ name: String, _ covers: String, dtypes: [DType] = OperatorRow.all, giving result: DType? = nil,
    _ apply: @escaping @Sendable (DType) -> Tensor,
    expected: @escaping @Sendable () -> Grid
  ) -> OperatorRow {
    OperatorRow(
      name: name, covers: [covers], cases: [[]], domains: [], dtypes: dtypes, resultDType: { result ?? $0 }, slope: .none, isExact: true,
      apply: { _, dtype in apply(dtype) }, reference: { _, dtype in expected().map { dtype == .float32 ? Double(Float($0)) : $0 } })
  }

  static let creation = list { rows in
    let floats = OperatorRow.floats
    let truth: @Sendable ([Int]) -> Grid = { Grid($0) { $0[0] == $0[1] ? 1 : 0 } }
    rows.add(
      creator("zeros", "Tensor.zeros(_: Shape, _: DType)") {
        .zeros([2, 3], $0)
      } expected: {
        Grid([2, 3], .init(repeating: 0, count: 6))
      })
    let windows: [(SignalWindow, Bool, [Double])] = [
      (.bartlett, false, [0, 0.5, 1, 0.5, 0]), (.hann, false, [0, 0.5, 1, 0.5, 0]), (.hann, true, [0, 0.5, 1, 0.5]),
      (.hamming, false, [0.08, 0.54, 1, 0.54, 0.08]), (.blackman, false, [0, 0.34, 1, 0.34, 0]),
      (.nuttall, false, [0.0003628, 0.2269824, 1, 0.2269824, 0.0003628]),
      (.cosine, false, [0.3090169943749474, 0.8090169943749475, 1, 0.8090169943749475, 0.3090169943749474]),
      (.exponential(decay: 2), false, [0.36787944117144233, 0.6065306597126334, 1, 0.6065306597126334, 0.36787944117144233]),
      (.exponential(decay: 1, center: 0), true, [1, 0.36787944117144233, 0.1353352832366127]),
      (.gaussian(deviation: 1), false, [0.1353352832366127, 0.6065306597126334, 1, 0.6065306597126334, 0.1353352832366127]),
      (.kaiser(beta: 2), false, [0.4386762798370488, 0.8347614334011666, 1, 0.8347614334011666, 0.4386762798370488]),
      (.cosines([0.5, 0.25, 0.25]), false, [0.5, 0.25, 1, 0.25, 0.5]), (.kaiser(beta: 3), false, [1]), (.hann, true, []),
    ]
    for (window, isPeriodic, expected) in windows {
      rows.add(
        creator(
          "window \(window) of \(expected.count)", "Tensor.window(_: SignalWindow, count: Int, isPeriodic: Bool, _: DType)", dtypes: floats
        ) {
          .window(window, count: expected.count, isPeriodic: isPeriodic, $0)
        } expected: {
          Grid(expected)
        }.with { $0.isExact = false })
    }
    rows.add(
      creator("zeros, empty", "Tensor.zeros(_: Shape, _: DType)") {
        .zeros([2, 0], $0)
      } expected: {
        Grid([2, 0], [])
      })
    rows.add(
      creator("ones", "Tensor.ones(_: Shape, _: DType)") {
        .ones([185, 180], $0)
      } expected: {
        Grid(1).expanded([185, 180])
      })
    rows.add(
      creator("full", "Tensor.full(_: Shape, _: S, _: DType)", dtypes: OperatorRow.numbers) {
        .full([3], 7, $0)
      } expected: {
        Grid([7, 7, 7])
      })
    rows.add(
      creator("full of a fraction", "Tensor.full(_: Shape, _: S, _: DType)", dtypes: floats) {
        .full([], 0.1, $0)
      } expected: {
        Grid(0.1)
      })
    rows.add(
      creator("full of a large Int", "Tensor.full(_: Shape, _: S, _: DType)", dtypes: [.int64]) {
        .full([1], 1 << 60 + 1, $0) - .full([1], 1 << 60, $0)
      } expected: {
        Grid([1])
      })
    rows.add(
      creator("zeros like", "Tensor.zeros(like: Tensor)") {
        .zeros(like: .ones([2, 1], $0))
      } expected: {
        Grid([2, 1], [0, 0])
      })
    rows.add(
      creator("ones like", "Tensor.ones(like: Tensor)") {
        .ones(like: .zeros([2, 1], $0))
      } expected: {
        Grid([2, 1], [1, 1])
      })
    rows.add(
      creator("eye", "Tensor.eye(_: Int, _: Int?, _: DType)") {
        .eye(3, nil, $0)
      } expected: {
        truth([3, 3])
      })
    rows.add(
      creator("eye, wide", "Tensor.eye(_: Int, _: Int?, _: DType)") {
        .eye(2, 4, $0)
      } expected: {
        truth([2, 4])
      })
    rows.add(
      creator("eye, tall", "Tensor.eye(_: Int, _: Int?, _: DType)") {
        .eye(3, 1, $0)
      } expected: {
        truth([3, 1])
      })
    rows.add(
      creator("arange", "Tensor.arange(_: Int)", dtypes: [.int64]) { _ in
        .arange(4)
      } expected: {
        Grid([0, 1, 2, 3])
      })
    rows.add(
      creator("arange of none", "Tensor.arange(_: Int)", dtypes: [.int64]) { _ in
        .arange(0)
      } expected: {
        Grid([])
      })
    rows.add(
      creator("arange from to", "Tensor.arange(from: Int, to: Int, step: Int)", dtypes: [.int64]) { _ in
        .arange(from: -1, to: 6, step: 3)
      } expected: {
        Grid([-1, 2, 5])
      })
    rows.add(
      creator("arange down", "Tensor.arange(from: Int, to: Int, step: Int)", dtypes: [.int64]) { _ in
        .arange(from: 5, to: 0, step: -2)
      } expected: {
        Grid([5, 3, 1])
      })
    rows.add(
      creator("arange, wrong way", "Tensor.arange(from: Int, to: Int, step: Int)", dtypes: [.int64]) { _ in
        .arange(from: 5, to: 0)
      } expected: {
        Grid([])
      })
    rows.add(
      creator("arange of numbers", "Tensor.arange(from: Double, to: Double, step: Double, _: DType)", dtypes: floats) {
        .arange(from: 0, to: 1, step: 0.25, $0)
      } expected: {
        Grid([0, 0.25, 0.5, 0.75])
      })
    rows.add(
      creator(
        "arange of integers from numbers", "Tensor.arange(from: Double, to: Double, step: Double, _: DType)", dtypes: OperatorRow.numbers
      ) {
        .arange(from: 1.0, to: 5.5, step: 2.0, $0)
      } expected: {
        Grid([1, 3, 5])
      })
    rows.add(
      creator("arange of many", "Tensor.arange(from: Double, to: Double, step: Double, _: DType)", dtypes: floats) {
        .arange(from: -1, to: 32_999, $0)
      } expected: {
        Grid((-1..<32_999).map { Double($0) })
      })
    rows.add(
      creator("linspace", "Tensor.linspace(from: Double, to: Double, count: Int, _: DType)", dtypes: floats) {
        .linspace(from: -1, to: 1, count: 5, $0)
      } expected: {
        Grid([-1, -0.5, 0, 0.5, 1])
      })
    rows.add(
      creator("linspace, its ends", "Tensor.linspace(from: Double, to: Double, count: Int, _: DType)", dtypes: floats) {
        .linspace(from: 0.1, to: 0.7, count: 11, $0)[.stride(by: 10)]
      } expected: {
        Grid([0.1, 0.7])
      })
    rows.add(
      creator("linspace of one", "Tensor.linspace(from: Double, to: Double, count: Int, _: DType)", dtypes: floats) {
        .linspace(from: 3, to: 4, count: 1, $0)
      } expected: {
        Grid([3])
      })

    rows.add(
      creator("a literal", "Tensor.init(arrayLiteral: TensorLiteral)", dtypes: [.float32]) { _ in
        [[1, 2.5], [3, -4]]
      } expected: {
        Grid([2, 2], [1, 2.5, 3, -4])
      })
    rows.add(
      creator("an empty literal", "Tensor.init(arrayLiteral: TensorLiteral)", dtypes: [.float32]) { _ in
        []
      } expected: {
        Grid([])
      })
    rows.add(
      creator("a literal in parentheses", "Tensor.init(_: TensorLiteral)", dtypes: [.float32]) { _ in
        Tensor([[1, 2.5], [3, -4]])
      } expected: {
        Grid([2, 2], [1, 2.5, 3, -4])
      })
    rows.add(
      creator("integers in parentheses", "Tensor.init(_: TensorLiteral)", dtypes: [.float32]) { _ in
        Tensor([[[1, 2]], [[3, -4]]])
      } expected: {
        Grid([2, 1, 2], [1, 2, 3, -4])
      })
    rows.add(
      creator("a number's literal", "Tensor.init(_: TensorLiteral)", dtypes: [.float32]) { _ in
        Tensor(0.5)
      } expected: {
        Grid(0.5)
      })
    rows.add(
      creator("a literal with a dtype", "Tensor.init(_: TensorLiteral, _: DType)", dtypes: OperatorRow.numbers) {
        Tensor([[1, 2], [3, -4]], $0)
      } expected: {
        Grid([2, 2], [1, 2, 3, -4])
      })
    rows.add(
      creator("a literal with a shape", "Tensor.init(_: TensorLiteral, shape: Shape)", dtypes: [.float32]) { _ in
        Tensor([1, 2, 3, 4.5], shape: [2, 2])
      } expected: {
        Grid([2, 2], [1, 2, 3, 4.5])
      })
    rows.add(
      creator(
        "a literal with a shape and a dtype", "Tensor.init(_: TensorLiteral, shape: Shape, _: DType)", dtypes: OperatorRow.numbers
      ) {
        Tensor([1, 2, 3, 4], shape: [2, 2], $0)
      } expected: {
        Grid([2, 2], [1, 2, 3, 4])
      })
    rows.add(
      creator("of an array with a dtype", "Tensor.init(_: [S], _: DType)", dtypes: OperatorRow.numbers) {
        Tensor(Array(1...3), $0)
      } expected: {
        Grid([1, 2, 3])
      })
    rows.add(
      creator("of a number", "Tensor.init(_: S)", dtypes: [.int32]) { _ in
        Tensor(Int32(7))
      } expected: {
        Grid(7)
      })
    rows.add(
      creator("of an array", "Tensor.init(_: [S])", dtypes: [.bool]) { _ in
        Tensor([true, false] as [Bool])
      } expected: {
        Grid([1, 0])
      })
    rows.add(
      creator("of rows", "Tensor.init(_: [[S]])", dtypes: [.int64]) { _ in
        Tensor([[1, 2, 3], [4, 5, 6]] as [[Int]])
      } expected: {
        Grid([2, 3], [1, 2, 3, 4, 5, 6])
      })
    rows.add(
      creator("of an array with a shape", "Tensor.init(_: [S], shape: Shape)", dtypes: [.float64]) { _ in
        Tensor([1, 2, 3, 4] as [Double], shape: [2, 2])
      } expected: {
        Grid([2, 2], [1, 2, 3, 4])
      })
  }
}
