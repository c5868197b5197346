// swift-tools-version: 6.2
import PackageDescription

// Fluxion's own builds refuse warnings (`FLUXION_STRICT=1`, as CI sets it); a package that depends on Fluxion is not bound by that.
// A build for the thread sanitizer (`FLUXION_TSAN=1`, with `--sanitize=thread`) has locks that it sees.
let strict = Context.environment["FLUXION_STRICT"] != nil
let sanitized: [SwiftSetting] = Context.environment["FLUXION_TSAN"] != nil ? [.define("FLUXION_TSAN")] : []
let swift: [SwiftSetting] = sanitized + (strict ? [.treatAllWarnings(as: .error)] : [])
let c: [CSetting] = strict ? [.treatAllWarnings(as: .error)] : []
let cxx: [CXXSetting] = strict ? [.treatAllWarnings(as: .error)] : []

// Matrix products and linear algebra of the system: OpenBLAS and LAPACKE, on Apple's Accelerate by the same names.
#if os(macOS)
  let blas = Target.systemLibrary(name: "COpenBLAS", path: "Sources/CAccelerate")
#else
  let blas = Target.systemLibrary(
    name: "COpenBLAS", pkgConfig: "openblas", providers: [.apt(["libopenblas-dev", "liblapacke-dev"])])
#endif

