// swift-tools-version: 6.2
import PackageDescription

// A package of a user's own, which knows Fluxion only by its name.
let package = Package(
  name: "Consumer",
  platforms: [.macOS(.v26)],
  dependencies: [.package(name: "Fluxion", path: "../..")],
  targets: [.executableTarget(name: "consumer", dependencies: ["Fluxion"])],
  swiftLanguageModes: [.v6]
)
