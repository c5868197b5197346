/// Linear algebra in plain Swift, as textbooks have it: matrices are rows of numbers, and small.
typealias Matrix = [[Double]]

extension Grid {
  /// A function of each matrix of the last two axes, whose result has the shape `tail`.
  func eachMatrix(_ tail: [Int], _ function: (Matrix) -> [Double]) -> Grid {
    let (m, n) = (shape[rank - 2], shape[rank - 1])
    let batch = shape.dropLast(2).reduce(1, *)
    let values = (0..<batch).flatMap { i in
      function((0..<m).map { row in (0..<n).map { self.values[(i * m + row) * n + $0] } })
    }
    return Grid(Array(shape.dropLast(2)) + tail, values)
  }

  /// A function of each matrix and the matrix of another grid, with the same batch.
  func eachMatrix(with other: Grid, _ tail: [Int], _ function: (Matrix, Matrix) -> [Double]) -> Grid {
    var others: [Matrix] = []
    _ = other.eachMatrix([0]) { matrix in
      others.append(matrix)
      return []
    }
    var i = 0
    return eachMatrix(tail) { matrix in
      defer { i += 1 }
      return function(matrix, others[i])
    }
  }
}

extension Matrix {
  static func identity(_ n: Int) -> Matrix { (0..<n).map { i in (0..<n).map { $0 == i ? 1 : 0 } } }
  var flat: [Double] { flatMap { $0 } }
  var transpose: Matrix { isEmpty ? [] : self[0].indices.map { j in map { $0[j] } } }
  var trace: Double { indices.reduce(0) { $0 + self[$1][$1] } }

  static func * (a: Matrix, b: Matrix) -> Matrix {
    let columns = b.transpose
    return a.map { row in columns.map { column in zip(row, column).reduce(0) { $0 + $1.0 * $1.1 } } }
  }
  static func + (a: Matrix, b: Matrix) -> Matrix { zip(a, b).map { zip($0, $1).map { $0 + $1 } } }
  static func * (a: Matrix, b: Double) -> Matrix { a.map { $0.map { $0 * b } } }

  /// Gauss and Jordan's elimination: the solution of self · x = b, and the determinant.
  func eliminated(_ b: Matrix) -> (x: Matrix, determinant: Double) {
    var (a, x, determinant) = (self, b, 1.0)
    for j in indices {
      let pivot = (j..<count).max { abs(a[$0][j]) < abs(a[$1][j]) }!
      if pivot != j {
        a.swapAt(j, pivot)
        x.swapAt(j, pivot)
        determinant = -determinant
      }
      determinant *= a[j][j]
      for i in indices where i != j {
        let factor = a[i][j] / a[j][j]
        for l in indices { a[i][l] -= factor * a[j][l] }
        for l in x[i].indices { x[i][l] -= factor * x[j][l] }
      }
    }
    for i in indices { for l in x[i].indices { x[i][l] /= a[i][i] } }
    return (x, determinant)
  }
  var inverse: Matrix { eliminated(.identity(count)).x }
  var determinant: Double { isEmpty ? 1 : eliminated(.identity(count)).determinant }

  /// L with L·Lᵀ = self.
  var cholesky: Matrix {
    var l = self * 0
    for i in indices {
      for j in 0...i {
        let sum = (0..<j).reduce(self[i][j]) { $0 - l[i][$1] * l[j][$1] }
        l[i][j] = i == j ? sum.squareRoot() : sum / l[j][j]
      }
    }
    return l
  }

  /// Gram and Schmidt's orthonormal columns, as many as rows and columns allow; R is Qᵀ · self.
  var orthonormalColumns: Matrix {
    var columns: Matrix = []
    for column in transpose.prefix(count) {
      var rest = column
      // Twice is enough (Parlett).
      for _ in 0..<2 {
        for q in columns {
          let product = zip(q, rest).reduce(0) { $0 + $1.0 * $1.1 }
          rest = zip(rest, q).map { $0 - product * $1 }
        }
      }
      let length = rest.reduce(0) { $0 + $1 * $1 }.squareRoot()
      columns.append(rest.map { $0 / length })
    }
    return columns.transpose
  }

