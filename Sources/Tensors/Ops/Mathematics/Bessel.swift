import CKernels

// Bessel functions and Airy's, on tensors and on symbols. Derivatives are in Elementwise/Gradient.swift, methods in CKernels/bessel.h.

/// The Bessel function of the first kind J₀(x) or J₁(x), by its order; other orders are a mistake.
///
/// Derivative: −dy·J₁ of J₀, dy·(J₀ − J₁/x) of J₁, ½·dy at 0. PyTorch: `special.bessel_j0`, `special.bessel_j1`.
///
/// Accuracy: the system's library's, some units of 1e-16; 1 ulp in float32.
public func besselJ(_ order: Int, _ x: consuming Tensor) -> Tensor { ofOrder("besselJ", order, B.j, x) }
/// J₀(x) or J₁(x), as a symbol.
public func besselJ(_ order: Int, _ x: Symbol) -> Symbol { ofOrder("besselJ", order, FX_BESSEL_J0, FX_BESSEL_J1, x) }

/// The Bessel function of the second kind Y₀(x) or Y₁(x), by its order; −∞ at 0, NaN below.
///
/// Derivative: −dy·Y₁ of Y₀, dy·(Y₀ − Y₁/x) of Y₁. PyTorch: `special.bessel_y0`, `special.bessel_y1`.
///
/// Accuracy: the system's library's, some units of 1e-16; 1 ulp in float32.
public func besselY(_ order: Int, _ x: consuming Tensor) -> Tensor { ofOrder("besselY", order, B.y, x) }
/// Y₀(x) or Y₁(x), as a symbol.
public func besselY(_ order: Int, _ x: Symbol) -> Symbol { ofOrder("besselY", order, FX_BESSEL_Y0, FX_BESSEL_Y1, x) }

/// The modified Bessel function of the first kind I₀(x) or I₁(x), by its order; if `isScaled` times e^(−|x|), which does not overflow.
///
/// Derivative: dy·I₁ of I₀, dy·(I₀ − I₁/x) of I₁, ½·dy at 0. PyTorch: `special.i0`, `special.i1`, `special.i0e`, `special.i1e`.
///
/// Accuracy: 16 ulp in float64, 1 in float32.
public func besselI(_ order: Int, _ x: consuming Tensor, isScaled: Bool = false) -> Tensor {
  ofOrder("besselI", order, isScaled ? B.scaledI : B.i, x)
}
/// I₀(x) or I₁(x), as a symbol.
public func besselI(_ order: Int, _ x: Symbol, isScaled: Bool = false) -> Symbol {
  isScaled ? ofOrder("besselI", order, FX_BESSEL_I0E, FX_BESSEL_I1E, x) : ofOrder("besselI", order, FX_BESSEL_I0, FX_BESSEL_I1, x)
}

/// The modified Bessel function of the second kind K₀(x) or K₁(x), by its order; if `isScaled` times eˣ.
///
/// ∞ at 0, NaN below.
///
/// Derivative: −dy·K₁ of K₀, −dy·(K₀ + K₁/x) of K₁. PyTorch: `special.modified_bessel_k0`, `special.scaled_modified_bessel_k0`, and of
/// order 1.
///
/// Accuracy: 16 ulp in float64, 1 in float32.
public func besselK(_ order: Int, _ x: consuming Tensor, isScaled: Bool = false) -> Tensor {
  ofOrder("besselK", order, isScaled ? B.scaledK : B.k, x)
}
/// K₀(x) or K₁(x), as a symbol.
public func besselK(_ order: Int, _ x: Symbol, isScaled: Bool = false) -> Symbol {
  isScaled ? ofOrder("besselK", order, FX_BESSEL_K0E, FX_BESSEL_K1E, x) : ofOrder("besselK", order, FX_BESSEL_K0, FX_BESSEL_K1, x)
}

/// Airy's function Ai(x), a solution of y″ = x·y that goes to 0 for large x.
///
/// Derivative: dy·Ai′(x). PyTorch: `special.airy_ai`.
///
/// Accuracy: 1e-13 of 1 below 0, 1e-13 of the result above, in float64; 1 ulp in float32.
public func airy(_ x: consuming Tensor) -> Tensor { mapped("airy", B.airy, x) }
/// Ai(x), as a symbol.
public func airy(_ x: Symbol) -> Symbol { Symbol.unary(FX_AIRY, x) }

private func ofOrder(_ label: StaticString, _ order: Int, _ programs: [Program], _ x: consuming Tensor) -> Tensor {
  guard order == 0 || order == 1 else {
    fail(TensorError("\(label)", "order \(order); 0 or 1 would fit"))
    return .placeholder
  }
  return mapped(label, programs[order], x)
}

private func ofOrder(_ label: StaticString, _ order: Int, _ zeroth: fx_op, _ first: fx_op, _ x: Symbol) -> Symbol {
  guard order == 0 || order == 1 else {
    fail(TensorError("\(label)", "order \(order); 0 or 1 would fit"))
    return x
  }
  return Symbol.unary(order == 0 ? zeroth : first, x)
}

/// The programs behind these functions.
private enum B {
  static let j = ofBothOrders { besselJ($0, $1) }
  static let y = ofBothOrders { besselY($0, $1) }
  static let i = ofBothOrders { besselI($0, $1) }
  static let k = ofBothOrders { besselK($0, $1) }
  static let scaledI = ofBothOrders { besselI($0, $1, isScaled: true) }
  static let scaledK = ofBothOrders { besselK($0, $1, isScaled: true) }
  static let airy = Program.unary { Tensors.airy($0) }

  private static func ofBothOrders(_ f: (Int, Symbol) -> Symbol) -> [Program] { (0...1).map { order in Program.unary { f(order, $0) } } }
}
