import Autodiff
import Tensors

/// A call of something public, each of whose numbers is replaced by hostile ones in turn.
struct Row {
  /// The declarations that it calls, as the symbol graph names them: `Tensor.sum(axis:keepDims:)`.
  let names: [String]
  let call: (Hostile) throws -> Any

  var title: String { names[0] }

  /// All that is tried: each number by itself, and all of a kind at once.
  func attacks() throws -> [Hostile.Attack] {
    let usual = Hostile(.none)
    try checked { Row.settle(try call(usual)) }
    var attacks: [Hostile.Attack] = [.none]
    for (count, isInteger) in [(usual.integerCount, true), (usual.doubleCount, false)] {
      for position in (0..<count).map(Optional.some) + (count > 1 ? [nil] : []) {
        attacks += isInteger ? Hostile.integers.map { .integer(position, $0) } : Hostile.doubles.map { .double(position, $0) }
      }
    }
    return attacks
  }

  /// Runs one case: an answer, and its gradient where it has one, or a sentence.
  func run(_ attack: Hostile.Attack) -> String {
    do {
      let answer = try checked {
        let result = try call(Hostile(attack))
        Row.settle(result)
        return Row.words(result)
      }
      _ = try checked { try runWithGradient(attack) }
      return answer
    } catch let error as TensorError {
      return error.operation.isEmpty || error.message.isEmpty ? "FAULT: a mistake without a sentence" : "mistake \(error)"
    } catch {
      return "error \(error)"
    }
  }

  /// The gradient of a tensor's sum with respect to the operands, whose rule meets the same numbers.
  private func runWithGradient(_ attack: Hostile.Attack) throws {
    let h = Hostile(attack)
    let slopes = try gradient(at: [h.x, h.square, h.images, h.sequence]) { (operands) throws -> Tensor in
      (h.x, h.square, h.images, h.sequence) = (operands[0], operands[1], operands[2], operands[3])
      guard let y = try call(h) as? Tensor, y.dtype.isFloatingPoint, y.elementCount <= 1 << 20 else {
        return Tensor(0.0, .float64).cast(to: .float32)
      }
      return y.sum()
    }
    for slope in slopes { Row.settle(slope) }
  }

  /// Asks for the elements of what an operator has put off.
  static func settle(_ result: Any) {
    if let tensor = result as? Tensor {
      _ = tensor.hasElements
    } else if let tensors = result as? [Tensor] {
      for tensor in tensors.prefix(1000) { settle(tensor) }
    } else if Mirror(reflecting: result).displayStyle == .tuple {
      for child in Mirror(reflecting: result).children { settle(child.value) }
    }
  }

  private static func words(_ result: Any) -> String {
    switch result {
    case let tensor as Tensor: "answer \(tensor.dtype) \(tensor.shape)"
    case let tensors as [Tensor]: "answer of \(tensors.count) tensors"
    default: String("answer \(result)".prefix(200))
    }
  }
}

/// The rows, family by family.
struct Table {
  private(set) var rows: [Row] = []

  init() {
    creation()
    arithmetic()
    reductions()
    shapes()
    indexing()
    ordering()
    products()
    features()
    fourier()
    images()
    engine()
    layers()
    imageLayers()
    sequenceLayers()
    models()
    losses()
    optimizers()
    schedules()
    data()
    tables()
    sampling()
    pictures()
    augmentation()
    trainer()
    watching()
    distributed()
    pretrained()
  }

  mutating func row(_ names: String..., call: @escaping (Hostile) throws -> Any) { rows.append(Row(names: names, call: call)) }
}
