import Foundation

/// One message of a conversation.
public struct ChatMessage: Sendable {
  /// Who speaks: `system`, `user`, `assistant`, `tool`.
  public var role: String
  /// What is said.
  public var content: String

  /// A message.
  public init(role: String, content: String) { (self.role, self.content) = (role, content) }
}

/// The template of a conversation in tokenizer_config.json: the part of Jinja that the families' templates use.
///
/// Tags: if, for, set, macro, break, continue, generation. A template with another tag, filter or function is refused with its name.
public struct ChatTemplate: Sendable {
  /// The template as it is written.
  public let source: String

  /// A template.
  public init(source: String) { self.source = source }

  /// The text of a conversation.
  ///
  /// - Parameters:
  ///   - messages: What was said, in order.
  ///   - addsGenerationPrompt: Whether the beginning of the next answer stands at the end.
  ///   - values: Further variables, such as `bos_token` and `tools`.
  public func render(
    _ messages: [ChatMessage], addsGenerationPrompt: Bool = true, values: [String: TemplateValue] = [:]
  ) throws -> String {
    var values = values
    values["messages"] = .list(messages.map { ["role": .string($0.role), "content": .string($0.content)] })
    values["add_generation_prompt"] = .bool(addsGenerationPrompt)
    return try render(values)
  }

  /// The text by all of its variables.
  public func render(_ values: [String: TemplateValue]) throws -> String {
    let nodes = try TemplateParser.parse(source)
    var run = TemplateRun(values)
    _ = try run.write(nodes)
    return run.output
  }
}

extension Tokenizer {
  /// A conversation as its template writes it, of ``chatTemplate``.
  ///
  ///     let prompt = try tokenizer.applyChatTemplate([ChatMessage(role: "user", content: "Who is my shepherd?")])
  ///     let ids = try tokenizer.encode(prompt, addsSpecialTokens: false).ids
  public func applyChatTemplate(
    _ messages: [ChatMessage], addsGenerationPrompt: Bool = true, values: [String: TemplateValue] = [:]
  ) throws -> String {
    guard let chatTemplate else { throw TemplateError("the folder's tokenizer_config.json has none") }
    let own = specialTokens.mapValues { TemplateValue.string($0) }
    return try chatTemplate.render(messages, addsGenerationPrompt: addsGenerationPrompt, values: own.merging(values) { $1 })
  }
}
