import Tensors

extension WriterTable {
  static let convolutions: [WriterRow] = [
    .named("Convolution") { (call) throws(ONNXError) in
      let window = try WrittenWindow(call)
      var names: [String] = []
      for i in 0..<call.operandCount { names.append(try call.name(i)) }
      return call.graph.node("Conv", names, try window.attributes.merging(["group": .int(call.int("groups"))]) { $1 })
    },
    .named("ConvolutionInput") { (call) throws(ONNXError) in
      let window = try WrittenWindow(call)
      var attributes = window.attributes
      attributes["group"] = .int(try call.int("groups"))
      attributes["output_padding"] = .ints(try window.outputPadding(call))
      return call.graph.node("ConvTranspose", [try call.name(0), try call.name(1)], attributes)
    },
    .named("Columns") { (call) throws(ONNXError) in
      // A convolution whose filters each pick one place of the window.
      let window = try WrittenWindow(call)
      let flat = try call.planes(0, window.axes)
      let y = call.graph.node("Conv", [flat, window.oneHot(call)], window.attributes)
      return try call.graph.reshape(y, [], call.resultSizes, among: [call.value(0)])
    },
    .named("ColumnsAdded") { (call) throws(ONNXError) in
      let window = try WrittenWindow(call)
      let places = try call.sizes(at: "geometry.raw.output").suffix(window.axes)
      let count = Size(call.nodes.map { _ in window.window.reduce(1, *) })
      let channels = try call.fixed(call.sizes(0)[call.sizes(0).count - 2], "the number of channels") / Swift.max(1, count.example)
      let lead = (Array(call.sizes(0).dropLast(2)) + [Size(call.nodes.map { _ in channels })]).count(call.nodes.count)
      let columns = try call.graph.reshape(try call.name(0), call.sizes(0), [lead, count] + places, among: [call.value(0)])
      var attributes = window.attributes
      attributes["output_padding"] = .ints(try window.outputPadding(call))
      let y = call.graph.node("ConvTranspose", [columns, window.oneHot(call)], attributes)
      return try call.graph.reshape(y, [], call.resultSizes, among: [call.value(0)])
    },
  ]

  static let pools: [WriterRow] = [
    .named("MaxPool") { (call) throws(ONNXError) in
      if try call.isAdaptive { return try call.adaptivelyPooled("ReduceMax") }
      return try call.pooled { window, x in call.graph.node("MaxPool", [x], window.poolAttributes) }
    },
    .named("MaxPoolPositions") { (call) throws(ONNXError) in
      if try call.isAdaptive { throw ONNXError(message: "over parts of an image has no form in ONNX's operators") }
      let plane = try call.fixed(
        Array(try call.sizes(at: "geometry.raw.input").suffix(try call.int("geometry.axes"))).count(call.nodes.count),
        "the size of an image")
      return try call.pooled { window, x in
        // Positions count on through all planes.
        let places = call.graph.node("MaxPool", [x], window.poolAttributes, outputs: 2)[1]
        return call.graph.node("Mod", [places, call.graph.whole(Int64(plane), .int64)])
      }
    },
    .named("MeanPool") { (call) throws(ONNXError) in
      if try call.isAdaptive { return try call.adaptivelyPooled("ReduceMean") }
      let (divisor, counts) = (try call.int("divisor"), try call.bool("countsPadding"))
      return try call.pooled { window, x in
        var attributes = window.poolAttributes
        attributes["count_include_pad"] = .int(counts || divisor != 0 ? 1 : 0)
        let y = call.graph.node("AveragePool", [x], attributes)
        if divisor == 0 { return y }
        return call.graph.node("Mul", [y, call.graph.number(Double(window.window.reduce(1, *)) / Double(divisor), call.resultType)])
      }
    },
  ]

