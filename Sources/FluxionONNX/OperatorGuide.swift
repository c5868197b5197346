/// `Guides/FromONNX.md`, written from the operator table.
public enum ONNXOperatorGuide {
  /// How many operators the table has.
  public static var operatorCount: Int { OperatorTable.families.reduce(0) { $0 + $1.operators.count } }

  /// The page, as Markdown.
  public static var text: String {
    var lines = [introduction]
    for family in OperatorTable.families {
      lines += ["", "## \(family.title)", "", "| ONNX | versions | Fluxion |", "|---|---|---|"]
      for row in family.operators.sorted(by: { $0.name < $1.name }) {
        let text = row.text.replacing("|", with: "\\|")
        lines.append("| `\(row.name)` | \(row.versions.map { "\($0)" }.joined(separator: ", ")) | \(text) |")
      }
    }
    return lines.joined(separator: "\n") + "\n"
  }

  /// What `Tests/ONNXTests/real_models.py` measured.
  private static let figures = """
    Milliseconds on two threads of an AMD EPYC (Zen 3, AVX2) that others used as well, by turns with onnxruntime 1.32, least of a few rounds; in brackets the ratio to its time. On a
    machine in use the ratios move by a tenth or two; `Tests/ONNXTests/real_models.py` measures them again.

    | model | onnxruntime | operator by operator | compiled |
    |---|---:|---:|---:|
    | silero-vad, a chunk of 576 samples | 0.152 | 0.284 (1.87) | 0.103 (0.68) |
    | magika, 5 files | 67.2 | 79.4 (1.18) | 64.6 (0.96) |
    | MiniLM from PyTorch's exporter, 1 × 32 tokens | 21.7 | 21.1 (0.97) | 18.7 (0.86) |
    | MiniLM, 16 × 128 tokens | 1070 | 886 (0.83) | 816 (0.76) |
    | rapidocr, text detection, 320 × 320 | 39.3 | 36.7 (0.93) | 32.4 (0.83) |
    | rapidocr, direction, 48 × 192 | 1.21 | 1.61 (1.33) | 1.17 (0.97) |
    | rapidocr, text recognition, 48 × 320 | 30.1 | 33.1 (1.10) | 26.8 (0.89) |
    | ResNet-50 (ONNX's light model), 224 × 224 | 168 | 213 (1.27) | 131 (0.78) |
    | SqueezeNet (light) | 14.4 | 15.0 (1.04) | 16.7 (1.16) |
    | ShuffleNet (light) | 6.6 | 11.5 (1.75) | 8.5 (1.29) |
    """

