import Fluxion
import Testing

/// The code of Guides/Tensors.md, compiled and run.
@Suite struct TensorsGuideTests {
  private let a: Tensor = [[1, 2, 3], [4, 5, 6]]
  private let ids = Tensor([3, 1, 2], .int64)

  @Test func making() {
    let a: Tensor = [[1, 2, 3], [4, 5, 6]]  // float32 [2, 3], as every literal of numbers
    let ids = Tensor([3, 1, 2], .int64)  // a literal with its dtype
    let flags = Tensor([true, false])  // bool
    let measured: [Double] = [0.5, 1.5]
    let doubles = Tensor(measured)  // an array keeps its type: float64
    let square = Tensor([1, 2, 3, 4], shape: [2, 2])
    let (zeros, twos, like) = (Tensor.zeros([2, 3]), Tensor.full([2], 2), Tensor.ones(like: a))
    let (steps, line) = (Tensor.arange(5), Tensor.linspace(from: 0, to: 1, count: 5))  // int64 and float32
    let (noise, dice) = (Tensor.normal([2, 3]), Tensor.arange(from: 1, to: 7)[Tensor.permutation(6)])
    #expect([a, ids, flags, doubles, square].map(\.dtype) == [.float32, .int64, .bool, .float64, .float32])
    #expect(
      [zeros, twos, like, steps, line, noise, dice].map(\.dtype) == [.float32, .float32, .float32, .int64, .float32, .float32, .int64])
  }

  @Test func dtypes() {
    let mask = ids .== [3, 0, 2]  // the literal is int64, as ids is
    let columns = a.take([2, 0], axis: 1)  // positions: int64
    let halves = ids.cast(to: .float32) / 2
    let pairs = floorDivide(ids, 2)  // int64; truncatingDivide rounds towards 0, % is the remainder of the floor
    #expect(mask.scalars(Bool.self) == [true, false, true] && columns.shape == [2, 2])
    #expect(halves.scalars() == [1.5, 0.5, 1] as [Float] && pairs.scalars() == [1, 0, 1])
    let sentences = [
      "/: not defined for int64, only for float32, float64; convert with .cast(to:), or use floorDivide or truncatingDivide",
      "*: 0.5 is not a value of int64; convert the tensor with .cast(to: .float32)",
    ]
    for (sentence, wrong) in zip(sentences, [{ ids / 2 }, { ids * 0.5 }]) {
      #expect { try checked { wrong() } } throws: { "\($0)" == sentence }
    }
  }

  @Test func complexNumbers() {
    let z = complex([3, 0], [4, 1])  // 3 + 4i and i, complex64
    let (sizes, angles) = (abs(z), z.angle)  // [5, 1] and [0.9273, 1.5708]
    let turned = z * polar([1], [1.5707963])  // by a quarter: [-4 + 3i, -1]
    let parts = turned.viewAsReal()  // [2, 2]: real and imaginary parts, a view; .real and .imag are views, too
    let slope = gradient(at: z) { z in (z * z.conjugate()).real.sum() }  // 2·z
    #expect(sizes.isClose(to: [5, 1]) && angles.isClose(to: [0.92729522, 1.5707963]))
    #expect(parts.isClose(to: [[-4, 3], [-1, 0]], absolute: 1e-6) && slope.isClose(to: z * 2))
  }

  @Test func reading() {
    print(a.shape, a.rank, a.shape.elementCount, a.dtype)  // [2, 3] 2 6 float32
    let total = a.sum().item()  // a Double, of a tensor with one element
    let first = ids[0].item(as: Int.self)
    let numbers = a.scalars(Double.self)  // row by row, of any dtype that holds them
    let floats = [Float](a)
    let mean = a.withElements(Float.self) { row in row.reduce(0, +) / Float(row.count) }  // no copy
    let agrees = a.isClose(to: a + 1e-7) && (a .> 0).all().item(as: Bool.self)
    #expect(total == 21 && first == 3 && numbers.count == 6 && floats[5] == 6 && mean == 3.5 && agrees)
  }

  @Test func indexing() {
    let x = Tensor.arange(24).reshaped([2, 3, 4])
    let parts = [
      x[0],  // [3, 4]; x[-1] is the last
      x[.all, 1..<3],  // [2, 2, 4]
      x[.ellipsis, 0],  // [2, 3]
      x[.newAxis],  // [1, 2, 3, 4]
      x[.all, .stride(by: -1)],  // [2, 3, 4], backwards
      x[.all, .all, Tensor([2, 0])],  // [2, 3, 2]: positions, a copy
      x[x .> 20],  // [3]: a mask, a copy
      x[axis: 2, 1],  // [2, 3]: along one axis, known at run time
    ]
    #expect(parts.map(\.shape) == [[3, 4], [2, 2, 4], [2, 3], [1, 2, 3, 4], [2, 3, 4], [2, 3, 2], [3], [2, 3]])
  }

  @Test func writing() {
    var w = Tensor.zeros([3, 4])
    w[0, 1] = 5  // a number takes the tensor's dtype
    w[1] = Tensor.ones([4]) * 2
    w[.all, -1] = [7, 8, 9]
    w[w .== 2] = -1
    w[axis: 1, Tensor([0, 2])] += 0.5
    print(w)
    // [[ 0.5,  5.0,  0.5,  7.0],
    //  [-0.5, -1.0, -0.5,  8.0],
    //  [ 0.5,  0.0,  0.5,  9.0]]
    let counted = w.adding([1, 1, 1], at: Tensor([0, 0, 2]), 0)  // w[0, 0] + 2, w[2, 0] + 1: places may repeat
    let chosen = select(w .> 0, w, 0)  // PyTorch's where
    #expect("\(w)" == "[[ 0.5,  5.0,  0.5,  7.0],\n [-0.5, -1.0, -0.5,  8.0],\n [ 0.5,  0.0,  0.5,  9.0]]")
    #expect(counted[.all, 0].scalars() == [2.5, -0.5, 1.5] as [Float] && chosen.min().item() == 0)
  }

  @Test func values() {
    let original: Tensor = [[1, 2], [3, 4]]
    var copy = original  // no element is copied
    copy[0, 0] = 9  // they are now
    let row = original[0]  // shows original's memory
    let turned = original.transposed()
    print(original[0, 0], row, turned[0])  // 1 [1, 2] [1, 3]
    #expect("\(original[0, 0]) \(row) \(turned[0]) \(copy[0, 0])" == "1 [1, 2] [1, 3] 9")
  }

  @Test func broadcasting() {
    let row: Tensor = [10, 20, 30], column: Tensor = [[1], [2]]
    print(row + column)  // [[11, 21, 31], [12, 22, 32]]
    let centred = a - a.mean(axis: 1, keepDims: true)
    let distances = (a.unsqueezed(axis: 1) - a.unsqueezed(axis: 0)).squared.sum(axis: -1)  // [2, 2]
    #expect(centred.sum().item() == 0 && distances.shape == [2, 2])
  }

  @Test func printing() {
    print(Tensor([0.5, 1, 1e-3]), Tensor([1, 2], .int64))  // [0.500, 1.000, 0.001] [1, 2] (int64)
    debugPrint(a)  // Tensor([2, 3], float32), and the elements
    print(Tensor.zeros([40, 40]).shape)  // a long axis prints as its first and last three
    #expect("\(Tensor([0.5, 1, 1e-3])) \(Tensor([1, 2], .int64))" == "[0.500, 1.000, 0.001] [1, 2] (int64)")
  }

  @Test func memory() {
    Memory.resetPeak()
    let large = Tensor.zeros([1024, 1024])
    print(large.shape, Memory.liveBytes, Memory.peakBytes, Memory.cachedBytes)  // now, at most, in the pool
    #expect(large.shape == [1024, 1024])
  }

  @Test func spectra() {
    let rate = 8000.0
    let time = Tensor.arange(8000).cast(to: .float32) / rate
    let sound = sin(time * (2 * Double.pi * 440)) + 0.5 * sin(time * (2 * Double.pi * 1000))
    let spectrum = rfft(sound)  // complex64 [4001]: half of the numbers, as those of a real signal mirror each other
    let loudest = rfftfreq(8000, spacing: 1 / rate)[abs(spectrum).argmax()]  // 440
    let again = irfft(spectrum, length: 8000)  // the sound
    let low = irfft(spectrum * (rfftfreq(8000, spacing: 1 / rate) .< 700).cast(to: .complex64))  // without its upper tone
    let window = Tensor.window(.hann, count: 256, isPeriodic: true)
    let spectrogram = abs(stft(sound, size: 256, hop: 64, window: window))  // [129, 126]: frequencies, frames
    #expect(loudest.item() == 440 && again.isClose(to: sound, absolute: 1e-5) && spectrogram.shape == [129, 126])
    #expect(low.isClose(to: sin(time * (2 * Double.pi * 440)), absolute: 1e-3) && spectrum.dtype == .complex64)
  }
}
