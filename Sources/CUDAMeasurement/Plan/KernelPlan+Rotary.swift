import RooflineCore

extension KernelPlan {
  static func rotary(_ rotary: Rotary<Count>) throws(Unsupported) -> KernelPlan {
    let formats = rotary.formats
    let type = try elementType([formats.residual, formats.keyValueCache])
    let problem = try RotaryProblem(rotary, type)
    switch rotary.keySource {
    case .keyValueCache:
      return KernelPlan(
        rotary,
        buffers: try PlannedBuffers(
          rotary, type,
          [
            .read(.query): .random(type, problem.tokens * problem.heads * problem.headDim),
            .written(.query): .inside(.read(.query)), .read(.key): .random(type, problem.cacheElements),
            .written(.key): .inside(.read(.key)), .read(.table): problem.table,
          ]),
        steps: [.kernel(problem.launch("rotary", [.read(.query), .read(.key), .read(.table)]))], reference: problem)
    case .none: throw Unsupported("the kernel turns queries and keys")
    case .latentProjection, .indexProjection: throw Unsupported("the kernel turns no key that all heads share")
    case .fusedProjection:
      return KernelPlan(
        rotary,
        buffers: try PlannedBuffers(
          rotary, type,
          [
            // Queries, keys and values of a token lie behind one another; queries are turned in place.
            .read(.query): .random(type, problem.tokens * (problem.heads + 2 * problem.keyHeads) * problem.headDim),
            .written(.query): .inside(.read(.query)), .read(.key): .inside(.read(.query)),
            .read(.value): .inside(.read(.query)), .written(.key): .output(type, problem.cacheElements),
            .written(.value): .output(type, problem.cacheElements), .read(.table): problem.table,
          ]),
        steps: [
          .kernel(
            problem.launch("rotary_kv_write", [.read(.query), .written(.key), .written(.value), .read(.table)]))
        ],
        reference: problem)
    case .activation: throw Unsupported("there are no kernels of a training step")
    }
  }
}

/// Queries and keys of `batch` sequences, `queryTokens` new tokens each behind `past` others.
struct RotaryProblem: KernelReference {
  let batch, queryTokens, past, capacity, heads, keyHeads, headDim, turned: Int
  let type: ElementType
  let isFused: Bool

  init(_ rotary: Rotary<Count>, _ type: ElementType) throws(Unsupported) {
    let shape = rotary.shape
    // The grid's second direction takes no more.
    batch = try KernelPlan.size(shape.batch, "the batch", limit: 65535)
    queryTokens = try KernelPlan.size(shape.queryTokens, "a sequence", limit: KernelPlan.widthLimit)
    capacity = try KernelPlan.size(shape.attendedKeys, "the context", limit: KernelPlan.widthLimit)
    heads = try KernelPlan.size(shape.heads, "the number of heads", limit: 1 << 20)
    keyHeads = try KernelPlan.size(shape.keyValueHeads, "the number of KV heads", limit: 1 << 20)
    headDim = try KernelPlan.size(shape.headDim, "a head", limit: 1 << 10)
    turned = try KernelPlan.size(rotary.dim, "what is turned of a head", limit: 1 << 10)
    guard turned.isMultiple(of: 2) else {
      throw Unsupported("an odd number of elements of a head cannot be turned in pairs")
    }
    past = capacity - queryTokens
    self.type = type
    isFused = rotary.keySource == .fusedProjection
    _ = try KernelPlan.size(shape.queries + 2 * shape.newKeys, "the tensor")
    _ = try KernelPlan.size(shape.cachedKeys, "the KV cache")
    _ = try KernelPlan.size(shape.attendedKeys * rotary.dim, "the table")
  }

  var tokens: Int { batch * queryTokens }
  var cacheElements: Int { batch * capacity * keyHeads * headDim }

  /// Rows of all places up to the last.
  var table: PlannedBuffers.Placement {
    .own(byteCount: capacity * turned * type.byteCount, .rotations(type, half: turned / 2))
  }

  /// A block a token: a thread for each pair of packs, within reason.
  func launch(_ name: String, _ tensors: [PlannedLaunch.Argument]) -> PlannedLaunch {
    let pack = 16 / type.byteCount
    let pairs = (heads + keyHeads) * ((turned / 2 + pack - 1) / pack)
    let threads = min(512, max(32, (pairs + 31) / 32 * 32))
    return PlannedLaunch(
      source: "\(name).cu", kernel: "\(name)_\(type.rawValue)",
      geometry: LaunchGeometry(
        grid: .init(UInt32(queryTokens), UInt32(batch)), block: .init(UInt32(threads))),
      arguments: tensors + [heads, keyHeads, headDim, turned, capacity, past].map(PlannedLaunch.Argument.int32))
  }

  // Pieces are a token's heads: of the queries, then of the keys, then of the values.

  var outputs: [ReferenceOutput] {
    var outputs = [
      ReferenceOutput(name: .query, type: type, pieces: tokens, cost: 4 * heads * headDim),
      ReferenceOutput(name: .key, type: type, pieces: tokens, cost: 4 * keyHeads * headDim),
    ]
    if isFused {
      outputs.append(ReferenceOutput(name: .value, type: type, pieces: tokens, cost: keyHeads * headDim))
    }
    return outputs
  }

  func piece(_ token: Int, of output: StaticName, _ data: TensorData) -> ReferencePiece {
    let place = past + token % queryTokens
    let slot = (token / queryTokens * capacity + place) * keyHeads * headDim
    let count = output == .query ? heads : keyHeads
    // Where the heads are before, and where they are afterwards.
    let source: Int
    if isFused {
      let before = output == .query ? 0 : output == .key ? heads : heads + keyHeads
      source = (token * (heads + 2 * keyHeads) + before) * headDim
    } else {
      source = output == .query ? token * heads * headDim : slot
    }
    let before = data[isFused ? .query : output][source..<source + count * headDim]
    let first = output == .query ? source : slot
    guard output != .value else { return ReferencePiece(first: first, values: before, relativeError: 0) }
    let table = data[.table][place * turned..<(place + 1) * turned]
    var after = before
    for head in 0..<count {
      for pair in 0..<turned / 2 {
        let (x, y) = (head * headDim + pair, head * headDim + pair + turned / 2)
        let (cosine, sine) = (table[pair], table[pair + turned / 2])
        after[x] = before[x] * cosine - before[y] * sine
        after[y] = before[x] * sine + before[y] * cosine
      }
    }
    let largest = before.reduce(1) { max($0, $1.magnitude) }
    return ReferencePiece(first: first, values: after, absoluteError: 0x1p-21 * largest)
  }
}
