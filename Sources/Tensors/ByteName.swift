/// A name by its bytes: two that only look alike, as é in one scalar and in two, are different names.
///
/// Swift's strings take them for equal; files of tensors, and the programs that write them, do not.
package struct ByteName: Hashable, Sendable {
  /// The name.
  package let text: String

  package init(_ text: String) { self.text = text }

  package static func == (a: ByteName, b: ByteName) -> Bool { a.text.utf8.elementsEqual(b.text.utf8) }

  package func hash(into hasher: inout Hasher) {
    var text = text
    text.withUTF8 { hasher.combine(bytes: UnsafeRawBufferPointer($0)) }
  }
}
