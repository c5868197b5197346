import Foundation
import PyTorchCases
import Testing

/// PyTorch's own operator tests, and the guide that is written from their table.
@Suite struct ConformanceTests {
  static let suite = try! Suite.bundled()

  @Test(arguments: suite.names)
  func cases(_ name: String) throws {
    let report = try Self.suite.run(name)
    #expect(report.failures.isEmpty)
  }

  /// Operators that are mapped for the guide and for cases of others' making, of which `conformance FOLDER` runs a folder; there are none here.
  static let withoutCases: Set = [
    "H", "T", "_segment_reduce.lengths", "_segment_reduce.offsets", "addbmm", "addmm.decomposed", "allclose", "angle",
    "as_strided_scatter", "atleast_1d", "atleast_2d", "atleast_3d", "bitwise_and", "bitwise_left_shift", "bitwise_not", "bitwise_or",
    "bitwise_right_shift", "bitwise_xor", "broadcast_tensors", "cholesky_inverse", "column_stack", "combinations", "conj", "corrcoef",
    "cov", "cumulative_trapezoid", "diagflat", "dist", "dsplit", "equal", "expand_as", "fill", "float_power", "floor_divide", "frexp",
    "full_like", "gcd", "gradient", "grid_sampler_3d", "histogram", "hsplit", "i0", "igamma", "igammac", "index_reduce.amax",
    "index_reduce.amin", "index_reduce.mean", "index_reduce.prod", "isneginf", "isposinf", "isreal", "lcm", "ldexp", "linalg.cholesky_ex",
    "linalg.cond", "linalg.cross", "linalg.diagonal", "linalg.householder_product", "linalg.inv_ex", "linalg.ldl_factor",
    "linalg.ldl_factor_ex", "linalg.ldl_solve", "linalg.lstsq.grad_oriented", "linalg.lu", "linalg.lu_factor", "linalg.lu_factor_ex",
    "linalg.lu_solve", "linalg.matrix_rank", "linalg.matrix_rank.hermitian", "linalg.norm.subgradients_at_zero", "linalg.pinv.hermitian",
    "linalg.pinv.singular", "linalg.polar", "linalg.solve_ex", "linalg.tensorinv", "linalg.tensorsolve", "linalg.vander", "linalg.vecdot",
    "linspace.tensor_overload", "log_softmax.with_dtype", "logspace.tensor_overload", "lu", "lu_solve", "lu_unpack", "mH", "mT",
    "masked.amax", "masked.amin", "masked.argmax", "masked.argmin", "masked.cumprod", "masked.cumsum", "masked.log_softmax",
    "masked.logaddexp", "masked.logsumexp", "masked.mean", "masked.median", "masked.norm", "masked.normalize", "masked.prod",
    "masked.softmax", "masked.softmin", "masked.std", "masked.sum", "masked.var", "max.binary", "meshgrid.list_of_tensors", "min.binary",
    "mode", "mvlgamma.mvlgamma_p_1", "mvlgamma.mvlgamma_p_3", "mvlgamma.mvlgamma_p_5", "nanmedian", "nanquantile", "new_full", "new_ones",
    "new_zeros", "nextafter", "nn.functional.adaptive_avg_pool3d", "nn.functional.adaptive_max_pool3d", "nn.functional.channel_shuffle",
    "nn.functional.fold", "nn.functional.interpolate.area", "nn.functional.interpolate.nearest-exact",
    "nn.functional.interpolate.trilinear", "nn.functional.max_unpool1d", "nn.functional.max_unpool1d.grad", "nn.functional.max_unpool2d",
    "nn.functional.max_unpool2d.grad", "nn.functional.max_unpool3d", "nn.functional.max_unpool3d.grad",
    "nn.functional.multi_head_attention_forward", "nn.functional.multilabel_margin_loss", "nn.functional.pad.replicate_negative",
    "nn.functional.pdist", "nn.functional.softmin.with_dtype", "nn.functional.upsample_bilinear", "nn.functional.upsample_nearest",
    "nonzero_static", "norm.fro", "norm.inf", "norm.nuc", "ones_like", "ormqr", "pinverse", "polygamma.polygamma_n_0",
    "polygamma.polygamma_n_1", "polygamma.polygamma_n_2", "polygamma.polygamma_n_3", "polygamma.polygamma_n_4", "put", "ravel", "real",
    "renorm", "reshape_as", "round.decimals_0", "round.decimals_3", "round.decimals_neg_3", "scalar_tensor", "scatter_reduce.prod",
    "signal.windows.bartlett", "signal.windows.blackman", "signal.windows.cosine", "signal.windows.exponential",
    "signal.windows.gaussian", "signal.windows.general_cosine", "signal.windows.general_hamming", "signal.windows.hamming",
    "signal.windows.hann", "signal.windows.kaiser", "signal.windows.nuttall", "signbit", "slice", "softmax.with_dtype", "special.airy_ai",
    "special.bessel_j0", "special.bessel_j1", "special.bessel_y0", "special.bessel_y1", "special.chebyshev_polynomial_t",
    "special.chebyshev_polynomial_u", "special.chebyshev_polynomial_v", "special.chebyshev_polynomial_w", "special.entr", "special.erfcx",
    "special.hermite_polynomial_h", "special.hermite_polynomial_he", "special.i0e", "special.i1", "special.i1e",
    "special.laguerre_polynomial_l", "special.legendre_polynomial_p", "special.log_ndtr", "special.modified_bessel_i0",
    "special.modified_bessel_i1", "special.modified_bessel_k0", "special.modified_bessel_k1", "special.ndtr", "special.ndtri",
    "special.polygamma.special_polygamma_n_0", "special.scaled_modified_bessel_k0", "special.scaled_modified_bessel_k1",
    "special.shifted_chebyshev_polynomial_t", "special.shifted_chebyshev_polynomial_u", "special.shifted_chebyshev_polynomial_v",
    "special.shifted_chebyshev_polynomial_w", "special.spherical_bessel_j0", "special.xlog1py", "special.zeta", "squeeze.multiple",
    "std.unbiased", "std_mean.unbiased", "sum_to_size", "svd", "t", "trapz", "triangular_solve", "true_divide", "unravel_index",
    "var.unbiased", "var_mean.unbiased", "vdot", "view_as", "vsplit", "zero_", "zeros_like",
  ]

