import Fluxion
import FluxionMPI
import Foundation

// What processes do together, to be run by mpirun: Scripts/test-mpi.sh has all of it.
//
//     mpicheck collectives | differ WHAT | train CASE DIRECTORY [sharded|fast] [compiled] [resume] | die HOW DIRECTORY | bench | trace FILE

let arguments = Array(CommandLine.arguments.dropFirst())

func complain(_ text: String) -> Never {
  FileHandle.standardError.write(Foundation.Data("error: \(text)\n".utf8))
  exit(1)
}

func expect(_ condition: Bool, _ what: String, line: Int = #line) {
  if !condition { complain("line \(line): \(what)") }
}

func argument(_ i: Int) -> String {
  if i >= arguments.count { complain("an argument is missing") }
  return arguments[i]
}

do {
  switch argument(0) {
  case "collectives": try checkCollectives(World(reduction: arguments.contains("fast") ? .fast : .reproducible))
  case "differ": try checkDifferences(argument(1))
  case "train":
    guard let kind = Case(rawValue: argument(1)) else { complain("no case \(argument(1))") }
    let world = try World(
      reduction: arguments.contains("fast") ? .fast : .reproducible, optimizerState: arguments.contains("sharded") ? .sharded : .whole,
      bucketBytes: arguments.contains("small") ? 256 : 25 << 20)
    let epochs = arguments.contains("short") ? 1 : 2
    let parameters = try kind.train(
      across: world, checkpoints: argument(2), resume: arguments.contains("resume"), epochs: epochs,
      compiled: arguments.contains("compiled"))
    // Every process has the same.
    for (name, value) in parameters {
      let all = try world.allGather(value)
      expect(all.allSatisfy { $0.scalars(Float.self).map(\.bitPattern) == value.scalars(Float.self).map(\.bitPattern) }, "\(name) differs")
    }
  case "die": try checkDeath(argument(1), argument(2))
  case "bench": try measure(World(reduction: .fast))
  case "trace": try trace(argument(1))
  default: complain("no \(arguments[0])")
  }
} catch {
  complain("\(error)")
}
