import Tensors

extension OperatorTable {
  /// Boxes in images.
  static let regions: [Operator] = [
    Operator("NonMaxSuppression", [10, 11], "boxes by falling score, without those that overlap one before; depends on the elements") {
      call in
      let (boxes, scores) = (try call.typed(0), try call.typed(1))
      guard boxes.rank == 3, boxes.shape[2] == 4, scores.rank == 3, scores.shape[0] == boxes.shape[0], scores.shape[2] == boxes.shape[1]
      else {
        throw ONNXError.field("input 1", "\(scores.shape) for boxes of \(boxes.shape)")
      }
      let most = call.has(2) ? try call.integer(2) : 0
      let overlap = call.has(3) ? try call.double(3) : 0
      let least = call.has(4) ? try call.double(4) : -Double.infinity
      let isCentered = try call.attributes.int("center_point_box", 0) == 1
      let (all, values) = (try call.doubles(0), try call.doubles(1))
      let (count, classes) = (boxes.shape[1], scores.shape[1])
      var chosen: [Int] = []
      for batch in 0..<boxes.shape[0] {
        let list = (0..<count).map { Box(Array(all[((batch * count + $0) * 4)..<((batch * count + $0) * 4 + 4)]), isCentered: isCentered) }
        for label in 0..<classes {
          let score = { values[(batch * classes + label) * count + $0] }
          let order = (0..<count).filter { score($0) > least || least == -.infinity }.sorted { (score($1), $0) < (score($0), $1) }
          var kept: [Int] = []
          for i in order where kept.count < most {
            if kept.allSatisfy({ list[i].overlap(list[$0]) <= overlap }) { kept.append(i) }
          }
          for i in kept { chosen += [batch, label, i] }
        }
      }
      return [.tensor(TypedTensor(Tensor(chosen, shape: [chosen.count / 3, 3]), .int64))]
    },
    .one("RoiAlign", [10, 16, 22], "weighted sums of `x.take(rows)` at places in each box") { call in try call.alignedRegions() },
    .one("MaxRoiPool", [1, 22], "`x.max(axes:)` of parts of each box") { call in
      let x = try call.tensor(0)
      let rois = try call.doubles(1)
      let scale = try call.attributes.float("spatial_scale", 1)
      guard let size = try call.attributes.ints("pooled_shape"), size.count == 2, size.allSatisfy({ $0 > 0 && $0 < 1 << 16 }), x.rank == 4,
        rois.count % 5 == 0
      else { throw ONNXError.field("attribute pooled_shape", "two sizes would fit") }
      let (height, width) = (x.shape[2], x.shape[3])
      var parts: [Tensor] = []
      for r in stride(from: 0, to: rois.count, by: 5) {
        guard rois[r...(r + 4)].allSatisfy({ $0.magnitude < 0x1p40 }), rois[r] >= 0, Int(rois[r]) < x.shape[0] else {
          throw ONNXError.field("input 1", "box \(r / 5)")
        }
        let image = x[Int(rois[r])] as Tensor
        let corner = (1...4).map { Int((rois[r + $0] * scale).rounded()) }
        let (w, h) = (max(corner[2] - corner[0] + 1, 1), max(corner[3] - corner[1] + 1, 1))
        for i in 0..<size[0] {
          for j in 0..<size[1] {
            let rows = bounds(i, size[0], h, corner[1], height)
            let columns = bounds(j, size[1], w, corner[0], width)
            parts.append(
              rows.isEmpty || columns.isEmpty ? .zeros([x.shape[1]], x.dtype) : image[0..., rows, columns].max(axes: [1, 2]))
          }
        }
      }
      if parts.isEmpty { return .zeros([0, x.shape[1], size[0], size[1]], x.dtype) }
      return stack(parts, axis: 0).reshaped([rois.count / 5, size[0], size[1], x.shape[1]]).permuted([0, 3, 1, 2])
    },
  ]

  /// The elements of part i of n of a stretch of an axis.
  private static func bounds(_ i: Int, _ n: Int, _ length: Int, _ start: Int, _ limit: Int) -> Range<Int> {
    let bin = Double(length) / Double(n)
    let from = min(max(Int((Double(i) * bin).rounded(.down)) + start, 0), limit)
    let to = min(max(Int((Double(i + 1) * bin).rounded(.up)) + start, 0), limit)
    return from..<max(from, to)
  }
}

/// A box by its corners.
private struct Box {
  let y1: Double, x1: Double, y2: Double, x2: Double

  init(_ c: [Double], isCentered: Bool) {
    if isCentered {
      (x1, y1, x2, y2) = (c[0] - c[2] / 2, c[1] - c[3] / 2, c[0] + c[2] / 2, c[1] + c[3] / 2)
    } else {
      (y1, x1, y2, x2) = (min(c[0], c[2]), min(c[1], c[3]), max(c[0], c[2]), max(c[1], c[3]))
    }
  }

