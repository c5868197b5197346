/// A function of tensors that is traced when it is first called, and then runs as a plan.
///
///     let f = compile { (x: Tensor, y: Tensor) in (exp(x) * y).sum() }
///     f(x, y)          // runs the function, and takes it down
///     f(x, y)          // once more, to see that it does the same; the plan is made
///     f(x, y)          // from now on the plan runs
///
/// A plan is made for each signature: shapes, dtypes, frozen parameters, mode, and everything in the arguments that is no tensor. Results are the
/// function's own to the bit, for any number of threads. A copy shares the plans; threads run them beside each other. See `Guides/Compiled.md`.
public struct CompiledFunction<each Input, Output>: Sendable {
  private let cache: PlanCache<Void, (repeat each Input), Output>

  fileprivate init(_ function: @escaping @Sendable (repeat each Input) -> Output, _ fallback: CompileFallback) {
    cache = PlanCache("compile", fallback: fallback) { (_: inout Void, arguments: (repeat each Input)) throws -> Output in
      function(repeat each arguments)
    }
  }

  /// What the function gives.
  public func callAsFunction(_ input: repeat each Input) -> Output {
    var state = PlanState<Void>.none
    return cache.value(&state, (repeat each input))
  }

  /// A line for each signature: what it is, and what its plan has or why there is none.
  public var plans: [String] { cache.descriptions }
  /// The operators that the plan of the last signature runs; nil if there is none.
  public var graph: Graph? { cache.graph }
}

/// Compiles a function of tensors, of models, and of tuples, structs, arrays and optionals of them; also one with gradients inside.
///
/// - Parameters:
///   - fallback: What happens where no plan can be made: a mistake that says why, or with `.eager` the function runs as it is.
///   - function: It gives a result that depends on its arguments alone. Numbers among them are part of the signature: what changes from call
///     to call is a tensor.
public func compile<each Input, Output>(
  fallback: CompileFallback = .error, _ function: @escaping @Sendable (repeat each Input) -> Output
) -> CompiledFunction<repeat each Input, Output> {
  CompiledFunction(function, fallback)
}