  static let sampling: [WriterRow] = [
    .named("Resample") { (call) throws(ONNXError) in
      // Weighted sums along one axis: a product with the matrix of the weights.
      let (size, count, taps) = (try call.int("table.size"), try call.int("table.count"), try call.int("table.taps"))
      let (places, weights) = (try call.ints("table.places"), try call.doubles("table.weights"))
      var matrix = [Double](repeating: 0, count: size * count)
      for i in 0..<count { for t in 0..<taps { matrix[places[i * taps + t] * count + i] += weights[i * taps + t] } }
      let weight = call.graph.constant(Tensor(matrix, shape: [size, count]).cast(to: call.resultType))
      let axis = try call.axis("axis")
      var order = Array(call.sizes(0).indices)
      order.append(order.remove(at: axis))
      let product = call.graph.node("MatMul", [call.graph.transpose(try call.name(0), order), weight])
      var back = order
      for (to, from) in order.enumerated() { back[from] = to }
      return call.graph.transpose(product, back)
    },
    .named("Sample") { (call) throws(ONNXError) in
      guard let at = call.tensor("places") else { throw ONNXError(message: "has no places") }
      return try call.sampled(try call.name(0), try call.name(1), at)
    },
    .named("CubicSample") { (call) throws(ONNXError) in
      guard let at = call.tensor("places") else { throw ONNXError(message: "has no places") }
      let graph = call.graph
      /// Keys' weights of the four neighbours for distances t behind the second, [batch, 4, points].
      func weights(_ t: String) -> String {
        func n(_ x: Double) -> String { graph.number(x, call.resultType) }
        func polynomial(_ x: String, _ c: [Double]) -> String {
          c.dropFirst().reduce(n(c[0])) { graph.node("Add", [graph.node("Mul", [$0, x]), n($1)]) }
        }
        let a = -0.75
        let (near, far) = ([a + 2, -(a + 3), 0, 1], [a, -5 * a, 8 * a, -4 * a])
        let one = n(1)
        let parts = [
          polynomial(graph.node("Add", [t, one]), far), polynomial(t, near), polynomial(graph.node("Sub", [one, t]), near),
          polynomial(graph.node("Sub", [n(2), t]), far),
        ]
        return graph.node("Concat", parts.map { graph.node("Unsqueeze", [$0, graph.integers([1])]) }, ["axis": .int(1)])
      }
      // Combinations of neighbours, the last axis's changing fastest.
      var product = weights(try call.name(1))
      for i in 2..<Swift.max(2, call.operandCount) {
        let next = graph.node("Unsqueeze", [weights(try call.name(i)), graph.integers([1])])
        let wide = graph.node("Mul", [graph.node("Unsqueeze", [product, graph.integers([2])]), next])
        product = try graph.reshape(
          wide, [], [call.sizes(at)[0], Size(call.nodes.map { _ in 1 << (2 * i) }), call.sizes(at)[2]], among: [call.value(at)])
      }
      return try call.sampled(try call.name(0), product, at)
    },
  ]
}

extension WriterCall {
  /// x [batch, channels, elements] at places [batch, taps, points] times weights, summed over the taps.
  fileprivate func sampled(_ x: String, _ weights: String, _ at: Int) throws(ONNXError) -> String {
    let taps = try fixed(sizes(at)[1], "the number of neighbours")
    let places = graph.cast(try name(at), dtype(at), .int64)
    let isOut = graph.node("Less", [places, graph.whole(0, .int64)])
    let counted = graph.node("Where", [isOut, graph.number(0, resultType), weights])
    let inside = graph.node("Max", [places, graph.whole(0, .int64)])
    let shape = try graph.shape(resultSizes, among: [value(0), value(at)])
    var sum: String?
    for tap in 0..<taps {
      let index = graph.node("Expand", [graph.slice(inside, axis: 1, tap, tap + 1), shape])
      let found = graph.node("GatherElements", [x, index], ["axis": .int(2)])
      let isNone = graph.slice(isOut, axis: 1, tap, tap + 1)
      let there = graph.node("Where", [isNone, graph.number(0, resultType), found])
      let part = graph.node("Mul", [there, graph.slice(counted, axis: 1, tap, tap + 1)])
      sum = sum.map { graph.node("Add", [$0, part]) } ?? part
    }
    guard let sum else { throw ONNXError(message: "has no neighbours") }
    return sum
  }

  /// Whether the last axes are cut into even parts, which windows of 0 say.
  fileprivate var isAdaptive: Bool {
    get throws(ONNXError) { try ints("geometry.raw.window").suffix(try int("geometry.axes")).contains(0) }
  }

