import ComplexModule
import RealModule

// Complex numbers of swift-numerics as a tensor's elements.

/// The floats that the parts of a tensor's complex numbers can be: `Float` and `Double`.
public protocol ComplexComponent: Scalar, Real {}

extension Float: ComplexComponent {}
extension Double: ComplexComponent {}

extension Complex: Scalar where RealType: ComplexComponent {
  /// complex64 of `Float`, complex128 of `Double`.
  public static var dtype: DType { RealType.dtype.complex }
  /// The value of no size.
  public static var zeroValue: Complex { Complex(0) }
  /// The real part as a Double.
  public var double: Double { rawStorage.x.double }
}
