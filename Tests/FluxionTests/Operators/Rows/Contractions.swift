import Tensors

extension OperatorTable {
  static let contractions = list { rows in
    _ = rows
  }
}
