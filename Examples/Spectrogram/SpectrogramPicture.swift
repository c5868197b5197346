import Fluxion

/// Spectrograms in colors, beside each other: a row for each kind of sound, low frequencies at the bottom.
func colored(_ spectrograms: Tensor, columns: Int) -> Tensor {
  let (count, height, width) = (spectrograms.shape[0], spectrograms.shape[2], spectrograms.shape[3])
  // Twice as large, with a border of two pixels.
  let large = interpolate(((spectrograms - 0.4) * 1.1).clamped(min: 0, max: 1), scale: 2).reversed(axes: 2)
  let tiles = large.padded([(2, 2), (2, 2)])
  let (tileHeight, tileWidth) = (2 * height + 4, 2 * width + 4)
  let rows = tiles.reshaped([count / columns, columns, tileHeight, tileWidth]).permuted([0, 2, 1, 3])
  let image = rows.reshaped([count / columns * tileHeight, columns * tileWidth])
  // From black over violet and orange to a light yellow.
  let squared = image.squared
  let red = image * 1.9 - 0.15
  let green = squared * 1.3 - 0.1
  let arc = sin(image * 4.6) * 0.55
  let blue = arc + squared * image * 0.5
  return stack([red, green, blue]).clamped(min: 0, max: 1)
}
