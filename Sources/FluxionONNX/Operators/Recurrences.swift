import Tensors

extension OperatorTable {
  /// Recurrent networks over whole sequences, in one direction or both.
  static let recurrences: [Operator] = [
    Operator("LSTM", [1, 7, 14, 22], "`lstm(gates, weight:hidden:cell:lengths:)`; with peepholes and other activations step by step") {
      call in
      try RecurrentNode(call, .lstm).run(call)
    },
    Operator("GRU", [1, 3, 7, 14, 22], "`gru(gates, weight:bias:hidden:lengths:)`; with the reset before the product step by step") {
      call in
      try RecurrentNode(call, .gru).run(call)
    },
    Operator("RNN", [1, 7, 14, 22], "`recurrence(sums, weight:hidden:activation:lengths:)`; other activations step by step") { call in
      try RecurrentNode(call, .simple).run(call)
    },
  ]
}
