import CKernels

// Element-wise operators one after the other as one pass over memory. Their instructions stay as they are, so that results are the same to the bit:
// what was in memory between two of them is in a register of a block.
extension TracedGraph {
  /// A block's registers stay in the first-level cache.
  private static let mostRegisters = 6
  private static let mostInputs = 8
  private static let mostInstructions = 64

  /// Takes element-wise operators whose results only one other such operator reads into that one.
  mutating func fuseElementwise(weightCount: Int) {
    let isOfWeights = nodesOfWeights(count: weightCount)
    var makers: [Int: Int] = [:]
    var readers: [Int: Int] = [:]
    for (place, node) in nodes.enumerated() {
      makers[node.result] = place
      for operand in Set(node.operands) { readers[operand, default: 0] += 1 }
    }
    for output in outputs { readers[output, default: 0] += 1 }
    var isTaken = Array(repeating: false, count: nodes.count)
    for place in nodes.indices.reversed() where !isTaken[place] {
      guard let last = nodes[place].elementwise else { continue }
      var fused = FusedProgram()
      var taken: [Int] = []
      /// The instructions of a node, after those of the nodes that it takes in.
      func add(_ place: Int, _ use: (program: Program, scalars: SIMD4<Double>, label: StaticString)) -> FusedProgram.Operand {
        let node = nodes[place]
        var operands: [FusedProgram.Operand] = []
        for operand in node.operands {
          if let number = constants[operand]?.onlyNumber {
            operands.append(.number(number))
          } else if let maker = makers[operand], readers[operand] == 1, let inner = nodes[maker].elementwise, !isTaken[maker],
            isOfWeights[maker] == isOfWeights[place], values[operand] == node.signature,
            fused.count + inner.program.instructions.count <= Self.mostInstructions
          {
            if let known = fused.results[operand] {
              operands.append(known)
            } else {
              let before = (fused, taken)
              taken.append(maker)
              let result = add(maker, inner)
              if fused.inputs.count > Self.mostInputs {
                (fused, taken) = before
                operands.append(fused.input(operand))
              } else {
                fused.results[operand] = result
                operands.append(result)
              }
            }
          } else {
            operands.append(fused.input(operand))
          }
        }
        return fused.append(use.program, use.scalars, operands)
      }
      let result = add(place, last)
      // A number among the operands is better one of the program's.
      guard !taken.isEmpty || nodes[place].operands.contains(where: { constants[$0]?.onlyNumber != nil }),
        let program = fused.program(result), program.registerCount <= Self.mostRegisters
      else { continue }
      for maker in taken { isTaken[maker] = true }
      nodes[place] = elementwise(program, .zero, last.label, fused.inputs, in: nodes[place])
    }
    nodes = nodes.indices.filter { !isTaken[$0] }.map { nodes[$0] }
  }

  /// Takes an element-wise operator whose result is only reduced into the reduction: values are reduced as they come, and never stored.
  mutating func fuseReductions() {
    var makers: [Int: Int] = [:]
    var readers: [Int: Int] = [:]
    for (place, node) in nodes.enumerated() {
      makers[node.result] = place
      for operand in Set(node.operands) { readers[operand, default: 0] += 1 }
    }
    for output in outputs { readers[output, default: 0] += 1 }
    var isTaken = Array(repeating: false, count: nodes.count)
    for place in nodes.indices {
      guard let reduction = nodes[place].reduction, let kind = MapReduction(reduction.kind), let maker = makers[nodes[place].operands[0]],
        readers[nodes[place].operands[0]] == 1, let map = nodes[maker].elementwise, nodes[maker].signature.dtype.isFloatingPoint
      else { continue }
      isTaken[maker] = true
      nodes[place] = elementwise(map.program, map.scalars, map.label, nodes[maker].operands, in: nodes[place], reducing: (reduction, kind))
    }
    nodes = nodes.indices.filter { !isTaken[$0] }.map { nodes[$0] }
  }

  /// A program on some values in place of a node, at its end a reduction or none.
  private func elementwise(
    _ program: Program, _ scalars: SIMD4<Double>, _ label: StaticString, _ inputs: [Int], in node: TracedNode,
    reducing reduction: (reduce: Reduce, kind: MapReduction)? = nil
  ) -> TracedNode {
    func made<X: Operands>(_ x: X) -> TracedNode {
      let map = Map<X>(program: program, scalars: scalars, label: label)
      guard let (reduce, kind) = reduction else {
        return TracedOperator(map, x, inputs, node.signature, result: node.result, node.location)
      }
      let whole = MapReduce<X>(map: map, kind: kind, axes: reduce.axes, keepDims: reduce.keepDims)
      return TracedOperator(whole, x, inputs, node.signature, result: node.result, node.location)
    }
    let x = inputs.map { Tensor(hollow: values[$0].shape, values[$0].dtype) }
    return switch x.count {
    case 1: made(x[0])
    case 2: made(Pair(x[0], x[1]))
    case 3: made(Triple(x[0], x[1], x[2]))
    default: made(x)
    }
  }
}

