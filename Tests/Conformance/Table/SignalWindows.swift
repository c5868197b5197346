import Fluxion

extension Table {
  static let signalWindows = Family("Windows of signals") { rows in
    let windows: [(String, String, @Sendable (Arguments) throws -> SignalWindow)] = [
      ("bartlett", ".bartlett", { _ in .bartlett }), ("blackman", ".blackman", { _ in .blackman }), ("cosine", ".cosine", { _ in .cosine }),
      ("hann", ".hann", { _ in .hann }), ("hamming", ".hamming", { _ in .hamming }), ("nuttall", ".nuttall", { _ in .nuttall }),
      ("gaussian", ".gaussian(deviation: s)", { .gaussian(deviation: try $0.double("std", default: 1)) }),
      (
        "exponential", ".exponential(decay: tau)",
        { .exponential(decay: try $0.double("tau", default: 1), center: try $0.optionalDouble("center")) }
      ),
      ("kaiser", ".kaiser(beta: b)", { .kaiser(beta: try $0.double("beta", default: 12)) }),
      (
        "general_hamming", ".cosines([a, 1 - a])",
        { .cosines([try $0.double("alpha", default: 0.54), 1 - (try $0.double("alpha", default: 0.54))]) }
      ),
      ("general_cosine", ".cosines(a)", { .cosines(try $0.doubles("a", count: 1)) }),
    ]
    for (name, call, window) in windows {
      rows.add("signal.windows.\(name)", "Tensor.window(\(call), count: n, isPeriodic: false, dtype)") { a in
        .window(try window(a), count: try a.int("M", at: 0), isPeriodic: !(try a.bool("sym", default: true)), try a.dtype() ?? .float32)
      }
    }
  }
}
