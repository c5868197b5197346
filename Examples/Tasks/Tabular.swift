import Fluxion
import Foundation

/// A file of customers with numbers and texts, some of both missing, and whether they left: as likely as `odds` says.
private func writeCustomers(to path: String, count: Int) throws {
  let (cities, plans) = (["Basel", "Bern", "Genf", "Lugano", "Zürich"], ["free", "basic", "full"])
  let (age, calls) = (Tensor.uniform([count], in: 18..<80), Tensor.uniform([count], in: 0..<10).cast(to: .int64))
  let (city, plan) = (Tensor.uniform([count], in: 0..<5).cast(to: .int64), Tensor.uniform([count], in: 0..<3).cast(to: .int64))
  let odds =
    (age - 50) * 0.05 + calls.cast(to: .float32) * 0.7 + Tensor([1.5, 0, -1.5]).take(plan) + Tensor([2.0, -1, 0, 1, -2]).take(city)
  let left = Tensor.uniform([count]) .< sigmoid(odds - 3.5)
  /// Some of a column's values are not known.
  func gaps(_ share: Double) -> [Bool] { (Tensor.uniform([count]) .< share).scalars(Bool.self) }
  func texts(_ ids: Tensor, _ names: [String], missing: [Bool]) -> [String?] {
    zip(ids.scalars(Int.self), missing).map { $1 ? nil : names[$0] }
  }
  try Table([
    .init("age", numbers: zip(age.scalars(Double.self), gaps(0.1)).map { $1 ? nil : $0 }),
    .init("calls", integers: calls.scalars(Int.self)),
    .init("city", texts: texts(city, cities, missing: gaps(0.05))), .init("plan", texts: texts(plan, plans, missing: gaps(0))),
    .init("left", texts: texts(left.cast(to: .int64), ["no", "yes"], missing: gaps(0))),
  ]).write(to: path)
}

/// Tells which customers leave, in five folds with the same shares of both: each is held out once, and what is fitted sees the other four.
func trainTabular() throws -> Outcome {
  let path = FileManager.default.temporaryDirectory.appendingPathComponent("customers-\(UUID().uuidString).csv").path
  defer { try? FileManager.default.removeItem(atPath: path) }
  try writeCustomers(to: path, count: 2000)
  let customers = try Table(contentsOf: path)

  var (accuracies, areas): ([Double], [Double]) = ([], [])
  for (train, test) in customers.folds(5, stratifiedBy: "left", seed: 1) {
    let encoder = TableEncoder(fitting: train, numbers: ["age", "calls"], categories: ["city", "plan"], missing: .median, addsMasks: true)
    let classes = CategoryEncoder(fitting: train["left"], hasUnknown: false)
    func data(_ table: Table) -> TensorDataset { TensorDataset(encoder.features(table), classes.ids(table["left"])) }
    let features = encoder.features(train)
    var model = Chain {
      Scaler.standard(fitting: features)
      Dense(features.shape[1], 32, activation: relu)
      Dropout(0.2)
      Dense(32, 2)
    }
    try model.fit(
      data(train), loss: crossEntropy, optimizer: AdamW(), epochs: 20, seed: 1, schedule: .oneCycle(peak: 1e-2), progress: .none)
    let figures = model.evaluate(data(test), loss: crossEntropy, metrics: [.accuracy, .auc])
    accuracies.append(figures["accuracy"] ?? 0)
    areas.append(figures["auc"] ?? 0)
  }
  let (accuracy, area) = (accuracies.reduce(0, +) / 5, areas.reduce(0, +) / 5)
  return Outcome(
    text: "accuracy \(fixed(accuracy)), area under the curve \(fixed(area)), over five folds",
    isReached: accuracies.count == 5 && accuracy >= 0.78 && area >= 0.86)
}