  private static var introduction: String {
    """
    # From ONNX

    `FluxionONNX` is a product of its own: `.product(name: "FluxionONNX", package: "Fluxion")`, `import FluxionONNX`. Only it builds swift-protobuf. An
    `ONNXModel` is a model like others: its graph is run by Fluxion's operators, so it answers, has gradients, trains, is copied and saved.

    ```swift
    var model = try ONNXModel(from: folder + "/digits.onnx")
    let scores = model.predict(images)                          // of a model with one input the first output
    let answers = try checked { model(inputs: ["image": images]) }
    print(model.inputs, model.outputNames)                      // [(name: "image", type: "float[batch, 1, 28, 28]")] ["scores"]
    print(answers["scores"]!.shape)                             // [4, 10]
    ```

    Floating-point initializers are parameters under their ONNX names, those of branches and loops too. What is no weight is frozen: statistics of batch
    normalisations, scales of quantisation, bounds, and initializers of a single number without axes; `thaw` lets one be trained.

    ```swift
    print(model.parameters.map(\\.name).prefix(2))               // ["conv1.weight", "conv1.bias"]
    model.freeze("conv1")
    try model.fit(digits, loss: crossEntropy, optimizer: Adam(learningRate: 1e-3), epochs: 1, progress: .none)
    try model.save(to: folder + "/digits.safetensors")
    ```

    Compiled it is replayed as a plan with the same bits, see [Compiled.md](Compiled.md); `named` is the model of inputs and outputs by name, for models with several.
    An `If` on an input's elements is no question of a plan: `fixing` decides on that input beforehand (`model.fixing(["sr": Tensor(16000, .int64)])`).

    ```swift
    let fast = model.named.compiled()
    let quick = fast.predict(["image": images])["scores"]!
    ```

    `ONNXModel.support(of:)`, and the command `fluxion-onnx inspect`, tell which operators a file uses. `fluxion-onnx run FILE --input x.npy --output y.npy` runs it,
    `fluxion-onnx check FILE --input x.npy --against y.npy` compares, `fluxion-onnx time FILE --input x.npy` times it operator by operator and compiled.

    ```swift
    print(try ONNXModel.support(of: folder + "/digits.onnx"))
    ```

    **Writing.** Any model is written as it answers in inference mode: for onnxruntime, Core ML's converter and the web.

    ```swift
    let network = Chain {
      Conv2D(1, 8, kernel: 3, padding: 1, activation: relu)
      MaxPool2D(2)
      Flatten()
      Dense(8 * 14 * 14, 10)
    }
    try network.writeONNX(to: folder + "/network.onnx", input: [1, 1, 28, 28], dynamicAxes: [0])    // the batch may have any size
    print(try ONNXModel(from: folder + "/network.onnx").inputs)     // [(name: "input", type: "float[batch, 1, 28, 28]")]
    ```

    The model runs on an example, and the operators that it calls are written as those of operator set 20. Initializers have the names of parameters and buffers (`layers.0.weight`), nodes that
    of the part that they ran in (`/layers.0/Conv`). The input is a shape (`dtype: .int64` for ids), or an example: a tensor, or a tuple, struct or list of
    several, whose names are those of the properties.

    ```swift
    let recurrent = Chain {
      LSTM(3, 4)
      Dense(4, 2)
    }
    try recurrent.writeONNX(to: folder + "/step.onnx", input: Tensor.zeros([1, 3]))
    print(try ONNXModel(from: folder + "/step.onnx").outputNames)   // ["output", "layers.0.hidden_l0.next", "layers.0.cell_l0.next"]
    ```

    A `@Recurrent` state that a call reads and changes is an input under its name and an output with `.next` behind it, which is given to the next call; without dynamic axes its value is the
    input's default. What a call begins anew, as in `.unrolled()`, is inside of the file. A state that grows from call to call, such as keys and values so far, begins at each call with what it
    was when it was written, unless it is to be an input and an output:

    ```swift
    let decoder = Chain {
      Embedding(50, 8)
      LearnedPositions(64, 8)
      TransformerEncoderBlock(8, heads: 2, hidden: 32, isCausal: true)
      Dense(8, 50)
    }
    let ids = Tensor.zeros([1, 4], .int64)
    try decoder.incremental().writeONNX(to: folder + "/decoder.onnx", input: ids, dynamicAxes: [0, 1], growingState: true)
    print(try ONNXModel(from: folder + "/decoder.onnx").inputs[1].type)    // float[batch, 2, past, 4]
    ```

    The first call is given one of size 0 along `past`, the others what the call before gave. Example inputs have two positions or more. Tables of sines and rotations by position
    cannot be written for positions that count on; learned ones can.

    The sizes of dynamic axes (`batch`, `axis1`, … in the file) may change from call to call: the model is traced at two other sizes too, and what depends on them is written as arithmetic of shapes. A
    model that calls other operators at another size is refused, and so are random numbers, elements that Swift code reads, and what ONNX has no operator for (decompositions of matrices, inverses,
    the gamma function): one sentence names the operator and the model part, and no file is left. Weights of more than 2 GB stand beside the file, in `model.onnx.data`.

    Read again, a file gives the same bits where ONNX's operators are one of Fluxion's; layer normalisations, attention, resizing and some functions (`expm1`, `log1p`, `atan2`, …) are several
    operators, which round otherwise in the last places. `Tests/ONNXTests/written_models.py` compares every layer and operator with onnxruntime, to 1e-5.

    Operators that are not supported by the reader are named in one error, with the nodes that use them, before anything runs. A mistake while a model runs names the node:
    `matmul: [1, 2] • [3, 1]: …, in node product (MatMul) of model.onnx`. What comes from a file is not trusted: sizes, names, nesting, cycles and links are checked, and elements
    beside the file are read from its own folder only.

    **Types.** Models are computed in float32, float64, int32, int64 and bool. Others are held by wider ones: `float16` and `bfloat16` by float32, `uint8`, `int8`, `uint16`, `int16` by int32, `uint32` and
    `uint64` by int64. Arithmetic on integers wraps around as the narrow type would. Halves are computed in float32 and rounded
    after each operator, which the gradient does not notice. Texts, complex numbers, and numbers of less than a byte or of eight bits with a point are refused by name.

    **Shapes.** Sizes, axes and what is computed from them are whole numbers that the interpreter works with itself, so `outputShape` works on models that compute shapes. Shapes that depend on
    elements (`NonZero`, `Unique`, `Compress`, `NonMaxSuppression`) need a real run. Tensors have up to eight axes, convolutions and pools one to three.

    **Speed.** What depends on weights and constants alone is computed at the first call and kept until the model is changed. In files of other programs a batch normalisation becomes part
    of the convolution before it, and element-wise operators with numbers one after the other become one; gradients go through both.

    \(figures)

    **Tests.** `swift run -c release onnxtests` runs ONNX's own node tests. This page is written by `fluxion-onnx guide` and is not edited by hand: it lists \(operatorCount) operators, and
    the versions of the operator set at which their definitions changed. All of `ai.onnx` but its operators on texts is there, in versions 1 to \(OperatorTable.newestVersion).
    """
  }
}