  var area: Double { (y2 - y1) * (x2 - x1) }

  /// Intersection over union.
  func overlap(_ b: Box) -> Double {
    let common = max(0, min(y2, b.y2) - max(y1, b.y1)) * max(0, min(x2, b.x2) - max(x1, b.x1))
    let union = area + b.area - common
    return union > 0 ? common / union : 0
  }
}

extension Call {
  /// Mean or largest of bilinear samples in each part of each box (He and others 2017).
  func alignedRegions() throws(ONNXError) -> Tensor {
    let x = try tensor(0)
    let (rois, batches) = (try doubles(1), try integers(2))
    let (rows, columns) = (try attributes.int("output_height", 1), try attributes.int("output_width", 1))
    let (ratio, scale) = (try attributes.int("sampling_ratio", 0), try attributes.float("spatial_scale", 1))
    let mode = try attributes.word("coordinate_transformation_mode", "half_pixel", ["half_pixel", "output_half_pixel"])
    let isHalf = version >= 16 && mode == "half_pixel"
    let isMax = try attributes.word("mode", "avg", ["avg", "max"]) == "max"
    guard x.rank == 4, rois.count == 4 * batches.count, rows > 0, columns > 0, rows < 1 << 16, columns < 1 << 16, ratio >= 0,
      ratio < 1 << 12,
      batches.allSatisfy({ $0 >= 0 && $0 < x.shape[0] }), rois.allSatisfy({ $0.magnitude < 0x1p30 })
    else { throw .field("input 1", "\(rois.count) numbers for \(batches.count) boxes of \(x.shape)") }
    let (channels, height, width) = (x.shape[1], x.shape[2], x.shape[3])
    let pixels = x.permuted([0, 2, 3, 1]).reshaped([x.shape[0] * height * width, channels])
    var results: [Tensor] = []
    for (r, batch) in batches.enumerated() {
      let offset = isHalf ? 0.5 : 0
      let c = (0..<4).map { rois[4 * r + $0] * scale - offset }
      var (w, h) = (c[2] - c[0], c[3] - c[1])
      if !isHalf { (w, h) = (max(w, 1), max(h, 1)) }
      let (binH, binW) = (h / Double(rows), w / Double(columns))
      let ny = ratio > 0 ? ratio : max(1, Int(binH.rounded(.up)))
      let nx = ratio > 0 ? ratio : max(1, Int(binW.rounded(.up)))
      if rows.saturatingTimes(columns).saturatingTimes(ny).saturatingTimes(nx) > 1 << 22 {
        throw .field("input 1", "box \(r) is too large")
      }
      var places: [Int] = []
      var weights: [Double] = []
      for i in 0..<rows {
        for j in 0..<columns {
          for a in 0..<ny {
            for b in 0..<nx {
              let y = c[1] + Double(i) * binH + (Double(a) + 0.5) * binH / Double(ny)
              let xx = c[0] + Double(j) * binW + (Double(b) + 0.5) * binW / Double(nx)
              let isOutside = y < -1 || y > Double(height) || xx < -1 || xx > Double(width)
              let (y0, y1, v) = Self.neighbours(y, height)
              let (x0, x1, u) = Self.neighbours(xx, width)
              for (row, column, weight) in [(y0, x0, (1 - v) * (1 - u)), (y0, x1, (1 - v) * u), (y1, x0, v * (1 - u)), (y1, x1, v * u)] {
                places.append((batch * height + row) * width + column)
                weights.append(isOutside ? 0 : weight)
              }
            }
          }
        }
      }
      let count = ny * nx
      let taps = pixels.take(Tensor(places, shape: [places.count]), axis: 0) * Tensor(weights, shape: [weights.count, 1]).cast(to: x.dtype)
      let parts = taps.reshaped([rows * columns, count * 4, channels])
      // ONNX takes the largest of the weighted neighbours, not of their sums.
      let pooled = isMax ? parts.max(axis: 1) : parts.sum(axis: 1) / Double(count)
      results.append(pooled.reshaped([rows, columns, channels]))
    }
    if results.isEmpty { return .zeros([0, channels, rows, columns], x.dtype) }
    return stack(results, axis: 0).permuted([0, 3, 1, 2])
  }

  /// The elements before and behind a place, and how far it is from the first.
  private static func neighbours(_ at: Double, _ n: Int) -> (Int, Int, Double) {
    let at = max(at, 0)
    let low = Int(min(at.rounded(.down), Double(n - 1)))
    if low >= n - 1 { return (n - 1, n - 1, 0) }
    return (low, low + 1, at - Double(low))
  }
}
