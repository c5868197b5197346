import Fluxion
import Foundation

/// Where each character of a translation came from: a row for each, a column for each character of the input.
struct AttentionPicture {
  private let translation: Translation
  private let rows: [[Float]]

  init(_ translation: Translation) {
    self.translation = translation
    rows = (0..<translation.result.count).map { translation.attention[$0].scalars(Float.self) }
  }

  /// For a terminal: the darker, the more.
  var text: String {
    let shades: [Character] = [" ", "░", "▒", "▓", "█"]
    func line(_ name: Character, _ cells: [String]) -> String { "    \(name) │" + cells.joined() + "│" }
    let rule = String(repeating: "─", count: 2 * translation.text.count)
    var lines = ["       " + translation.text.map { "\($0) " }.joined(), "      ┌\(rule)┐"]
    for (character, weights) in zip(translation.result, rows) {
      lines.append(
        line(
          character,
          weights.map { weight in
            let shade = shades[min(4, Int((weight * 5).rounded(.down)))]
            return "\(shade)\(shade)"
          }))
    }
    return (lines + ["      └\(rule)┘"]).joined(separator: "\n")
  }

  /// As an image.
  var svg: String {
    let (cell, left, top) = (30, 84, 128)
    let (columns, count) = (translation.text.count, rows.count)
    let (width, height) = (left + columns * cell + 40, top + count * cell + 44)
    var parts = [
      """
      <svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 \(width) \(height)" width="\(width)" height="\(height)" \
      font-family="Inter, 'Segoe UI', 'Helvetica Neue', Arial, 'DejaVu Sans', sans-serif" font-size="13">
      <title>Attention: \(escaped(translation.text)) becomes \(escaped(translation.result))</title>
      <rect width="\(width)" height="\(height)" rx="8" fill="#ffffff"/>
      <text x="32" y="42" font-size="20" font-weight="600" fill="#1f2937">Where each character came from</text>
      <text x="32" y="64" fill="#6b7280">\(escaped(translation.text)) → \(escaped(translation.result))</text>
      """
    ]
    func letter(_ character: Character, _ x: Int, _ y: Int) -> String {
      "<text x=\"\(x)\" y=\"\(y)\" text-anchor=\"middle\" font-size=\"15\" fill=\"#1f2937\" "
        + "font-family=\"'JetBrains Mono', Menlo, Consolas, 'DejaVu Sans Mono', monospace\">\(escaped(String(character)))</text>"
    }
    for (j, character) in translation.text.enumerated() where character != " " {
      parts.append(letter(character, left + j * cell + cell / 2, top - 12))
    }
    for (i, (character, weights)) in zip(translation.result, rows).enumerated() {
      let y = top + i * cell
      parts.append(letter(character, left - 20, y + cell / 2 + 5))
      for (j, weight) in weights.enumerated() {
        let place = "x=\"\(left + j * cell + 1)\" y=\"\(y + 1)\" width=\"\(cell - 2)\" height=\"\(cell - 2)\" rx=\"4\""
        parts.append("<rect \(place) fill=\"\(color(Double(weight)))\"><title>\(String(format: "%.3f", weight))</title></rect>")
      }
    }
    return parts.joined(separator: "\n") + "\n</svg>\n"
  }

  /// From a light gray to a dark blue, so that a weight of a tenth is seen.
  private func color(_ weight: Double) -> String {
    let t = min(max(weight, 0), 1).squareRoot()
    func mix(_ from: Double, _ to: Double) -> Int { Int((from + (to - from) * t).rounded()) }
    return String(format: "#%02x%02x%02x", mix(243, 30), mix(244, 64), mix(246, 175))
  }

  private func escaped(_ text: String) -> String {
    [("&", "&amp;"), ("<", "&lt;"), (">", "&gt;")].reduce(text) { $0.replacingOccurrences(of: $1.0, with: $1.1) }
  }
}
