import Foundation
import Pretrained

/// One folder of a tokenizer with cases.jsonl.
struct TokenizerCheck {
  let folder: String
  /// How many differences are told.
  let shown: Int

  init(_ folder: String, shown: Int) { (self.folder, self.shown) = (folder, shown) }

  private struct Case: Decodable {
    let text: String
    let pair: String?
    let ids: [Int]
    let tokens: [String]?
    let offsets: [[Int]]?
    let decoded: String?
    let typeIDs: [Int]?

    enum CodingKeys: String, CodingKey {
      case text, pair, ids, tokens, offsets, decoded
      case typeIDs = "type_ids"
    }
  }

  func run() throws -> (isPass: Bool, text: String) {
    let tokenizer = try Tokenizer(from: folder)
    let lines = try String(contentsOfFile: folder + "/cases.jsonl", encoding: .utf8).split(separator: "\n")
    var (total, differences) = (0, [String]())
    for line in lines {
      let wanted = try JSONDecoder().decode(Case.self, from: Data(line.utf8))
      total += 1
      let found = try tokenizer.encode(wanted.text, pair: wanted.pair)
      var problem: String?
      if found.ids != wanted.ids {
        problem = "ids \(found.ids) \(found.tokens), not \(wanted.ids) \(wanted.tokens ?? [])"
      } else if let tokens = wanted.tokens, !zip(tokens, found.tokens).allSatisfy({ $0.utf8.elementsEqual($1.utf8) }) {
        problem = "tokens \(found.tokens), not \(tokens)"
      } else if let offsets = wanted.offsets, offsets != found.offsets.map({ [$0.start, $0.end] }) {
        problem = "offsets \(found.offsets.map { [$0.start, $0.end] }), not \(offsets) of \(found.tokens)"
      } else if let types = wanted.typeIDs, types != found.typeIDs {
        problem = "type ids \(found.typeIDs), not \(types)"
      } else if let decoded = wanted.decoded {
        let text = try tokenizer.decode(found.ids)
        if !text.utf8.elementsEqual(decoded.utf8) { problem = "decoded \(text.debugDescription), not \(decoded.debugDescription)" }
      }
      if let problem { differences.append("\n  \(wanted.text.debugDescription): \(problem)") }
    }
    let told = differences.prefix(shown).joined()
    return (differences.isEmpty && total > 0, "\(total - differences.count) of \(total) texts equal\(told)")
  }
}
