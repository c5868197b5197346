import Fluxion
import Foundation
import Hummingbird
import NIOCore

/// The request: `{"pixels": [784 numbers]}`, row by row, 0 for paper and 1 for ink.
struct DigitRequest: Decodable {
  let pixels: [Double]
}

/// The answer: `{"digit": 7, "probabilities": [10 numbers]}`.
struct DigitResponse: ResponseEncodable {
  let digit: Int
  let probabilities: [Float]
}

/// How the server is doing.
struct StatisticsResponse: ResponseEncodable {
  let answers: Int
  let batches: Int
  let largestBatch: Int
  let liveBytes: Int
  let cachedBytes: Int
}

/// The largest body that is read: 784 numbers of up to 20 digits and more.
private let mostBytes = 64 << 10

/// `POST /digits` reads a digit, `GET /statistics` tells how the server is doing, `GET /health` whether it is there.
public func digitApplication(_ reader: DigitReader, batcher: Batcher, host: String, port: Int) -> some ApplicationProtocol {
  let router = Router()
  router.get("health") { _, _ in "ok\n" }
  router.get("statistics") { _, _ in
    let done = await batcher.statistics
    return StatisticsResponse(
      answers: done.answers, batches: done.batches, largestBatch: done.largestBatch, liveBytes: Memory.liveBytes,
      cachedBytes: Memory.cachedBytes)
  }
  router.post("digits") { request, _ in
    let pixels = try await pixels(of: request)
    try answering { try reader.check(pixels) }
    do {
      let probabilities = try await batcher.answer(to: pixels)
      let digit = probabilities.indices.max { probabilities[$0] < probabilities[$1] } ?? 0
      return DigitResponse(digit: digit, probabilities: probabilities)
    } catch let error as Batcher.Full {
      throw HTTPError(.serviceUnavailable, message: error.description)
    } catch let error as TensorError {
      // The row itself fits, as was checked: what is short is memory.
      throw HTTPError(.serviceUnavailable, message: error.description)
    }
  }
  return Application(router: router, configuration: .init(address: .hostname(host, port: port), serverName: "fluxion"))
}

/// The pixels in a request's body.
private func pixels(of request: Request) async throws -> [Float] {
  let body: ByteBuffer
  do {
    body = try await request.body.collect(upTo: mostBytes)
  } catch is NIOTooManyBytesError {
    throw HTTPError(.contentTooLarge, message: "the body has more than \(mostBytes) bytes; {\"pixels\": [784 numbers]} would fit")
  }
  let decoder = JSONDecoder()
  // JSON has no such numbers, and many a client writes them all the same, as text: they get the sentence about pixels.
  decoder.nonConformingFloatDecodingStrategy = .convertFromString(positiveInfinity: "Infinity", negativeInfinity: "-Infinity", nan: "NaN")
  do {
    return try decoder.decode(DigitRequest.self, from: Data(body.readableBytesView)).pixels.map { Float($0) }
  } catch let error as DecodingError {
    throw HTTPError(.badRequest, message: "the body is no {\"pixels\": [784 numbers]}: \(sentence(error))")
  }
}

/// Runs a check whose mistakes are the client's.
private func answering(_ check: () throws -> Void) throws {
  do { try check() } catch { throw HTTPError(.badRequest, message: "\(error)") }
}

/// Where decoding failed, and why.
private func sentence(_ error: DecodingError) -> String {
  let context: DecodingError.Context
  switch error {
  case .typeMismatch(_, let found), .valueNotFound(_, let found), .keyNotFound(_, let found), .dataCorrupted(let found): context = found
  @unknown default: return "\(error)"
  }
  let place = context.codingPath.map { $0.intValue.map { "[\($0)]" } ?? $0.stringValue }.joined()
  return (place.isEmpty ? "" : place + ": ") + context.debugDescription
}
