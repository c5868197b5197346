// swift-tools-version: 6.2
import PackageDescription

// A package of its own: Fluxion does not depend on an HTTP server.
let package = Package(
  name: "Server",
  platforms: [.macOS(.v26)],
  dependencies: [
    .package(name: "Fluxion", path: "../.."),
    .package(url: "https://github.com/hummingbird-project/hummingbird", from: "2.28.1", traits: []),
    .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
    .package(url: "https://github.com/apple/swift-nio", from: "2.101.0"),
  ],
  targets: [
    .target(
      name: "DigitServer",
      dependencies: ["Fluxion", .product(name: "Hummingbird", package: "hummingbird"), .product(name: "NIOCore", package: "swift-nio")]),
    .executableTarget(
      name: "server", dependencies: ["DigitServer", .product(name: "ArgumentParser", package: "swift-argument-parser")]),
    .testTarget(name: "DigitServerTests", dependencies: ["DigitServer"]),
  ],
  swiftLanguageModes: [.v6]
)
