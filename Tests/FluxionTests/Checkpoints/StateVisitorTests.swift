import Fluxion
import Testing

/// What is found by reflection, written down and given back.
@Suite struct StateVisitorTests {
  enum Phase: String { case early, late }
  struct Part: Resumable, Equatable {
    var count = 0
  }

  /// One variable of every kind that is kept.
  struct Everything: Resumable {
    let constant: Int
    var closure: @Sendable (Double) -> Double = { $0 }
    var optionalClosure: (@Sendable () -> Void)?
    var number = 0.1
    var integer: Int32 = -7
    var seed = UInt64.max
    var text = "a \"b\"\n\\"
    var isOn = true
    var phase = Phase.late
    var tensor = Tensor([1, 2], .int64)
    var stream = RandomStream(seed: 3, position: 8)
    var layer = Dense(2, 1)
    var part = Part(count: 4)
    var something: any Schedule = Falling(rate: 0.5)
    var many: [any Schedule] = [Falling(rate: 0.25), Falling(rate: 0.125)]
    var none: Double? = nil
    var some: Double? = .infinity
    var nested: [[Tensor]?] = [nil, [Tensor([3.0], .float64)], []]
    var table: [String: Tensor] = ["b.c": Tensor([1.0], .float64), "a": Tensor([2.0], .float64)]
    var byNumber: [Int: [String]] = [2: ["x", "y"], -1: []]
    init(_ constant: Int) { self.constant = constant }
  }

  struct Falling: Schedule {
    var rate: Double
    func rate(at step: Int) -> Double { rate }
  }

  @Test func everyKindOfVariableComesBack() throws {
    var all = withSeed(1) { Everything(1) }
    var writer = StateVisitor()
    writer.part(&all, "all")
    var other = withSeed(2) { Everything(2) }
    (other.number, other.integer, other.seed, other.text, other.isOn, other.phase) = (1, 1, 1, "", false, .early)
    (other.tensor, other.stream, other.part.count, other.some, other.none) = (Tensor([0.5], .float64), RandomStream(seed: 9), 0, nil, 3)
    (other.something, other.many) = (Falling(rate: 9), [Falling(rate: 9), Falling(rate: 9)])
    (other.nested, other.table, other.byNumber) = ([], ["z": Tensor([0], .int64)], [:])
    var reader = StateVisitor(restoring: InMemoryTensors(writer.tensors, metadata: writer.values))
    reader.part(&other, "all")
    try reader.finish("Everything")
    #expect(other.constant == 2)
    #expect(other.number == 0.1 && other.integer == -7 && other.seed == .max && other.text == "a \"b\"\n\\" && other.isOn)
    #expect(other.phase == .late && other.tensor.scalars(Int.self) == [1, 2] && other.stream == RandomStream(seed: 3, position: 8))
    #expect(same(other.layer.parameters, all.layer.parameters))
    #expect(other.part == Part(count: 4) && other.something.rate(at: 0) == 0.5 && other.many.map { $0.rate(at: 0) } == [0.25, 0.125])
    #expect(other.none == nil && other.some == .infinity)
    #expect(other.nested.map { $0?.map { $0.scalars(Double.self) } } == [nil, [[3]], []])
    #expect(other.table.mapValues { $0.scalars(Double.self) } == ["b.c": [1], "a": [2]] && other.byNumber == [2: ["x", "y"], -1: []])
    var again = StateVisitor()
    again.part(&other, "all")
    #expect(again.values == writer.values && same(again.tensors, writer.tensors))
  }

  // MARK: What would be lost

  struct Lost: Resumable {
    struct Plain { var x = 1 }
    var plain = Plain()
  }
  final class Shared: Resumable, @unchecked Sendable { var x = 1 }

  @Test func whatCannotBeKeptIsAMistake() {
    let cases: [(any Resumable, String)] = [
      (Lost(), "Resumable: plain of Lost is a Plain, which is not kept; a let, a type that is Resumable"),
      (Shared(), "Resumable: Shared is not a struct; a struct's variables are found, another type writes visitState by hand"),
    ]
    for (value, sentence) in cases {
      #expect {
        try checked {
          var (value, visitor) = (value, StateVisitor())
          visitor.part(&value, "value")
        }
      } throws: { "\($0)".contains(sentence) }
    }
  }

  // MARK: Lies

  struct Kept: Resumable {
    var count = 3
    var list: [Int] = [1, 2]
    var parts = [Part(count: 1)]
    var phase = Phase.early
    var bytes: UInt8 = 1
    var tensor = Tensor([1.0], .float64)
  }

  @Test func whatDoesNotFitIsNamed() {
    let rows: [([String: String?], String)] = [
      (["kept.count": nil], "missing kept.count"),
      (["kept.count": "many"], "kept.count is \"many\", which is no Int"),
      (["kept.count": "9223372036854775807"], "kept.count is 9223372036854775807, which nothing counts to"),
      (["kept.count": String(repeating: "9", count: 100)], "kept.count is \"\(String(repeating: "9", count: 40))\", which is no Int"),
      (["kept.list.count": "-1"], "kept.list.count is -1 and not a number of names that there are"),
      (["kept.list.count": "1000000000"], "kept.list.count is 1000000000 and not a number of names that there are"),
      (["kept.list.count": "9223372036854775807"], "kept.list.count is 9223372036854775807, which nothing counts to"),
      (["kept.list.count": "3"], "missing kept.list.2"),
      (["kept.list.1": "x"], "kept.list.1 is \"x\", which is no Int"),
      (["kept.parts.count": "2"], "kept.parts.count is 2 and not 1"),
      (["kept.phase": "never"], "kept.phase is never, which is no Phase"),
      (["kept.bytes": "256"], "kept.bytes is \"256\", which is no UInt8"),
      (["kept.count": nil, "kept.bytes": "x"], "missing kept.count; kept.bytes is \"x\", which is no UInt8"),
    ]
    for (changes, part) in rows {
      var (kept, writer) = (Kept(), StateVisitor())
      writer.part(&kept, "kept")
      var values = writer.values
      for (name, value) in changes { values[name] = value }
      var reader = StateVisitor(restoring: InMemoryTensors(writer.tensors, metadata: values))
      reader.part(&kept, "kept")
      #expect { try reader.finish("Kept") } throws: { "\($0)" == "memory does not fit Kept: \(part)" }
    }
  }

  @Test func tensorsTooManyOrTooFewAreNamed() {
    var (kept, writer) = (Kept(), StateVisitor())
    writer.part(&kept, "kept")
    for (tensors, part) in [([], "missing kept.tensor"), (writer.tensors + [("other", Tensor([1], .int64))], "unexpected other")] {
      var reader = StateVisitor(restoring: InMemoryTensors(tensors, metadata: writer.values))
      reader.part(&kept, "kept")
      #expect { try reader.finish("Kept") } throws: { "\($0)" == "memory does not fit Kept: \(part)" }
    }
  }
}
