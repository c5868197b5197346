import Tensors

/// The activations that config.json names, as transformers has them.
enum Activation: String, Sendable, CaseIterable {
  case gelu
  case geluNew = "gelu_new"
  case geluFast = "gelu_fast"
  case geluTanh = "gelu_pytorch_tanh"
  case geluPythonTanh = "gelu_python_tanh"
  case geluPython = "gelu_python"
  case quickGelu = "quick_gelu"
  case relu, relu2, relu6, silu, swish, tanh, sigmoid, mish, linear
  case leakyRelu = "leaky_relu"
  case hardSwish = "hardswish"
  case gelu10 = "gelu_10"
  case geluAccurate = "gelu_accurate"

  func callAsFunction(_ x: Tensor) -> Tensor {
    switch self {
    case .gelu, .geluPython: Tensors.gelu(x)
    case .geluNew, .geluFast, .geluTanh, .geluPythonTanh, .geluAccurate: Tensors.gelu(x, approximation: .tanh)
    case .gelu10: Tensors.gelu(x).clamped(min: -10, max: 10)
    case .quickGelu: x * Tensors.sigmoid(x * 1.702)
    case .relu: Tensors.relu(x)
    case .relu2: square(Tensors.relu(x))
    case .relu6: Tensors.relu6(x)
    case .silu, .swish: Tensors.silu(x)
    case .tanh: Tensors.tanh(x)
    case .sigmoid: Tensors.sigmoid(x)
    case .mish: Tensors.mish(x)
    case .linear: x
    case .leakyRelu: Tensors.leakyRelu(x)
    case .hardSwish: Tensors.hardSwish(x)
    }
  }

  private func square(_ x: Tensor) -> Tensor { x * x }
}

extension Configuration {
  /// The activation of a field.
  mutating func activation(_ key: String, default standard: String) throws -> Activation {
    let name = try text(key, default: standard)
    if let activation = Activation(rawValue: name) { return activation }
    throw error(key, "\(name); \(Activation.allCases.map(\.rawValue).joined(separator: ", ")) are there")
  }
}
