/// A window that slides over spatial axes, worked out in plain Swift: which inputs each place sees.
struct WindowReference: Sendable {
  var input: [Int]
  var output: [Int]
  var window: [Int]
  var stride: [Int]
  var before: [Int]
  var dilation: [Int]

  init(_ input: [Int], to output: [Int], window: [Int], stride: [Int]? = nil, before: [Int]? = nil, dilation: [Int]? = nil) {
    self.input = input
    self.output = output
    self.window = window
    self.stride = stride ?? input.map { _ in 1 }
    self.before = before ?? input.map { _ in 0 }
    self.dilation = dilation ?? input.map { _ in 1 }
  }

  /// Each element that a place sees: the place, the element, and the place in the window, all in row-major order.
  var links: [(output: Int, input: Int, tap: Int)] {
    var links = [(output: 0, input: 0, tap: 0)]
    for axis in input.indices {
      links = links.flatMap { link in
        (0..<output[axis]).flatMap { i in
          (0..<window[axis]).compactMap { k in
            let place = i * stride[axis] - before[axis] + k * dilation[axis]
            if place < 0 || place >= input[axis] { return nil }
            return (link.output * output[axis] + i, link.input * input[axis] + place, link.tap * window[axis] + k)
          }
        }
      }
    }
    return links
  }

  /// Calls `body` with the positions, in x [batch, channels, …], a weight [outputs, channels / groups, …] and y [batch, outputs, …], of all that a
  /// convolution multiplies.
  func forEachProduct(
    batch: Int, channels: Int, outputs: Int, groups: Int, _ body: (_ x: Int, _ weight: Int, _ y: Int) -> Void
  ) {
    let (inputs, places, taps) = (input.reduce(1, *), output.reduce(1, *), window.reduce(1, *))
    let links = links
    for n in 0..<batch {
      for o in 0..<outputs {
        for c in 0..<channels / groups {
          let channel = o / (outputs / groups) * (channels / groups) + c
          for link in links {
            body(
              (n * channels + channel) * inputs + link.input, (o * (channels / groups) + c) * taps + link.tap,
              (n * outputs + o) * places + link.output)
          }
        }
      }
    }
  }

  /// A function of the elements that each place of the last axes sees, with their positions in the plane.
  func pooled(_ x: Grid, _ function: ([(position: Int, value: Double)]) -> Double) -> Grid {
    let (inputs, places) = (input.reduce(1, *), output.reduce(1, *))
    let links = links
    let shape = Array(x.shape.dropLast(input.count))
    var values: [Double] = []
    for plane in 0..<shape.reduce(1, *) {
      var seen = Array(repeating: [(position: Int, value: Double)](), count: places)
      for link in links { seen[link.output].append((link.input, x.values[plane * inputs + link.input])) }
      values += seen.map { list in function(list.sorted { $0.position < $1.position }) }
    }
    return Grid(shape + output, values)
  }
}
