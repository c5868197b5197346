import Fluxion
import Foundation
import Testing

@Suite struct TableTests {
  struct Row: Sendable, CustomTestStringConvertible {
    let text: String
    var separator: Character?
    var hasHeader = true
    var names: [String]?
    var kinds: [String: Table.Kind] = [:]
    var missing = Table.missingTexts
    /// Names, kinds and values of the columns.
    let columns: [Table.Column]
    var testDescription: String { text.debugDescription }
  }

  static let rows: [Row] = [
    Row(
      text: "area,rooms,city\n120.5,4,Bern\n80,3,\"Zürich, West\"\n",
      columns: [
        .init("area", numbers: [120.5, 80]), .init("rooms", integers: [4, 3]), .init("city", texts: ["Bern", "Zürich, West"]),
      ]),
    Row(
      text: "a;b;c\n1;NA;x\n;2.5;\nNaN;nan;N/A\n",
      columns: [.init("a", integers: [1, nil, nil]), .init("b", numbers: [nil, 2.5, nil]), .init("c", texts: ["x", nil, nil])]),
    Row(text: "a\tb\r\n1\t2020-01-31\r\n", columns: [.init("a", integers: [1]), .init("b", texts: ["2020-01-31"])]),
    Row(text: "1,x\n2,y\n", hasHeader: false, columns: [.init("column1", integers: [1, 2]), .init("column2", texts: ["x", "y"])]),
    Row(text: "a,a,,a\n1,2,3,4", columns: ["a", "a.1", "column3", "a.2"].enumerated().map { .init($1, integers: [$0 + 1]) }),
    Row(
      text: "zip,x\n01234,1\n", kinds: ["zip": .text, "x": .number], columns: [.init("zip", texts: ["01234"]), .init("x", numbers: [1])]),
    Row(text: "a,b,c\n1,2,3\n", names: ["c", "a"], columns: [.init("a", integers: [1]), .init("c", integers: [3])]),
    Row(text: "a,b\n-,1\n2,?\n", missing: ["-", "?"], columns: [.init("a", integers: [nil, 2]), .init("b", integers: [1, nil])]),
    Row(text: "q\n\"say \"\"so\"\"\"\n\"two\nlines\"\n", columns: [.init("q", texts: ["say \"so\"", "two\nlines"])]),
    Row(text: "n\n1.0\n2\n", columns: [.init("n", numbers: [1, 2])]),
    Row(text: "n\n9223372036854775807\n-9223372036854775808\n", columns: [.init("n", integers: [.max, .min])]),
    Row(text: "n\n9223372036854775808\n", columns: [.init("n", numbers: [9_223_372_036_854_775_808])]),
    Row(text: "n\ninf\n1\n", columns: [.init("n", numbers: [.infinity, 1])]),
    Row(text: "a,b\n,\n,\n", columns: [.init("a", numbers: [nil, nil]), .init("b", numbers: [nil, nil])]),
    Row(text: "\u{FEFF}# a,b\n", columns: [.init("a", numbers: []), .init("b", numbers: [])]),
    Row(text: "a|b\n1|two words\n", separator: "|", columns: [.init("a", integers: [1]), .init("b", texts: ["two words"])]),
  ]

  @Test(arguments: rows) func reads(_ row: Row) throws {
    let table = try Table(
      bytes: Array(row.text.utf8), separator: row.separator, hasHeader: row.hasHeader, names: row.names, kinds: row.kinds,
      missing: row.missing)
    #expect(table.columns == row.columns, "\(table)")
    // Written, it is read as the same, by the kinds that it has.
    try IDXFixture.withFolder { folder in
      try table.write(to: folder + "/x.csv")
      let kinds = Dictionary(uniqueKeysWithValues: table.columns.map { ($0.name, $0.kind) })
      #expect(try Table(contentsOf: folder + "/x.csv", kinds: kinds) == table)
    }
  }

  static let mistakes: [(text: String, kinds: [String: Table.Kind], names: [String]?, sentence: String)] = [
    ("", [:], nil, "holds no table"),
    ("\n \n", [:], nil, "holds no table"),
    ("a,b\n1,2\n\n3\n", [:], nil, "line 4: 1 field; the header has 2"),
    ("a,b\n1,2,3\n", [:], nil, "line 2: 3 fields; the header has 2"),
    ("a,b\n1,\"2\n", [:], nil, "line 2, column 2 at offset 6: a quote that is never closed"),
    ("a,b\n\"1\"x,2\n", [:], nil, "line 2, column 1 at offset 7: 'x' behind a closing quote"),
    (
      "a\n1\ntwo\n", ["a": .integer], nil,
      "line 3, column 1 'a' at offset 4: 'two'; an integer of 64 bits, or a text that stands for a missing one, would fit"
    ),
    (
      "a\n1\n1.5\n", ["a": .integer], nil,
      "line 3, column 1 'a' at offset 4: '1.5'; an integer of 64 bits, or a text that stands for a missing one, would fit"
    ),
    (
      "a,b\n1,x\n", ["b": .number], nil,
      "line 2, column 2 'b' at offset 6: 'x'; a number, or a text that stands for a missing one, would fit"
    ),
    ("a,b\n1,2\n", [:], ["c"], "header: no column is called 'c'; there are a, b"),
    ("a\n1\0", [:], nil, "text at offset 3: a zero byte; a table of numbers is text"),
  ]

