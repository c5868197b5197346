import Foundation
import Tensors

/// What the pictures are made of: elements of SVG as text, and their colours.
enum SVG {
  static let ink = "#1f2937"
  static let gray = "#6b7280"
  static let grid = "#e5e7eb"

  /// The beginning of an image with its title; `</svg>` has to end it.
  static func begin(width: Double, height: Double, title: String, subtitle: String) -> [String] {
    var parts = [
      """
      <svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 \(number(width)) \(number(height))" width="\(number(width))" height="\(number(height))" \
      font-family="Inter, 'Segoe UI', 'Helvetica Neue', Arial, 'DejaVu Sans', sans-serif" font-size="13">
      <title>\(escaped(title))</title>
      <rect width="\(number(width))" height="\(number(height))" rx="8" fill="#ffffff"/>
      """
    ]
    parts.append(label(32, 42, title, ink, "font-size=\"20\" font-weight=\"600\""))
    if !subtitle.isEmpty { parts.append(label(32, 64, subtitle, gray)) }
    return parts
  }

  static func line(_ x1: Double, _ y1: Double, _ x2: Double, _ y2: Double, _ style: String) -> String {
    "<line x1=\"\(number(x1))\" y1=\"\(number(y1))\" x2=\"\(number(x2))\" y2=\"\(number(y2))\" \(style)/>"
  }

  static func label(_ x: Double, _ y: Double, _ text: String, _ color: String, _ style: String = "") -> String {
    "<text x=\"\(number(x))\" y=\"\(number(y))\" fill=\"\(color)\"\(style.isEmpty ? "" : " " + style)>\(escaped(text))</text>"
  }

  static func box(_ x: Double, _ y: Double, _ width: Double, _ height: Double, _ style: String) -> String {
    "<rect x=\"\(number(x))\" y=\"\(number(y))\" width=\"\(number(max(width, 0)))\" height=\"\(number(height))\" \(style)/>"
  }

  /// At most one decimal.
  static func number(_ value: Double) -> String {
    let text = NumberText.fixed(value, 1)
    return text.hasSuffix(".0") ? String(text.dropLast(2)) : text
  }

  static func escaped(_ text: String) -> String {
    [("&", "&amp;"), ("<", "&lt;"), (">", "&gt;")].reduce(text) { $0.replacingOccurrences(of: $1.0, with: $1.1) }
  }

  /// A text of at most so many characters.
  static func shortened(_ text: String, _ most: Int) -> String { text.count > most ? text.prefix(most - 1) + "…" : text }

  /// A part's name, `layers.2.linear1 (Dense)`, of at most so many characters: without its type if need be, and then without the path's beginning, as its end
  /// tells parts apart.
  static func shortenedPart(_ name: String, _ most: Int) -> String {
    if name.count <= most { return name }
    let path = name.prefix { $0 != " " }
    if path.count <= most { return path.count < name.count && path.count > 0 ? String(path) : shortened(name, most) }
    let end = path.suffix(most - 1)
    return "…" + (end.firstIndex(of: ".").map { end[end.index(after: $0)...] } ?? end)
  }
}
