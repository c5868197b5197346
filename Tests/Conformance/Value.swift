import Fluxion
import Foundation

/// An argument as a case writes it down.
enum Value: Sendable {
  case none
  case bool(Bool)
  case int(Int)
  case double(Double)
  case complex(Double, Double)
  case string(String)
  /// A list or a tuple.
  case list([Value])
  /// A tensor by its name in the case, and the strides it is to have if they are not those of its shape.
  case tensor(String, strides: [Int]?)
  case dtype(DType)
  case slice([Int?])
  case ellipsis

  /// What `JSONSerialization` made of it.
  init(_ json: Any) throws {
    switch json {
    case is NSNull: self = .none
    case let text as String: self = .string(text)
    case let list as [Any]: self = .list(try list.map { try Value($0) })
    case let number as NSNumber:
      // 2 and 2.0 are different arguments to PyTorch; only the number's own type tells them apart.
      switch String(cString: number.objCType) {
      case "c", "B": self = .bool(number.boolValue)
      case "d", "f": self = .double(number.doubleValue)
      default: self = .int(number.intValue)
      }
    case let object as [String: Any]: self = try Value(object: object)
    default: throw CaseError("a value of no known kind: \(json)")
    }
  }

  private init(object: [String: Any]) throws {
    if let parts = object["complex"] as? [NSNumber], parts.count == 2 {
      self = .complex(parts[0].doubleValue, parts[1].doubleValue)
    } else if let name = object["tensor"] as? String {
      self = .tensor(name, strides: object["strides"] as? [Int])
    } else if let list = object["tuple"] as? [Any] {
      self = .list(try list.map { try Value($0) })
    } else if let text = object["float"] as? String, let number = Double(text) {
      self = .double(number)
    } else if let name = object["dtype"] as? String {
      self = .dtype(try ElementType.named(name))
    } else if let parts = object["slice"] as? [Any] {
      self = .slice(parts.map { ($0 as? NSNumber)?.intValue })
    } else if object["ellipsis"] != nil {
      self = .ellipsis
    } else {
      throw CaseError("a value of no known kind: \(object)")
    }
  }
}

/// What is wrong with a file of cases, or with a case.
struct CaseError: Error, CustomStringConvertible {
  let description: String
  init(_ description: String) { self.description = description }
}

/// A case that Fluxion refuses, by a rule of the table.
struct Refusal: Error {
  let reason: String
  init(_ reason: String) { self.reason = reason }

  /// Fluxion's 16-bit result is float64's, rounded once, and PyTorch's is outside of the tolerances of it.
  static let rounded = Refusal("PyTorch rounds to 16 bits in between: its result is further from the exact one than its tolerances")
}

/// Element types as the files write them: Fluxion's dtype, or why the case is refused.
enum ElementType {
  static let bytes = "uint8"

  /// PyTorch's names of dtypes that Fluxion does not have, and the codes of safetensors: what stands for it is the reason.
  private static let missing: [String: String] = [
    "uint8": bytes, "int8": "int8", "int16": "int16",
    "I8": "int8", "I16": "int16",
  ]
  private static let codes: [String: DType] = [
    "F32": .float32, "F64": .float64, "I32": .int32, "I64": .int64, "BOOL": .bool, "U8": .bool, "F16": .float16, "BF16": .bfloat16,
  ]

  /// A dtype by PyTorch's name.
  static func named(_ name: String) throws -> DType {
    if let dtype = DType.allCases.first(where: { $0.description == name }) { return dtype }
    throw missing[name].map { Refusal($0) as any Error } ?? CaseError("no dtype named \(name)")
  }

  /// A dtype by safetensors' code.
  static func stored(_ code: String) throws -> DType {
    if let dtype = codes[code] { return dtype }
    throw missing[code].map { Refusal($0) as any Error } ?? CaseError("no dtype with the code \(code)")
  }
}
