import Fluxion

extension Table {
  mutating func arithmetic() {
    row("Tensor.+(_:_:)") { h in h.x + h.d(2) }
    row("Tensor.+(_:_:)") { h in [h.i(2) + h.ids, h.ids.cast(to: .int32) + h.i(2)] }
    row("Tensor.-(_:_:)") { h in h.x - h.d(2) }
    row("Tensor.-(_:_:)") { h in h.i(2) - h.ids }
    row("Tensor.*(_:_:)") { h in h.x * h.d(2) }
    row("Tensor.*(_:_:)") { h in h.i(2) * h.ids }
    row("Tensor./(_:_:)") { h in h.x / h.d(2) }
    row("Tensor./(_:_:)") { h in h.d(2) / h.x }
    row("Tensor./(_:_:)") { h in [h.x / h.i(2), h.i(2) / h.x] }
    row("Tensor.%(_:_:)") { h in h.x % h.d(2) }
    row("Tensor.%(_:_:)") { h in [h.ids % h.i(2), h.ids.cast(to: .int32) % h.i(2)] }
    row("Tensor.+=(_:_:)") { h in h.x += h.d(2) }
    row("Tensor.-=(_:_:)") { h in h.x -= h.d(2) }
    row("Tensor.*=(_:_:)") { h in h.x *= h.d(2) }
    row("Tensor./=(_:_:)") { h in h.x /= h.d(2) }
    row("maximum(_:_:)") { h in maximum(h.x, h.d(2)) }
    row("minimum(_:_:)") { h in minimum(h.x, h.d(2)) }
    row("maximum(_:_:)") { h in [maximum(h.ids, h.i(2)), minimum(h.ids, h.i(2))] }
    row("Tensor.clamped(min:max:)") { h in h.x.clamped(min: h.d(0), max: h.d(2)) }
    row("Tensor.clamped(min:max:)") { h in h.ids.clamped(min: h.i(0), max: h.i(2)) }
    row("Tensor.clamped(min:)") { h in h.x.clamped(min: h.d(2)) }
    row("Tensor.clamped(max:)") { h in h.x.clamped(max: h.d(2)) }
    row("Tensor.replacingNonFinite(nan:infinity:negativeInfinity:)") { h in
      h.x.replacingNonFinite(nan: h.d(0), infinity: h.d(0.5), negativeInfinity: h.d(0.5))
    }
    row("select(_:_:_:)") { h in select(h.x .> 0, h.x, h.d(2)) }
    row("select(_:_:_:)") { h in select(h.x .> 0, h.d(2), h.x) }
    row("select(_:_:_:)") { h in select(h.x .> 0, h.i(2), h.ids) }
    row("Tensor..==(_:_:)") { h in [h.x .== h.d(2), h.ids .== h.i(2)] }
    row("Tensor..!=(_:_:)") { h in [h.x .!= h.d(2), h.ids .!= h.i(2)] }
    row("Tensor..<(_:_:)") { h in [h.x .< h.d(2), h.ids .< h.i(2)] }
    row("Tensor..<(_:_:)") { h in [h.d(2) .< h.x, h.i(2) .< h.ids] }
    row("Tensor..<=(_:_:)") { h in [h.x .<= h.d(2), h.ids .<= h.i(2)] }
    row("Tensor..<=(_:_:)") { h in [h.d(2) .<= h.x, h.i(2) .<= h.ids] }
    row("Tensor..>(_:_:)") { h in [h.x .> h.d(2), h.ids .> h.i(2)] }
    row("Tensor..>(_:_:)") { h in [h.d(2) .> h.x, h.i(2) .> h.ids] }
    row("Tensor..>=(_:_:)") { h in [h.x .>= h.d(2), h.ids .>= h.i(2)] }
    row("Tensor..>=(_:_:)") { h in [h.d(2) .>= h.x, h.i(2) .>= h.ids] }
    row("Tensor.fill(with:)") { h in h.x.fill(with: h.d(2)) }
    row("Tensor.fill(with:)") { h in
      var y = h.ids
      y.fill(with: h.i(2))
      return y
    }
    row("Tensor.areElementsClose(to:relative:absolute:equalNaN:)") { h in
      h.x.areElementsClose(to: h.x, relative: h.d(1e-5), absolute: h.d(1e-8))
    }
    row("Tensor.isClose(to:relative:absolute:equalNaN:)") { h in h.x.isClose(to: h.x, relative: h.d(1e-5), absolute: h.d(1e-8)) }
    row("besselJ(_:_:)") { h in [besselJ(h.i(1), h.x), besselY(h.i(0), h.x)] }
    row("besselY(_:_:)") { h in besselY(h.i(1), h.x * h.d(1)) }
    row("besselI(_:_:isScaled:)") { h in [besselI(h.i(1), h.x * h.d(1)), besselI(h.i(0), h.x * h.d(1), isScaled: true)] }
    row("besselK(_:_:isScaled:)") { h in [besselK(h.i(1), h.x * h.d(1)), besselK(h.i(0), h.x * h.d(1), isScaled: true)] }
    row("besselJ(_:_:)", "besselY(_:_:)") { h in Elementwise { besselJ(h.i(1), $0) + besselY(h.i(1), $0) }(h.x) }
    row("besselI(_:_:isScaled:)", "besselK(_:_:isScaled:)") { h in Elementwise { besselI(h.i(1), $0) + besselK(h.i(1), $0) }(h.x) }
    row("airy") { h in airy(h.x * h.d(1)) }
    row("gammaP") { h in gammaP(h.x * h.d(1), h.x * h.d(2)) }
    row("gammaQ") { h in gammaQ(h.x * h.d(1), h.x * h.d(2)) }
    row("zeta") { h in zeta(h.x * h.d(2), h.x * h.d(1)) }
    row("normalQuantile") { h in [normalQuantile(h.x * h.d(1)), logNormalCDF(h.x * h.d(1)), erfcScaled(h.x * h.d(1))] }
    row("multivariateLogGamma(_:_:)") { h in multivariateLogGamma(h.i(2), h.x) }
    row("orthogonalPolynomial(_:degree:_:)") { h in orthogonalPolynomial(.legendre, degree: h.i(3), h.x * h.d(1)) }
    row("orthogonalPolynomial(_:degree:_:)") { h in orthogonalPolynomial(.laguerre, degree: h.x * h.d(3), h.x) }
    row("nextAfter") { h in [nextAfter(h.x * h.d(1), toward: h.x * h.d(2)), frexp(h.x * h.d(1)).mantissa] }
    row("<<") { h in [(h.ids + h.i(1)) << (h.ids + h.i(2)), (h.ids + h.i(1)) >> (h.ids + h.i(2))] }
    row("gcd") { h in [gcd(h.ids + h.i(4), h.ids + h.i(6)), lcm(h.ids + h.i(4), h.ids + h.i(6))] }
    row("lerp(_:_:weight:)") { h in lerp(h.x, h.x, weight: h.d(0.5)) }
    row("pow(_:_:)") { h in pow(h.x, h.d(2)) }
    row("pow(_:_:)") { h in pow(h.d(2), h.x) }
    row("pow(_:_:)") { h in [pow(h.x, h.i(2)), pow(h.ids, h.i(2)), pow(h.i(2), h.ids)] }
    row("round(_:decimals:)") { h in round(h.x, decimals: h.i(1)) }
    row("floorDivide(_:_:)") { h in floorDivide(h.x, h.d(2)) }
    row("truncatingDivide(_:_:)") { h in truncatingDivide(h.x, h.d(2)) }
    row("truncatingDivide(_:_:)") { h in truncatingDivide(h.ids, h.i(2)) }
    row("floorDivide(_:_:)") { h in floorDivide(h.ids, h.i(2)) }
    row("truncatingRemainder(_:_:)") { h in truncatingRemainder(h.x, h.d(2)) }
    row("truncatingRemainder(_:_:)") { h in truncatingRemainder(h.ids, h.i(2)) }
    row("polygamma(_:_:)") { h in polygamma(h.i(1), h.x) }
    row("polygamma(_:_:)") { h in
      let order = h.i(1)
      return Elementwise { x in polygamma(order, x) }(h.x)
    }
    row("logit(_:epsilon:)") { h in logit(h.x, epsilon: h.d(0.25)) }
    row("leakyRelu(_:slope:)") { h in leakyRelu(h.x, slope: h.d(0.01)) }
    row("elu(_:alpha:)") { h in elu(h.x, alpha: h.d(1)) }
    row("celu(_:alpha:)") { h in celu(h.x, alpha: h.d(1)) }
    row("softplus(_:beta:threshold:)") { h in softplus(h.x, beta: h.d(0.5), threshold: h.d(0.5)) }
    row("glu(_:axis:)") { h in glu(h.sequence, axis: h.i(-1)) }
    row("hardTanh(_:min:max:)") { h in hardTanh(h.x, min: h.d(-1), max: h.d(1)) }
    row("hardShrink(_:lambda:)") { h in hardShrink(h.x, lambda: h.d(0.5)) }
    row("softShrink(_:lambda:)") { h in softShrink(h.x, lambda: h.d(0.5)) }
    row("Symbol.init(_:)", "Symbol.init(floatLiteral:)") { h in
      let a = h.d(0.5)
      return Elementwise { x in x * Symbol(a) + Symbol(floatLiteral: a) }(h.x)
    }
    row("Symbol.init(integerLiteral:)") { h in
      let a = h.i(1)
      return Elementwise { x in x * Symbol(integerLiteral: a) }(h.x)
    }
    row("Symbol.pow(_:_:)") { h in
      let n = h.i(2)
      return Elementwise { x in Symbol.pow(x, n) }(h.x)
    }
    row("Symbol.root(_:_:)") { h in
      let n = h.i(3)
      return Elementwise { x in Symbol.root(x, n) }(h.x)
    }
  }
}
