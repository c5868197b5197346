import Tensors

extension OperatorTable {
  /// What is done with texts, as far as they are numbers.
  static let texts: [Operator] = [
    Operator("TfIdfVectorizer", [9], "counts of n-grams of integers; texts are not supported") { call in
      let x = try call.typed(0)
      guard let pool = try call.attributes.ints("pool_int64s") else {
        throw ONNXError.field("attribute pool_strings", "texts; pool_int64s would fit")
      }
      let starts = try call.attributes.ints("ngram_counts") ?? []
      let places = try call.attributes.ints("ngram_indexes") ?? []
      let weights = try call.attributes.floats("weights")
      let (least, most) = (try call.attributes.int("min_gram_length", 1), try call.attributes.int("max_gram_length", 1))
      let skips = try call.attributes.int("max_skip_count", 0)
      let mode = try call.attributes.word("mode", "TF", ["TF", "IDF", "TFIDF"])
      guard least >= 1, most >= least, most <= starts.count, skips >= 0, skips < 1 << 20,
        zip(starts, starts.dropFirst()).allSatisfy({ $0 <= $1 }), starts.allSatisfy({ $0 >= 0 && $0 <= pool.count }),
        places.allSatisfy({ $0 >= 0 && $0 < 1 << 20 }), weights.map({ $0.count == places.count }) ?? true, x.rank == 1 || x.rank == 2
      else { throw ONNXError.field("attribute ngram_counts", "\(starts) for a pool of \(pool.count)") }
      // The n-grams of the pool by their elements, in order.
      var known: [[Int]: Int] = [:]
      var next = 0
      for n in 1...starts.count {
        let end = n < starts.count ? starts[n] : pool.count
        var i = starts[n - 1]
        while i + n <= end {
          known[Array(pool[i..<(i + n)])] = next
          next += 1
          i += n
        }
      }
      if next > places.count { throw ONNXError.field("attribute ngram_indexes", "\(places.count); \(next) would fit") }
      let elements = try call.integers(0)
      let columns = x.rank == 2 ? x.shape[1] : elements.count
      let rows = x.rank == 2 ? x.shape[0] : 1
      let width = (places.max() ?? -1) + 1
      if rows.saturatingTimes(width) > 1 << 27 { throw ONNXError.field("input 0", "\(rows) rows of \(width) counts") }
      var counts = [Double](repeating: 0, count: rows * width)
      for row in 0..<rows {
        let line = Array(elements[(row * columns)..<((row + 1) * columns)])
        for n in least...most {
          // Single elements have nothing to skip.
          for skip in 0...(n == 1 ? 0 : skips) {
            let step = skip + 1
            guard (n - 1).saturatingTimes(step) < line.count else { break }
            for start in 0..<(line.count - (n - 1) * step) {
              if let id = known[(0..<n).map { line[start + $0 * step] }] { counts[row * width + places[id]] += 1 }
            }
          }
        }
      }
      var factor = [Double](repeating: 1, count: width)
      if let weights { for (id, place) in places.enumerated() { factor[place] = weights[id] } }
      for i in counts.indices {
        let weight = factor[i % max(1, width)]
        switch mode {
        case "IDF": counts[i] = counts[i] > 0 ? weight : 0
        case "TFIDF": counts[i] *= weight
        default: break
        }
      }
      let shape: Shape = x.rank == 2 ? [rows, width] : [width]
      return [.tensor(TypedTensor(Tensor(counts, shape: shape).cast(to: .float32), .float))]
    }
  ]
}
