import Models
import Tensors

/// Optimizers for the parts of a model, and one for the rest of it.
///
///     var optimizer = ParameterGroups(AdamW(learningRate: 1e-3)) {
///       ParameterGroup("encoder", AdamW(learningRate: 1e-5))
///       ParameterGroup(\Net.head, SGD(learningRate: 0.1, momentum: 0.9))
///       ParameterGroup(where: { name in name.hasSuffix("bias") }, AdamW(learningRate: 1e-3, weightDecay: 0))
///     }
///
/// PyTorch: the groups of parameters that its optimizers take. A parameter belongs to the first group that it fits. A group that no
/// parameter belongs to is a mistake, found at the first step. Each optimizer keeps the state of its own parameters.
public struct ParameterGroups: Optimizer {
  /// The optimizer of the parameters that are in no group.
  public var rest: any Optimizer
  /// The groups, in the order in which parameters are asked for.
  public var groups: [ParameterGroup]
  /// Each group's rate over the rest's, for the steps after the rest's was 0.
  private var ratios: [Double?]
  /// The names that were assigned last, and to which group; −1 for the rest.
  private var names: [String] = []
  private var owners: [Int] = []
  /// Which of the rest and the groups make a step along the gradient that has been looked at; nil if none has been.
  private var prepared: [Bool]?

  /// An optimizer for what is in no group, and the groups.
  public init(_ rest: some Optimizer, @ParameterGroupBuilder _ groups: () -> [ParameterGroup]) {
    self.rest = rest
    self.groups = groups()
    ratios = self.groups.map { rest.learningRate == 0 ? nil : $0.optimizer.learningRate / rest.learningRate }
  }

  /// The size of the rest's steps.
  ///
  /// Changing it changes the rates of all groups in proportion, so that one schedule serves them all. For the rate of one group alone set
  /// `groups[i].optimizer.learningRate`.
  public var learningRate: Double {
    get { rest.learningRate }
    set {
      for i in groups.indices {
        if rest.learningRate != 0 { ratios[i] = groups[i].optimizer.learningRate / rest.learningRate }
        // A rest that never had a rate says nothing about the others'.
        if let ratio = ratios[i] { groups[i].optimizer.learningRate = ratio * newValue }
      }
      rest.learningRate = newValue
    }
  }

  /// The rest's state and each group's.
  public mutating func visitState(_ visitor: inout StateVisitor) {
    visitor.inGroups { visitor in
      visitor.part(&rest, "rest")
      visitor.list(&groups, "groups") { group, name, visitor in visitor.part(&group.optimizer, name) }
    }
    visitor.list(&ratios, "ratios") { ratio, name, visitor in
      var text = ratio.map { "\($0)" } ?? ""
      visitor.value(&text, name)
      if !text.isEmpty && Double(text) == nil { visitor.refuse(name, "\"\(text.prefix(40))\", which is no Double") }
      ratio = Double(text)
    }
  }

  /// One step of each optimizer, on its own parameters.
  public mutating func update<M: Model>(_ model: inout M, along gradient: M) {
    var gradient = gradient
    if prepared == nil {
      do throws(NonFiniteGradient) {
        if try !prepare(&gradient, of: model) { return }
      } catch {
        return fail(TensorError("ParameterGroups", error.sentence))
      }
    }
    let steps = prepared ?? []
    prepared = nil
    if hasFailed || steps.count != groups.count + 1 { return }
    withUnsafeMutablePointer(to: &model) { pointer in
      // Moved in and out: were it held twice, each parameter would be copied.
      var members = Members(model: pointer.move(), owners: owners, group: -1)
      if steps[0] { rest.update(&members, along: Members(model: gradient, owners: owners, group: -1)) }
      for i in groups.indices where steps[i + 1] {
        members.group = i
        groups[i].optimizer.update(&members, along: Members(model: gradient, owners: owners, group: i))
      }
      pointer.initialize(to: members.model)
    }
  }

  /// Looks at all parts of the gradient before any group makes a step; false if none is to make one.
  public mutating func prepare<M: Model>(_ gradient: inout M, of model: M) throws(NonFiniteGradient) -> Bool {
    prepared = nil
    if hasFailed || !assign(model) { return false }
    let before = (rest, groups)
    var members = Members(model: gradient, owners: owners, group: -1)
    do throws(NonFiniteGradient) {
      var steps = [try rest.prepare(&members, of: Members(model: model, owners: owners, group: -1))]
      for i in groups.indices {
        members.group = i
        steps.append(try groups[i].optimizer.prepare(&members, of: Members(model: model, owners: owners, group: i)))
      }
      if hasFailed { return false }
      gradient = members.model
      if steps.contains(true) { prepared = steps }
    } catch {
      (rest, groups) = before
      throw error
    }
    return prepared != nil
  }