extension MapReduction {
  /// The same at the end of a program, if there is one.
  fileprivate init?(_ kind: Reduce.Kind) {
    switch kind {
    case .sum: self = .sum
    case .mean: self = .mean
    case .product: self = .product
    case .maximum: self = .maximum
    case .minimum: self = .minimum
    case .any, .all, .argmax, .argmin: return nil
    }
  }
}

extension Tensor {
  /// The number that all elements are, of a broadcast scalar.
  fileprivate var onlyNumber: Number? {
    guard dtype.isSingleOrDouble, elementCount > 0, (0..<rank).allSatisfy({ shape[$0] == 1 || strides[$0] == 0 }) else { return nil }
    return .real(dtype == .float32 ? Double(pointer.load(as: Float.self)) : pointer.load(as: Double.self))
  }
}

/// Programs put together: each instruction once, its operands inputs, results of others, or numbers.
private struct FusedProgram {
  enum Operand {
    case none
    case input(Int)
    case result(Int)
    case number(Number)
  }
  /// The graph's values that are read.
  private(set) var inputs: [Int] = []
  /// What stands for values of the graph that are computed.
  var results: [Int: Operand] = [:]
  private var instructions: [(op: UInt32, arguments: [Operand])] = []
  var count: Int { instructions.count }

  mutating func input(_ value: Int) -> Operand {
    if let i = inputs.firstIndex(of: value) { return .input(i) }
    inputs.append(value)
    return .input(inputs.count - 1)
  }

  /// Appends a program's instructions, on these operands; what its result is.
  mutating func append(_ program: Program, _ scalars: SIMD4<Double>, _ operands: [Operand]) -> Operand {
    var registers: [Int: Operand] = [:]
    var last = Operand.none
    let numbers = program.uniforms.map { Map<Tensor>(program: program, scalars: scalars, label: "").number(of: $0) }
    func place(_ operand: Program.Operand) -> Operand {
      switch operand {
      case .none: .none
      case .input(let i): operands[i]
      case .register(let i): registers[i] ?? .none
      case .uniform(let i): .number(numbers[i])
      }
    }
    for instruction in program.instructions {
      let (a, b, c) = instruction.arguments
      instructions.append((instruction.op, [place(a), place(b), place(c)]))
      last = .result(instructions.count - 1)
      if instruction.target >= 0 { registers[instruction.target] = last }
    }
    return last
  }

  /// The whole as a program; nil where a number has no place in an expression.
  func program(_ root: Operand) -> Program? {
    guard case .result(let root) = root else { return nil }
    var uses = Array(repeating: 0, count: instructions.count)
    uses[root] = 1
    for i in stride(from: root, through: 0, by: -1) where uses[i] > 0 {
      for case .result(let j) in instructions[i].arguments { uses[j] += 1 }
    }
    var left = uses
    var (places, free, registerCount) = ([Int: Int](), [Int](), 0)
    var (uniforms, expressions, list) = ([Program.Uniform](), [Int: Expression](), [Program.Instruction]())
    for i in instructions.indices where uses[i] > 0 {
      var (operands, parts, dying) = ([Program.Operand](), [Expression](), [Int]())
      for argument in instructions[i].arguments {
        switch argument {
        case .none: operands.append(.none)
        case .input(let j):
          operands.append(.input(j))
          parts.append(.input(j))
        case .result(let j):
          guard let register = places[j], let part = expressions[j] else { return nil }
          operands.append(.register(register))
          parts.append(part)
          left[j] -= 1
          if left[j] == 0 { dying.append(register) }
        case .number(let number):
          guard case .real(let value) = number else { return nil }
          operands.append(.uniform(uniforms.count))
          uniforms.append(.constant(number))
          parts.append(.constant(value))
        }
      }
      // A kernel may write over its operands.
      free += dying
      var target = -1
      if i != root {
        target = free.popLast() ?? registerCount
        registerCount = Swift.max(registerCount, target + 1)
        places[i] = target
      }
      list.append(.init(op: instructions[i].op, arguments: (operands[0], operands[1], operands[2]), target: target))
      expressions[i] = .exactly(instructions[i].op, parts)
    }
    guard let whole = expressions[root] else { return nil }
    return Program(whole, computed: whole, list, registerCount: registerCount, uniforms: uniforms, inputCount: inputs.count)
  }
}
