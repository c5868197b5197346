import Fluxion

/// The benchmark for people: a line for each row with its time, its rate, its share of its limit's rate, and what its budget allows.
struct Table {
  /// Every row there is: limits are looked up here.
  let rows: [String: Row]
  let peers: Peers
  private let lines: [Row]
  private let widths: (name: Int, share: Int)
  /// Seconds of the rows that have been measured.
  private var seconds: [String: Double] = [:]
  private var (kept, held) = (0, 0)

  /// A table of the wanted rows and of the limits that they are held against.
  init(_ wanted: [Row], among all: [Row], peers: Peers) {
    rows = Dictionary(uniqueKeysWithValues: all.map { ($0.name, $0) })
    self.peers = peers
    let names = Set(wanted.map(\.name) + wanted.compactMap(\.limit))
    lines = all.filter { names.contains($0.name) }
    let limit = lines.compactMap(\.limit?.count).max()
    widths = (lines.map(\.name.count).max() ?? 0, limit.map { $0 + "  100 % of ".count } ?? 0)
  }

  /// Measures the rows, and prints each when it is done.
  mutating func print() {
    show("Fluxion on \(Threads.count) \(Threads.count == 1 ? "thread" : "threads"), float32; times are those of the fastest batch\n")
    line("row", "time", "rate", widths.share > 0 ? "share of limit" : "", "budget")
    for row in lines { add(row) }
    if held > 0 { show("\nbudgets: \(kept) of \(held) kept") }
  }

  private mutating func add(_ row: Row) {
    switch row.measured() {
    case .growth(let bytes): line(row.name, "\(bytes) B", "", "", "0 B".padded(-8) + verdict(bytes <= 0))
    case .time(let time):
      seconds[row.name] = time
      let limit = limit(of: row)
      let peer = peers.fastest[row.name]
      var budget = ""
      if let allowed = row.budget?.allowed(limit: limit, peer: peer?.seconds) {
        budget = duration(allowed).padded(-8) + verdict(time <= allowed)
      }
      if let peer { budget += "  \(decimal(peer.seconds / time, 2)) times as fast as \(peer.engine)" }
      line(
        row.name, duration(time), row.work.map { rate($0, time) } ?? "",
        limit.map { "\(decimal(100 * $0 / time, 0).padded(-3)) % of \(row.limit ?? "")" } ?? "", budget)
    }
  }

  /// The seconds in which a row's limit would do the row's work.
  private func limit(of row: Row) -> Double? {
    guard let name = row.limit, let limit = seconds[name] else { return nil }
    guard let work = row.work, let limitWork = rows[name]?.work else { return row.work == nil && rows[name]?.work == nil ? limit : nil }
    return limit * work.amount / limitWork.amount
  }

  private func rate(_ work: Work, _ time: Double) -> String {
    let rate = work.amount / time * 1e-9
    return "\(decimal(rate, rate < 10 ? 2 : 1)) \(work.unit)"
  }

  private mutating func verdict(_ isKept: Bool) -> String {
    held += 1
    kept += isKept ? 1 : 0
    return isKept ? "  ok" : "  OVER"
  }

  private func line(_ name: String, _ time: String, _ rate: String, _ share: String, _ budget: String) {
    var text = name.padded(widths.name) + time.padded(-11) + rate.padded(-15)
    if widths.share > 0 { text += "  " + share.padded(widths.share) }
    text += "  " + budget
    while text.last == " " { text.removeLast() }
    show(text)
  }
}
