import Dispatch
import Fluxion

/// Forwards of the perceptron for digits by tasks that share one model, a request of one digit or of 64 at a time: eight tasks beside one, for the same work.
func servingRows() -> [Row] {
  [(1, 800), (64, 160)].flatMap { batch, count in
    let work = Work.product(batch, 1, 784 * 128 + 128 * 64 + 64 * 10, batch: count)
    return [
      serving("serve/mlp/\(batch)/1-task", work, tasks: 1, batch: batch, count: count),
      serving("serve/mlp/\(batch)/8-tasks", work, limit: "serve/mlp/\(batch)/1-task", tasks: 8, batch: batch, count: count),
    ]
  }
}

/// `count` requests, shared among tasks.
private func serving(_ name: String, _ work: Work, limit: String? = nil, tasks: Int, batch: Int, count: Int) -> Row {
  .timed(name, work, limit: limit) {
    let (model, x) = (mlp(), Tensor.normal([batch, 784]))
    return {
      let done = DispatchSemaphore(value: 0)
      for _ in 0..<tasks {
        Task {
          for _ in 0..<count / tasks { consume(model.predict(x)) }
          done.signal()
        }
      }
      for _ in 0..<tasks { done.wait() }
    }
  }
}
