extension Table {
  /// The families, in the guide's order.
  public static let families: [Family] = [
    elementwise, activations, comparison, losses, reductions, scans, sorting, indexing, joining, views, padding, creation, products,
    decompositions, factors, convolutions, pooling, resampling, normalization, attention, complexNumbers, fourier, special, bits, masked, signalWindows,
    otherNames,
  ]
}
