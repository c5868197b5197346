import Tensors

/// A load before it changes anything: which tensor of the source goes where.
struct LoadPlan {
  let slots: ModelSlots
  let source: any NamedTensors
  let renaming: Renaming
  let includesState: Bool
  /// Which tensors of the model are loaded.
  private(set) var isKept: [Bool]
  /// What the names of a part that alone is loaded begin with.
  ///
  /// Nil if one parameter alone is.
  private var prefix: String? = ""

  init<M: Model>(_ model: M, _ source: any NamedTensors, _ renaming: Renaming, includesState: Bool) {
    slots = ModelSlots(model)
    self.source = source
    self.renaming = renaming
    self.includesState = includesState
    isKept = slots.slots.map { includesState || $0.kind != .state }
  }

  /// Loads the part or the parameter of a name alone.
  mutating func keep<M: Model>(_ part: String, _: M.Type) {
    let members = slots.slots.map { ByteName($0.name) == ByteName(part) || $0.name.hasPrefix(part + ".") }
    if !members.contains(true) {
      let names = slots.slots.map(\.name)
      fail(
        TensorError(
          "load", "no parameter or part of \(M.self) is called \(part); it has \(names.isEmpty ? "none" : listed(names))"))
    }
    for i in isKept.indices where !members[i] { isKept[i] = false }
    prefix = part + "."
  }

  /// Loads the parameters and buffers of some names alone, and the states among them.
  mutating func keep(_ names: [String]) {
    let wanted = Set(names.map { ByteName($0) })
    var common = names.first.map { Array($0.split(separator: ".").dropLast()) } ?? []
    for name in names {
      let parts = name.split(separator: ".").dropLast()
      common = zip(common, parts).prefix { $0 == $1 }.map(\.0)
    }
    // A part of one parameter may be that parameter itself, and then nothing beside it is expected or not.
    prefix = names.count > 1 ? common.map { $0 + "." }.joined() : nil
    for (i, slot) in slots.slots.enumerated() {
      let isMember = slot.kind == .state ? prefix.map { slot.name.hasPrefix($0) } ?? false : wanted.contains(ByteName(slot.name))
      if !isMember { isKept[i] = false }
    }
  }

  /// The tensors to assign, one for each of the model's; throws before any is read if something does not fit.
  func tensors(for target: String, strict: Bool, skipsUnfit: Bool) throws -> ([Tensor?], LoadReport) {
    var error = LoadError(source: source.source, target: target)
    var report = LoadReport()
    let origins = origins(&error, &report)
    var isLoaded = origins.map { $0 != nil }
    for (i, slot) in slots.slots.enumerated() where isKept[i] {
      guard let origin = origins[i], let (shape, dtype) = source.outline(origin) else {
        if slot.kind != .state { report.missing.append(slot.name) }
        continue
      }
      guard let problem = slot.problem(shape, dtype) else { continue }
      isLoaded[i] = false
      report.unfit.append("\(slot.name) is \(problem)")
    }
    error.missing = strict ? report.missing : []
    error.unexpected = strict ? report.unexpected : []
    if strict || !skipsUnfit { error.unfit += report.unfit }
    // A file of another model altogether is no loose fit.
    if !isLoaded.contains(true) && isKept.contains(true) && error.isEmpty { error.missing = report.missing }
    if !error.isEmpty {
      if slots.isWaiting { error.unfit.append("the model's sizes are open still, which Chain(input:) or adapt(toInput:) completes") }
      throw error
    }
    var tensors = [Tensor?](repeating: nil, count: origins.count)
    for (i, slot) in slots.slots.enumerated() where isLoaded[i] {
      guard let origin = origins[i] else { continue }
      let tensor = try source.tensor(origin)
      tensors[i] = slot.kind == .state && !slot.dtype.isHalf || tensor.dtype == slot.dtype ? tensor : tensor.cast(to: slot.dtype)
      report.loaded.append(slot.name)
    }
    return (tensors, report)
  }

  /// The source's name for each tensor of the model.
  private func origins(_ error: inout LoadError, _ report: inout LoadReport) -> [String?] {
    var found = [(name: String, isOwnName: Bool)?](repeating: nil, count: slots.slots.count)
    for name in source.names {
      guard let renamed = renaming(name) else { continue }
      guard let (i, isOwnName) = slots.slot(renamed) else {
        if let prefix, renamed.hasPrefix(prefix) { report.unexpected.append(name) }
        continue
      }
      guard isKept[i] else { continue }
      if let other = found[i] {
        // The very name counts before one that only could be meant.
        if other.isOwnName == isOwnName {
          error.unfit.append("\(other.name) and \(name) both are \(slots.slots[i].name)")
        } else {
          report.unexpected.append(isOwnName ? other.name : name)
        }
        if other.isOwnName { continue }
      }
      found[i] = (name, isOwnName)
    }
    return found.map { $0?.name }
  }
}
