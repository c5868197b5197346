import Models

/// What happens in a training run, in order: it begins, batches end, validations end, epochs end, and the run ends or fails.
public enum TrainingEvent: Sendable {
  /// Before the first batch.
  case runBegan(TrainingStart)
  /// After each batch.
  case batchEnded(BatchFigures)
  /// After a validation in the middle of an epoch (`validateEvery: .steps(…)`); that at its end is in the epoch's figures.
  case validated(History.Validation)
  /// After each epoch, before its checkpoint is written.
  case epochEnded(History.Epoch)
  /// At the end of the run.
  case runEnded(History)
  /// Where the run throws: the error's sentence, and what the run went through until then.
  case runFailed(String, History)
}

/// The extent of a run that begins.
public struct TrainingStart: Sendable {
  /// The epochs of the whole run.
  public let epochs: Int
  /// The batches of an epoch; nil where the data do not tell.
  public let batchesPerEpoch: Int?
  /// The steps that an earlier process has made, where a run goes on.
  public let stepsBefore: Int
  /// What the earlier process went through; empty where a run begins.
  public let history: History
}

/// The figures of one batch.
public struct BatchFigures: Sendable {
  /// The steps of the run so far, this one included: batches, whether or not gradients are accumulated.
  public let step: Int
  /// The epoch, counted from 1.
  public let epoch: Int
  /// The batch of the epoch, counted from 1.
  public let batch: Int
  /// The loss that was minimised.
  public let loss: Double
  /// Its parts by name, where the step gives any.
  public let losses: [Evaluation.Figure]
  /// The rate of the last step of the optimizer.
  public let learningRate: Double
  /// The norm of all gradients together before it was clipped; nil unless the run clips by the norm.
  public let gradientNorm: Double?
  /// The examples of the batch.
  public let items: Int
  /// The seconds since the epoch began, without validation.
  public let seconds: Double
  /// The epoch's figures so far, this batch included; computed when asked for.
  public var means: Evaluation { mean.evaluation(metrics) }
  let mean: RunningMean
  let metrics: [any Metric]
}

/// Code that runs at the events of a training run, of a model of type `M`.
///
///     try trainer.fit(loader, epochs: 20, callbacks: [
///       .afterEpoch { epoch, run in
///         if epoch.training.loss < 0.01 { run.stop() }
///       }
///     ]) { model, batch in … }
///
/// What it throws ends the run. PyTorch Lightning: `Callback`.
public struct TrainingCallback<M: Model> {
  /// Called with each event.
  public let handle: (TrainingEvent, TrainingControl<M>) throws -> Void

  /// For all events.
  public init(_ handle: @escaping (TrainingEvent, TrainingControl<M>) throws -> Void) { self.handle = handle }

  /// After each batch.
  public static func afterBatch(_ body: @escaping (BatchFigures, TrainingControl<M>) throws -> Void) -> TrainingCallback {
    TrainingCallback { event, control in if case .batchEnded(let batch) = event { try body(batch, control) } }
  }

  /// After each epoch, before its checkpoint is written.
  public static func afterEpoch(_ body: @escaping (History.Epoch, TrainingControl<M>) throws -> Void) -> TrainingCallback {
    TrainingCallback { event, control in if case .epochEnded(let epoch) = event { try body(epoch, control) } }
  }
}

/// A run as a callback sees it while it is called: the model, the learning rate, and a way to end it.
public final class TrainingControl<M: Model> {
  /// Whether the run ends after this callback.
  public private(set) var isStopped = false
  var readModel: (() -> M)?
  var readHistory: (() -> History)?
  var readRate: (() -> Double)?
  var writeRate: ((Double) -> Void)?

  init() {}

  /// Takes over what callbacks in another process have asked for.
  func follow(isStopped: Bool) { self.isStopped = isStopped }

  /// Lets go of the run.
  func detach() { (readModel, readHistory, readRate, writeRate) = (nil, nil, nil, nil) }

  /// The model as it is; a mistake outside of the callback.
  public var model: M {
    guard let readModel else { preconditionFailure("TrainingControl: the model is there while a callback is called, and not after it") }
    return readModel()
  }

  /// What the run went through so far.
  public var history: History { readHistory?() ?? History() }

  /// The optimizer's learning rate; a mistake to set where a schedule sets it.
  public var learningRate: Double {
    get { readRate?() ?? 0 }
    set { writeRate?(newValue) }
  }

  /// Ends the run: after this batch, or after this epoch, with its checkpoint and history as at any end.
  public func stop() { isStopped = true }
}
