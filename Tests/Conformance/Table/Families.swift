extension Table {
  /// The families, in the guide's order.
  public static let families: [Family] = [
    elementwise, activations, comparison, losses, reductions, scans, sorting, indexing, joining, views, padding, creation, products,
    decompositions, convolutions, pooling, resampling, normalization, attention, fourier,
  ]
}
