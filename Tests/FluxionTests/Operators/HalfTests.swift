import Autodiff
import Fluxion
import Foundation
import Tensors
import Testing

/// float16 and bfloat16: conversions to the bit, what moves elements, numbers, gradients, files, optimizers.
@Suite struct HalfTests {
  static let halves = HalfTableTests.halves
  static let patterns = (UInt16.min ... .max).map { $0 }

  /// The value of a pattern, by the definition of the format.
  static func value(_ pattern: UInt16, _ dtype: DType) -> Double {
    let (bits, bias) = dtype == .float16 ? (10, 15) : (7, 127)
    let (exponent, fraction) = (Int(pattern & 0x7fff) >> bits, Double(Int(pattern) & (1 << bits - 1)) / Double(1 << bits))
    let magnitude =
      exponent == 2 * bias + 1
      ? (fraction == 0 ? Double.infinity : .nan)
      : exponent == 0
        ? fraction * Double(sign: .plus, exponent: 1 - bias, significand: 1)
        : Double(sign: .plus, exponent: exponent - bias, significand: 1 + fraction)
    return pattern & 0x8000 == 0 ? magnitude : -magnitude
  }

  /// All finite numbers of a dtype in order, without −0, and the bounds from which on numbers become ±∞.
  static func numbers(_ dtype: DType) -> [Double] {
    Array(Set(patterns.map { value($0, dtype) }.filter(\.isFinite).map { $0 == 0 ? 0 : $0 })).sorted()
  }

  static func tensor(_ patterns: [UInt16], _ dtype: DType) -> Tensor {
    dtype == .float16
      ? Tensor(patterns.map { Float16(bitPattern: $0) }) : Tensor(patterns.map { BFloat16(bitPattern: $0) })
  }

  static func bits(_ x: Tensor) -> [UInt16] {
    x.dtype == .float16 ? x.scalars(Float16.self).map(\.bitPattern) : x.scalars(BFloat16.self).map(\.bitPattern)
  }

