import ArgumentParser
import DigitServer
import Fluxion
import Hummingbird

/// Serves the digits model over HTTP.
@main
struct Server: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "server", abstract: "Reads handwritten digits over HTTP.",
    discussion: "POST /digits with {\"pixels\": [784 numbers from 0 to 1]} gives {\"digit\": 7, \"probabilities\": [10 numbers]}.")

  @Option(help: ArgumentHelp("The weights, as `digits --save` writes them.", valueName: "file"))
  var weights: String
  @Option(help: "The address to listen at.")
  var host = "127.0.0.1"
  @Option(help: "The port to listen at.")
  var port = 8080
  @Option(help: "The most requests in one forward.")
  var batch = 64
  @Option(help: "How many milliseconds a request waits for others at most.")
  var delay = 1
  @Option(help: "The most megabytes that tensors may have.")
  var memory = 512

  func validate() throws {
    if !(1...65_535 ~= port) { throw ValidationError("--port \(port): 1 to 65535 would fit") }
    if !(1...4096 ~= batch) { throw ValidationError("--batch \(batch): 1 to 4096 would fit") }
    if !(0...60_000 ~= delay) { throw ValidationError("--delay \(delay): 0 to 60000 would fit") }
    if !(1...1 << 20 ~= memory) { throw ValidationError("--memory \(memory): 1 to \(1 << 20) would fit") }
  }

  func run() async throws {
    Memory.limit = memory << 20
    let reader = try DigitReader(weights: weights)
    let batcher = Batcher(size: batch, delay: .milliseconds(delay)) { rows in try reader.probabilities(rows) }
    let application = digitApplication(reader, batcher: batcher, host: host, port: port)
    // Ends on SIGTERM and SIGINT: requests that are under way are answered first.
    try await application.runService()
  }
}
