import Fluxion
import FluxionMPI

extension Table {
  /// A world of one process: what several are told is compared before anything is sent.
  mutating func distributed() {
    row("World.init(shards:reduction:optimizerState:bucketBytes:timeout:)") { h in
      try World(shards: h.i(8), bucketBytes: h.i(1 << 20), timeout: .seconds(h.i(60))).shards
    }
    row(
      "World.beginSum(of:shards:filled:)", "World.add(_:at:shard:)", "GradientExchange.beginSum(of:shards:filled:)",
      "GradientExchange.add(_:at:shard:)"
    ) { h in
      let world = try World()
      world.beginSum(of: [(h.shape(2, 3), .float32)], shards: h.i(2), filled: h.list(0, 1))
      world.add(h.x, at: h.i(0), shard: h.i(0))
      world.add(h.x, at: h.i(0), shard: h.i(1))
      return try world.endSum()
    }
    row("World.broadcast(_:from:)", "World.broadcast(_:from:)", "World.gather(_:to:)", "World.gather(_:to:)") { h in
      let world = try World()
      var (x, model) = (h.x, Dense(3, 2))
      try world.broadcast(&x, from: h.i(0))
      try world.broadcast(&model, from: h.i(0))
      return [try world.gather(x, to: h.i(0)) as Any, try world.gather(model, to: h.i(0)) as Any]
    }
    row("valueAndGradient(at:across:examples:_:)") { h in
      var model = Dense(3, 2)
      let world = try World(shards: h.i(2))
      return valueAndGradient(at: &model, across: world, examples: h.i(2)) { model, range in
        model(h.x[Swift.min(range.lowerBound, 1)..<Swift.max(1, Swift.min(range.upperBound, 2))]).sum()
      }.value
    }
  }
}
