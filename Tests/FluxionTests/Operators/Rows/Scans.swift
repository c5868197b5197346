import Tensors

extension OperatorTable {
  static let scans = list { rows in
    _ = rows
  }
}
