import RooflineCore
import RooflineMeasurement

extension KernelPlan {
  /// Head dims that the attention kernels are compiled for, with their launch.
  static let headDims = [32, 64, 80, 96, 128, 256]

  static func attention(
    _ attention: Attention<Count>, _ device: DeviceProperties, _ options: PlanningOptions
  ) throws(Unsupported) -> KernelPlan {
    guard attention.keyValueHome == .cache, !attention.keepsProbabilities else {
      throw Unsupported("there are no kernels of a training step")
    }
    let type = try elementType([attention.formats.residual, attention.formats.keyValueCache])
    guard type != .f32 else { throw Unsupported("the attention kernels run on tensor cores, in fp16 and bf16") }
    try requireTensorCores(device)
    let problem = try AttentionProblem(attention, type)
    guard headDims.contains(problem.shape.headDim) else {
      throw Unsupported(
        "the attention kernels have head dims \(headDims.map(String.init).joined(separator: ", ")), not \(problem.shape.headDim)"
      )
    }
    return problem.shape.queryTokens == 1
      ? try problem.decode(attention, device, options) : try problem.prefill(attention, device)
  }
}

/// An attention problem's sizes as kernels take them.
struct AttentionSizes: Hashable, Sendable {
  let batch, queryTokens, context, heads, keyHeads, headDim: Int

  init(_ shape: AttentionShape<Count>) throws(Unsupported) {
    batch = try KernelPlan.size(shape.batch, "the batch", limit: 1 << 20)
    queryTokens = try KernelPlan.size(shape.queryTokens, "a sequence", limit: 1 << 24)
    context = try KernelPlan.size(shape.attendedKeys, "the context", limit: 1 << 24)
    heads = try KernelPlan.size(shape.heads, "the number of heads", limit: 1 << 16)
    keyHeads = try KernelPlan.size(shape.keyValueHeads, "the number of KV heads", limit: 1 << 16)
    headDim = try KernelPlan.size(shape.headDim, "a head", limit: 1 << 12)
    _ = try KernelPlan.size(shape.queries, "the query")
    _ = try KernelPlan.size(shape.cachedKeys, "the KV cache")
  }

  /// Query heads that share a KV head.
  var group: Int { heads / keyHeads }
}

/// Fused attention over keys that lie in one piece a sequence, or, of a decode step, in pages.
struct AttentionProblem: KernelReference {
  let shape: AttentionSizes
  let type: ElementType
  let isCausal: Bool
  /// Keys a query sees at most; 0: all.
  let window: Int
  /// Where page i of a sequence lies, [batch, pages of a sequence]; empty where keys lie in one piece.
  private(set) var pages: [Int32] = []
  private(set) var pageTokens: Int

  init(_ attention: Attention<Count>, _ type: ElementType) throws(Unsupported) {
    shape = try AttentionSizes(attention.shape)
    self.type = type
    switch attention.mask {
    case .full: (isCausal, window) = (false, 0)
    case .causal: (isCausal, window) = (true, 0)
    case .compressed: throw Unsupported("the kernel reads no compressed keys")
    case .selected, .blocks: throw Unsupported("the kernel reads all keys before a query")
    case .chunked: throw Unsupported("the kernel cuts no sequence into pieces")
    case .slidingWindow(let width):
      (isCausal, window) = (true, try KernelPlan.size(width, "the window", limit: Int(Int32.max)))
    }
    pageTokens = shape.context
  }

  /// 1 / √headDim, as models scale.
  private var scale: Float { 1 / Float(shape.headDim).squareRoot() }
  private var queryStride: Int { shape.heads * shape.headDim }
  private var keyStride: Int { shape.keyHeads * shape.headDim }

  // MARK: prefill

