import Fluxion

/// Times a closure over 1M numbers as `bench` times `kernel/custom-mish/1M`: the fastest of eight batches; prints microseconds a call.
@main
struct Kernel {
  static let mish = Elementwise { x in x * tanh(log1p(exp(x))) }

  static func main() {
    Threads.count = 2
    let x = Tensor.normal([1 << 20])
    let clock = ContinuousClock()
    var checksum = 0.0
    for _ in 0..<3 { checksum += mish(x)[0].item() }
    var best = Duration.seconds(1)
    for _ in 0..<8 {
      let calls = 100
      let time = clock.measure { for _ in 0..<calls { checksum += mish(x)[0].item() } }
      best = min(best, time / calls)
    }
    precondition(checksum.isFinite)
    print(best / .microseconds(1))
  }
}
