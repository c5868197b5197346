import Tensors

private func z(_ shape: Shape, _ dtype: DType = .float32) -> Tensor { .zeros(shape, dtype) }

extension ErrorTable {
  private static let fractions = "only for floating-point dtypes; convert with .cast(to:)"
  private static let mixed = "operands of dtypes float32 and float64; convert one with .cast(to: .float32) or .cast(to: .float64)"

  /// Normalisation, attention, embeddings and distances.
  static let features = normalization + distances + attention + embeddings + recurrent

  private static let normalization = [
    ErrorRow("layerNorm: [2, 3] over [4]; last axes of these sizes, one or more, would fit") { _ = layerNorm(z([2, 3]), over: [4]) },
    ErrorRow("layerNorm: [2, 3] over []; last axes of these sizes, one or more, would fit") { _ = layerNorm(z([2, 3]), over: []) },
    ErrorRow("rmsNorm: [3] over [2, 3]; last axes of these sizes, one or more, would fit") { _ = rmsNorm(z([3]), over: [2, 3]) },
    ErrorRow("layerNorm: a weight of shape [2]; [3] would fit") { _ = layerNorm(z([2, 3]), over: [3], weight: z([2])) },
    ErrorRow("layerNorm: a bias of shape [2]; [3] would fit") { _ = layerNorm(z([2, 3]), over: [3], bias: z([2])) },
    ErrorRow("layerNorm: \(mixed)") { _ = layerNorm(z([2, 3]), over: [3], weight: z([3], .float64)) },
    ErrorRow("layerNorm: not defined for int32, \(fractions)") { _ = layerNorm(z([2, 3], .int32), over: [3]) },
    ErrorRow("groupNorm: 4 groups of the 6 channels of [2, 6]; a divisor of 6 would fit") { _ = groupNorm(z([2, 6]), groups: 4) },
    ErrorRow("groupNorm: 0 groups of the 6 channels of [2, 6]; a divisor of 6 would fit") { _ = groupNorm(z([2, 6]), groups: 0) },
    ErrorRow("groupNorm: [6] has no channels; [batch, channels, ...] would fit") { _ = groupNorm(z([6]), groups: 2) },
    ErrorRow("groupNorm: a parameter of shape [3] for 6 channels; [6] would fit") { _ = groupNorm(z([2, 6]), groups: 2, weight: z([3])) },
    ErrorRow("instanceNorm: not defined for bool, \(fractions)") { _ = instanceNorm(z([2, 6], .bool)) },
    ErrorRow("instanceNorm: \(mixed)") { _ = instanceNorm(z([2, 6]), bias: z([6], .float64)) },
    ErrorRow("batchNorm: [6] has no channels; [batch, channels, ...] would fit") { _ = batchNorm(z([6])) },
    ErrorRow("batchNorm: a parameter of shape [3] for 6 channels; [6] would fit") {
      _ = batchNorm(z([2, 6]), mean: z([6]), variance: z([3]))
    },
    ErrorRow("batchNorm: one number for each channel of [1, 6]; statistics want two or more") {
      var (mean, variance) = (z([6]), z([6]))
      _ = batchNorm(z([1, 6]), updating: &mean, &variance)
    },
    ErrorRow("localResponseNorm: over 0 channels; 1 or more would fit") { _ = localResponseNorm(z([2, 3]), size: 0) },
    ErrorRow("localResponseNorm: [3] has no channels; [batch, channels, ...] would fit") { _ = localResponseNorm(z([3]), size: 2) },
  ]

  private static let distances = [
    ErrorRow("normalized: axis 2 of [2, 3]; -2 to 1 would fit") { _ = z([2, 3]).normalized(axis: 2) },
    ErrorRow("normalized: not defined for int64, \(fractions)") { _ = z([2, 3], .int64).normalized(axis: 0) },
    ErrorRow("cosineSimilarity: [2, 3] and [4] do not broadcast: axis -1 is 3 in one and 4 in the other, equal sizes or 1 would fit") {
      _ = cosineSimilarity(z([2, 3]), z([4]))
    },
    ErrorRow("rowDistance: axis -1 of a scalar, which has none") { _ = rowDistance(z([]), z([])) },
  ]

