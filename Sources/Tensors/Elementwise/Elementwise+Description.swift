import CKernels

extension Elementwise: CustomStringConvertible {
  /// Its formula, its derivative for each number, and what they cost.
  ///
  ///     f(x) = x·tanh(log1p(exp(x)))
  ///     ∂f/∂x = t + x·(1 − t²)·σ(x), t = tanh(softplus(x))
  ///     an element of float32: f 3 operations, 8 bytes; ∂f/∂x 10 operations, 12 bytes
  ///
  /// The formula is as it was written; derivatives are those of what is computed in its place: see ``Elementwise``.
  ///
  /// Bytes are those of the tensors that are read and written; a derivative also reads the gradient of the result and, where that is less
  /// work, the result. Derivatives are written in short: where a choice leaves a term out, it is not there.
  public var description: String {
    let names = names
    func line(_ head: String, _ formula: Formula) -> String {
      "\(head) = \(formula.text)" + formula.parts.map { ", \($0.name) = \($0.text)" }.joined()
    }
    func cost(_ name: String, _ program: Program, tensors: Int) -> String {
      let isCopy = program.instructions.allSatisfy { $0.op == FX_COPY.rawValue }
      let count = isCopy ? 0 : program.instructions.count
      return "\(name) \(count) \(count == 1 ? "operation" : "operations"), \(4 * (tensors + 1)) bytes"
    }
    func isTensor(_ input: Int) -> Bool { input < inputCount || input >= names.count }

    let formula = Formula(program.expression, names, .mathematics)
    var lines = [line("f(\(names.joined(separator: ", ")))", formula)]
    var costs = [cost("f", program, tensors: formula.inputs.count(where: isTensor))]
    for (i, name) in names.enumerated() {
      guard let derivative = program.derivative(i) else {
        lines.append("∂f/∂\(name) = 0")
        continue
      }
      let slope = Gradient.shortened(derivative, gradient: names.count + 1)
      lines.append(line("∂f/∂\(name)", Formula(slope, names + ["f", "dy"], .mathematics)))
      costs.append(cost("∂f/∂\(name)", derivative.program, tensors: derivative.uses.count(where: isTensor)))
    }
    return (lines + ["an element of float32: \(costs.joined(separator: "; "))"]).joined(separator: "\n")
  }

  /// As it is written in Swift, from the program: parameters by dtype and shape.
  package var source: String {
    let formula = Formula(program.expression, names, .swift)
    let closure = names.enumerated().map { formula.inputs.contains($0) ? $1 : "_" }.joined(separator: ", ")
    let values = zip(parameterNames, parameterValues).map { "\"\($0)\": \($1.dtype) \($1.shape)" }.joined(separator: ", ")
    let head = values.isEmpty ? "Elementwise {" : "Elementwise(parameters: [\(values)]) {"
    if formula.parts.isEmpty { return "\(head) \(closure) in \(formula.text) }" }
    let parts = formula.parts.map { "  let \($0.name) = \($0.text)\n" }.joined()
    return "\(head) \(closure) in\n\(parts)  return \(formula.text)\n}"
  }

  /// What its numbers are called.
  private var names: [String] { ["x", "y", "z", "w"].prefix(inputCount) + parameterNames }
}
