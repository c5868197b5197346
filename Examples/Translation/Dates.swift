import Fluxion

/// A day of the Gregorian calendar.
struct Day: Hashable {
  let year: Int
  let month: Int
  let day: Int

  /// The days from 1900 to 2099.
  static let all: [Day] = (1900...2099).flatMap { year in
    (1...12).flatMap { month in (1...length(of: month, year)).map { Day(year: year, month: month, day: $0) } }
  }

  private static func length(of month: Int, _ year: Int) -> Int {
    if month == 2 { return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) ? 29 : 28 }
    return [4, 6, 9, 11].contains(month) ? 30 : 31
  }

  /// 0 for Sunday, by Sakamoto's method.
  var weekday: Int {
    let y = month < 3 ? year - 1 : year
    return (y + y / 4 - y / 100 + y / 400 + [0, 3, 2, 5, 0, 3, 5, 1, 4, 6, 2, 4][month - 1] + day) % 7
  }

  /// `1984-05-03`.
  var iso: String { "\(year)-\(padded(month))-\(padded(day))" }
}

/// A date as somebody wrote it, and what it means.
struct WrittenDate {
  let text: String
  let day: Day

  /// A date in one of the many ways to write one.
  init(_ day: Day, using random: inout RandomStream) {
    self.day = day
    var text = Writer(day: day, using: &random).write(using: &random)
    if Int.random(in: 0..<8, using: &random) == 0 { text = misspelled(text, using: &random) }
    switch Int.random(in: 0..<8, using: &random) {
    case 0: self.text = text.lowercased()
    case 1: self.text = text.uppercased()
    default: self.text = text
    }
  }
}

/// A letter of a long word left out, doubled, or in its neighbour's place: `Febuary`, `Septemmber`, `Apirl`.
///
/// Short words stay as they are: `Ju` could be two months.
private func misspelled(_ text: String, using random: inout RandomStream) -> String {
  var letters = Array(text)
  let words = letters.indices.split { !letters[$0].isLetter }.filter { $0.count >= 5 }
  guard let word = words.randomElement(using: &random), let i = word.dropLast().randomElement(using: &random) else { return text }
  switch Int.random(in: 0..<3, using: &random) {
  case 0: letters.remove(at: i)
  case 1: letters.insert(letters[i], at: i)
  default: letters.swapAt(i, i + 1)
  }
  return String(letters)
}

/// The choices that a person makes who writes a date down.
private struct Writer {
  let day: Day
  /// Two digits stand for a year between 1930 and 2029, and only there.
  let isShortYear: Bool

  init(day: Day, using random: inout RandomStream) {
    self.day = day
    isShortYear = 1930...2029 ~= day.year && Int.random(in: 0..<4, using: &random) == 0
  }

  func write(using random: inout RandomStream) -> String {
    let (d, m, y) = (number(&random), month(&random), year)
    func pick(_ choices: String...) -> String { choices.randomElement(using: &random) ?? "" }
    let date: String
    switch Int.random(in: 0..<12, using: &random) {
    // Slashes are American, dots European: both orders are there, and the sign tells them apart.
    case 0: return "\(pick("\(day.month)", padded(day.month)))/\(pick("\(day.day)", padded(day.day)))/\(y)"
    case 1: return "\(pick("\(day.day)", padded(day.day))).\(pick("\(day.month)", padded(day.month), roman)).\(y)"
    case 2: return "\(day.year)\(pick("/", ".", " "))\(padded(day.month))\(pick("/", ".", " "))\(padded(day.day))"
    case 3: return "\(d)-\(abbreviation)-\(y)"
    case 4: return "\(day.year), \(m) \(d)"
    case 5: return "\(pick("the ", ""))\(ordinal) of \(m)\(pick(", ", " "))\(y)"
    case 6: return "\(pick("the ", ""))\(spelled) of \(m)\(pick(", ", " "))\(y)"
    case 7, 8: date = "\(m) \(pick(d, ordinal)), \(y)"
    case 9: date = "\(m) the \(pick(ordinal, spelled)) \(y)"
    default: date = "\(pick(d, ordinal)) \(m)\(pick(" ", ", "))\(y)"
    }
    let weekday = weekdays[day.weekday]
    return pick("", "", "\(weekday), ", "\(weekday) ", "\(weekday.prefix(3)) ", "\(weekday.prefix(3))., ") + date
  }

  private var year: String { isShortYear ? "'\(padded(day.year % 100))" : "\(day.year)" }
  private func number(_ random: inout RandomStream) -> String { Bool.random(using: &random) ? "\(day.day)" : padded(day.day) }
  private var abbreviation: String { day.month == 9 ? "Sept" : String(months[day.month - 1].prefix(3)) }
  private var roman: String { ["I", "II", "III", "IV", "V", "VI", "VII", "VIII", "IX", "X", "XI", "XII"][day.month - 1] }
  private var spelled: String { ordinals[day.day - 1] }

  private var ordinal: String {
    let ending = 11...13 ~= day.day ? "th" : [1: "st", 2: "nd", 3: "rd"][day.day % 10] ?? "th"
    return "\(day.day)\(ending)"
  }

  private func month(_ random: inout RandomStream) -> String {
    switch Int.random(in: 0..<4, using: &random) {
    case 0: String(months[day.month - 1].prefix(3))
    case 1: abbreviation + (day.month == 5 ? "" : ".")
    default: months[day.month - 1]
    }
  }
}

private let months = [
  "January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November", "December",
]
private let weekdays = ["Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"]
private let ordinals = [
  "first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth", "ninth", "tenth", "eleventh", "twelfth", "thirteenth",
  "fourteenth", "fifteenth", "sixteenth", "seventeenth", "eighteenth", "nineteenth", "twentieth", "twenty-first", "twenty-second",
  "twenty-third", "twenty-fourth", "twenty-fifth", "twenty-sixth", "twenty-seventh", "twenty-eighth", "twenty-ninth", "thirtieth",
  "thirty-first",
]

private func padded(_ number: Int) -> String { number < 10 ? "0\(number)" : "\(number)" }
