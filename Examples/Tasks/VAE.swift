import BundledDigits
import Fluxion

/// A variational autoencoder (Kingma and Welling 2014): [batch, 784] pixels to their logits and the distribution of the 16 numbers that stand for an image.
private struct VAE: Model {
  var encoder = Dense(784, 256, activation: relu)
  var mean = Dense(256, 16), logVariance = Dense(256, 16)
  var decoder = Chain {
    Dense(16, 256, activation: relu); Dense(256, 784)
  }

  mutating func callAsFunction(_ x: Tensor) -> (logits: Tensor, mean: Tensor, logVariance: Tensor) {
    let hidden = encoder(x)
    let (mean, logVariance) = (mean(hidden), logVariance(hidden))
    let code = mean + exp(logVariance * 0.5) * Tensor.normal(mean.shape)
    return (decoder(code), mean, logVariance)
  }
}

/// The negative evidence lower bound in nats an image: what the pixels cost, and what the code does.
private func losses(_ model: inout VAE, _ x: Tensor) -> Losses {
  let (logits, mean, logVariance) = model(x)
  let pixels = binaryCrossEntropy(logits: logits, x, reduction: .sum) / Double(x.shape[0])
  let code = (mean.squared + exp(logVariance) - 1 - logVariance).sum(axis: 1).mean() * 0.5
  return Losses(total: pixels + code, ["pixels": pixels, "code": code])
}

/// Trains on 3,400 digits until others cost at most 125 nats each.
func trainVAE() throws -> Outcome {
  let digits = try MNIST(directory: bundledDigits)
  var trainer = Trainer(VAE(), optimizer: Adam(learningRate: 2e-3))
  try trainer.fit(digits.train, epochs: 30, seed: 1, validation: digits.test, progress: .none) { model, batch in losses(&model, batch.0) }
  var model = trainer.model
  let nats: Double = losses(&model, digits.test.inputs).total.item()
  return Outcome(text: "\(fixed(nats, 1)) nats for each digit of the test", isReached: nats <= 125)
}
