// swift-tools-version: 6.2
import PackageDescription

// A package of a user's own with a kernel of its own: how fast it is must not depend on where its closure was compiled.
let package = Package(
  name: "ConsumerKernel",
  platforms: [.macOS(.v26)],
  dependencies: [.package(name: "Fluxion", path: "../..")],
  targets: [.executableTarget(name: "kernel", dependencies: ["Fluxion"])],
  swiftLanguageModes: [.v6]
)
