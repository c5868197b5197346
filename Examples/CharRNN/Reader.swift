import Fluxion

/// Reads a text character by character and tells of each what may follow: ids [batch] to logits [batch, characters], one step at a time.
func reader(characters: Int, hidden: Int, dropout: Double) -> Chain {
  Chain {
    OneHot(characters: characters)
    LSTM(characters, hidden, layers: 2, dropout: dropout)
    Dropout(dropout)
    Dense(hidden, characters)
  }
}

/// Ids as rows of zeros and a one: [...] to [..., characters], of one step as well as of many.
struct OneHot: SequenceModel {
  let characters: Int
  func callAsFunction(_ ids: Tensor) -> Tensor { ids.oneHot(classes: characters) }
  func overTime(_ ids: Tensor, lengths: [Int]?) -> Tensor { self(ids) }
}

/// Characters that the reader writes after it has read some: each is drawn from what it thinks may follow, and is what it reads next.
///
/// It is the model that was trained on whole sequences, used one step at a time.
func sample(
  _ reader: Chain, after start: [Int], count: Int, temperature: Double, using random: inout RandomStream
) -> [Int] {
  var reader = reader
  reader.reset()
  var logits = reader(Tensor([start.first ?? 0]))
  for id in start.dropFirst() { logits = reader(Tensor([id])) }
  return (0..<count).map { _ in
    let id = Tensor.categorical(logits: logits[0], temperature: temperature, using: &random).item(as: Int.self)
    logits = reader(Tensor([id]))
    return id
  }
}
