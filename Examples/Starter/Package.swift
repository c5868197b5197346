// swift-tools-version: 6.2
import PackageDescription

// A program that uses Fluxion: copy this folder, and name the package by its URL.
let package = Package(
  name: "Starter",
  platforms: [.macOS(.v26)],
  dependencies: [
    .package(name: "Fluxion", path: "../..")
    // .package(url: "https://github.com/OWNER/fluxion", from: "0.1.0"),
  ],
  targets: [
    .executableTarget(name: "starter", dependencies: [.product(name: "Fluxion", package: "Fluxion")])
  ],
  swiftLanguageModes: [.v6]
)