  private static let attention = [
    ErrorRow(
      "attention: queries [2, 3], keys [5, 4] and values [5, 4]; [..., queries, features], [..., keys, features] and [..., keys, outputs] "
        + "would fit"
    ) { _ = Tensors.attention(z([2, 3]), z([5, 4]), z([5, 4])) },
    ErrorRow("attention: queries [2, 2, 3], keys [3, 5, 3] and values [3, 5, 3]: leading axes do not broadcast") {
      _ = Tensors.attention(z([2, 2, 3]), z([3, 5, 3]), z([3, 5, 3]))
    },
    ErrorRow("attention: a mask of shape [2, 4] for 2 queries and 5 keys; [..., 2, 5] would fit") {
      _ = Tensors.attention(z([2, 3]), z([5, 3]), z([5, 3]), mask: z([2, 4], .bool))
    },
    ErrorRow("attention: a mask of float64 for queries of float32; convert it with .cast(to: .float32) or to .bool") {
      _ = Tensors.attention(z([2, 3]), z([5, 3]), z([5, 3]), mask: z([2, 5], .float64))
    },
    ErrorRow("attention: a mask of shape [3, 2, 5] for 4 heads; [..., 4, queries, keys] would fit") {
      _ = Tensors.attention(z([4, 2, 3]), z([2, 5, 3]), z([2, 5, 3]), mask: z([3, 2, 5]))
    },
    ErrorRow("attention: \(mixed)") { _ = Tensors.attention(z([2, 3]), z([5, 3]), z([5, 3], .float64)) },
    ErrorRow("attention: not defined for int32, \(fractions)") {
      _ = Tensors.attention(z([2, 3], .int32), z([5, 3], .int32), z([5, 3], .int32))
    },
    ErrorRow("attention: a dropout probability of 1.5; 0 to 1 would fit") {
      var random = RandomStream(seed: 0)
      _ = Tensors.attention(z([2, 3]), z([5, 3]), z([5, 3]), dropout: 1.5, using: &random)
    },
  ]

  private static let embeddings = [
    ErrorRow("embedding: row 5 at position 1 of a table with 3 rows; 0 to 2 would fit") {
      _ = embedding(Tensor([0, 5], .int64), z([3, 2]))
    },
    ErrorRow("embedding: row -1 at position 0 of a table with 3 rows; 0 to 2 would fit") {
      _ = embedding(Tensor([-1, 0], .int64), z([3, 2]))
    },
    ErrorRow("embedding: row 0 at position 0 of a table with 0 rows; none would fit") { _ = embedding(Tensor([0], .int64), z([0, 2])) },
    ErrorRow("embedding: indices are float32; int32 or int64 would fit") { _ = embedding(z([2]), z([3, 2])) },
    ErrorRow("embedding: a table of shape [3]; [rows, features] would fit") { _ = embedding(Tensor([0], .int64), z([3])) },
    ErrorRow("embedding: not defined for int64, \(fractions)") { _ = embedding(Tensor([0], .int64), z([3, 2], .int64)) },
    ErrorRow("embedding: row 3 as padding of a table with 3 rows; -3 to 2 would fit") {
      _ = embedding(Tensor([0], .int64), z([3, 2]), paddingIndex: 3)
    },
    ErrorRow("embeddingBag: row 5 at position 1 of a table with 3 rows; 0 to 2 would fit") {
      _ = embeddingBag(Tensor([0, 5], .int64), z([3, 2]), offsets: Tensor([0], .int64))
    },
    ErrorRow("embeddingBag: indices of shape [2]; [bags, length], or a vector with offsets, would fit") {
      _ = embeddingBag(Tensor([0, 1], .int64), z([3, 2]))
    },
    ErrorRow("embeddingBag: offset 1 at position 0 for 2 indices; ascending ones from 0 to 2 would fit") {
      _ = embeddingBag(Tensor([0, 1], .int64), z([3, 2]), offsets: Tensor([1], .int64))
    },
    ErrorRow("embeddingBag: offset 3 at position 1 for 2 indices; ascending ones from 0 to 2 would fit") {
      _ = embeddingBag(Tensor([0, 1], .int64), z([3, 2]), offsets: Tensor([0, 3], .int64))
    },
    ErrorRow("embeddingBag: offsets int64 [1] for indices [1, 2]; vectors of integers, both, would fit") {
      _ = embeddingBag(Tensor([0, 1], shape: [1, 2], .int64), z([3, 2]), offsets: Tensor([0], .int64))
    },
    ErrorRow("embeddingBag: no offsets; with the end included one or more would fit") {
      _ = embeddingBag(Tensor([0, 1], .int64), z([3, 2]), offsets: z([0], .int64), includesEnd: true)
    },
    ErrorRow("embeddingBag: weights float32 [3] for indices [2] of a float32 table; equal shapes and dtypes would fit") {
      _ = embeddingBag(Tensor([0, 1], .int64), z([3, 2]), offsets: Tensor([0], .int64), reduction: .sum, weights: z([3]))
    },
    ErrorRow("embeddingBag: weights are for sums; reduction: .sum would fit") {
      _ = embeddingBag(Tensor([0, 1], .int64), z([3, 2]), offsets: Tensor([0], .int64), weights: z([2]))
    },
  ]