  /// All others in the table have cases: a misspelt name would run none.
  @Test func everyRowHasCases() {
    #expect(Set(PyTorchCases.Table.operators.map(\.name)).symmetricDifference(Self.suite.names) == Self.withoutCases)
  }

  private static let root = (0..<4).reduce(URL(filePath: #filePath)) { url, _ in url.deletingLastPathComponent() }

  /// What the guide writes as a call is the name of something public.
  @Test func spellingsAreOfWhatIsThere() throws {
    let files = FileManager.default.enumerator(at: Self.root.appending(path: "Sources"), includingPropertiesForKeys: nil)
    var names: Set = ["Tensor"]
    for case let file as URL in files! where file.pathExtension == "swift" {
      for match in try String(contentsOf: file, encoding: .utf8).matches(of: /public (?:static |mutating )*func `?(\w+)/) {
        names.insert(String(match.1))
      }
    }
    for row in PyTorchCases.Table.operators where row.missing == nil {
      let calls = row.fluxion.matches(of: /(\w+)\(/).map { String($0.1) }
      let unknown = calls.filter { !names.contains($0) }
      #expect(unknown.isEmpty, "\(row.name): \(row.fluxion)")
    }
  }

  @Test func guideIsUpToDate() throws {
    let page = try String(contentsOf: Self.root.appending(path: "Guides/FromPyTorch.md"), encoding: .utf8)
    #expect(page == Guide.text, "write it anew: swift run conformance --guide > Guides/FromPyTorch.md")
  }
}