  @Test(arguments: mistakes.indices) func errorNamesLineAndColumn(_ index: Int) {
    let row = Self.mistakes[index]
    #expect {
      try Table(bytes: Array(row.text.utf8), name: "x.csv", names: row.names, kinds: row.kinds)
    } throws: {
      "\($0)" == "x.csv: \(row.sentence)"
    }
  }

  private static let houses: Table = {
    let text = "area,rooms,city,price\n100,4,Bern,5\n,3,Basel,4\n60,,Bern,\n80,2,,1\n"
    return try! Table(bytes: Array(text.utf8))
  }()

  @Test func columnsAndRows() throws {
    let table = Self.houses
    #expect(table.columnNames == ["area", "rooms", "city", "price"] && table.rowCount == 4)
    #expect(table["area"].kind == .integer && table["area"].missingCount == 1)
    #expect(table["city"].texts == ["Bern", "Basel", "Bern", nil])
    #expect(table[0]["city"] == "Bern" && table[1]["area"].isMissing && table[2]["area"] == 60)
    #expect(table.select(["price", "area"]).columnNames == ["price", "area"])
    #expect(table.dropping(["price", "area"]).columnNames == ["rooms", "city"])
    #expect(table.filter { ($0["area"].number ?? 0) >= 80 }["rooms"].tensor().scalars(Float.self) == [4, 2])
    #expect(table.rows(at: [3, 0, 0])["price"].tensor(.int64).scalars(Int.self) == [1, 5, 5])
    #expect(table[1..<3]["city"].texts == ["Basel", "Bern"])
    #expect(table.droppingMissing().rowCount == 1 && table.droppingMissing(in: ["city"]).rowCount == 3)
    let x = table.select(["area", "price"]).tensor(.float64)
    #expect(x.shape == [4, 2] && x.scalars(Double.self).map { $0.isNaN ? -1 : $0 } == [100, 5, -1, 4, 60, -1, 80, 1])
    #expect(table["rooms"].missingMask.scalars(Bool.self) == [false, false, true, false])
    #expect(table.adding(.init("id", integers: [1, 2, 3, 4])).columns.count == 5)
    #expect(table.adding(.init("city", integers: [1, 2, 3, 4]))["city"].kind == .integer)
    #expect("\(table)".hasPrefix("4 rows, 4 columns\n  area   integer, 1 missing: 100, missing, 60, 80\n"), "\(table)")
    let rows = Table(rows: [["a": 1, "b": "x"], ["a": 2.5, "c": nil]])
    #expect(rows.columns == [.init("a", numbers: [1, 2.5]), .init("b", texts: ["x", nil]), .init("c", numbers: [nil, nil])])
  }

  @Test func whatIsFittedOnOnePartIsAppliedToOthers() throws {
    let encoder = TableEncoder(fitting: Self.houses, numbers: ["area", "rooms"], categories: ["city"], missing: .median, addsMasks: true)
    #expect(encoder.fillValues == [80, 3] && encoder.categoryCounts == [3])
    #expect(encoder.featureNames == ["area", "rooms", "area is missing", "rooms is missing", "city = Basel", "city = Bern"])
    #expect(encoder.numbers(Self.houses).scalars(Float.self) == [100, 4, 0, 0, 80, 3, 1, 0, 60, 3, 0, 1, 80, 2, 0, 0])
    #expect(encoder.ids(Self.houses).scalars(Int.self) == [2, 1, 2, 0])
    // Another table, with a city that was never seen and columns in another order; and one row, as a server gets it.
    let other = try Table(bytes: Array("city,area,rooms\nGenf,1.5,NA\nBasel,2,7\n".utf8))
    #expect(encoder.features(other).scalars(Float.self) == [1.5, 3, 0, 1, 0, 0, 2, 7, 0, 0, 1, 0])
    #expect(encoder.features(["area": 90, "city": "Bern"]).scalars(Float.self) == [90, 3, 0, 1, 0, 1])
    #expect(encoder.ids(["city": "Basel"]).scalars(Int.self) == [1] && encoder.numbers(["rooms": 1, "area": 2]).shape == [1, 4])
    #expect(TableEncoder(fitting: Self.houses, numbers: ["area"]).fillValues == [80])
    #expect(TableEncoder(fitting: Self.houses, numbers: ["area"], missing: .constant(-1)).fillValues == [-1])
    #expect(TableEncoder(fitting: Self.houses, categories: ["city"], minimumCount: 2).categories[0].vocabulary == ["Bern"])
    try IDXFixture.withFolder { folder in
      try encoder.save(to: folder + "/encoder.json")
      #expect(try TableEncoder(contentsOf: folder + "/encoder.json") == encoder)
      let odd = TableEncoder(
        fitting: Table([.init("a \"b\"\n", numbers: [0.1, 1e-300]), .init("ü", texts: ["\\", "\u{1}"])]), numbers: ["a \"b\"\n"],
        categories: ["ü"])
      try odd.save(to: folder + "/odd.json")
      #expect(try TableEncoder(contentsOf: folder + "/odd.json") == odd)
      // Cut short or changed anywhere it throws, or is an encoder.
      let bytes = [UInt8](try Data(contentsOf: URL(filePath: folder + "/encoder.json")))
      for end in bytes.indices.dropLast(2) { #expect(throws: DataError.self) { try TableEncoder(bytes: Array(bytes[..<end])) } }
      for place in bytes.indices {
        var changed = bytes
        changed[place] = 0x22
        _ = try? TableEncoder(bytes: changed)
      }
      let wrong = Array("{\"version\": 2}".utf8)
      #expect { try TableEncoder(bytes: wrong, name: "x") } throws: { "\($0)" == "x: version at offset 12: 2; 1 would fit" }
    }
  }

  @Test func categories() {
    let column = Table.Column("kind", texts: ["b", "a", nil, "b"])
    let labels = CategoryEncoder(fitting: Table.Column("kind", texts: ["b", "a"]), hasUnknown: false)
    #expect(labels.count == 2 && labels.id("b") == 1 && labels.text(0) == "a" && labels.text(2) == nil && labels.id("c") == nil)
    #expect(CategoryEncoder(fitting: column).ids(column).scalars(Int.self) == [2, 1, 0, 2])
    #expect(CategoryEncoder(fitting: .init("n", integers: [7, 3])).ids(.init("n", numbers: [3, 7, 7.5])).scalars(Int.self) == [1, 2, 0])
  }

  static let programMistakes: [(sentence: String, call: @Sendable () throws -> Void)] = [
    ("Table: no column is called 'x'; there are area, rooms, city, price", { _ = houses["x"] }),
    ("Table: no column is called 'x'; there are area, rooms, city, price", { _ = houses[0]["x"] }),
    ("Table: row 4 of 4", { _ = houses[4] }),
    ("Table: row -1 of 4", { _ = houses.rows(at: [0, -1]) }),
    ("Table: rows 2..<5 of 4", { _ = houses[2..<5] }),
    ("Table: column 'city' is text, 'Bern' in row 0; a column of numbers would fit", { _ = houses["city"].tensor() }),
    (
      "TableEncoder: column 'city' is text, 'Bern' in row 0; a column of numbers would fit",
      { _ = TableEncoder(fitting: houses, numbers: ["city"]) }
    ),
    ("Table: column 'area' has missing in row 1, which is no int64", { _ = houses["area"].tensor(.int64) }),
    (
      "Table: two columns are called 'a'; equally long columns of different names would fit",
      { _ = Table([.init("a", integers: [1]), .init("a", integers: [2])]) }
    ),
    (
      "Table: column 'b' has 1 rows and column 'a' 2; equally long columns of different names would fit",
      { _ = Table([.init("a", integers: [1, 2]), .init("b", integers: [2])]) }
    ),
    (
      "CategoryEncoder: column 'city' has 'Genf' in row 1, which is none of the 1 categories; hasUnknown: true would give such rows the id 0",
      { _ = CategoryEncoder(vocabulary: ["Bern"], hasUnknown: false).ids(.init("city", texts: ["Bern", "Genf"])) }
    ),
  ]

  @Test(arguments: programMistakes.indices) func mistakesAreNamed(_ index: Int) {
    #expect {
      try checked { try Self.programMistakes[index].call() }
    } throws: {
      "\($0)" == Self.programMistakes[index].sentence
    }
  }

  @Test func everyTruncationAndMutationThrowsOrGivesATable() {
    for row in Self.rows {
      let bytes = Array(row.text.utf8)
      for position in bytes.indices {
        var changed = [Array(bytes[..<position])]
        for value in [0x22, 0x2C, 0x0A, 0xFF, 0] as [UInt8] {
          changed.append(bytes)
          changed[changed.count - 1][position] = value
        }
        for bytes in changed {
          guard let table = try? Table(bytes: bytes) else { continue }
          #expect(table.columns.allSatisfy { $0.count == table.rowCount })
        }
      }
    }
  }
}
