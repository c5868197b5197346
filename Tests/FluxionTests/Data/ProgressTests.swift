import Testing
import Training

@Suite struct ProgressTests {
  @Test func numbersAsText() {
    for (value, text) in [(0.0, "0.0000"), (0.31239, "0.3124"), (12.5, "12.5000"), (1e-5, "1.000e-05"), (123456, "1.235e+05")] {
      #expect(ProgressLine.decimal(value) == text)
    }
    for (value, text) in [(0.0, "0"), (999.4, "999"), (1000, "1,000"), (1_234_567.8, "1,234,568"), (.infinity, "–"), (.nan, "–")] {
      #expect(ProgressLine.grouped(value) == text)
    }
    for (value, text) in [(0.0, "0:00"), (6.2, "0:07"), (750, "12:30"), (3723, "1:02:03"), (.nan, "–:––"), (-1, "–:––")] {
      #expect(ProgressLine.time(value) == text)
    }
    for (value, text) in [(0.0, "────"), (0.125, "╸───"), (0.5, "━━──"), (0.9, "━━━╸"), (1, "━━━━"), (-1, "────"), (2, "━━━━")] {
      #expect(ProgressLine.bar(value, width: 4) == text)
    }
  }

  @Test func theBarFitsTheTerminal() {
    let line = ProgressLine(
      epoch: 3, epochs: 12, fraction: 0.5, mean: Evaluation(loss: 0.31239, metrics: [.init("accuracy", 0.911)]), itemsPerSecond: 41_200,
      secondsLeft: 2)
    #expect(line.text(columns: 88) == "epoch  3/12 ━━━━━━━━━━────────── loss 0.3124  accuracy 0.911  41,200 items/s  0:02 left")
    #expect(line.text(columns: 60) == "epoch  3/12 ━━━━━━━━━╸───────── loss 0.3124  accuracy 0.911")
    #expect(line.text(columns: 500).count < 140)
    for columns in 0..<200 { #expect(line.text(columns: columns).count <= max(0, columns - 1)) }
  }

  @Test func anEpochIsOneLine() {
    let epoch = History.Epoch(
      number: 3, training: Evaluation(loss: 0.5, metrics: [.init("accuracy", 0.9)]),
      validation: Evaluation(loss: 0.25, metrics: [.init("accuracy", 0.95)]), seconds: 1,
      itemsPerSecond: 3400)
    #expect(
      ProgressLine.summary(epoch, of: 12)
        == "epoch  3/12  loss 0.5000  accuracy 0.900  validation loss 0.2500  accuracy 0.950  3,400 items/s")
    let bare = History.Epoch(number: 1, training: Evaluation(loss: 2), validation: nil, seconds: 1, itemsPerSecond: 10)
    #expect(ProgressLine.summary(bare, of: 1) == "epoch 1/1  loss 2.0000  10 items/s")
  }
}

@Suite struct ChartTests {
  @Test func ticksAreRoundAndReachAroundTheData() {
    let cases: [(Double, Double, [String])] = [
      (0.02, 2.31, ["0.0", "0.5", "1.0", "1.5", "2.0", "2.5"]),
      (0.62, 0.98, ["0.6", "0.7", "0.8", "0.9", "1.0"]),
      (0, 12, ["0", "5", "10", "15"]),
      (3, 3, ["1", "2", "3", "4", "5"]),
      (-1.2, 0.4, ["-1.5", "-1.0", "-0.5", "0.0", "0.5"]),
    ]
    for (low, high, texts) in cases {
      let ticks = Ticks(from: low, to: high, about: 5)
      #expect(ticks.values.map(ticks.text) == texts)
    }
    #expect(Ticks(from: 0, to: 2, about: 6, isWhole: true).values == [0, 1, 2])
  }

  private func history(_ epochs: Int, _ metric: Double?) -> History {
    var history = History()
    history.stepLosses = (0..<epochs * 1000).map { 2 / (1 + Double($0)) }
    history.epochs = (0..<epochs).map { i in
      let figures = Evaluation(loss: i == 1 ? .nan : 1 / Double(i + 1), metrics: metric.map { [.init("F<1> & more", $0)] } ?? [])
      return History.Epoch(number: i + 1, training: figures, validation: figures, seconds: 1, itemsPerSecond: 1)
    }
    return history
  }

  @Test(arguments: [0, 1, 2, 30], [nil, 0.5]) func theImageIsWellFormed(_ epochs: Int, _ metric: Double?) {
    let svg = history(epochs, metric).svg(title: "a < b & c", subtitle: "\"d\"")
    var open: [Substring] = []
    for tag in svg.split(separator: "<").map({ $0.prefix { $0 != ">" } }) {
      #expect(tag.count(where: { $0 == "\"" }) % 2 == 0)
      if tag.hasPrefix("/") {
        #expect(open.popLast() == tag.dropFirst())
      } else if !tag.hasSuffix("/") {
        open.append(tag.prefix { $0 != " " && $0 != "\n" })
      }
    }
    #expect(open.isEmpty)
    #expect(svg.contains("a &lt; b &amp; c") && (metric == nil || epochs == 0 || svg.contains("F&lt;1&gt; &amp; more")))
    for word in ["nan", "inf"] { #expect(!svg.contains(word)) }
    // However long the training was.
    #expect(svg.utf8.count < 60_000)
  }
}
