extension RecurrentSteps: PlannedPrimitive {
  /// A single step of few sequences, as in streaming: its product's kernel and all places are known.
  func kernel(_ x: [Tensor], into y: Tensor, _ weights: PlanWeights) -> PlanKernel? { RecurrentKernel(self, x, y) }
}

private final class RecurrentKernel: PlanKernel {
  private let cell: RecurrentCell
  private let code: Int32
  private let (batch, n, wide): (Int, Int, Int)
  /// Bytes of a state.
  private let stateSize: Int
  private let dots: ThinProduct.Dots
  private let states: [PlannedAddress]
  private let (gates, weight, bias, y): (PlannedAddress, PlannedAddress, PlannedAddress, PlannedAddress)
  private let (lengths, kept): (PlannedAddress?, PlannedAddress?)
  private let keptStep: Int
  private let products: PlannedMemory
  /// Where what the gradient would read goes if nobody does.
  private let unread: UnsafeMutableRawPointer

  init?(_ steps: RecurrentSteps, _ x: [Tensor], _ y: Tensor) {
    let (cell, dtype) = (steps.cell, y.dtype)
    (batch, n, wide) = (x[0].shape[0], x[1].shape[1], cell.gates * x[1].shape[1])
    let (size, row) = (dtype.byteCount, cell.keptGates * n)
    let all = x + [steps.lengths, steps.kept].compactMap(\.self)
    guard x[0].shape[1] == 1, batch * n > 0, RecurrentSteps.parts(batch, wide) == 1, all.allSatisfy(\.isContiguous),
      let matrix = x[1].matrixLayout?.flipped
    else { return nil }
    let rows = ProductPlan.Layout(isTransposed: false, lead: n)
    let plan = BLAS.plan(dtype, batch, wide, n, rows, matrix, adds: false, wide, threads: 2)
    guard plan.asksForNoMemory(rows, matrix), let dots = ThinProduct.Dots(plan, dtype, batch, wide, n, rows, matrix, wide) else {
      return nil
    }
    (self.cell, code, self.dots, stateSize, keptStep) = (cell, dtype.code, dots, batch * n * size, steps.kept == nil ? 0 : row)
    states = (0..<cell.states).map { PlannedAddress(x[2 + $0]) }
    (gates, weight, bias, self.y) = (PlannedAddress(x[0]), PlannedAddress(x[1]), PlannedAddress(x[x.count - 1]), PlannedAddress(y))
    (lengths, kept) = (steps.lengths.map { PlannedAddress($0) }, steps.kept.map { PlannedAddress($0) })
    products = PlannedMemory((batch * wide + row) * size)
    unread = products.address + batch * wide * size
  }

  override func run() -> Bool {
    let output = y.pointer
    // The state lies where the last one is to be, and changes there.
    let h = output + stateSize
    for i in states.indices { (h + i * stateSize).copyMemory(from: states[i].pointer, byteCount: stateSize) }
    dots.run(h, weight.pointer, adds: false, products.address)
    cell.step(
      code, batch, n, gates.pointer, wide, products.address, bias.pointer, lengths?.pointer.assumingMemoryBound(to: Int64.self), 0, h,
      h + (states.count - 1) * stateSize, output, n, kept?.pointer ?? unread, keptStep)
    return true
  }
}