  private static let recurrent = [
    ErrorRow(
      "lstm: gates of shape [2, 5, 12] and a weight of shape [16, 4]; [batch, time, 4·hidden] and [4·hidden, hidden] would fit"
    ) { _ = lstm(z([2, 5, 12]), weight: z([16, 4]), hidden: z([2, 4]), cell: z([2, 4])) },
    ErrorRow("lstm: a state of shape [3, 4] for gates of shape [2, 5, 16]; [2, 4] or [1, 4] would fit") {
      _ = lstm(z([2, 5, 16]), weight: z([16, 4]), hidden: z([2, 4]), cell: z([3, 4]))
    },
    ErrorRow("lstm: 1 lengths for 2 sequences; one for each would fit") {
      _ = lstm(z([2, 5, 16]), weight: z([16, 4]), hidden: z([2, 4]), cell: z([2, 4]), lengths: [3])
    },
    ErrorRow("lstm: a length of 6 for sequence 1 of 5 steps; 0 to 5 would fit") {
      _ = lstm(z([2, 5, 16]), weight: z([16, 4]), hidden: z([2, 4]), cell: z([2, 4]), lengths: [3, 6])
    },
    ErrorRow("gru: gates of shape [2, 12] and a weight of shape [12, 4]; [batch, time, 3·hidden] and [3·hidden, hidden] would fit") {
      _ = gru(z([2, 12]), weight: z([12, 4]), hidden: z([2, 4]))
    },
    ErrorRow("gru: a bias of shape [4]; [12] would fit") {
      _ = gru(z([2, 5, 12]), weight: z([12, 4]), bias: z([4]), hidden: z([2, 4]))
    },
    ErrorRow("gru: \(mixed)") { _ = gru(z([2, 5, 12]), weight: z([12, 4], .float64), hidden: z([2, 4])) },
    ErrorRow("recurrence: not defined for int32, \(fractions)") {
      _ = recurrence(z([2, 5, 4], .int32), weight: z([4, 4], .int32), hidden: z([2, 4], .int32))
    },
    ErrorRow("recurrence: gates of shape [2, 5, 4] and a weight of shape [4, 3]; [batch, time, hidden] and [hidden, hidden] would fit") {
      _ = recurrence(z([2, 5, 4]), weight: z([4, 3]), hidden: z([2, 4]))
    },
  ]
}
