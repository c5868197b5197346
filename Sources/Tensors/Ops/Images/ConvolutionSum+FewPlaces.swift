import CKernels

/// Where there are fewer places than half a vector has lanes: as dot products of the weight's rows, as they lie, with what each place sees.
extension ConvolutionSum {
  var hasFewPlaces: Bool { dtype.isFloatingPoint && 2 * places * size <= Processor.level.vectorBytes && row >= 64 && outputs >= 16 }

  func resultOfFewPlaces(
    _ x: UnsafeMutableRawPointer, _ weight: UnsafeMutableRawPointer, _ bias: UnsafeMutableRawPointer?, _ y: UnsafeMutableRawPointer
  ) throws(TensorError) {
    let bytes = 2 * ScratchStretches.bytes(row * places * size, UInt8.self)
    // One image alone is shared by rows of the weight; of several each is done by one thread.
    let isAlone = batch * groups == 1
    try parallel(batch * groups, grain: Swift.max(1, 400_000 / (outputs * row * places))) { (range) throws(TensorError) in
      var memory = try ScratchStretches(Context.current.scratch(bytes))
      let (columns, seen) = (memory.take(row * places * size), memory.take(row * places * size))
      for part in range {
        let group = part % groups
        geometry.withRaw { fx_columns(Int32(size), $0, channels, 0, places, x + part * channels * image * size, columns, places) }
        copyElements(Shape([places, row]), from: Shape([1, places]), columns, to: Shape([row, 1]), seen, size: size)
        let target = y + part * outputs * places * size
        if let bias {
          let first = bias + group * outputs * size
          copyElements(Shape([outputs, places]), from: Shape([1, 0]), first, to: Shape([places, 1]), target, size: size)
        }
        let matrix = BLAS.Operand(pointer: weight + group * outputs * row * size, isTransposed: false, lead: row)
        let right = BLAS.Operand(pointer: seen, isTransposed: true, lead: row)
        if isAlone {
          try BLAS.product(dtype, outputs, places, row, matrix, right, adds: bias != nil, target, places)
        } else {
          try BLAS.gemm(dtype, outputs, places, row, matrix, right, adds: bias != nil, target, places)
        }
      }
    }
  }
}
