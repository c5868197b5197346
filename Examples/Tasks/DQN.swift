import Fluxion
import Foundation

/// A pole on a cart, to be kept upright by pushing the cart left or right (Barto, Sutton and Anderson 1983; Gymnasium's CartPole).
private struct CartPole {
  static let limit = 200
  /// Position, velocity, angle and angular velocity.
  private(set) var state: [Double]
  private(set) var steps = 0
  var isFallen: Bool { abs(state[0]) > 2.4 || abs(state[2]) > 0.2095 }
  var isOver: Bool { isFallen || steps == Self.limit }

  init(_ random: inout RandomStream) { state = (0..<4).map { _ in Double.random(in: -0.05...0.05, using: &random) } }

  mutating func push(right: Bool) {
    let (force, angle, spin) = (right ? 10.0 : -10.0, state[2], state[3])
    let (sine, cosine) = (sin(angle), cos(angle))
    // Cart 1 kg, pole 0.1 kg, half a pole 0.5 m, 20 ms a step.
    let pushed = (force + 0.05 * spin * spin * sine) / 1.1
    let turned = (9.8 * sine - cosine * pushed) / (0.5 * (4.0 / 3 - 0.1 * cosine * cosine / 1.1))
    let moved = pushed - 0.05 * turned * cosine / 1.1
    let rates = [state[1], moved, state[3], turned]
    state = zip(state, rates).map { $0 + 0.02 * $1 }
    steps += 1
  }
}

/// What the agent has seen: the newest transitions, of which batches are drawn.
private struct Replay {
  private static let capacity = 20_000
  private var rows: [[Float]] = []
  private var next = 0
  var count: Int { rows.count }

  mutating func add(_ before: [Double], _ action: Int, _ after: [Double], isFallen: Bool) {
    let row = before.map { Float($0) } + after.map { Float($0) } + [Float(action), isFallen ? 0 : 1]
    if rows.count < Self.capacity { rows.append(row) } else { rows[next] = row }
    next = (next + 1) % Self.capacity
  }

  /// States, next states, actions, and 1 where the pole still stood.
  func batch(_ size: Int, _ random: inout RandomStream) -> (before: Tensor, after: Tensor, action: Tensor, alive: Tensor) {
    let table = Tensor((0..<size).flatMap { _ in rows[Int.random(in: rows.indices, using: &random)] }, shape: [size, 10])
    return (table[.all, 0..<4], table[.all, 4..<8], table[.all, 8..<9].cast(to: .int64), table[.all, 9])
  }
}

/// Double deep Q-learning until the pole stands for 195 of 200 steps in the mean of 20 attempts.
///
/// Mnih and others 2015; van Hasselt, Guez and Silver 2016.
func trainDQN() -> Outcome {
  var random = RandomStream(seed: 3)
  var q = Chain {
    Dense(4, 64, activation: relu); Dense(64, 64, activation: relu); Dense(64, 2)
  }
  var target = q
  var optimizer = Adam(learningRate: 1e-3)
  var replay = Replay()
  var (cart, best) = (CartPole(&random), 0.0)

  func action(_ state: [Double]) -> Int { q.predict(Tensor(state.map { Float($0) }, shape: [1, 4])).argmax().item(as: Int.self) }
  func meanLength() -> Double {
    (0..<20).reduce(0) { sum, _ in
      var cart = CartPole(&random)
      while !cart.isOver { cart.push(right: action(cart.state) == 1) }
      return sum + Double(cart.steps) / 20
    }
  }

  for step in 1...40_000 {
    let explores = Double.random(in: 0..<1, using: &random) < max(0.05, 1 - Double(step) / 5000)
    let (before, chosen) = (cart.state, explores ? Int.random(in: 0..<2, using: &random) : action(cart.state))
    cart.push(right: chosen == 1)
    replay.add(before, chosen, cart.state, isFallen: cart.isFallen)
    if cart.isOver { cart = CartPole(&random) }
    guard step > 500, step.isMultiple(of: 2) else { continue }

    let batch = replay.batch(64, &random)
    // One network chooses the next action, the other one says what it is worth.
    let choice = q.predict(batch.after).argmax(axis: -1, keepDims: true)
    let future = target.predict(batch.after).gather(choice, axis: 1).squeezed(axes: 1)
    let worth = 1 + 0.99 * batch.alive * future
    let slopes = gradient(at: &q) { q in huber(q(batch.before).gather(batch.action, axis: 1).squeezed(axes: 1), worth) }
    optimizer.update(&q, along: slopes)
    target.move(toward: q, by: 0.01)
    if step.isMultiple(of: 1000) {
      best = meanLength()
      if best >= 195 { return Outcome(text: "stands for \(fixed(best, 1)) of 200 steps after \(step) steps of practice", isReached: true) }
    }
  }
  return Outcome(text: "stands for \(fixed(best, 1)) of 200 steps", isReached: false)
}
