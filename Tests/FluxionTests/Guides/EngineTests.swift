import Fluxion
import Testing

/// The code of Guides/Engine.md, compiled and run.
@Suite struct EngineGuideTests {
  @Test func theDoor() {
    let third = gradient(at: [2]) { x in
      gradient(at: x) { x in gradient(at: x) { x in pow(x, 4).sum() }.sum() }.sum()
    }
    #expect(third.item() == 48)
  }

  @Test func programs() {
    let smooth = Elementwise { x, y in log(exp(x) + exp(y)) }
    let (byX, byY) = gradient(at: [0, 1], [1, 0]) { x, y in smooth(x, y).sum() }
    #expect(distance(byX + byY, [1, 1]) < 1e-6)
  }

  @Test func models() {
    var net = Chain {
      Dense(4, 8, activation: relu); Dense(8, 2)
    }
    let slopes = gradient(at: &net) { net in net(.ones([1, 4])).sum() }
    print(slopes[parameter: "layers.1.bias"]!)  // [1, 1]
    #expect(slopes[parameter: "layers.1.bias"]!.scalars(Float.self) == [1, 1])
  }
}
