import RooflineCore
import RooflineMeasurement

extension KernelPlan {
  /// cuBLASLt, as observations name it.
  package static let matrixLibraryFamily = "cublaslt"

  /// Whether cuBLASLt computes it, which may offer several algorithms.
  var isOfMatrixLibrary: Bool { family == KernelPlan.matrixLibraryFamily }

  static func gemm(
    _ gemm: GEMM<Count>, hasGelu: Bool, _ device: DeviceProperties, _ options: PlanningOptions
  ) throws(Unsupported) -> KernelPlan {
    let formats = gemm.formats
    let output = gemm.destination == .keyValueCache ? formats.keyValueCache : formats.residual
    let format = try productFormat(formats.activation, formats.weight)
    let epilogue: MatrixProduct.Epilogue =
      gemm.hasBias ? (hasGelu ? .biasGelu : .bias) : hasGelu ? .gelu : .none
    let product = MatrixProduct(
      m: try size(gemm.m, "m", limit: Int(Int32.max)), n: try size(gemm.n, "n", limit: Int(Int32.max)),
      k: try size(gemm.k, "k", limit: Int(Int32.max)), format: format, epilogue: epilogue)
    func plan(_ definition: some OperatorDefinition<Count>) throws(Unsupported) -> KernelPlan {
      if !options.hasMatrixLibrary || options.prefersOwnProducts {
        return try ownProduct(definition, product, output, device)
      }
      return try libraryProduct(definition, product, output, .linear, device)
    }
    return hasGelu ? try plan(LinearGelu(gemm)) : try plan(gemm)
  }

  static func qkMatmul(
    _ matmul: QKMatmul<Count>, _ device: DeviceProperties, _ options: PlanningOptions
  ) throws(Unsupported) -> KernelPlan {
    let sizes = try AttentionSizes(matmul.shape)
    let product = MatrixProduct.qkMatmul(
      heads: sizes.batch * sizes.keyHeads, rows: sizes.group * sizes.queryTokens, context: sizes.context,
      capacity: sizes.context, headDim: sizes.headDim, format: try attentionFormat(matmul.formats, options),
      pitch: MatrixProduct.scorePitch(sizes.context))
    return try libraryProduct(
      matmul, product, matmul.formats.residual, .init(left: .query, right: .key, output: .scores), device)
  }

  static func svMatmul(
    _ matmul: SVMatmul<Count>, _ device: DeviceProperties, _ options: PlanningOptions
  ) throws(Unsupported) -> KernelPlan {
    let sizes = try AttentionSizes(matmul.shape)
    let product = MatrixProduct.svMatmul(
      heads: sizes.batch * sizes.keyHeads, rows: sizes.group * sizes.queryTokens, context: sizes.context,
      capacity: sizes.context, headDim: sizes.headDim, format: try attentionFormat(matmul.formats, options),
      pitch: MatrixProduct.scorePitch(sizes.context))
    return try libraryProduct(
      matmul, product, matmul.formats.residual, .init(left: .probabilities, right: .value, output: .output), device)
  }

  /// Of products of activations with the KV cache, which only cuBLASLt computes in batches.
  private static func attentionFormat(
    _ formats: NumberFormats, _ options: PlanningOptions
  ) throws(Unsupported) -> MatrixProduct.Format {
    guard options.hasMatrixLibrary else { throw Unsupported("batches of products need cuBLASLt, which is missing") }
    return try productFormat(formats.residual, formats.keyValueCache)
  }

  private static func productFormat(_ left: DType, _ right: DType) throws(Unsupported) -> MatrixProduct.Format {
    guard left == right else {
      throw Unsupported("it multiplies two formats, \(left.rawValue) and \(right.rawValue); kernels here take one")
    }
    guard let format = MatrixProduct.Format(rawValue: left.rawValue) else {
      throw Unsupported("no product of \(left.rawValue) is measured")
    }
    return format
  }

  private static func libraryProduct(
    _ definition: some OperatorDefinition<Count>, _ product: MatrixProduct, _ output: DType,
    _ matrices: ProductReference.Matrices, _ device: DeviceProperties
  ) throws(Unsupported) -> KernelPlan {
    if let reason = product.refusal(on: device.computeCapability) { throw Unsupported(reason) }
    let result = product.format.outputElement
    // Integers leave cuBLASLt as integers; everything else must be what the operator stores.
    guard product.format == .int8 || Int(output.bits / 8) == result.byteCount else {
      throw Unsupported(
        "cuBLASLt stores a \(product.format.rawValue) product in \(result.byteCount) bytes an element, not in \(output.rawValue)"
      )
    }
    let type = product.format.inputElement
    let buffers = try PlannedBuffers(
      definition, type,
      [
        .read(matrices.left): .random(type, try size(product.leftSpan, "the left matrix")),
        .read(matrices.right): .random(type, try size(product.rightSpan, "the right matrix"), isRotated: true),
        .written(matrices.output): .output(result, try size(product.outputSpan, "the product")),
        .read(.bias): .random(result, product.n, isRotated: true),
      ])
    return KernelPlan(
      definition, family: matrixLibraryFamily, buffers: buffers,
      steps: [
        .product(
          PlannedProduct(
            product: product, left: .read(matrices.left), right: .read(matrices.right),
            output: .written(matrices.output), bias: product.epilogue.hasBias ? .read(.bias) : nil))
      ],
      remark: product.format == .int8 ? "the product is stored as 32-bit integers" : nil,
      reference: ProductReference(product, matrices))
  }

