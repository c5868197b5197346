/// What an operator wants of a tensor's elements beyond their shape and dtype: ids of classes there are, fractions of 0 to 1.
package protocol ElementCheck: Sendable, Hashable {
  /// The operator whose operand it is.
  var name: String { get }
  /// Fails where the elements of a contiguous tensor do not fit.
  func check(_ x: Tensor) throws(TensorError)
}

/// The tensor itself, after a look at its elements.
///
/// A check in Swift code would read elements, which a compiled function can't: as an operator it is a part of the graph, and looks at each run.
package struct Checked<Check: ElementCheck>: Primitive {
  let check: Check
  package init(_ check: Check) { self.check = check }

  package var name: String { check.name }
  package var keeps: Keeps { .nothing }
  package var isView: Bool { true }
  package func result(_ x: Tensor) -> Signature { Signature(x.shape, x.dtype) }
  package func evaluate(_ x: Tensor, _ result: Signature) throws(TensorError) -> Tensor {
    try check.check(x.detached.ordered)
    return x.detached
  }
  package func gradient(_ x: Tensor, _ y: Tensor, _ dy: Tensor, _ needs: Needs) -> [Tensor?] { [dy] }
}

extension Checked: CheckingPrimitive {}

/// A primitive that runs at each call of a compiled function though it computes nothing.
protocol CheckingPrimitive: Primitive {}

/// A primitive whose kernel writes other tensors beside its result, which its gradient rule reads: attributes that hold nothing before.
protocol SavingPrimitive: Primitive {
  /// Those tensors, in the order in which they are stored.
  var saved: [Tensor] { get }
}

/// A primitive whose result was computed before, by other operators, and which only has a gradient rule of its own.
package protocol PassingPrimitive: Primitive {}
