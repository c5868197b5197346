import CKernels

/// Directly, plane by plane: for integers.
extension ConvolutionSum {
  private func grain(_ products: Int) -> Int { Swift.max(1, 100_000 / Swift.max(1, products)) }

  func resultDirectly(
    _ x: UnsafeMutableRawPointer, _ weight: UnsafeMutableRawPointer, _ bias: UnsafeMutableRawPointer?, _ y: UnsafeMutableRawPointer
  ) {
    parallel(batch * groups * outputs, grain: grain(row * places)) { range in
      for i in range {
        let (n, group, o) = (i / (groups * outputs), i / outputs % groups, i % outputs)
        let target = y + i * places * size
        if let bias {
          fx_fill(dtype.code, places, bias + (group * outputs + o) * size, target)
        } else {
          target.initializeMemory(as: UInt8.self, repeating: 0, count: places * size)
        }
        for c in 0..<channels {
          let plane = x + ((n * groups + group) * channels + c) * image * size
          let taps = weight + ((group * outputs + o) * row + c * geometry.windowCount) * size
          geometry.withRaw { fx_correlate(dtype.code, $0, plane, taps, target) }
        }
      }
    }
  }

  func imageDirectly(_ y: UnsafeMutableRawPointer, _ weight: UnsafeMutableRawPointer, _ x: UnsafeMutableRawPointer) {
    parallel(batch * groups * channels, grain: grain(outputs * geometry.windowCount * places)) { range in
      for i in range {
        let (block, group, c) = (i / channels, i / channels % groups, i % channels)
        let target = x + i * image * size
        target.initializeMemory(as: UInt8.self, repeating: 0, count: image * size)
        for o in 0..<outputs {
          let plane = y + (block * outputs + o) * places * size
          let taps = weight + ((group * outputs + o) * row + c * geometry.windowCount) * size
          geometry.withRaw { fx_correlate_input(dtype.code, $0, plane, taps, target) }
        }
      }
    }
  }

  func weightDirectly(_ x: UnsafeMutableRawPointer, _ y: UnsafeMutableRawPointer, _ weight: UnsafeMutableRawPointer) {
    let window = geometry.windowCount
    parallel(groups * outputs * channels, grain: grain(batch * window * places)) { range in
      for i in range {
        let (group, o, c) = (i / (outputs * channels), i / channels % outputs, i % channels)
        let target = weight + i * window * size
        target.initializeMemory(as: UInt8.self, repeating: 0, count: window * size)
        for n in 0..<batch {
          let plane = x + ((n * groups + group) * channels + c) * image * size
          let values = y + ((n * groups + group) * outputs + o) * places * size
          geometry.withRaw { fx_correlate_weight(dtype.code, $0, plane, values, target) }
        }
      }
    }
  }
}