  /// Parts of the last axes, from ⌊i·n/size⌋ up to ⌈(i + 1)·n/size⌉, reduced axis by axis.
  fileprivate func adaptivelyPooled(_ operation: String) throws(ONNXError) -> String {
    let axes = try int("geometry.axes")
    let (sizes, results) = (self.sizes(0), resultSizes)
    var name = try self.name(0)
    for axis in (sizes.count - axes)..<sizes.count where sizes[axis] != results[axis] {
      if results[axis].fixed == 1 {
        name = graph.node(operation, [name, graph.integers([axis])])
        continue
      }
      let (n, size) = (try fixed(sizes[axis], "how an image is cut into parts"), try fixed(results[axis], "how many parts there are"))
      var parts: [String] = []
      for i in 0..<size {
        let part = graph.slice(name, axis: axis, i * n / size, ((i + 1) * n + size - 1) / size)
        parts.append(graph.node(operation, [part, graph.integers([axis])]))
      }
      name = parts.count == 1 ? parts[0] : graph.node("Concat", parts, ["axis": .int(axis)])
    }
    return name
  }

  /// An operand as images of one channel: [planes, 1, …].
  fileprivate func planes(_ i: Int, _ axes: Int) throws(ONNXError) -> String {
    let sizes = sizes(i)
    let lead = Array(sizes.dropLast(axes)).count(nodes.count)
    return try graph.reshape(try name(i), sizes, [lead] + ones(1) + sizes.suffix(axes), among: [value(i)])
  }

  /// A pool over the last axes, of whatever rank the operand is.
  fileprivate func pooled(_ pool: (WrittenWindow, String) throws(ONNXError) -> String) throws(ONNXError) -> String {
    let window = try WrittenWindow(self)
    if sizes(0).count == window.axes + 2 { return try pool(window, try name(0)) }
    let y = try pool(window, try planes(0, window.axes))
    return try graph.reshape(y, [], resultSizes, among: [value(0)])
  }
}

/// A window's geometry as attributes.
struct WrittenWindow {
  let axes: Int
  let window: [Int]
  let stride: [Int]
  let dilation: [Int]
  let before: [Int]
  private(set) var after: [Int]
  private var roundsUp = false

  init(_ call: WriterCall) throws(ONNXError) {
    let axes = try call.int("geometry.axes")
    func last(_ name: String) throws(ONNXError) -> [Int] { Array(try call.ints("geometry.raw.\(name)").suffix(axes)) }
    self.axes = axes
    (window, stride, dilation) = (try last("window"), try last("stride"), try last("dilation"))
    (before, after) = (try last("before"), try last("after"))
    let inputs = try call.sizes(at: "geometry.raw.input").suffix(axes).map(\.values)
    let outputs = try call.sizes(at: "geometry.raw.output").suffix(axes).map(\.values)
    for axis in 0..<axes {
      let reach = (window[axis] - 1) * dilation[axis] + 1
      for (input, output) in zip(inputs[axis], outputs[axis]) {
        let room = input + before[axis] + after[axis] - reach
        if room >= 0, output != room / stride[axis] + 1 { roundsUp = true }
      }
    }
  }

  var attributes: [String: AttributeContent] {
    ["kernel_shape": .ints(window), "strides": .ints(stride), "dilations": .ints(dilation), "pads": .ints(before + after)]
  }
  var poolAttributes: [String: AttributeContent] { roundsUp ? attributes.merging(["ceil_mode": .int(1)]) { $1 } : attributes }

  /// What a transposed convolution adds behind the end, so that the image has its size.
  func outputPadding(_ call: WriterCall) throws(ONNXError) -> [Int] {
    let inputs = try call.sizes(at: "geometry.raw.input").suffix(axes)
    let outputs = try call.sizes(at: "geometry.raw.output").suffix(axes)
    return try zip(inputs, outputs).enumerated().map { (axis, sizes) throws(ONNXError) in
      let reach = (window[axis] - 1) * dilation[axis] + 1
      let least = Size(sizes.1.values.map { ($0 - 1) * stride[axis] + reach - before[axis] - after[axis] })
      return try call.fixed(sizes.0 - least, "the padding of the output")
    }
  }

  /// Filters that each pick one place of the window, [places, 1, …].
  func oneHot(_ call: WriterCall) -> String {
    let count = window.reduce(1, *)
    var elements = [Double](repeating: 0, count: count * count)
    for i in 0..<count { elements[i * count + i] = 1 }
    return call.graph.constant(Tensor(elements, shape: Shape([count, 1] + window)).cast(to: call.resultType))
  }
}
