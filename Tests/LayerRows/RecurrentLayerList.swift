import Fluxion

/// The recurrent layers, for the laws of all layers.
func recurrentLayers() -> [LayerRow] {
  [
    LayerRow(name: "LSTM", input: [3, 4], make: { LSTM(4, 5) }, waiting: { LSTM(5) }, description: "LSTM(4, 5)"),
    LayerRow(
      name: "LSTM, stacked", input: [3, 4], make: { LSTM(4, 5, layers: 2, hasBias: false) },
      waiting: { LSTM(5, layers: 2, hasBias: false) }, description: "LSTM(4, 5, layers: 2, hasBias: false)"),
    LayerRow(
      name: "LSTM with dropout", input: [3, 4], make: { LSTM(4, 5, layers: 2, dropout: 0.5) },
      description: "LSTM(4, 5, layers: 2, dropout: 0.5)", isSameInTraining: false),
    LayerRow(
      name: "LSTM, unrolled", input: [3, 2, 4], make: { LSTM(4, 5, layers: 2).unrolled() }, waiting: { LSTM(5, layers: 2).unrolled() },
      description: "LSTM(4, 5, layers: 2).unrolled()"),
    LayerRow(name: "GRU", input: [3, 4], make: { GRU(4, 5) }, waiting: { GRU(5) }, description: "GRU(4, 5)"),
    LayerRow(
      name: "GRU, unrolled", input: [3, 2, 4], make: { GRU(4, 5, hasBias: false).unrolled(outputs: .last, initialState: .trained) },
      description: "GRU(4, 5, hasBias: false).unrolled(outputs: .last)"),
    LayerRow(
      name: "SimpleRecurrent with tanh", input: [3, 2, 4], make: { SimpleRecurrent(4, 5, activation: .tanh).unrolled() },
      waiting: { SimpleRecurrent(5, activation: .tanh).unrolled() }, description: "SimpleRecurrent(4, 5, activation: .tanh).unrolled()"),
    LayerRow(
      name: "Bidirectional", input: [3, 2, 4], make: { Bidirectional(LSTM(4, 5), GRU(4, 3)) },
      waiting: { Bidirectional(LSTM(5), GRU(3)) }, description: "Bidirectional(LSTM(4, 5), GRU(4, 3))"),
    LayerRow(
      name: "Bidirectional with dropout", input: [3, 2, 4], make: { Bidirectional { LSTM(4, 5, layers: 2, dropout: 0.5) } },
      isSameInTraining: false),
    LayerRow(
      name: "Bidirectional, last", input: [3, 2, 4], make: { Bidirectional(join: .sum, outputs: .last) { SimpleRecurrent(4, 5) } },
      waiting: { Bidirectional(join: .sum, outputs: .last) { SimpleRecurrent(5) } },
      description: "Bidirectional(SimpleRecurrent(4, 5), SimpleRecurrent(4, 5), join: .sum, outputs: .last)"),
  ]
}
