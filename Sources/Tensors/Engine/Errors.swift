/// A mistake in the use of tensors: which operator, what was wrong, what would fit, and in which part of a model.
public struct TensorError: Error, Sendable, Equatable, CustomStringConvertible {
  /// The operator, as it is called: `matmul`.
  public var operation: String
  /// What is wrong and what would fit: `[32, 10] • [12, 5]: inner dimensions 10 and 12 differ`.
  public var message: String
  /// The model part it happened in, `layers.1 (Dense)`, or empty outside models.
  public var location: String

  /// A mistake of an operation; the message says what is wrong and what would fit.
  public init(_ operation: String, _ message: String, location: String = "") {
    self.operation = operation
    self.message = message
    self.location = location
  }

  /// The whole sentence.
  public var description: String { "\(operation): \(message)" + (location.isEmpty ? "" : ", in \(location)") }
}

/// The one place a mistake ends up in: kept by the innermost `checked` scope, or else the end of the program.
@inline(never)
package func fail(_ error: TensorError) {
  let context = Context.current
  var error = error
  if context.checkedDepth > 0 && context.hasFailed { return }
  if error.location.isEmpty { error.location = context.location }
  if let locate = context.locate {
    // Once: the search for the place runs the model again.
    context.locate = nil
    let found = locate(error)
    if found.count > error.location.count { error.location = found }
  }
  if context.checkedDepth > 0 {
    context.failure = error
  } else {
    stop(error.description)
  }
}

/// The same for a mistake with these operands, one of which may tell the part it belongs to.
@inline(never)
func fail(_ error: TensorError, with x: some Operands) {
  var error = error
  error.location = Context.current.location(of: x)
  fail(error)
}

/// Runs `body` and throws the first mistake in it, which would otherwise stop the program.
///
///     let y = try checked { model(x) }   // throws TensorError: matmul: [32, 10] • [12, 5]: …
///
/// From the mistake on operators in the scope do nothing and give placeholders without elements; the scope throws when `body` ends. Scopes
/// nest, up to 1000 deep, each with errors of its own. What `body` changes beside its result is for ``checked(_:_:)`` to undo.
public func checked<R>(_ body: () throws -> R) throws -> R {
  try throwingMistakes { Result { try body() } }.get()
}

/// How deep `checked` scopes nest at most.
private let mostScopes = 1000

/// A `checked` scope around what throws nothing else.
package func throwingMistakes<R>(_ body: () -> R) throws(TensorError) -> R {
  let context = Context.current
  // Each takes some of the stack, which ends without a word.
  if context.checkedDepth >= mostScopes { throw TensorError("checked", "scopes nest deeper than \(mostScopes)") }
  let outer = context.failure
  let (path, locate) = (context.path, context.locate)
  context.failure = nil
  context.checkedDepth += 1
  defer {
    context.failure = outer
    context.checkedDepth -= 1
    context.path = path
    context.locate = locate
  }
  let result = body()
  if let failure = context.failure { throw failure }
  return result
}

/// Runs `body` on a value and throws the first mistake in it; `value` is then what it was before.
///
///     try checked(&model) { model in _ = model(x) }
public func checked<Value, R>(_ value: inout Value, _ body: (inout Value) throws -> R) throws -> R {
  var copy = value
  let result = try checked { try body(&copy) }
  value = copy
  return result
}

/// Runs `body`, handing what it throws to ``fail(_:)``; nil then, and at once if the scope has failed before.
@inline(__always)
package func attempt<R>(_ body: () throws(TensorError) -> R) -> R? {
  do {
    return try body()
  } catch {
    fail(error)
    return nil
  }
}

/// The same for an operation of that name, which mistakes without one are given.
func attempt<R>(_ operation: @autoclosure () -> String, _ body: () throws(TensorError) -> R) -> R? {
  do {
    return try body()
  } catch {
    var error = error
    if error.operation.isEmpty { error.operation = operation() }
    fail(error)
    return nil
  }
}

/// How long a list of `count` is after a mistake in a `checked` scope, whose program goes on with its elements; one that cannot be is cut short.
package func countAfterMistake(_ count: Int) -> Int { max(0, min(count, 4096)) }
