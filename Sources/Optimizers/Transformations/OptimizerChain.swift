import Models
import Tensors

/// An optimizer, and what is done to gradients before it steps along them.
///
///     var optimizer = OptimizerChain {
///       Accumulate(4)
///       ClipNorm(1)
///       AdamW(learningRate: 1e-3)
///     }
///
/// Transformations are applied in their order; after one that wants no step (``Accumulate``, mostly) the rest of the chain is not run. It is an
/// optimizer like any other, and may stand in ``ParameterGroups``, or have them at its end: in a group, a norm is that of the group's gradient.
public struct OptimizerChain: Optimizer {
  /// What is done to gradients, in order.
  public var transformations: [any GradientTransformation]
  /// What steps along them.
  public var optimizer: any Optimizer
  /// Whether the gradient of the next step has been transformed.
  private var isPrepared = false

  /// Transformations, and the optimizer at their end; loops and conditions may stand among the former.
  public init(@OptimizerChainBuilder _ chain: () -> OptimizerChain) { self = chain() }

  init(_ transformations: [any GradientTransformation], _ optimizer: any Optimizer) {
    (self.transformations, self.optimizer) = (transformations, optimizer)
  }

  /// The size of its optimizer's steps.
  public var learningRate: Double {
    get { optimizer.learningRate }
    set { optimizer.learningRate = newValue }
  }

  /// One step, unless a transformation wants none.
  public mutating func update<M: Model>(_ model: inout M, along gradient: M) {
    var gradient = gradient
    if !isPrepared {
      do throws(NonFiniteGradient) {
        if try !prepare(&gradient, of: model) { return }
      } catch {
        return fail(TensorError("OptimizerChain", error.sentence))
      }
    }
    isPrepared = false
    optimizer.update(&model, along: gradient)
  }

  /// Applies the transformations; false if one of them wants no step.
  public mutating func prepare<M: Model>(_ gradient: inout M, of model: M) throws(NonFiniteGradient) -> Bool {
    isPrepared = false
    let before = transformations
    for i in transformations.indices {
      if hasFailed || !transformations[i].apply(to: &gradient, of: model) { return false }
    }
    do throws(NonFiniteGradient) {
      isPrepared = try optimizer.prepare(&gradient, of: model)
    } catch {
      transformations = before
      throw error
    }
    return isPrepared
  }

  /// The state of each transformation and the optimizer's.
  public mutating func visitState(_ visitor: inout StateVisitor) {
    visitor.list(&transformations, "transformations") { transformation, name, visitor in visitor.part(&transformation, name) }
    visitor.part(&optimizer, "optimizer")
  }
}

/// Lists the transformations of an ``OptimizerChain``, and ends with its optimizer.
@resultBuilder
public enum OptimizerChainBuilder {
  /// A transformation.
  public static func buildExpression(_ transformation: any GradientTransformation) -> [any GradientTransformation] { [transformation] }
  /// The optimizer.
  public static func buildExpression(_ optimizer: any Optimizer) -> any Optimizer { optimizer }
  /// The first transformation.
  public static func buildPartialBlock(first: [any GradientTransformation]) -> [any GradientTransformation] { first }
  /// An optimizer alone.
  public static func buildPartialBlock(first: any Optimizer) -> OptimizerChain { OptimizerChain([], first) }
  /// Another transformation.
  public static func buildPartialBlock(
    accumulated: [any GradientTransformation], next: [any GradientTransformation]
  ) -> [any GradientTransformation] { accumulated + next }
  /// The end.
  public static func buildPartialBlock(accumulated: [any GradientTransformation], next: any Optimizer) -> OptimizerChain {
    OptimizerChain(accumulated, next)
  }
  /// The transformations of an `if`.
  public static func buildOptional(_ transformations: [any GradientTransformation]?) -> [any GradientTransformation] {
    transformations ?? []
  }
  /// What stands in an `if` that holds.
  public static func buildEither<T>(first: T) -> T { first }
  /// What stands in an `else`.
  public static func buildEither<T>(second: T) -> T { second }
  /// The transformations of a loop.
  public static func buildArray(_ transformations: [[any GradientTransformation]]) -> [any GradientTransformation] {
    transformations.flatMap { $0 }
  }
}
