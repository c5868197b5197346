import Tensors

/// How many parts a model is made of, looked at before they are made: more than a million are no model but a mistake.
///
/// - Parameter what: What they are, for the mistake: `layers`.
func partCount(_ count: Int, _ what: String, atLeast least: Int, _ name: String) -> Int {
  let most = 1_000_000
  if least...most ~= count { return count }
  fail(TensorError(name, "\(count) \(what); \(least) \(count < least ? "or more" : "to \(most)") would fit"))
  return least
}
