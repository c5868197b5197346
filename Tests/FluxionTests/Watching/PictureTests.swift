import Fluxion
import Foundation
import Testing

#if canImport(FoundationXML)
  import FoundationXML
#endif

/// Profiles and summaries as pictures.
@Suite struct PictureTests {
  private let net = withSeed(1) {
    Chain {
      Dense(4, 8, activation: relu)
      Repeat(3) { Dense(8, 8, activation: tanh) }
      Dense(8, 2)
    }
  }

  /// Whether a parser of XML takes it.
  private func isXML(_ text: String) -> Bool { XMLParser(data: Data(text.utf8)).parse() }

  @Test func aProfile() throws {
    var model = net
    var optimizer = Adam()
    let (x, y) = (Tensor.ones([3, 4]), Tensor([0, 1, 1], .int64))
    let (_, profile) = profile {
      let slopes = gradient(at: &model) { model in crossEntropy(model(x), y) }
      optimizer.update(&model, along: slopes)
      _ = [sin(x), cos(x), exp(x), tanh(x), abs(x), log1p(x), sigmoid(x), sqrt(x), sign(x), floor(x)].map { $0.sum().item() as Double }
    }
    let svg = profile.svg(title: "A step <1>")
    #expect(isXML(svg) && svg.contains("A step &lt;1&gt;"))
    for text in ["By operator", "By model part", "forward", "backward", "update", "between operators", "layers.0 (Dense)", " others<"] {
      #expect(svg.contains(text), "\(text)")
    }
    let names = Set(profile.operators.prefix(8).map(\.operation))
    for name in names { #expect(svg.contains(">\(name.prefix(21))"), "\(name)") }
    let (_, empty) = Fluxion.profile {}
    #expect(isXML(empty.svg(title: "nothing")))
  }

  @Test func aSummary() throws {
    let svg = try net.summary(for: [1, 4]).svg(title: "A & B")
    #expect(isXML(svg) && svg.contains("A &amp; B"))
    for text in ["layers.0 (Dense)", "[1, 8]", "274 parameters", "multiply-adds", "×3"] { #expect(svg.contains(text), "\(text)") }
  }

  private let transformer = Chain {
    Embedding(9, 8)
    Repeat(2) { TransformerEncoderBlock(8, heads: 2, hidden: 16) }
    Dense(8, 9)
  }

  @Test func longPathsAreToldApart() {
    let (_, profile) = profile { _ = transformer.predict([[1, 2, 3]]) }
    let svg = profile.svg(title: "A forward")
    let labels = svg.matches(of: /text-anchor="end">([^<]*)</).map { String($0.1) }
    let parts = labels[(labels.firstIndex(of: "between operators")! + 1)...]
    #expect(Set(parts).count == parts.count && parts.allSatisfy { $0.count <= 22 }, "\(parts)")
    #expect(parts.contains("…1.layers.0.self_attn") && parts.contains("…1.layers.1.self_attn"), "\(parts)")
  }

  @Test func boxesOfASummaryDoNotCross() throws {
    let svg = try transformer.summary(for: [1, 4], .int64).svg(title: "A transformer")
    let boxes = svg.matches(of: /<rect x="([\d.]+)" y="([\d.]+)" width="([\d.]+)" height="([\d.]+)" rx="6"/).map { match in
      let (x, y, width, height) = (Double(match.1)!, Double(match.2)!, Double(match.3)!, Double(match.4)!)
      return (left: x, top: y, right: x + width, bottom: y + height)
    }
    #expect(boxes.count > 10)
    for (i, a) in boxes.enumerated() {
      for b in boxes[(i + 1)...] {
        let isInside = a.left < b.left && a.top < b.top && b.right < a.right && b.bottom < a.bottom
        #expect(isInside || a.bottom < b.top, "\(a) \(b)")
      }
    }
  }
}
