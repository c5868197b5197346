import ArgumentParser
import Foundation
import Pretrained

/// `fluxion generate FOLDER --prompt …`: text that follows a prompt.
struct Generate: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Writes the text that follows a prompt, by a language model in a folder from Hugging Face.",
    discussion:
      "Without a word about drawing the likeliest tokens are taken. With --chat the prompt is a user's message in the model's template.")

  @Argument(help: "A folder with config.json, model.safetensors and tokenizer.json.")
  var folder: String

  @Option(help: "What goes before.")
  var prompt: String

  @Option(help: "The most tokens that are made.")
  var tokens = 128

  @Option(help: "What logits are divided by before a token is drawn.")
  var temperature: Double?

  @Option(help: "Draw from so many of the likeliest tokens.")
  var topK: Int?

  @Option(help: "Draw from the likeliest tokens whose probabilities reach this sum.")
  var topP: Double?

  @Option(help: "Draw from tokens at least so probable beside the likeliest.")
  var minP: Double?

  @Option(help: "What the logits of tokens that have been seen are divided by.")
  var repetitionPenalty = 1.0

  @Option(help: "What draws follow from.")
  var seed: UInt64?

  @Option(help: "Texts at which the answer ends.")
  var stop: [String] = []

  @Flag(help: "Take the prompt for a user's message.")
  var chat = false

  func run() throws {
    let options = GenerationOptions(
      maximumTokens: tokens, temperature: temperature, topK: topK, topP: topP, minP: minP, repetitionPenalty: repetitionPenalty,
      stopSequences: stop, seed: seed)
    do {
      let model = try PretrainedModel(from: folder)
      let text = try chat ? model.templated(prompt) : prompt
      try model.generate(text, options: options) { piece in
        FileHandle.standardOutput.write(Data(piece.utf8))
      }
      print()
    } catch let error as CustomStringConvertible {
      throw ToolError(error.description)
    }
  }
}

extension PretrainedModel {
  fileprivate func templated(_ prompt: String) throws -> String {
    guard let tokenizer else { throw ToolError("\(folder) has no tokenizer.json") }
    return try tokenizer.applyChatTemplate([ChatMessage(role: "user", content: prompt)])
  }
}

/// `fluxion embed FOLDER TEXT…`: the vectors of sentences.
struct Embed: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Prints the vectors of sentences, a line each, by an encoder in a folder from Hugging Face.")

  @Argument(help: "A folder of sentence-transformers, or of an encoder.")
  var folder: String

  @Argument(help: "The sentences; those of standard input, a line each, if there are none.")
  var sentences: [String] = []

  @Flag(help: "Print the similarity of each sentence to the first instead.")
  var similarity = false

  func run() throws {
    do {
      let encoder = try SentenceEncoder(from: folder)
      var texts = sentences
      if texts.isEmpty { while let line = readLine() { texts.append(line) } }
      let vectors = try encoder.encode(texts)
      let numbers = vectors.scalars(Float.self)
      let width = encoder.features
      func vector(_ i: Int) -> ArraySlice<Float> { numbers[i * width..<(i + 1) * width] }
      func length(_ v: ArraySlice<Float>) -> Float { v.reduce(0) { $0 + $1 * $1 }.squareRoot() }
      for (i, text) in texts.enumerated() {
        if similarity {
          let product = zip(vector(0), vector(i)).reduce(Float(0)) { $0 + $1.0 * $1.1 }
          print("\(product / max(length(vector(0)) * length(vector(i)), .leastNormalMagnitude))\t\(text)")
        } else {
          print(vector(i).map { "\($0)" }.joined(separator: " "))
        }
      }
    } catch let error as CustomStringConvertible {
      throw ToolError(error.description)
    }
  }
}
