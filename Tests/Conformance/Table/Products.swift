import Fluxion

extension Table {
  static let products = Family("Products") { rows in
    rows.add("matmul", "x • y") { a in try a.x • a.tensor(1) }
    rows.add("mm", "x • y") { a in try a.x • a.tensor(1) }
    rows.add("mv", "x • y") { a in try a.x • a.tensor(1) }
    rows.add("bmm", "x • y") { a in try a.x • a.tensor(1) }
    rows.add("dot", "x • y") { a in try a.x • a.tensor(1) }
    rows.add("inner", "tensordot(x, y, axes: ([-1], [-1]))") { a in
      let (x, y) = try (a.x, a.tensor(1))
      return x.rank == 0 || y.rank == 0 ? x * y : tensordot(x, y, axes: ([-1], [-1]))
    }
    rows.add("outer", "x.unsqueezed(axis: 1) * y") { a in
      let (x, y) = try a.promoted()
      return x.dtype == .bool ? x.unsqueezed(axis: 1) .& y : x.unsqueezed(axis: 1) * y
    }
    rows.add("tensordot", "tensordot(x, y, axes: ([0, 1], [2, 0]))") { a in
      let (x, y) = try (a.x, a.tensor(1))
      switch a.value("dims", at: 2) {
      case .none: return tensordot(x, y)
      case .int(let count): return tensordot(x, y, axes: count)
      default:
        let lists = try a.lists("dims", at: 2)
        return tensordot(x, y, axes: (lists[0], lists[1]))
      }
    }
    rows.add("kron", "kronecker(x, y)") { a in
      let (x, y) = try a.promoted()
      return x.dtype == .bool ? kronecker(x.cast(to: .int32), y.cast(to: .int32)).cast(to: .bool) : kronecker(x, y)
    }
    rows.add("cross", "cross(x, y, axis: axis)") { a in
      let (x, y) = try (a.x, a.tensor(1))
      // PyTorch takes the first axis of size 3 where none is named.
      let axis = try a.optionalInt("dim", at: 2) ?? x.shape.firstIndex(of: 3) ?? -1
      return cross(x, y, axis: axis)
    }
    rows.add("linalg.multi_dot", "matmul([x, y, z])") { a in matmul(try a.tensors(at: 0)) }
    rows.add("einsum", "einsum(\"ij,jk->ik\", x, y)") { a in
      if case .string(let equation) = a.value("equation", at: 0) {
        let inList = try? a.tensors(at: 1)
        return einsum(equation, try inList ?? a.tensors(from: 1))
      }
      return einsum(try a.string("equation", at: 1), try a.tensors(at: 0))
    }
    rows.add("cdist", "distanceMatrix(x, y, order: p)") { a in
      distanceMatrix(try a.x, try a.tensor(1), order: try a.double("p", at: 2, default: 2))
    }
    rows.add("addmm", "beta * c + alpha * (x • y)") { a in try a.sum(of: a.x, product: a.tensor(1) • a.tensor(2)) }
    rows.add("addmv", "beta * c + alpha * (x • y)") { a in try a.sum(of: a.x, product: a.tensor(1) • a.tensor(2)) }
    rows.add("baddbmm", "beta * c + alpha * (x • y)") { a in try a.sum(of: a.x, product: a.tensor(1) • a.tensor(2)) }
    rows.add("addr", "beta * c + alpha * (x.unsqueezed(axis: 1) * y)") { a in
      let (x, y) = try (a.tensor(1), a.tensor(2))
      if x.dtype == .bool {
        let product = x.unsqueezed(axis: 1) .& y
        let (hasSum, hasProduct) = try (a.double("beta", default: 1) != 0, a.double("alpha", default: 1) != 0)
        let sum = try a.x.expanded(product.shape)
        return hasSum ? hasProduct ? sum .| product : sum : hasProduct ? product : .zeros(product.shape, .bool)
      }
      return try a.sum(of: a.x, product: x.unsqueezed(axis: 1) * y)
    }
    rows.add("nn.functional.linear", "linear(x, weight: weight, bias: bias)") { a in
      let (x, weight, bias) = try (a.x, a.tensor("weight", at: 1), a.optionalTensor("bias", at: 2))
      if x.dtype.isDifferentiable && weight.rank == 2 { return linear(x, weight: weight, bias: bias) }
      // One output, or integers.
      let y = weight.rank == 1 ? x • weight : x • weight.transposed()
      return bias.map { y + $0 } ?? y
    }
    rows.add("nn.functional.bilinear", "einsum(\"...i,oij,...j->...o\", x, weight, y) + bias") { a in
      let y = einsum("...i,oij,...j->...o", try a.x, try a.tensor("weight", at: 2), try a.tensor("input2", at: 1))
      return try a.optionalTensor("bias", at: 3).map { y + $0 } ?? y
    }
  }
}

extension Arguments {
  /// beta·c + alpha·product; PyTorch leaves c out where beta is 0, and cuts fractions off for integers.
  func sum(of c: Tensor, product: Tensor) throws -> Tensor {
    if product.dtype.isComplex {
      func times(_ x: Tensor, _ name: String) throws -> Tensor { has(name) ? try x * number(name, at: .max, x.dtype) : x }
      if case .int(0) = value("beta") { return try times(product, "alpha") }
      return try times(c, "beta") + times(product, "alpha")
    }
    let (beta, alpha) = try (double("beta", default: 1), double("alpha", default: 1))
    let isFloat = product.dtype.isFloatingPoint
    func times(_ x: Tensor, _ factor: Double) -> Tensor { factor == 1 ? x : isFloat ? x * factor : x * Int(factor) }
    let scaled = times(product, alpha)
    return beta == 0 ? scaled : times(c, beta) + scaled
  }

  /// Two lists of integers in a list.
  fileprivate func lists(_ name: String, at position: Int) throws -> [[Int]] {
    guard case .list(let lists) = value(name, at: position) else { throw CaseError("\(name) is not a list") }
    return try lists.map { list in
      switch list {
      case .int(let number): return [number]
      case .list(let numbers):
        return try numbers.map {
          guard case .int(let number) = $0 else { throw CaseError("\(name) is not a list of integers") }
          return number
        }
      default: throw CaseError("\(name) is not a list of lists")
      }
    }
  }
}
