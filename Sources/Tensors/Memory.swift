/// What tensors hold of this process's memory.
public enum Memory {
  /// Bytes of all tensors that are alive, in all threads.
  public static var liveBytes: Int { MemoryPool.live.load(ordering: .relaxed) }
  /// The most bytes of tensors that have been alive at once, in all threads, since the process began or ``resetPeak()`` was called.
  ///
  ///     Memory.resetPeak()
  ///     step()
  ///     print(Memory.peakBytes)
  public static var peakBytes: Int { MemoryPool.peak.load(ordering: .relaxed) }
  /// Makes ``peakBytes`` begin again, at what is alive now.
  public static func resetPeak() { MemoryPool.peak.store(MemoryPool.live.load(ordering: .relaxed), ordering: .relaxed) }
  /// Bytes of freed tensors that wait in the pool to be used again.
  public static var cachedBytes: Int { MemoryPool.shared.cachedBytes }
  /// The most bytes the pool keeps; what is freed beyond them goes back to the system.
  ///
  /// Unless set 4 GiB, or a quarter of what the process may have (the machine's memory, the control group's limit, `ulimit`) if that is less.
  public static var cacheLimit: Int {
    get { MemoryPool.shared.cacheLimit }
    set { MemoryPool.shared.cacheLimit = max(0, newValue) }
  }
  /// The most bytes that tensors may have at once, in all threads, cached ones included; nil, unless set, for what the process may have: the
  /// machine's memory, the control group's limit or `ulimit`, whichever is least.
  ///
  ///     Memory.limit = 2 << 30
  ///     let y = try checked { model(x) }   // throws TensorError: matmul: 4.0 GiB for float32 [32768, 32768] is more than Memory.limit leaves: …
  ///
  /// A tensor beyond it is a mistake that says how much was asked for, by which operator, in which part of a model, and how much is in use: thrown
  /// in a `checked` scope, the end of the program outside of one. Before that the cache is emptied. Tensors of up to 1 KB are counted and never
  /// refused. PyTorch's nearest is `torch.cuda.set_per_process_memory_fraction`.
  public static var limit: Int? {
    get { MemoryPool.shared.limit }
    set { MemoryPool.shared.limit = newValue }
  }
  /// Gives every cached buffer back to the system.
  public static func emptyCache() { MemoryPool.shared.empty() }
}

/// Bytes as they are read best: `1.5 GiB`.
func byteText(_ bytes: Int) -> String {
  let units = ["bytes", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"]
  var (unit, scale) = (0, 1)
  while unit < units.count - 1 && bytes / scale >= 1000 { (unit, scale) = (unit + 1, scale << 10) }
  if unit == 0 { return "\(bytes) \(units[0])" }
  let tenths = (Double(bytes) / Double(scale) * 10).rounded()
  return "\(Int(tenths) / 10).\(Int(tenths) % 10) \(units[unit])"
}
