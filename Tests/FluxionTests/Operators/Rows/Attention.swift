import Tensors

extension OperatorTable {
  static let attention = list { rows in
    _ = rows
  }
}