// Each target imports only those above it.
let package = Package(
  name: "Fluxion",
  platforms: [.macOS(.v26)],
  products: [
    .library(name: "Fluxion", targets: ["Fluxion"]),
    .library(name: "FluxionMPI", targets: ["FluxionMPI"]),
    .library(name: "Pretrained", targets: ["Pretrained"]),
    .library(name: "FluxionONNX", targets: ["FluxionONNX"]),
    .executable(name: "fluxion", targets: ["FluxionCommand"]),
    .executable(name: "fluxion-onnx", targets: ["ONNXCommand"]),
    .executable(name: "onnxtests", targets: ["onnxtests"]),
    .executable(name: "bench", targets: ["bench"]),
    .executable(name: "digits", targets: ["digits"]),
    .executable(name: "gpt", targets: ["gpt"]),
    .executable(name: "charrnn", targets: ["charrnn"]),
    .executable(name: "translation", targets: ["translation"]),
    .executable(name: "customlayers", targets: ["customlayers"]),
    .executable(name: "spectrogram", targets: ["spectrogram"]),
    .executable(name: "tasks", targets: ["tasks"]),
    .executable(name: "mpicheck", targets: ["mpicheck"]),
    .executable(name: "semanticsearch", targets: ["semanticsearch"]),
    .executable(name: "finetune", targets: ["finetune"]),
  ],
  traits: [
    .trait(name: "MPI", description: "FluxionMPI stands on Open MPI or MPICH; without it, a World is one process."),
    .default(enabledTraits: []),
  ],
  dependencies: [
    .package(url: "https://github.com/apple/swift-numerics", from: "1.1.1"),
    .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
    .package(url: "https://github.com/swiftlang/swift-docc-plugin", from: "1.5.0"),
    // Only FluxionONNX, a product of its own, builds it.
    .package(url: "https://github.com/apple/swift-protobuf", from: "1.39.0"),
  ],
  targets: [
    blas,
    .systemLibrary(name: "CZlib", pkgConfig: "zlib", providers: [.apt(["zlib1g-dev"])]),
    .systemLibrary(name: "CPNG", pkgConfig: "libpng", providers: [.apt(["libpng-dev"]), .brew(["libpng"])]),
    .systemLibrary(name: "CJPEG", pkgConfig: "libjpeg", providers: [.apt(["libjpeg-dev"]), .brew(["jpeg-turbo"])]),
    // Their errors jump over the calls between, which C survives and Swift does not.
    .target(
      name: "CImages", dependencies: ["CPNG", "CJPEG"], cSettings: c, linkerSettings: [.linkedLibrary("png"), .linkedLibrary("jpeg")]),
    .target(name: "CKernels", cSettings: c, linkerSettings: [.linkedLibrary("m", .when(platforms: [.linux]))]),
    // pocketfft, which is a header in C++, behind functions in C.
    .target(name: "CFFT", exclude: ["pocketfft/LICENSE.md"], cxxSettings: cxx),
    .target(
      name: "Tensors",
      dependencies: [
        "CFFT", "CKernels", "COpenBLAS", .product(name: "RealModule", package: "swift-numerics"),
        .product(name: "ComplexModule", package: "swift-numerics"),
      ],
      swiftSettings: swift),
    .target(name: "Autodiff", dependencies: ["Tensors"], swiftSettings: swift),
    .target(name: "Models", dependencies: ["Tensors", "Autodiff"], swiftSettings: swift),
    .target(
      name: "Optimizers", dependencies: ["CKernels", "Tensors", "Models", .product(name: "RealModule", package: "swift-numerics")],
      swiftSettings: swift),
    .target(name: "Data", dependencies: ["Tensors", "CZlib", "CImages"], swiftSettings: swift),
    .target(name: "Training", dependencies: ["Tensors", "Autodiff", "Models", "Optimizers", "Data"], swiftSettings: swift),
    .target(name: "Fluxion", dependencies: ["Tensors", "Autodiff", "Models", "Optimizers", "Data", "Training"], swiftSettings: swift),
    // Compiled into what uses it where the trait is on: FLUXION_MPI names the library as pkg-config knows it (ompi-c, mpich).
    .systemLibrary(
      name: "CMPI", pkgConfig: Context.environment["FLUXION_MPI"] ?? "ompi-c", providers: [.apt(["libopenmpi-dev"]), .brew(["open-mpi"])]),
    .target(
      name: "CMessages", dependencies: [.target(name: "CMPI", condition: .when(traits: ["MPI"]))],
      cSettings: c + [.define("FLUXION_HAS_MPI", .when(traits: ["MPI"]))]),
    .target(
      name: "FluxionMPI", dependencies: ["CMessages", "Tensors", "Autodiff", "Models", "Optimizers", "Data", "Training"],
      swiftSettings: swift),
    .target(name: "Pretrained", dependencies: ["Fluxion", "Tensors", "Models", "Data"], swiftSettings: swift),
    .target(
      name: "FluxionONNX",
      dependencies: [
        "CKernels", "Tensors", "Autodiff", "Models", "Data", .product(name: "SwiftProtobuf", package: "swift-protobuf"),
      ],
      exclude: ["Protobuf/onnx.proto3"], swiftSettings: swift),
    .executableTarget(
      name: "ONNXCommand",
      dependencies: ["Fluxion", "FluxionONNX", "Tensors", "Data", .product(name: "ArgumentParser", package: "swift-argument-parser")],
      swiftSettings: swift),
    // Not `fluxion`: where file names ignore case that would be the library's module.
    .executableTarget(
      name: "FluxionCommand",
      dependencies: ["Fluxion", "Pretrained", "Tensors", "Data", .product(name: "ArgumentParser", package: "swift-argument-parser")],
      swiftSettings: swift),
    .target(
      name: "CLoops", path: "Benchmarks/Loops", cSettings: c, linkerSettings: [.linkedLibrary("m", .when(platforms: [.linux]))]),
    .executableTarget(
      name: "bench",
      dependencies: [
        "Fluxion", "Tensors", "CKernels", "CLoops", "COpenBLAS", .product(name: "ArgumentParser", package: "swift-argument-parser"),
      ],
      path: "Benchmarks", exclude: ["Loops", "Peers"], swiftSettings: swift),
    .executableTarget(
      name: "digits",
      dependencies: ["Fluxion", "FluxionMPI", "BundledDigits", .product(name: "ArgumentParser", package: "swift-argument-parser")],
      path: "Examples/Digits", exclude: ["README.md", "Resources"], swiftSettings: swift),
    .target(
      name: "BundledDigits", path: "Examples/Digits/Resources",
      resources: ["train-images-idx3", "train-labels-idx1", "t10k-images-idx3", "t10k-labels-idx1"].map { .copy("\($0)-ubyte.gz") },
      swiftSettings: swift),
    .executableTarget(
      name: "tasks",
      dependencies: ["Fluxion", "BundledDigits", "Psalms", .product(name: "ArgumentParser", package: "swift-argument-parser")],
      path: "Examples/Tasks", exclude: ["README.md"], swiftSettings: swift),
    .executableTarget(
      name: "gpt", dependencies: ["Fluxion", "FluxionMPI", "Psalms", .product(name: "ArgumentParser", package: "swift-argument-parser")],
      path: "Examples/GPT", exclude: ["README.md"], swiftSettings: swift),
    .executableTarget(
      name: "semanticsearch", dependencies: ["Fluxion", "Pretrained", .product(name: "ArgumentParser", package: "swift-argument-parser")],
      path: "Examples/SemanticSearch", exclude: ["README.md"], swiftSettings: swift),
    .executableTarget(
      name: "finetune", dependencies: ["Fluxion", "Pretrained", .product(name: "ArgumentParser", package: "swift-argument-parser")],
      path: "Examples/FineTune", exclude: ["README.md"], swiftSettings: swift),
    .executableTarget(
      name: "translation", dependencies: ["Fluxion", .product(name: "ArgumentParser", package: "swift-argument-parser")],
      path: "Examples/Translation", exclude: ["README.md", "attention.svg"], swiftSettings: swift),
    .executableTarget(
      name: "customlayers", dependencies: ["Fluxion", .product(name: "ArgumentParser", package: "swift-argument-parser")],
      path: "Examples/CustomLayers", exclude: ["README.md"], swiftSettings: swift),
    .executableTarget(
      name: "spectrogram", dependencies: ["Fluxion", .product(name: "ArgumentParser", package: "swift-argument-parser")],
      path: "Examples/Spectrogram", exclude: ["README.md", "spectrograms.png"], swiftSettings: swift),
    .target(
      name: "Psalms", dependencies: ["Fluxion"], path: "Examples/Psalms", resources: [.copy("Resources")], swiftSettings: swift),
    .executableTarget(
      name: "charrnn",
      dependencies: ["Fluxion", "FluxionMPI", "Psalms", .product(name: "ArgumentParser", package: "swift-argument-parser")],
      path: "Examples/CharRNN", exclude: ["README.md"], swiftSettings: swift),
    .target(
      name: "PyTorchCases", dependencies: ["Fluxion", "Tensors"], path: "Tests/Conformance",
      resources: [.copy("Cases"), .copy("WideCases")],
      swiftSettings: swift),
    .executableTarget(
      name: "conformance", dependencies: ["PyTorchCases", .product(name: "ArgumentParser", package: "swift-argument-parser")],
      path: "Tests/ConformanceCommand", swiftSettings: swift),
    .target(name: "ONNXNodeTests", dependencies: ["FluxionONNX", "Tensors"], path: "Tests/ONNXNodeTests", swiftSettings: swift),
    .executableTarget(
      name: "onnxtests", dependencies: ["ONNXNodeTests", .product(name: "ArgumentParser", package: "swift-argument-parser")],
      path: "Tests/ONNXTestsCommand", exclude: ["Cases"], swiftSettings: swift),
    .executableTarget(
      name: "sweep", dependencies: ["Fluxion", "FluxionMPI", "FluxionONNX", "Pretrained", "Tensors", "Autodiff", "Data"],
      path: "Tests/Sweep", exclude: ["run.sh"], swiftSettings: swift),
    .executableTarget(
      name: "stress", dependencies: ["Fluxion", .product(name: "ArgumentParser", package: "swift-argument-parser")],
      path: "Tests/Stress", swiftSettings: swift),
    .executableTarget(
      name: "pretrainedtests", dependencies: ["Pretrained", "Fluxion", .product(name: "ArgumentParser", package: "swift-argument-parser")],
      path: "Tests/PretrainedCommand", swiftSettings: swift),
    .testTarget(
      name: "PretrainedTests", dependencies: ["Pretrained", "Fluxion", "Tensors", "Models", "Data"], swiftSettings: swift),
    .executableTarget(name: "trainee", dependencies: ["Fluxion"], path: "Tests/Trainee", swiftSettings: swift),
    .executableTarget(
      name: "mpicheck", dependencies: ["Fluxion", "FluxionMPI"], path: "Tests/MPICheck", exclude: ["Network"], swiftSettings: swift),
    .target(name: "LayerRows", dependencies: ["Fluxion"], path: "Tests/LayerRows", swiftSettings: swift),
    .testTarget(
      name: "FluxionTests",
      dependencies: [
        "Fluxion", "FluxionCommand", "FluxionMPI", "FluxionONNX", "Tensors", "Data", "Training", "PyTorchCases", "Psalms", "LayerRows",
        .product(name: "RealModule", package: "swift-numerics"), .product(name: "ComplexModule", package: "swift-numerics"),
      ],
      resources: [.copy("Golden")], swiftSettings: swift),
    .testTarget(
      name: "ONNXTests",
      dependencies: [
        "Fluxion", "FluxionONNX", "ONNXNodeTests", "Tensors", "Data", "BundledDigits", "LayerRows", "digits", "gpt", "charrnn",
        "customlayers",
        "translation", .product(name: "SwiftProtobuf", package: "swift-protobuf"),
      ],
      exclude: ["real_models.py", "written_models.py"], swiftSettings: swift),
  ],
  swiftLanguageModes: [.v6],
  cxxLanguageStandard: .gnucxx17
)
