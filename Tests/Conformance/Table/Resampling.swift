import Fluxion

extension Table {
  static let resampling = Family("Resampling") { rows in
    let modes: [(String, Interpolation)] = [
      ("nearest", .nearest), ("nearest-exact", .nearestExact), ("linear", .linear), ("bilinear", .linear), ("trilinear", .linear),
      ("bicubic", .cubic),
    ]
    for (mode, method) in modes {
      rows.add(
        "nn.functional.interpolate.\(mode)", "interpolate(x, to: [5, 7], method: .\(method), alignsCorners: true)",
        note: "by a factor: `interpolate(x, scale: 2, method: .\(method))`"
      ) { a in
        let x = try a.x
        let axes = x.rank - 2
        let (corners, antialiases) = (try a.bool("align_corners", at: 4), try a.bool("antialias", at: 6))
        if a.has("size", at: 1) {
          let size = try a.perAxis("size", at: 1, axes: axes)
          return interpolate(x, to: size, method: method, alignsCorners: corners, antialiases: antialiases)
        }
        let scales = try a.doubles("scale_factor", at: 2, count: axes)
        if try a.bool("recompute_scale_factor", at: 5) {
          let sizes = zip(x.shape.suffix(axes), scales).map { Int((Double($0) * $1).rounded(.down)) }
          return interpolate(x, to: PerAxis(sizes), method: method, alignsCorners: corners, antialiases: antialiases)
        }
        return interpolate(x, scales: scales, method: method, alignsCorners: corners, antialiases: antialiases)
      }
    }
    rows.add("nn.functional.interpolate.area", "meanPool(x, to: [5, 7])") { a in
      let x = try a.x
      let axes = x.rank - 2
      if a.has("size", at: 1) { return meanPool(x, to: try a.perAxis("size", at: 1, axes: axes)) }
      let scales = try a.doubles("scale_factor", at: 2, count: axes)
      return meanPool(x, to: PerAxis(zip(x.shape.suffix(axes), scales).map { Int((Double($0) * $1).rounded(.down)) }))
    }
    rows.add("nn.functional.grid_sample", "gridSample(x, at: grid, method: .linear, padding: .border, alignsCorners: true)") { a in
      let methods: [String: Interpolation] = ["bilinear": .linear, "nearest": .nearest, "bicubic": .cubic]
      let paddings: [String: SamplePadding] = ["zeros": .zeros, "border": .border, "reflection": .reflection]
      let (mode, edge) = (try a.string("mode", at: 2, default: "bilinear"), try a.string("padding_mode", at: 3, default: "zeros"))
      guard let method = methods[mode], let padding = paddings[edge] else { throw CaseError("mode \(mode) with \(edge)") }
      return try gridSample(
        a.x, at: a.tensor("grid", at: 1), method: method, padding: padding, alignsCorners: a.bool("align_corners", at: 4))
    }
  }
}
