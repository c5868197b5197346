import Testing

@testable import Pretrained

@Suite struct TemplateTests {
  private let messages = [
    ChatMessage(role: "system", content: "Be brief."), ChatMessage(role: "user", content: " Who? "),
    ChatMessage(role: "assistant", content: "I."),
    ChatMessage(role: "user", content: "Why?"),
  ]

  /// What the fuzzer begins with is rendered: from a template that is refused it would not come far.
  @Test(arguments: ["chatml", "inst", "tools", "set"]) func seedsOfTheFuzzerAreRendered(_ name: String) throws {
    let template = ChatTemplate(source: String(decoding: try Fixture.seed("template", name), as: UTF8.self))
    let text = try template.render(messages, values: ["bos_token": .string("<s>"), "eos_token": .string("</s>"), "tools": .list([])])
    #expect(!text.isEmpty)
  }

  @Test func numbersHaveExponents() throws {
    #expect(try ChatTemplate(source: "{{ 1.5e3 | int }} {{ 25E-1 + 1 }} {{ 2e+2 }}").render([:]) == "1500 3.5 200.0")
    let error = #expect(throws: TemplateError.self) { try ChatTemplate(source: "{{ 2 ** 3 }}").render([:]) }
    #expect(error?.description.contains("the operator **") == true)
  }

  @Test func familiesTemplates() throws {
    let chatML =
      "{% for message in messages %}{{'<|im_start|>' + message['role'] + '\n' + message['content'] + '<|im_end|>' + '\n'}}{% endfor %}{% if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}{% endif %}"
    #expect(
      try ChatTemplate(source: chatML).render([messages[3]])
        == "<|im_start|>user\nWhy?<|im_end|>\n<|im_start|>assistant\n")
    let llama3 =
      "{% set loop_messages = messages %}{% for message in loop_messages %}{% set content = '<|start_header_id|>' + message['role'] + '<|end_header_id|>\n\n'+ message['content'] | trim + '<|eot_id|>' %}{% if loop.index0 == 0 %}{% set content = bos_token + content %}{% endif %}{{ content }}{% endfor %}{% if add_generation_prompt %}{{ '<|start_header_id|>assistant<|end_header_id|>\n\n' }}{% endif %}"
    #expect(
      try ChatTemplate(source: llama3).render(Array(messages.prefix(2)), values: ["bos_token": "<b>"])
        == "<b><|start_header_id|>system<|end_header_id|>\n\nBe brief.<|eot_id|><|start_header_id|>user<|end_header_id|>\n\nWho?<|eot_id|><|start_header_id|>assistant<|end_header_id|>\n\n"
    )
    let namespace = """
      {%- set ns = namespace(count=0) %}
      {%- for m in messages if m.role == 'user' %}
        {%- set ns.count = ns.count + loop.index %}
      {%- endfor %}
      {{- ns.count }} {{ messages[::-1][0].content }} {{ messages | map(attribute='role') | join(', ') }}
      """
    #expect(try ChatTemplate(source: namespace).render(messages) == "3 Why? system, user, assistant, user")
    let macro =
      "{% macro tag(x, y='!') %}<{{ x }}{{ y }}>{% endmacro %}{{ tag('a') }}{{ tag('b', y='?') }}{{ {'k': [1, 2.5, none, true]} | tojson }}"
    #expect(try ChatTemplate(source: macro).render([:]) == #"<a!><b?>{"k": [1, 2.5, null, true]}"#)
  }

  @Test func blanksAroundBlocks() throws {
    #expect(try ChatTemplate(source: "a\n  {% if true %}\nb\n  {% endif %}\nc\n").render([:]) == "a\nb\nc")
    #expect(try ChatTemplate(source: "a  {%- if true -%}  b  {%- endif -%}  c").render([:]) == "abc")
    #expect(try ChatTemplate(source: "a {# no #} b").render([:]) == "a  b")
  }

  @Test func whatIsNotThereIsRefusedByName() {
    func problem(_ source: String) -> String {
      do { return try ChatTemplate(source: source).render([:]) } catch { return "\(error)" }
    }
    #expect(problem("{% include 'x' %}").contains("include"))
    #expect(problem("{{ x | zap }}").contains("zap"))
    #expect(problem("{{ zap() }}").contains("zap"))
    #expect(problem("{{ raise_exception('no tools') }}").contains("no tools"))
    #expect(problem("{% if true %}").contains("endif"))
    #expect(problem("{{ 1 // 0 }}").contains("//"))
    #expect(problem("{{ 'a' * 999999999999 }}").contains("bytes"))
    #expect(problem("{% for i in range(1000000) %}{% for j in range(1000000) %}x{% endfor %}{% endfor %}").contains("steps"))
    #expect(problem(String(repeating: "(", count: 5000)) == String(repeating: "(", count: 5000))
    #expect(problem("{{ " + String(repeating: "(", count: 5000) + " }}").contains("nest"))
    #expect(problem("{% macro f(x) %}{{ f(x) }}{% endmacro %}{{ f(1) }}").contains("nest"))
    #expect(problem("{{ 9223372036854775807 + 1 }}").contains("+"))
    // Places in the run's own lists that there are not.
    for index in [Int.min, -1, 0, .max] {
      let values: [String: TemplateValue] = ["space": .namespace(index), "m": .macro(index)]
      #expect(throws: TemplateError.self) { try ChatTemplate(source: "{{ m() }}").render(values) }
      #expect(throws: TemplateError.self) { try ChatTemplate(source: "{% set space.a = 1 %}").render(values) }
      #expect((try? ChatTemplate(source: "{{ space.a }}").render(values)) == "")
    }
  }
}
