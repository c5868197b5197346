import Tensors

/// Reads state from what is resumable, to write it down, or gives it back what was written: one walk serves both.
///
///     mutating func visitState(_ visitor: inout StateVisitor) {
///       visitor.value(&learningRate, "learningRate")
///       visitor.tensor(&average, "average")
///       visitor.part(&schedule, "schedule")
///     }
///
/// Names nest by dots: `optimizer.learningRate`. While it restores, what is missing or does not fit is gathered, and ``finish(_:)`` throws it all
/// at once; whoever restores works on a copy, so that nothing is half changed then.
public struct StateVisitor {
  /// What is restored from; nil while state is written down.
  public let source: (any NamedTensors)?
  /// The tensors that were found, in order, while state is written down.
  public private(set) var tensors: [(name: String, value: Tensor)] = []
  /// The numbers and texts that were found.
  public private(set) var values: [String: String] = [:]
  /// What was missing or did not fit so far.
  private var problems: LoadError
  /// The parameters of the models that were restored so far, under the names that the models give them; nil before any.
  ///
  /// They are what the state of an optimizer, which is restored after its model, has to fit.
  public private(set) var parameters: [(name: String, shape: Shape, dtype: DType)]?
  /// Whether what is shown belongs to some of a model's parameters rather than to all.
  public private(set) var isInGroup = false
  private var seen: Set<ByteName> = []
  private var path: [String] = []
  /// How many elements lists may still be given that the program did not make.
  private var room = 0

  /// To write state down.
  public init() {
    source = nil
    problems = LoadError(source: "")
  }

  /// To restore state.
  public init(restoring source: any NamedTensors) {
    self.source = source
    problems = LoadError(source: source.source)
    // Each takes a name at least, so that a count that lies costs no more than the file is long.
    room = source.names.count + source.metadata.count
  }

  /// Whether values are given back rather than read.
  public var isRestoring: Bool { source != nil }

  /// The whole name of a value here.
  public func name(_ name: String) -> String { (path + [name]).joined(separator: ".") }

  // MARK: What is kept

  /// A number, a text or a Boolean: anything that a text can hold without loss.
  public mutating func value<T: LosslessStringConvertible>(_ value: inout T, _ name: String) {
    let name = self.name(name)
    guard let source else {
      if values.updateValue(value.description, forKey: name) != nil {
        fail(TensorError("Resumable", "two values are called \(name); each needs a name of its own"))
      }
      return
    }
    seen.insert(ByteName(name))
    guard let text = source.metadata[name] else { return problems.missing.append(name) }
    guard let restored = T(text) else { return problems.unfit.append("\(name) is \"\(text.prefix(40))\", which is no \(T.self)") }
    // Whatever counts on from there must not come to the end of its numbers.
    if let number = restored as? Int, number.magnitude > Int.max.magnitude - 1 << 32 {
      return problems.unfit.append("\(name) is \(number), which nothing counts to")
    }
    value = restored
  }

  /// A tensor, of any shape.
  public mutating func tensor(_ tensor: inout Tensor, _ name: String) {
    let name = self.name(name)
    if source == nil { return tensors.append((name, tensor.detached)) }
    guard let restored = read(name) else { return }
    tensor = restored
  }

  /// A tensor whose shape and dtype have to be as they are.
  public mutating func tensorOfSameShape(_ tensor: inout Tensor, _ name: String) {
    self.tensor(&tensor, name, shape: tensor.shape, dtype: tensor.dtype)
  }

  /// A tensor of a certain shape and dtype.
  public mutating func tensor(_ tensor: inout Tensor, _ name: String, shape: Shape, dtype: DType) {
    // What is written in 16 bits is read as float32.
    if let source, let found = source.outline(self.name(name)),
      found.shape != shape || found.dtype != dtype && !(dtype.isHalf && found.dtype == .float32)
    {
      seen.insert(ByteName(self.name(name)))
      return problems.unfit.append("\(self.name(name)) is \(found.dtype) \(found.shape) and not \(dtype) \(shape)")
    }
    self.tensor(&tensor, name)
    if dtype.isHalf { tensor = tensor.cast(to: dtype) }
  }

  /// A stream of random numbers: its seed and how far it has been drawn.
  public mutating func stream(_ random: inout RandomStream, _ name: String) {
    var (seed, position) = (random.seed, random.position)
    within(name) { visitor in
      visitor.value(&seed, "seed")
      visitor.value(&position, "position")
    }
    if isRestoring { random = RandomStream(seed: seed, position: position) }
  }

  /// Resumable state of another type.
  public mutating func part<T: Resumable>(_ part: inout T, _ name: String) {
    within(name) { part.visitState(&$0) }
  }

  /// Several of a kind.
  ///
  /// Restored, there are as many as were written down; `blank` is what further ones start from, nil where only the program can make one.
  public mutating func list<T>(
    _ list: inout [T], _ name: String, blank: T? = nil, _ visit: (inout T, String, inout StateVisitor) -> Void
  ) {
    within(name) { visitor in
      var count = list.count
      visitor.value(&count, "count")
      if visitor.isRestoring && count != list.count {
        let isFew = count >= 0 && count - list.count <= visitor.room
        guard let blank, isFew else {
          let fitting = isFew || blank == nil ? "\(list.count)" : "a number of names that there are"
          return visitor.problems.unfit.append("\(visitor.name("count")) is \(count) and not \(fitting)")
        }
        visitor.room -= max(0, count - list.count)
        list = Array(list.prefix(count)) + Array(repeating: blank, count: max(0, count - list.count))
      }
      for i in list.indices { visit(&list[i], String(i), &visitor) }
    }
  }

  /// A mistake that is found by whoever restores: `visitor.refuse("steps", "−1; 0 or more would fit")`.
  public mutating func refuse(_ name: String, _ message: String) { problems.unfit.append("\(self.name(name)) is \(message)") }

  /// What is shown in `body` has names that begin with `name`.
  public mutating func within(_ name: String, _ body: (inout StateVisitor) -> Void) {
    path.append(name)
    body(&self)
    path.removeLast()
  }

  /// Parameters of a model, which the state of its optimizer has to fit.
  mutating func addParameters(_ list: [(name: String, shape: Shape, dtype: DType)]) { parameters = (parameters ?? []) + list }

  /// What is shown in `body` belongs to groups of a model's parameters.
  public mutating func inGroups(_ body: (inout StateVisitor) -> Void) {
    let outer = isInGroup
    isInGroup = true
    body(&self)
    isInGroup = outer
  }

  /// Whether the source has a tensor or a value of this name.
  public func has(_ name: String) -> Bool {
    let name = self.name(name)
    return source.map { $0.outline(name) != nil || $0.metadata[name] != nil } ?? false
  }

  // MARK: The end

  /// Throws what was missing, what did not fit, and what nothing has asked for, in one error.
  ///
  /// - Parameter type: What was restored, as the error calls it.
  public func finish(_ type: String) throws(LoadError) {
    guard let source else { return }
    var problems = problems
    problems.target = type
    problems.unexpected = source.names.filter { !seen.contains(ByteName($0)) }
    if !problems.isEmpty { throw problems }
  }

  private mutating func read(_ name: String) -> Tensor? {
    guard let source else { return nil }
    seen.insert(ByteName(name))
    guard source.outline(name) != nil else {
      problems.missing.append(name)
      return nil
    }
    do {
      return try source.tensor(name)
    } catch {
      problems.unfit.append("\(error)")
      return nil
    }
  }
}
