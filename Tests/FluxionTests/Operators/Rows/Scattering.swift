import Tensors

extension OperatorTable {
  static let scattering = list { rows in
    _ = rows
  }
}
