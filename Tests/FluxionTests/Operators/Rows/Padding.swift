import Tensors

extension OperatorTable {
  static let padding = list { rows in
    let covers = ["Tensor.padded(_: [(before: Int, after: Int)], mode: PaddingMode)", "struct PadBorder", "struct FoldBorder"]
    // Where an element beyond the edge comes from.
    let modes: [(PaddingMode, @Sendable (Int, Int) -> Int)] = [
      (.reflect, { i, n in i < 0 ? -i : i >= n ? 2 * n - 2 - i : i }), (.replicate, { i, n in max(0, min(n - 1, i)) }),
      (.circular, { i, n in (i + n) % n }),
    ]
    for (mode, source) in modes {
      rows.add(
        .general("padded, \(mode)", covers, cases: [[[2, 3, 4]], [[1, 4, 5]], [[0, 3, 4]], [[30, 30, 40]]]) {
          $0[0].padded([(2, 1), (1, 3)], mode: mode)
        } reference: { x in
          let (h, w) = (x[0].shape[1], x[0].shape[2])
          return Grid([x[0].shape[0], h + 3, w + 4]) { x[0][[$0[0], source($0[1] - 2, h), source($0[2] - 1, w)]] }
        }.moving())
      rows.add(
        .general("padded by less than nothing, \(mode)", covers, cases: [[[4, 5]], [[3, 4]]]) {
          $0[0].padded([(-1, 1), (2, -1)], mode: mode)
        } reference: { x in
          let (h, w) = (x[0].shape[0], x[0].shape[1])
          return Grid([h, w + 1]) { x[0][[1 + source($0[0], h - 1), source($0[1] - 2, w - 1)]] }
        }.moving())
    }
    rows.add(
      .general("padded by more than there is, replicate", covers, cases: [[[2]]]) {
        $0[0].padded([(3, 4)], mode: .replicate)
      } reference: { x in
        Grid([9]) { x[0][[max(0, min(1, $0[0] - 3))]] }
      }.moving())
  }
}
