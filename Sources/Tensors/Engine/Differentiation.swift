/// Runs `body` on variables made of `x`, and walks its records back once for each seed: what every gradient comes down to.
///
/// - Parameters:
///   - wantsValue: Whether the value is read; it need not be computed for the gradients' sake.
///   - names: Given the first variable's position on the tape, who knows what the variables are parameters of.
///   - seeds: Given the value, the cotangents to start from, each of the value's shape.
///   - observer: Who hears of the variables' gradients while the backward pass goes on, in an outermost call with one seed.
/// - Returns: The value, one list of gradients (zeros where nothing depends on a variable) for each seed, and what else `body` gave.
package func differentiate<R, E: Error>(
  _ name: String, at x: [Tensor], wantsValue: Bool = true, names: ((Int) -> any VariableNames)? = nil, seeds: (Tensor) -> [Tensor],
  observer: (any BackwardObserver)? = nil, _ body: ([Tensor]) throws(E) -> (Tensor, R)
) throws(E) -> (value: Tensor, gradients: [[Tensor]], result: R) {
  let context = Context.current
  for x in x where !x.dtype.isDifferentiable && !context.hasFailed {
    fail(TensorError(name, "at a tensor of \(x.dtype); only floating-point and complex dtypes have gradients"))
  }
  let outer = context.tape
  let tape = outer ?? Tape()
  if outer == nil { tape.open() }
  let start = tape.count
  context.tape = tape
  context.depth += 1
  let level = Int32(context.depth)
  defer {
    context.depth -= 1
    context.tape = outer
    if outer == nil {
      tape.close()
      tape.settle()
    }
  }
  let variables = x.map { tape.variable($0, level) }
  let outerVariables = context.variables
  context.variables = names?(start) ?? outerVariables
  defer { context.variables = outerVariables }
  let (value, result) = try body(variables)
  var y = value
  if context.hasFailed || context.isDry {
    if outer == nil { y.node = .none }
    return (y, seeds(y).map { _ in x.map { Tensor(hollow: $0.shape, $0.dtype) } }, result)
  }
  let seeds = seeds(y)
  if !wantsValue { y.isNotAskedFor() }
  if y.level(on: tape.id) == Node.unrecorded { tape.refuse(name, y) }
  // The outermost call's backward pass needs no records; an inner one's is recorded for the calls around it.
  if outer == nil {
    context.tape = nil
    tape.close()
  }
  var gradients: [[Tensor]] = []
  for (i, seed) in seeds.enumerated() {
    let found = tape.backward(
      from: y, seed: seed, to: variables, since: start, level: level, keeping: outer != nil || i < seeds.count - 1,
      observer: outer == nil && seeds.count == 1 ? observer : nil)
    gradients.append(
      zip(x, found).map { x, gradient in
        var gradient = gradient ?? Tensor.zeros([], x.dtype).expanded(x.shape)
        if outer == nil {
          _ = gradient.hasElements
          if tape.other != 0 { gradient.node = Node(unrecordedOn: tape.other) }
        }
        return gradient
      })
  }
  if outer == nil { y.node = tape.other == 0 ? .none : Node(unrecordedOn: tape.other) }
  return (y, gradients, result)
}

/// The seed of a scalar's gradient.
package func scalarSeed(_ y: Tensor) -> [Tensor] {
  if y.dtype.isComplex {
    fail(TensorError("gradient", "of a \(y.dtype) tensor; a real number, such as its .real or abs(_:), would fit"))
    return [.placeholder]
  }
  if y.elementCount != 1 || !y.dtype.isFloatingPoint {
    fail(
      TensorError("gradient", "of a \(y.dtype) tensor of shape \(y.shape); one float32 or float64 number, such as a .sum(), would fit"))
    return [.placeholder]
  }
  return [Tensor.ones(y.shape, y.dtype)]
}

extension Tensor {
  /// The same tensor with the place on the tape that another has.
  package func at(placeOf other: Tensor) -> Tensor {
    var x = self
    x.node = other.node
    return x
  }

  /// Whether a gradient that is being taken depends on it.
  package var isTracked: Bool { level(on: Context.current.tapeID) > 0 }

  /// Whether it depends on a variable of the innermost gradient call that is open.
  package var dependsOnVariables: Bool {
    let context = Context.current
    return context.depth > 0 && level(on: context.tapeID) >= Int32(context.depth)
  }

  /// Whether two tensors stand at one place of one tape.
  package func isSamePlace(as other: Tensor) -> Bool { node.tape == other.node.tape && node.index == other.node.index }

  /// Whether two are one and the same tensor in memory, which nobody has written to since.
  package func isSameMemory(as other: Tensor) -> Bool { body === other.body }

  /// Lets `body` write the elements, which are then held by nobody else and lie in row-major order.
  package mutating func mutate(_ body: (UnsafeMutableRawPointer) -> Void) {
    if isHollow || Context.current.hasFailed { return }
    // What a trace has cannot be changed behind its back; it is told, and its elements are copied.
    if let traced = self.body.traced { self = traced.read() }
    if !isContiguous || !isHeldAlone {
      let frozen = isFrozen
      guard let copy = attempt("copy", { () throws(TensorError) in try contiguousCopy() }) else { return }
      self = copy
      isFrozen = frozen
    }
    node = .none
    body(pointer)
  }

  /// Lets `body` read the elements in row-major order; nil after a mistake.
  package func read<R>(_ body: (UnsafeRawPointer) -> R) -> R? {
    guard let x = attempt("copy", { () throws(TensorError) in try ordered }) else { return nil }
    return withExtendedLifetime(x) { body(UnsafeRawPointer(x.pointer)) }
  }

  /// Whether it has a shape but no elements: in a dry run, or after a mistake.
  package var isPlaceholder: Bool { isHollow }

  /// A tensor of a shape without elements, for dry runs; a shape that cannot be is a mistake.
  package static func outline(_ shape: Shape, _ dtype: DType) -> Tensor {
    let possible: Void? = attempt { () throws(TensorError) in try shape.check("input") }
    return possible == nil ? .placeholder : Tensor(hollow: shape, dtype)
  }
}

/// Runs `body` on shapes alone: operators check and tell shapes, and compute nothing.
///
/// With false it computes again, inside a dry run.
package func dryRun<R, E: Error>(_ isDry: Bool = true, _ body: () throws(E) -> R) throws(E) -> R {
  let context = Context.current
  let outer = context.isDry
  context.isDry = isDry
  defer { context.isDry = outer }
  return try body()
}

/// Whether the innermost `checked` scope has failed, so that nothing is to be changed any more.
package var hasFailed: Bool { Context.current.hasFailed }

/// Whether operators give elements and nothing else happens: no gradient is taken, nothing is traced, and it is not a run on shapes alone.
package var onlyComputes: Bool {
  let context = Context.current
  return context.tapeID == 0 && !context.hasFailed && !context.isDry && !context.isTracing
}
