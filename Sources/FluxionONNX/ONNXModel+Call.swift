import Tensors

extension ONNXModel {
  /// The answers to inputs, by name; a mistake stops the program, or is thrown by `checked`, with the node that it happened in.
  ///
  /// Inputs have the dtypes that hold their ONNX types: `uint8` is given as int32, `float16` as float32. Outputs that are sequences have a position
  /// behind the name: `boxes.0`, `boxes.1`.
  public func callAsFunction(inputs: [String: Tensor]) -> [String: Tensor] {
    var answers: [String: Tensor] = [:]
    for (name, value) in run(inputs) ?? [] { flatten(value, name, &answers) }
    return answers
  }

  /// The first output for one input, of a model that has to be given one.
  public func callAsFunction(_ x: Tensor) -> Tensor {
    let wanted = graph.inputs.filter { !$0.isOptional }
    guard wanted.count == 1 else {
      let names = wanted.map { shown($0.name) }.joined(separator: ", ")
      mistake(ONNXError(message: "has \(wanted.count) inputs (\(names)); model(inputs:) would fit"))
      return x
    }
    guard let first = run([wanted[0].name: x])?.first?.1, case .tensor(let y) = first else { return x }
    return y.tensor
  }

  private func flatten(_ value: Value?, _ name: String, _ answers: inout [String: Tensor]) {
    switch value {
    case .tensor(let x)?: answers[name] = x.tensor
    case .sequence(let list, _)?: for (i, x) in list.enumerated() { flatten(x, "\(name).\(i)", &answers) }
    default: break
    }
  }

  private func mistake(_ error: ONNXError) {
    fail(
      TensorError("ONNXModel", [error.field, error.message].filter { !$0.isEmpty }.joined(separator: ": "), location: place(error.node)))
  }

  private func place(_ node: String) -> String { node.isEmpty ? source : "node \(node) of \(source)" }

  /// The outputs in their order; nil after a mistake.
  private func run(_ inputs: [String: Tensor]) -> [(String, Value?)]? {
    if hasFailed { return nil }
    do {
      var values: [String: Value] = [:]
      for (name, x) in inputs {
        guard let input = graph.inputs.first(where: { $0.name == name }) else {
          let names = graph.inputs.filter { !$0.isOptional }.map { shown($0.name) }.joined(separator: ", ")
          throw ONNXError(field: "input \(shown(name))", message: "is none of the model's, which are \(names)")
        }
        values[name] = try input.accept(x)
      }
      return try run(values: values)
    } catch let error as ONNXError {
      mistake(error)
    } catch let error as TensorError {
      fail(error)
    } catch {
      mistake(ONNXError(message: "\(error)"))
    }
    return nil
  }

  /// The outputs for values of any kind; throws an ``ONNXError``, or a `TensorError` that names the node.
  func run(values: [String: Value]) throws -> [(String, Value?)] {
    let given = try graph.inputs.map { (input) throws(ONNXError) -> Value? in
      if let value = values[input.name] { return value }
      if input.isOptional { return nil }
      if case .optional = input.type { return .nothing }
      throw .field("input \(shown(input.name))", "is missing; \(input.type) would fit")
    }
    var node = ""
    if !onlyComputes { kept.clear() }
    let environment = Environment(parameters: weights, kept: onlyComputes ? kept.run(weights) : nil)
    let result: Result<[Value?], any Error>
    do throws(TensorError) {
      result = try throwingMistakes {
        let result = Result { try environment.run(graph, given) }
        if case .failure(let error) = result, let stopped = error as? Environment.Stopped { node = stopped.node }
        return result
      }
    } catch {
      var error = error
      error.location = place(node)
      throw error
    }
    return zip(graph.outputs, try result.get()).map { output, value in (output.name, value.map { $0.roundedHalves() }) }
  }
}

extension GraphInput {
  /// A tensor as the value of this input.
  func accept(_ x: Tensor) throws(ONNXError) -> Value {
    let field = "input \(shown(name))"
    switch type {
    case .tensor(let type, let dimensions):
      let dtype = try type.held(field)
      if x.dtype != dtype { throw .field(field, "\(x.dtype); \(dtype) would fit, which holds \(type)") }
      if let dimensions {
        let fits =
          dimensions.count == x.rank
          && zip(dimensions, x.shape).allSatisfy { dimension, size in
            if case .size(let wanted) = dimension { return wanted == size }
            return true
          }
        if !fits { throw .field(field, "\(x.shape); [\(dimensions.map { "\($0)" }.joined(separator: ", "))] would fit") }
      }
      return .tensor(TypedTensor(x, type, host: type.isInteger ? x.hostIntegers : nil))
    case .optional(.tensor(let type, _)): return .tensor(TypedTensor(x, type))
    case .unknown: return .tensor(TypedTensor(x))
    default: throw .field(field, "a tensor; \(type) would fit")
    }
  }
}

extension Tensor {
  /// The elements of a few integers, where there are elements.
  var hostIntegers: HostIntegers? {
    guard dtype.isInteger, elementCount <= HostIntegers.most, !isTraced, hasElements, !hasFailed else { return nil }
    return HostIntegers(shape: Array(shape), elements: cast(to: .int64).scalars(Int.self))
  }
}

extension Value {
  /// Whether it is a tensor of halves.
  var isHalf: Bool { if case .tensor(let x) = self { x.type.isHalf } else { false } }

  /// Halves as what they would be at an output.
  func roundedHalves() -> Value {
    switch self {
    case .tensor(let x): x.type.isHalf ? .tensor(TypedTensor(x.tensor.rounded(to: x.type), x.type)) : self
    case .sequence(let list, let type): .sequence(list.map { $0.roundedHalves() }, type)
    case .nothing: self
    }
  }
}

extension TypedTensor {
  /// The same as a parameter that is not trained.
  func frozen() -> TypedTensor {
    var x = tensor
    x.isFrozen = true
    return TypedTensor(x, type)
  }
}