  /// Finds out which group each parameter belongs to; false after a mistake.
  private mutating func assign<M: Model>(_ model: M) -> Bool {
    let names = model.parameters.map(\.name)
    if names == self.names && ratios.count == groups.count { return true }
    var owners = names.map { _ in -1 }
    for (i, group) in groups.enumerated() {
      guard let isMember = group.membership(in: model) else {
        fail(TensorError("ParameterGroups", "the group \(group) is not of \(M.self)"))
        return false
      }
      var count = 0
      for (j, name) in names.enumerated() where owners[j] == -1 && isMember(name) {
        owners[j] = i
        count += 1
      }
      if count == 0 {
        let listed = names.prefix(8).joined(separator: ", ") + (names.count > 8 ? ", …" : "")
        fail(
          TensorError(
            "ParameterGroups",
            "no parameter of \(M.self) belongs to the group \(group)"
              + (names.contains(where: isMember) ? ": those before it have them all" : "; it has \(names.isEmpty ? "none" : listed)")))
        return false
      }
    }
    (self.names, self.owners) = (names, owners)
    if ratios.count != groups.count { ratios = groups.map { rest.learningRate == 0 ? nil : $0.optimizer.learningRate / rest.learningRate } }
    return true
  }
}

/// Some of a model's parameters, and the optimizer that changes them.
public struct ParameterGroup: Sendable, CustomStringConvertible {
  /// What changes the parameters.
  public var optimizer: any Optimizer
  /// How it was chosen, for sentences about it.
  public let description: String
  private let choose: @Sendable (any Model) -> (@Sendable (String) -> Bool)?

  /// The parameters of a part, or one parameter, by name: `"encoder"`, `"layers.0.weight"`.
  public init(_ name: String, _ optimizer: some Optimizer) {
    self.optimizer = optimizer
    description = "\"\(name)\""
    choose = { _ in { $0 == name || $0.hasPrefix(name + ".") } }
  }

  /// The parameters whose names fit: `where: { name in name.hasSuffix("bias") }`.
  public init(where isMember: @escaping @Sendable (_ name: String) -> Bool, _ optimizer: some Optimizer) {
    self.optimizer = optimizer
    description = "where: { … }"
    choose = { _ in isMember }
  }

  /// The parameters of a part, or one parameter, by key path: `\Net.encoder`.
  public init<M: Model, Part>(_ part: WritableKeyPath<M, Part> & Sendable, _ optimizer: some Optimizer) {
    self.optimizer = optimizer
    description = "\(part)"
    choose = { model in
      guard let names = (model as? M)?.parameterNames(at: part) else { return nil }
      let members = Set(names)
      return { members.contains($0) }
    }
  }

  /// Which names belong to it; nil for a model of another type than its key path's.
  func membership<M: Model>(in model: M) -> (@Sendable (String) -> Bool)? { choose(model) }
}

/// Lists the groups of ``ParameterGroups``; loops and conditions may stand among them.
@resultBuilder
public enum ParameterGroupBuilder {
  /// One group.
  public static func buildExpression(_ group: ParameterGroup) -> [ParameterGroup] { [group] }
  /// Groups in a row.
  public static func buildBlock(_ groups: [ParameterGroup]...) -> [ParameterGroup] { groups.flatMap { $0 } }
  /// The groups of an `if`.
  public static func buildOptional(_ groups: [ParameterGroup]?) -> [ParameterGroup] { groups ?? [] }
  /// The groups of an `if` that holds.
  public static func buildEither(first groups: [ParameterGroup]) -> [ParameterGroup] { groups }
  /// The groups of an `else`.
  public static func buildEither(second groups: [ParameterGroup]) -> [ParameterGroup] { groups }
  /// The groups of a loop.
  public static func buildArray(_ groups: [[ParameterGroup]]) -> [ParameterGroup] { groups.flatMap { $0 } }
}

/// Some of a model's parameters, which may be none.
protocol PartOfModel {}

/// A model of which a group's parameters alone are seen: what any optimizer can be given.
private struct Members<M: Model>: Model, PartOfModel {
  var model: M
  let owners: [Int]
  var group: Int

  mutating func callAsFunction(_ input: M.Input) -> M.Output { model(input) }

  mutating func visit<V: ModelVisitor>(_ visitor: inout V) {
    withUnsafeMutablePointer(to: &visitor) { visitor in
      var filter = Filter(visitor: visitor, owners: owners, group: group)
      filter.content(&model)
    }
  }

  /// Shows another visitor the group's parameters under their full names.
  struct Filter<V: ModelVisitor>: ModelVisitor {
    let visitor: UnsafeMutablePointer<V>
    let owners: [Int]
    let group: Int
    var index = 0

    mutating func parameter(_ tensor: inout Tensor, _ name: PartName) {
      let isMember = index < owners.count && owners[index] == group
      index += 1
      if isMember { visitor.pointee.parameter(&tensor, name) }
    }
    mutating func value<S: ModelState>(of state: inout S, _ name: PartName) { visitor.pointee.value(of: &state, name) }
    mutating func enter(_ name: PartName) { visitor.pointee.enter(name) }
    mutating func leave() { visitor.pointee.leave() }
  }
}