  @Test(arguments: halves) func castsOfAllPatterns(_ dtype: DType) {
    let x = Self.tensor(Self.patterns, dtype)
    let expected = Self.patterns.map { Self.value($0, dtype) }
    for (i, (a, b)) in zip(x.scalars(Double.self), expected).enumerated() where !(a == b && a.sign == b.sign || a.isNaN && b.isNaN) {
      Issue.record("pattern \(i) is \(a), \(b) is expected")
      break
    }
    // Of a NaN, what tells a signalling one from others may change.
    let quiet: UInt16 = dtype == .float16 ? 0x200 : 0x40
    for wide in [DType.float32, .float64] {
      let back = Self.bits(x.cast(to: wide).cast(to: dtype))
      let wrong = zip(Self.patterns, back).first { pattern, other in
        Self.value(pattern, dtype).isNaN
          ? wide == .float32 && pattern | quiet != other || !Self.value(other, dtype).isNaN : pattern != other
      }
      #expect(wrong == nil, "by way of \(wide)")
    }
    let finite = x.replacingNonFinite(nan: 0, infinity: 0, negativeInfinity: 0)
    let whole = finite.scalars(Double.self).map { $0.rounded(.towardZero) }
    #expect(finite.cast(to: .int64).scalars(Int64.self) == whole.map { $0 >= 0x1p63 ? .max : $0 <= -0x1p63 ? .min : Int64($0) })
    #expect(
      finite.cast(to: .int32).scalars(Int32.self) == whole.map { Int32(clamping: $0 >= 0x1p63 ? .max : $0 <= -0x1p63 ? .min : Int64($0)) })
    #expect(x.cast(to: .bool).scalars(Bool.self) == expected.map { $0 != 0 })
    #expect(throws: TensorError.self) { try checked { x.cast(to: .int32) } }
    #expect(
      dtype == .float16
        || Self.patterns.allSatisfy { BFloat16(bitPattern: $0).double.isNaN || BFloat16(bitPattern: $0).double == expected[Int($0)] })
  }

  /// Between two neighbours: the middle goes to the even one, what lies next to it to the nearer one.
  @Test(arguments: halves) func roundsOnceToTheNearest(_ dtype: DType) {
    let numbers = Self.numbers(dtype)
    let isEven = Dictionary(Self.patterns.map { (Self.value($0, dtype), $0 & 1 == 0) }) { a, _ in a }
    var (x, expected): ([Double], [Double]) = ([], [])
    for i in 1..<numbers.count {
      let (low, high) = (numbers[i - 1], numbers[i])
      let middle = (low + high) / 2
      x += [middle, middle.nextUp, middle.nextDown, low.nextUp, high.nextDown]
      expected += [isEven[low]! ? low : high, high, low, low, high]
    }
    // Beyond the largest number: from half a step on it is infinite.
    let step = numbers[numbers.count - 1] - numbers[numbers.count - 2]
    let end = numbers.last! + step / 2
    x += [end, end.nextDown, -end, 1e300, -.infinity, -0x1p-1063]
    expected += [.infinity, numbers.last!, -.infinity, .infinity, -.infinity, 0]
    let y = Tensor(x).cast(to: dtype).scalars(Double.self)
    let wrong = zip(x, zip(y, expected)).first { $1.0 != $1.1 }
    #expect(wrong == nil)
    let single = x.filter { Double(Float($0)) == $0 }
    #expect(Tensor(single).cast(to: .float32).cast(to: dtype).scalars(Double.self) == Tensor(single).cast(to: dtype).scalars(Double.self))
    #expect(zip(x, expected).allSatisfy { dtype == .float16 || BFloat16($0).double == $1 })
  }

  /// Integers that float32 and float64 would round before.
  @Test func integersAreRoundedOnce() {
    let x: [Int64] = [
      (1 << 61) + (1 << 53) + 1, (1 << 61) + (1 << 53), (1 << 61) + (1 << 53) - 1, -(1 << 61) - (1 << 53) - 1, .max, .min, 257, 258, 259,
    ]
    let step: Int64 = 1 << 54
    let expected: [Int64] = [(1 << 61) + step, 1 << 61, 1 << 61, -(1 << 61) - step]
    let y = Tensor(x).cast(to: .bfloat16).scalars(Double.self)
    #expect(y == expected.map { Double($0) } + [0x1p63, -0x1p63, 256, 258, 260])
    #expect(
      Tensor([2049, 2050, 2051, 65519, 65520, -70000] as [Int32]).cast(to: .float16).scalars(Double.self) == [
        2048, 2050, 2052, 65504, .infinity, -.infinity,
      ])
  }

  @Test(arguments: halves) func numbersTakeTheDType(_ dtype: DType) {
    let x = Tensor([1, 2.5, -3], dtype)
    #expect(x.dtype == dtype && dtype.byteCount == 2 && dtype.isFloatingPoint)
    #expect((x + 1).scalars(Float.self) == [2, 3.5, -2] && (x + 1).dtype == dtype)
    #expect((x * [2, 2, 2]).dtype == dtype)
    #expect("\(x)" == "[ 1.0,  2.5, -3.0] (\(dtype))")
    #expect(x.item(at: 1) == 2.5)
    #expect(Tensor.full([2], 0.1, dtype).item(at: 0) == Tensor(0.1, .float64).cast(to: dtype).item())
    #expect(Tensor.ones([3], dtype).sum().item() == 3 && Tensor.zeros([2, 2], dtype).scalars(Float.self) == [0, 0, 0, 0])
    #expect(Tensor.eye(2, nil, dtype).scalars(Float.self) == [1, 0, 0, 1])
    #expect(Tensor.arange(from: 0, to: 1, step: 0.25, dtype).scalars(Float.self) == [0, 0.25, 0.5, 0.75])
    #expect(Tensor.linspace(from: 0, to: 1, count: 5, dtype).scalars(Float.self) == [0, 0.25, 0.5, 0.75, 1])
    #expect(throws: TensorError.self) { try checked { x + Tensor([1, 2, 3], .float64) } }
    #expect(throws: TensorError.self) { try checked { x + Tensor.ones([3]) } }
    var y = x
    y += x
    y *= 2
    y[1] = 7
    y[y .< 0] = 0
    #expect(y.scalars(Float.self) == [4, 7, 0] && y.dtype == dtype && x.scalars(Float.self) == [1, 2.5, -3])
  }

  /// Sums of more numbers than the dtype can count are made in float32.
  @Test(arguments: halves) func sumsAreWide(_ dtype: DType) {
    #expect(Tensor.ones([4096], dtype).sum().item() == 4096)
    #expect(Tensor.full([100], 1000, dtype).mean().item() == 1000)
    let a = Tensor.ones([3, 3000], dtype)
    #expect((a • a.transposed()).scalars(Float.self).allSatisfy { $0 == (dtype == .float16 ? 3000 : 3008) })
  }

  @Test(arguments: halves) func randomNumbersStayInTheirRange(_ dtype: DType) {
    withSeed(1) {
      let x = Tensor.uniform([100_000], dtype)
      #expect(x.dtype == dtype && x.max().item() < 1 && x.min().item() >= 0)
      let y = Tensor.uniform([100_000], in: 0.1..<0.3, dtype)
      #expect(y.max().item() < 0.3)
      #expect(abs(Tensor.normal([100_000], dtype).cast(to: .float32).standardDeviation().item() - 1) < 0.02)
    }
  }

  /// Large copies, in every layout, on several threads: elements only move.
  @Test(arguments: halves) func copiesOfLargeTensors(_ dtype: DType) {
    let x = Tensor.arange(300 * 500).reshaped([300, 500]).cast(to: .float32)
    let halves = (x % 1000).cast(to: dtype)
    let floats = halves.cast(to: .float32)
    func same(_ f: (Tensor) -> Tensor) {
      let y = f(halves)
      #expect(y.dtype == dtype && Grid(y) == Grid(f(floats)))
    }
    same { concatenate([$0.transposed(), $0.transposed()], axis: 0) }
    same { $0.reversed(axes: 1).reshaped([-1]) }
    same { $0[0..., 3..<400].reshaped([-1]) }
    same { $0.take(Tensor([7, 3, 299]), axis: 0) }
    same { $0.take(Tensor([7, 3, 499]), axis: 1) }
    same { $0.gather(Tensor.zeros([300, 500], .int64) + 4, axis: 1) }
    same { $0.padded([(1, 2), (3, 4)], value: 7) }
    same { $0.padded([(1, 2), (3, 4)], mode: .reflect) }
    same { $0.rolled(by: [5, 7], axes: [0, 1]) }
    same { $0.lowerTriangle() }
    same { select($0 .> 500, $0, -1) }
    same { $0.expanded([2, 300, 500]).reshaped([-1]) }
    same {
      var y = $0
      y[5..<9] = 3
      y[Tensor([1, 2])] = $0[Tensor([200, 250])]
      return y
    }
  }

  @Test(arguments: halves) func gradientsAreOfTheDType(_ dtype: DType) {
    let x = Tensor([0.5, 2, -1], dtype)
    let slopes = gradient(at: x) { exp($0).sum() }
    #expect(slopes.dtype == dtype && Grid(slopes) == Grid(exp(x.cast(to: .float32)).cast(to: dtype)))
    // Of parts, of uses that add up, and to second order.
    let parts = gradient(at: x) { ($0[0] * $0[1] + $0[1] * 3).sum() }
    #expect(parts.scalars(Float.self) == [2, 3.5, 0])
    let second = gradient(at: x) { x in gradient(at: x) { ($0 * $0 * $0).sum() }.sum() }
    #expect(second.dtype == dtype && second.scalars(Float.self) == [3, 12, -6])
    // Large enough that float32's results would be put off.
    let large = Tensor.ones([300, 300], dtype) * 0.5
    #expect(gradient(at: large) { (tanh($0) * $0).mean() }.dtype == dtype)
    let rows = gradient(at: large) { $0[5].sum() + $0[Tensor([7, 7])].sum() }
    #expect(rows.sum().item() == 900 && rows[7, 0].item() == 2)
    var written = Tensor.zeros([300, 300], dtype)
    let pieces = gradient(at: large) { x in
      var y = written
      for i in 0..<300 { y[i] = x[i] * 2 }
      return y.sum(axis: 0).mean()
    }
    written = pieces
    #expect(Grid(pieces) == Grid(Tensor.full([300, 300], 2.0 / 300, dtype)))
  }

  @Test(arguments: halves) func filesKeepThem(_ dtype: DType) throws {
    let path = FileManager.default.temporaryDirectory.appending(path: "half-\(dtype)-\(UUID()).safetensors").path
    defer { try? FileManager.default.removeItem(atPath: path) }
    let x = Self.tensor(Self.patterns, dtype)
    try SafetensorsFile.write([("x", x.reshaped([256, 256]).transposed()), ("y", Tensor([1, 2]))], checksums: true, to: path)
    let file = try SafetensorsFile(path)
    #expect(file.entries.first { $0.name == "x" }?.elementType == (dtype == .float16 ? .float16 : .bfloat16))
    let kept = try file.tensor("x", as: dtype)
    #expect(kept.dtype == dtype && Self.bits(kept.transposed().reshaped([-1])) == Self.patterns)
    #expect(try file.tensor("x").dtype == .float32 && file.tensor("y", as: dtype).scalars(Float.self) == [1, 2])
    #expect(try file.tensor("x", as: .float64).dtype == .float64)
    let other: DType = dtype == .float16 ? .bfloat16 : .float16
    #expect(try file.tensor("x", as: other).dtype == other)
    let array = FileManager.default.temporaryDirectory.appending(path: "half-\(UUID()).npy").path
    defer { try? FileManager.default.removeItem(atPath: array) }
    if dtype == .float16 {
      try NPYFile.write(x, to: array)
      let read = try NPYFile(array)
      #expect(read.elementType == .float16 && read.tensor.dtype == .float16)
      #expect(zip(read.tensor.scalars(Float16.self), Self.patterns).allSatisfy { $0.isNaN || $0.bitPattern == $1 })
    } else {
      let error = #expect(throws: TensorError.self) { try checked { try NPYFile.write(x, to: array) } }
      #expect(error?.description.contains("bfloat16") == true)
    }
  }

  /// A model of 16-bit parameters: saved and loaded it is the same, and optimizers change it as float32 rounded once.
  @Test(arguments: halves) func modelsAndOptimizers(_ dtype: DType) throws {
    var model = withSeed(3) { Dense(4, 3) }
    model.updateParameters { _, value in value = value.cast(to: dtype) }
    let x = withSeed(4) { Tensor.normal([5, 4], dtype) }
    let path = FileManager.default.temporaryDirectory.appending(path: "half-model-\(UUID()).safetensors").path
    defer { try? FileManager.default.removeItem(atPath: path) }
    try model.save(to: path)
    var other = withSeed(5) { Dense(4, 3) }
    other.updateParameters { _, value in value = value.cast(to: dtype) }
    try other.load(from: path)
    #expect(Grid(other(x)) == Grid(model(x)) && other.weight.dtype == dtype)
    var wide = model
    wide.updateParameters { _, value in value = value.cast(to: .float32) }
    let slopes = gradient(at: &model) { model in (model(x) * model(x)).sum() }
    var wideSlopes = slopes
    wideSlopes.updateParameters { _, value in value = value.cast(to: .float32) }
    var (adam, wideAdam) = (Adam(learningRate: 0.01), Adam(learningRate: 0.01))
    adam.update(&model, along: slopes)
    wideAdam.update(&wide, along: wideSlopes)
    #expect(model.weight.dtype == dtype && Grid(model.weight) == Grid(wide.weight.cast(to: dtype)))
    #expect(model.bias?.dtype == dtype)
    var compiled = model.compiled()
    #expect(Grid(compiled(x)) == Grid(model(x)))
    #expect(Grid(compiled(x)) == Grid(model(x)))
  }
}

extension Tensor {
  /// An element of a vector, as a Double.
  fileprivate func item(at i: Int) -> Double { self[i].item() }
}
