import Fluxion
import Testing

struct MovingAverage: Primitive {
  var decay: Double
  var name: String { "movingAverage" }
  var keeps: Keeps { .nothing }

  func result(_ x: Tensor) throws(TensorError) -> Signature {
    guard x.dtype.isFloatingPoint && x.rank > 0 else {
      throw TensorError(name, "of \(x.dtype) \(x.shape); float32 or float64 with an axis would fit")
    }
    return Signature(x.shape, x.dtype)
  }

  func evaluate(_ x: Tensor, _ result: Signature) throws(TensorError) -> Tensor {
    result.dtype == .float32 ? try average(x, result, Float.self) : try average(x, result, Double.self)
  }

  func average<S: Scalar & BinaryFloatingPoint>(_ x: Tensor, _ result: Signature, _ type: S.Type) throws(TensorError) -> Tensor {
    let (length, decay) = (x.shape[-1], S(decay))
    return try result.filled(S.self, from: x) { x, y in
      var last: S = 0
      for i in x.indices {
        last = (i % length == 0 ? 0 : decay * last) + (1 - decay) * x[i]
        y[i] = last
      }
    }
  }

  // The same, from the end to the beginning.
  func gradient(_ x: Tensor, _ y: Tensor, _ dy: Tensor, _ needs: Needs) -> [Tensor?] {
    [self(dy.reversed(axes: -1)).reversed(axes: -1)]
  }
}

struct CausalAttention: Model, Incremental {
  var query: Dense, key: Dense, value: Dense
  @Recurrent var keys: Tensor
  @Recurrent var values: Tensor
  var isIncremental = false

  init(_ features: Int) {
    query = Dense(features, features)
    key = Dense(features, features)
    value = Dense(features, features)
    _keys = Recurrent(wrappedValue: .zeros([1, 0, features]))  // nothing seen yet
    _values = Recurrent(wrappedValue: .zeros([1, 0, features]))
  }

  mutating func callAsFunction(_ x: Tensor) -> Tensor {  // [batch, time, features]
    let (q, past) = (query(x), isIncremental ? keys.shape[1] : 0)
    var (k, v) = (key(x), value(x))
    if past > 0 {
      k = concatenate([keys, k], axis: 1)
      v = concatenate([values, v], axis: 1)
    }
    if isIncremental { (keys, values) = (k, v) }
    // The query at position past + i sees keys 0 to past + i.
    let seen = Tensor.arange(k.shape[1]) .<= Tensor.arange(from: past, to: past + x.shape[1]).unsqueezed(axis: 1)
    return attention(q, k, v, mask: seen)
  }
}

/// The code of Guides/CustomLayers.md, compiled and run.
@Suite struct CustomLayersGuideTests {
  private let x: Tensor = [[1, 2, 4, 8]]

  @Test func closures() {
    let bent = Elementwise { x in x * tanh(log1p(exp(x))) }
    var net = Chain {
      Dense(4, 8); bent; Dense(8, 2)
    }
    #expect(net(x).shape == [1, 2] && distance(bent(x), mish(x)) < 1e-6)
  }

  @Test func trainedSlopes() throws {
    var trained = Chain {
      Dense(4, 8)
      Elementwise(parameters: ["slope": Tensor.ones([8])]) { x, slope in x * sigmoid(slope * x) }
      Dense(8, 2)
    }
    #expect(gradient(at: &trained) { layer in layer(x).sum() }[parameter: "layers.1.slope"]?.shape == [8])
  }

  @Test func compositions() throws {
    struct DistanceAttention: Model {
      var query: Dense, key: Dense, value: Dense

      init(_ features: Int) {
        query = Dense(features, features)
        key = Dense(features, features)
        value = Dense(features, features)
      }

      func callAsFunction(_ x: Tensor) -> Tensor {
        let distances = (query(x).unsqueezed(axis: 2) - key(x).unsqueezed(axis: 1)).squared.sum(axis: -1)
        return (-distances).softmax(axis: -1) • value(x)
      }
    }
    #expect(try DistanceAttention(4).outputShape(for: [2, 5, 4]) == [2, 5, 4])
  }

  @Test func cachedAttention() {
    let decoder = Chain {
      Embedding(20, 8); Residual { CausalAttention(8) }; Dense(8, 20)
    }
    var generator = decoder.incremental()
    var ids = [3, 1, 4]
    var logits = generator.predictAndAdvance(Tensor([ids]))  // the prompt, [1, 3]
    for _ in 0..<5 {
      ids.append(logits[0, -1].argmax().item(as: Int.self))
      logits = generator.predictAndAdvance(Tensor([[ids[ids.count - 1]]]))  // one new token, [1, 1]
    }
    // Token by token as in one call over all of them.
    let whole = decoder.predict(Tensor([ids]))
    #expect(logits.isClose(to: whole[.all, (-1)...], relative: 1e-4, absolute: 1e-5))
    #expect(distance(decoder.predict(Tensor([[3, 1, 4]]))[.all, 2], whole[.all, 2]) < 1e-5)
  }

  @Test func randomStreams() throws {
    struct Noise: Model {
      var deviation: Double
      var random = currentRandomStream()

      init(_ deviation: Double) { self.deviation = deviation }

      mutating func callAsFunction(_ x: Tensor) -> Tensor {
        currentMode == .training ? x + Tensor.normal(x.shape, standardDeviation: deviation, using: &random) : x
      }
    }
    var noisy = Chain {
      Dense(4, 8); Noise(0.1)
    }
    var twin = noisy
    func run(_ model: inout Chain) -> [Float] { withMode(.training) { model(x) }.scalars() }
    let first = run(&noisy)
    #expect(first == run(&twin) && first != run(&noisy))
    #expect(noisy.predict(x).isClose(to: noisy.predict(x)))
    #expect(try "\(noisy.summary(for: [1, 4]))".contains("layers.1 (Noise)"))
  }

  @Test func rules() throws {
    let clipped = customGradient(at: x) { x in
      x
    } pullback: { x, y, dy in
      dy.clamped(min: -1.0, max: 1.0)
    }
    #expect(distance(clipped, x) == 0)

    var binary = Chain {
      Dense(4, 8)
      CustomGradient { x in
        sign(x)
      } pullback: { x, y, dy in
        dy
      }
      Dense(8, 2)
    }
    #expect(abs(gradient(at: &binary) { $0(x).sum() }[parameter: "layers.0.bias"]!).max().item() > 0)

    try checkGradient(
      of: { x in
        customGradient(at: x) { x in
          exp(x)
        } pullback: { x, y, dy in
          dy * y
        }
      }, at: Tensor([0.5, -1.0], .float64))
  }

  @Test func primitives() throws {
    let smooth = MovingAverage(decay: 0.9)
    let average = smooth(x)
    try checkGradient(of: { x in smooth(x) }, at: Tensor([1.0, 2.0, 4.0], .float64))
    #expect(distance(average, [[0.1, 0.29, 0.661, 1.3949]]) < 1e-6)
  }
}