  /// The kernel of this package: f16 and bf16 on the tensor cores of Ampere and later.
  private static func ownProduct(
    _ definition: some OperatorDefinition<Count>, _ product: MatrixProduct, _ output: DType,
    _ device: DeviceProperties
  ) throws(Unsupported) -> KernelPlan {
    let type = product.format.inputElement
    guard type == .f16 || type == .bf16, ElementType(output) == type else {
      throw Unsupported("the kernel that stands in for cuBLASLt multiplies fp16 and bf16")
    }
    try requireTensorCores(device)
    // The largest tile that gives every SM a block; few rows take one whose warps share out k.
    let fitting = [(128, 128), (64, 64)].first { tile in
      blocks(product, tile) >= Int(clamping: device.streamingMultiprocessors)
    }
    let tile = product.m <= 16 ? (16, 32) : fitting ?? (product.m <= 64 ? (32, 32) : (64, 64))
    let tiles = blocks(product, tile)
    let shares = tile.1 == 32 ? shares(of: product.k, blocks: tiles, device) : 1
    var buffers = try PlannedBuffers(definition, type)
    var partials = PlannedLaunch.Argument.null
    if shares > 1 {
      partials = .workspace(.partials)
      buffers.add(.partials, bytes: 4 * shares * product.m * product.n)
    }
    let bias = product.epilogue.hasBias ? PlannedLaunch.Argument.read(.bias) : .null
    let epilogue = PlannedLaunch.Argument.int32((product.epilogue.hasBias ? 1 : 0) + (product.epilogue.hasGelu ? 2 : 0))
    var steps: [PlannedStep] = [
      .kernel(
        PlannedLaunch(
          source: "gemm.cu", kernel: "gemm_\(type.rawValue)_\(tile.0)x\(tile.1)",
          geometry: LaunchGeometry(
            grid: .init(try KernelPlan.blocks(tiles, "the tiles"), UInt32(shares)), block: .init(128),
            sharedBytes: 49152),
          arguments: [
            .read(.input), .read(.weight), bias, .written(.output), partials, .int32(product.m), .int32(product.n),
            .int32(product.k), epilogue,
          ]))
    ]
    if shares > 1 {
      let packs = product.m * ((product.n + 7) / 8)
      steps.append(
        .kernel(
          PlannedLaunch(
            source: "gemm_combine.cu", kernel: "gemm_combine_\(type.rawValue)",
            geometry: LaunchGeometry(
              grid: .init(try KernelPlan.blocks((packs + 127) / 128, "the rows")), block: .init(128)),
            arguments: [
              partials, bias, .written(.output), .int32(product.m), .int32(product.n), .int32(shares), epilogue,
            ])))
    }
    return KernelPlan(definition, buffers: buffers, steps: steps, reference: ProductReference(product, .linear))
  }

  /// Into how many shares blocks deal out k: so many that every SM gets two blocks, of four steps of 128 columns or more, below
  /// which adding them up costs more than it saves.
  private static func shares(of k: Int, blocks: Int, _ device: DeviceProperties) -> Int {
    max(1, min(2 * Int(clamping: device.streamingMultiprocessors) / max(1, blocks), k / 512))
  }

  private static func blocks(_ product: MatrixProduct, _ tile: (rows: Int, columns: Int)) -> Int {
    ((product.m + tile.rows - 1) / tile.rows) * ((product.n + tile.columns - 1) / tile.columns)
  }

  static func requireTensorCores(_ device: DeviceProperties) throws(Unsupported) {
    guard device.computeCapability.major >= 8 else {
      throw Unsupported(
        "the kernel needs compute capability 8.0, and this GPU has \(device.computeCapability)")
    }
  }
}

extension MatrixProduct.Format {
  /// Of A and B.
  var inputElement: ElementType {
    switch self {
    case .fp32: .f32
    case .tf32: .tf32
    case .fp16: .f16
    case .bf16: .bf16
    case .fp8: .fp8
    case .int8: .int8
    }
  }

  /// What adding up may cost, as a share of the sum of magnitudes. CUDA cores round each sum; tensor cores cut it off, so that
  /// errors have one sign; fp8 keeps 14 bits on Hopper; integers are exact.
  var sumError: Double {
    switch self {
    case .fp32: 0x1p-21
    case .tf32, .fp16, .bf16: 0x1p-18
    case .fp8: 0x1p-12
    case .int8: 0
    }
  }

  /// What a step of tensor cores, 32 columns of k, cuts off the sum so far: fp8 on Hopper keeps 13 bits of its fraction. Few
  /// columns need it not; of 28672 it is most of the error.
  var stepError: Double {
    switch self {
    case .fp8: 0x1p-13
    case .fp32, .tf32, .fp16, .bf16, .int8: 0
    }
  }

  /// Of the output and the bias.
  var outputElement: ElementType {
    switch self {
    case .fp32, .tf32: .f32
    case .fp16: .f16
    case .bf16, .fp8: .bf16
    case .int8: .int32
    }
  }
}

extension MatrixProduct.Epilogue {
  var hasGelu: Bool { self == .gelu || self == .biasGelu }
}