  /// 128 threads over tiles of queries, tiles of keys and values in shared memory: the table at the head of flash_attention.cu.
  func prefill(_ attention: Attention<Count>, _ device: DeviceProperties) throws(Unsupported) -> KernelPlan {
    let tile = tile(device)
    let (rows, shared) = (tile.rows, sharedBytes(tile))
    try requireShared(shared, device)
    let tiles = (shape.queryTokens + rows - 1) / rows
    guard tiles <= 65535 else { throw Unsupported("the sequence has more tiles of queries than a grid takes") }
    let cache = shape.batch * shape.context * keyStride
    return KernelPlan(
      attention,
      // All keys of the context, even those that a window hides.
      buffers: try PlannedBuffers(
        attention, type, [.read(.key): .random(type, cache), .read(.value): .random(type, cache)]),
      steps: [
        .kernel(
          PlannedLaunch(
            source: "flash_attention.cu", kernel: "flash_attention_\(type.rawValue)_d\(shape.headDim)\(tile.suffix)",
            geometry: LaunchGeometry(
              grid: .init(try KernelPlan.blocks(shape.batch * shape.heads, "the heads"), UInt32(tiles)),
              block: .init(128), sharedBytes: UInt32(shared)),
            arguments: [.read(.query), .read(.key), .read(.value), .written(.output)]
              + [
                shape.queryTokens, shape.context, shape.context, shape.heads, shape.keyHeads, queryStride, keyStride,
                isCausal ? 1 : 0, window,
              ].map(PlannedLaunch.Argument.int32) + [.float(scale)]))
      ],
      reference: self)
  }

  private typealias Tile = (rows: Int, keys: Int, suffix: String)

  /// Tiles of queries and of keys. Of head dim 128 that of half the queries where only so two blocks find room on an SM: one
  /// block has nothing to do while its copies come.
  private func tile(_ device: DeviceProperties) -> Tile {
    switch shape.headDim {
    case 256: return (64, 32, "")
    case 128:
      let tile = (rows: 128, keys: 48, suffix: "")
      return device.residentBlocks(sharedBytes: sharedBytes(tile)) == 1 ? (64, 48, "_r64") : tile
    case _: return (128, 64, "")
    }
  }

  private func sharedBytes(_ tile: Tile) -> Int { (tile.rows + 2 * tile.keys) * (2 * shape.headDim + 16) }

  // MARK: decode

  func decode(
    _ attention: Attention<Count>, _ device: DeviceProperties, _ options: PlanningOptions
  ) throws(Unsupported) -> KernelPlan {
    var problem = self
    var pagesOfSequence = 1
    if let tokens = options.pageTokens {
      guard tokens > 0, tokens.isMultiple(of: 16) else { throw Unsupported("a page must hold a multiple of 16 tokens") }
      pagesOfSequence = (shape.context + tokens - 1) / tokens
      var generator = SplitMix(seed: UInt64(shape.batch))
      problem.pageTokens = tokens
      problem.pages = (0..<Int32(clamping: shape.batch * pagesOfSequence)).shuffled(using: &generator)
    }
    let warps = shape.headDim == 256 ? 2 : 4
    let shared = 64 * (2 * shape.headDim + 16) * warps
    try requireShared(shared, device)
    let blocks = shape.batch * shape.keyHeads * ((shape.group + 15) / 16)
    let splits = splits(blocks: blocks, sharedBytes: shared, device)
    let cache = shape.batch * pagesOfSequence * problem.pageTokens * keyStride
    var buffers = try PlannedBuffers(
      attention, type,
      [.read(.key): .random(type, cache, isRotated: true), .read(.value): .random(type, cache, isRotated: true)])
    buffers.add(.lengths, [Int32](repeating: Int32(clamping: shape.context), count: shape.batch))
    var (partials, statistics) = (PlannedLaunch.Argument.null, PlannedLaunch.Argument.null)
    if splits > 1 {
      (partials, statistics) = (.workspace(.partials), .workspace(.statistics))
      buffers.add(.partials, bytes: 4 * shape.batch * shape.heads * splits * shape.headDim)
      buffers.add(.statistics, bytes: 8 * shape.batch * shape.heads * splits)
    }
    var table = PlannedLaunch.Argument.null
    if !problem.pages.isEmpty {
      table = .workspace(.pages)
      buffers.add(.pages, problem.pages)
    }
    var steps: [PlannedStep] = [
      .kernel(
        PlannedLaunch(
          source: "flash_decode.cu", kernel: "flash_decode_\(type.rawValue)_d\(shape.headDim)",
          geometry: LaunchGeometry(
            grid: .init(try KernelPlan.blocks(blocks, "the heads"), UInt32(splits)), block: .init(UInt32(32 * warps)),
            sharedBytes: UInt32(shared)),
          arguments: [
            .read(.query), .read(.key), .read(.value), .written(.output), partials, statistics, .workspace(.lengths),
            table,
          ]
            + [
              problem.pageTokens, pagesOfSequence, shape.heads, shape.keyHeads, queryStride, keyStride, window,
            ].map(PlannedLaunch.Argument.int32) + [.float(scale)]))
    ]
    if splits > 1 {
      let rows = shape.batch * shape.heads
      steps.append(
        .kernel(
          PlannedLaunch(
            source: "flash_decode_combine.cu", kernel: "flash_decode_combine_\(type.rawValue)",
            geometry: LaunchGeometry(
              grid: .init(try KernelPlan.blocks((rows * shape.headDim / 8 + 127) / 128, "the rows")), block: .init(128)),
            arguments: [partials, statistics, .written(.output)]
              + [rows, splits, shape.headDim].map(PlannedLaunch.Argument.int32))))
    }
    return KernelPlan(attention, buffers: buffers, steps: steps, reference: problem)
  }