  /// Jacobi's rotations: the eigenvalues of a symmetric matrix, ascending, and the vectors as rows.
  var symmetricEigen: (values: [Double], vectors: Matrix) {
    var (a, v) = (self, Matrix.identity(count))
    for _ in 0..<60 {
      for p in 0..<count {
        for q in p + 1..<Swift.max(count, p + 1) where a[p][q] != 0 {
          let theta = (a[q][q] - a[p][p]) / (2 * a[p][q])
          let t = (theta < 0 ? -1.0 : 1) / (abs(theta) + (theta * theta + 1).squareRoot())
          let c = 1 / (t * t + 1).squareRoot()
          let s = t * c
          for i in indices { (a[i][p], a[i][q]) = (c * a[i][p] - s * a[i][q], s * a[i][p] + c * a[i][q]) }
          for i in indices { (a[p][i], a[q][i]) = (c * a[p][i] - s * a[q][i], s * a[p][i] + c * a[q][i]) }
          for i in indices { (v[p][i], v[q][i]) = (c * v[p][i] - s * v[q][i], s * v[p][i] + c * v[q][i]) }
          (a[p][q], a[q][p]) = (0, 0)
        }
      }
    }
    let order = indices.sorted { a[$0][$0] < a[$1][$1] }
    return (order.map { a[$0][$0] }, order.map { v[$0] })
  }

  /// The singular values, largest first, and the vectors as rows, by rotations of columns (Hestenes).
  var svd: (u: Matrix, s: [Double], v: Matrix) {
    if isEmpty || self[0].isEmpty { return ([], [], []) }
    if count < self[0].count {
      let (u, s, v) = transpose.svd
      return (v, s, u)
    }
    var (columns, v) = (transpose, Matrix.identity(self[0].count))
    func dot(_ a: [Double], _ b: [Double]) -> Double { zip(a, b).reduce(0) { $0 + $1.0 * $1.1 } }
    for _ in 0..<60 {
      for p in columns.indices {
        for q in columns.indices where q > p {
          let (alpha, beta, gamma) = (dot(columns[p], columns[p]), dot(columns[q], columns[q]), dot(columns[p], columns[q]))
          if abs(gamma) <= 1e-17 * (alpha * beta).squareRoot() { continue }
          let zeta = (beta - alpha) / (2 * gamma)
          let t = (zeta < 0 ? -1.0 : 1) / (abs(zeta) + (zeta * zeta + 1).squareRoot())
          let c = 1 / (t * t + 1).squareRoot()
          let s = t * c
          for i in columns[p].indices {
            (columns[p][i], columns[q][i]) = (c * columns[p][i] - s * columns[q][i], s * columns[p][i] + c * columns[q][i])
          }
          for i in v[p].indices { (v[p][i], v[q][i]) = (c * v[p][i] - s * v[q][i], s * v[p][i] + c * v[q][i]) }
        }
      }
    }
    let lengths = columns.map { dot($0, $0).squareRoot() }
    let order = lengths.indices.sorted { lengths[$0] > lengths[$1] }
    return (order.map { i in columns[i].map { $0 / lengths[i] } }, order.map { lengths[$0] }, order.map { v[$0] })
  }

  /// L and U, one in the other, and the order of rows.
  var lu: (factors: Matrix, order: [Int]) {
    var (a, order) = (self, Swift.Array<Int>(indices))
    for j in 0..<Swift.min(count, first?.count ?? 0) {
      let pivot = (j..<count).max { abs(a[$0][j]) < abs(a[$1][j]) }!
      a.swapAt(j, pivot)
      order.swapAt(j, pivot)
      for i in j + 1..<Swift.max(count, j + 1) {
        a[i][j] /= a[j][j]
        for l in j + 1..<Swift.max(a[i].count, j + 1) { a[i][l] -= a[i][j] * a[j][l] }
      }
    }
    return (a, order)
  }

  /// Σ xⁱ/i!, of a matrix of a few.
  var exponential: Matrix {
    var (sum, term) = (Matrix.identity(count), Matrix.identity(count))
    for i in 1..<80 {
      term = (term * self) * (1 / Double(i))
      sum = sum + term
    }
    return sum
  }
}
