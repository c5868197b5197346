import CKernels
import Synchronization

/// What matrix products and convolutions of float32 tensors compute in; see ``withPrecision(_:_:)``.
public enum ProductPrecision: Sendable, Hashable, CaseIterable, CustomStringConvertible {
  /// As the tensors are.
  case float32
  /// Factors rounded to 8 binary digits, with float32's range.
  case bfloat16
  /// Factors rounded to 11 binary digits, up to 65,504; training wants a ``LossScale``.
  case float16

  /// The dtype that factors are rounded to.
  public var dtype: DType {
    switch self {
    case .float32: .float32
    case .bfloat16: .bfloat16
    case .float16: .float16
    }
  }

  /// The dtype's name.
  public var description: String { dtype.description }
}

/// Runs `body` with matrix products and convolutions in 16 bits: mixed precision.
///
///     let loss = withPrecision(.bfloat16) { crossEntropy(model(x), y) }
///
/// Of products (`•`, ``linear(_:weight:bias:)``, attention, recurrent steps, convolutions) of float32 tensors each factor is rounded to `precision`, and sums
/// and results are float32: y = Σ round(a)·round(b). So are the products of their gradients, wherever the backward pass runs. All else (element-wise
/// functions, reductions, norms, softmax, losses) computes in float32 as ever, and parameters stay float32. The gradient's tape keeps factors that an
/// operator computed in 16 bits. float64 and integers are left as they are. Inner calls override outer ones, `.float32` among them.
///
/// Accuracy: within 2⁻⁷ (bfloat16; float16 2⁻¹⁰) and k·2⁻²⁴ of the sum of |a·b| over k. Numbers below 1.2·10⁻³⁸ may count as 0. float16 factors beyond 65,504
/// are infinite.
///
/// Speed: products of bfloat16 run on AMX or VDPBF16PS where the processor has them (``Processor/bfloat16``), and read packed operands at half the bytes
/// elsewhere. float16 rounds, and computes in float32: it is no faster. The same holds for convolutions in either precision.
///
/// PyTorch: `autocast`, whose products give 16-bit results. JAX: `default_matmul_precision`.
public func withPrecision<R, E: Error>(_ precision: ProductPrecision, _ body: () throws(E) -> R) throws(E) -> R {
  let context = Context.current
  let outer = context.precision
  context.precision = precision
  defer { context.precision = outer }
  return try body()
}

/// What products of float32 tensors compute in, in the code that is running.
public var currentPrecision: ProductPrecision { Context.current.precision }

extension Processor {
  /// What multiplies numbers of bfloat16.
  public enum Bfloat16Unit: Int32, Sendable, CaseIterable, CustomStringConvertible {
    /// The vectors of ``level``, which widen them to float32.
    case vectors
    /// VDPBF16PS of AVX512-BF16.
    case dotProducts
    /// TDPBF16PS of AMX.
    case tiles

    /// What it is, in words.
    public var description: String {
      switch self {
      case .vectors: "float32 vectors"
      case .dotProducts: "avx512-bf16"
      case .tiles: "amx"
      }
    }
  }

  /// What products of bfloat16 run on: the best that processor and operating system have, at `FLUXION_CPU=avx512` and below the vectors, at
  /// `FLUXION_CPU=avx512-bf16` VDPBF16PS.
  public static var bfloat16: Bfloat16Unit { Bfloat16Unit(rawValue: fx_bfloat16_unit()) ?? .vectors }
}

extension ProductPrecision {
  /// Whether any product was ever told to round its factors: what each one asks, before it looks at its thread.
  static let isUsed = Atomic<Bool>(false)
}