  /// As many blocks as run at once: three an SM by their registers, fewer where its shared memory has room for fewer. 256 keys a
  /// split at least, below which combining costs more than it saves.
  private func splits(blocks: Int, sharedBytes: Int, _ device: DeviceProperties) -> Int {
    let seen = window > 0 ? min(window, shape.context) : shape.context
    let resident = max(1, min(3, device.residentBlocks(sharedBytes: sharedBytes) ?? 3))
    let wanted = resident * Int(clamping: device.streamingMultiprocessors) / max(1, blocks)
    return max(1, min(wanted, seen / 256))
  }

  private func requireShared(_ bytes: Int, _ device: DeviceProperties) throws(Unsupported) {
    guard let limit = device.sharedMemoryPerBlock else {
      throw Unsupported("the driver does not say how much shared memory a block may have")
    }
    guard UInt64(bytes) <= limit else {
      throw Unsupported("its tiles need \(bytes) bytes of shared memory, and a block here has \(limit)")
    }
  }

  // MARK: reference

  /// A piece is one head's output of one query.
  var outputs: [ReferenceOutput] {
    [
      ReferenceOutput(
        name: .output, type: type, pieces: shape.batch * shape.queryTokens * shape.heads,
        cost: 4 * (window > 0 ? min(window, shape.context) : shape.context) * shape.headDim)
    ]
  }

  func piece(_ index: Int, of output: StaticName, _ data: TensorData) -> ReferencePiece {
    let head = index % shape.heads
    let (sequence, token) = (index / shape.heads).quotientAndRemainder(dividingBy: shape.queryTokens)
    let position = shape.context - shape.queryTokens + token
    let end = isCausal ? position + 1 : shape.context
    let begin = window > 0 ? max(0, position - window + 1) : 0
    let query = data[.query][index * shape.headDim..<(index + 1) * shape.headDim]
    let (cachedKeys, cachedValues) = (data[.key], data[.value])
    // Keys' places in the cache.
    let places = (begin..<end).map { place(of: $0, sequence, keyHead: head / shape.group) }
    let scores = places.map { place in
      zip(query, cachedKeys[place..<place + shape.headDim]).reduce(0) { $0 + $1.0 * $1.1 } * Double(scale)
    }
    let top = scores.max() ?? 0
    let powers = scores.map { Mathematics.exponential($0 - top) }
    let sum = powers.reduce(0, +)
    var values = [Double](repeating: 0, count: shape.headDim)
    var (sizes, largest) = (0.0, 1.0)
    for (power, place) in zip(powers, places) {
      let share = power / sum
      for (column, value) in cachedValues[place..<place + shape.headDim].enumerated() {
        values[column] += share * value
        largest = max(largest, value.magnitude)
      }
      sizes += share * share
    }
    // Probabilities are rounded to elements before they meet the values: independent errors, whose sum is rarely four times
    // their root mean square.
    return ReferencePiece(
      first: index * shape.headDim, values: values, relativeError: 2 * type.roundoff,
      absoluteError: largest * (4 * type.roundoff * sizes.squareRoot() + 0x1p-18))
  }

  private func place(of key: Int, _ sequence: Int, keyHead: Int) -> Int {
    let pagesOfSequence = (shape.context + pageTokens - 1) / pageTokens
    let home = pages.isEmpty ? sequence : Int(pages[sequence * pagesOfSequence + key / pageTokens])
    return (home * pageTokens + key % pageTokens) * keyStride + keyHead * shape.headDim
  }
}
