import Foundation
import Tensors

/// A training run at one moment, as one line of text.
package struct ProgressLine {
  var epoch: Int
  var epochs: Int
  /// How much of the epoch is done, 0 to 1.
  var fraction: Double
  var mean: Evaluation
  var itemsPerSecond: Double
  var secondsLeft: Double

  package init(
    epoch: Int, epochs: Int, fraction: Double, mean: Evaluation, itemsPerSecond: Double, secondsLeft: Double
  ) {
    self.epoch = epoch
    self.epochs = epochs
    self.fraction = fraction
    self.mean = mean
    self.itemsPerSecond = itemsPerSecond
    self.secondsLeft = secondsLeft
  }

  /// At most `columns` - 1 characters wide, so that a terminal does not wrap it: the bar shrinks, then parts at the end are left out.
  ///
  ///     epoch  3/12 ━━━━━━━━━━━╸───────── loss 0.3124  accuracy 0.911  41,200 items/s  0:02 left
  package func text(columns: Int) -> String {
    let start = Self.title(epoch, epochs) + " "
    var parts = [Self.figures(mean)]
    parts.append("\(Self.grouped(itemsPerSecond)) items/s")
    if secondsLeft.isFinite { parts.append("\(Self.time(secondsLeft)) left") }
    while parts.count > 1, columns - 1 - start.count - Self.joined(parts).count < 11 { parts.removeLast() }
    let rest = " " + Self.joined(parts)
    let room = columns - 1 - start.count - rest.count
    return String((start + Self.bar(fraction, width: min(max(room, 5), 40)) + rest).prefix(max(columns - 1, 0)))
  }

  /// A finished epoch.
  package static func summary(_ epoch: History.Epoch, of epochs: Int) -> String {
    var parts = [title(epoch.number, epochs), figures(epoch.training)]
    if let validation = epoch.validation { parts.append("validation \(figures(validation))") }
    parts.append("\(grouped(epoch.itemsPerSecond)) items/s")
    return joined(parts)
  }

  private static func joined(_ parts: [String]) -> String { parts.joined(separator: "  ") }

  private static func title(_ epoch: Int, _ epochs: Int) -> String {
    let (number, total) = (String(epoch), String(epochs))
    return "epoch \(String(repeating: " ", count: max(0, total.count - number.count)))\(number)/\(total)"
  }

  private static func figures(_ mean: Evaluation) -> String {
    // Few enough for a line.
    let parts = mean.losses.prefix(4).map { "\($0.name) \(decimal($0.value))" }
    let metrics = mean.metrics.prefix(3).map { "\($0.name) \(abs($0.value) < 1000 ? NumberText.fixed($0.value, 3) : decimal($0.value))" }
    return joined(["loss \(decimal(mean.loss))"] + parts + metrics)
  }

  /// `━━━━╸───`: full cells, a half one at the end, and what is left.
  package static func bar(_ fraction: Double, width: Int) -> String {
    let halves = Int((min(max(fraction, 0), 1) * Double(2 * width)).rounded(.down))
    let bar = String(repeating: "━", count: halves / 2) + (halves % 2 == 1 ? "╸" : "")
    return bar + String(repeating: "─", count: width - bar.count)
  }

  /// Four decimals, or four digits where those would be few or many.
  package static func decimal(_ value: Double) -> String {
    let size = abs(value)
    return size == 0 || 1e-3..<1e4 ~= size ? NumberText.fixed(value, 4) : NumberText.scientific(value, 3)
  }

  /// `41,200`.
  package static func grouped(_ value: Double) -> String {
    guard value.isFinite, abs(value) < 1e15 else { return "–" }
    var digits = String(Int(value.rounded()))
    var groups: [String] = []
    while digits.count > 3 {
      groups.insert(String(digits.suffix(3)), at: 0)
      digits.removeLast(3)
    }
    return ([digits] + groups).joined(separator: ",")
  }

  /// `0:07`, `12:30`, `1:02:03`.
  package static func time(_ seconds: Double) -> String {
    guard seconds.isFinite, 0..<1e9 ~= seconds else { return "–:––" }
    let total = Int(seconds.rounded(.up))
    let (hours, minutes) = (total / 3600, total / 60 % 60)
    func two(_ x: Int) -> String { x < 10 ? "0\(x)" : "\(x)" }
    let tail = two(total % 60)
    return hours > 0 ? "\(hours):" + two(minutes) + ":\(tail)" : "\(minutes):\(tail)"
  }
}
