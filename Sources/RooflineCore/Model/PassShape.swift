/// What the blocks of a pass have in common: its tokens and keys, its formats, and how tensors are divided among ranks.
///
/// Under tensor parallelism, column-parallel projections (q k v gate up) read all of their input on every rank and produce
/// their share of the columns; row-parallel ones (o down) read their share and produce a full-width partial sum that an
/// all-reduce completes. Norms and additions are replicated; sequence parallelism shards their rows and turns each all-reduce
/// into a reduce-scatter before them and an all-gather after them.
///
/// An object: every block holds it, and a term may be eight numbers.
package final class PassShape<Scalar: Term>: Sendable {
  package let formats: NumberFormats
  package let operatorSet: OperatorSet
  /// The number of ranks as a plain number, for questions that are no formulas.
  package let ranks: UInt64
  package let isSequenceParallel: Bool
  package let isTraining: Bool
  /// What becomes of recurrences' states.
  let stateTraffic: Recurrence<Scalar>.StateTraffic
  /// Whether it is a decode step.
  package let isDecode: Bool
  package let latentAttention: LatentAttentionForm
  private let head: HeadTokens
  /// Whether each sequence has one query.
  package let isSingleQuery: Bool
  package let hidden, tensorParallel: Scalar
  package let batch, queryTokens, attendedKeys: Scalar
  /// How routed experts are dealt out.
  let experts: ExpertDivision
  /// The stream that a branch reads where no norm stands in front of it; nil: it reads a norm's result.
  private let branch: ActivationTensor?

  package convenience init(_ model: borrowing DecoderModel, _ step: borrowing DecoderStep) {
    self.init(
      model, step, batch: .input(.batch, step.batch), queryTokens: .input(.queryTokens, step.queryTokens),
      attendedKeys: .input(.attendedKeys, step.attendedKeys))
  }

  /// A pass with a batch, tokens and keys of its own, the rest as in `step`.
  init(
    _ model: borrowing DecoderModel, _ step: borrowing DecoderStep, batch: Scalar, queryTokens: Scalar,
    attendedKeys: Scalar
  ) {
    formats = step.formats
    operatorSet = step.operatorSet
    // With requests of its own, a rank divides nothing but routed experts with the others.
    let isAlone = step.isAttentionDataParallel
    ranks = isAlone ? 1 : step.tensorParallel
    isSequenceParallel = step.isSequenceParallel && ranks > 1
    experts = ExpertDivision(step)
    isTraining = step.isTraining
    isDecode = step.phase == .decode
    stateTraffic = step.isTraining ? .dropped : isDecode || step.attendedKeys > step.queryTokens ? .updated : .written
    latentAttention = step.latentAttention
    head = step.head
    isSingleQuery = step.queryTokens == 1
    hidden = .input(.hidden, model.hiddenSize)
    tensorParallel = .input(.tensorParallel, ranks)
    self.batch =
      isAlone ? batch.divided(roundingUpBy: .input(.tensorParallel, step.tensorParallel)).named(.ownBatch) : batch
    self.queryTokens = queryTokens
    self.attendedKeys = attendedKeys
    branch = nil
  }

  private init(_ pass: PassShape, branch: ActivationTensor) {
    formats = pass.formats
    operatorSet = pass.operatorSet
    ranks = pass.ranks
    isSequenceParallel = pass.isSequenceParallel
    isTraining = pass.isTraining
    stateTraffic = pass.stateTraffic
    isDecode = pass.isDecode
    latentAttention = pass.latentAttention
    head = pass.head
    isSingleQuery = pass.isSingleQuery
    hidden = pass.hidden
    tensorParallel = pass.tensorParallel
    batch = pass.batch
    queryTokens = pass.queryTokens
    attendedKeys = pass.attendedKeys
    experts = pass.experts
    self.branch = branch
  }

  /// Rows that the head works on: the last token of each sequence; where drafted tokens are verified, and where it is asked for, all.
  var headRows: Scalar { head == .all || isDecode && !isSingleQuery ? tokens : batch }

  package var isSharded: Bool { ranks > 1 }

  /// B·T, the rows of every activation.
  package var tokens: Scalar { batch * queryTokens }

  /// Rows of the residual stream that this device's norms and additions work on.
  var residualRows: Scalar { isSequenceParallel ? tokens.divided(roundingUpBy: tensorParallel) : tokens }

  /// The residual stream of all rows: B·T·H elements.
  var residualBytes: Scalar { (tokens * hidden).bytes(formats.residualFormat) }

  /// The same of the rows that this device's norms and additions work on.
  var residualShardBytes: Scalar { (residualRows * hidden).bytes(formats.residualFormat) }

  var keyValueHome: KeyValueHome { isTraining ? .activation : .cache }

  // MARK: shares of ranks

  /// One rank's share of something that the degree divides. Undivided, a formula reads better without primes.
  func share(_ letter: Letter, _ value: UInt64, named shard: Letter) -> Scalar {
    let whole = Scalar.input(letter, value)
    return isSharded ? whole.divided(exactlyBy: tensorParallel).named(shard) : whole
  }

  /// One rank's share, rounded up: copies of what there is too little of, padding of what does not divide.
  func roundedUpShare(_ letter: Letter, _ value: UInt64, named shard: Letter) -> Scalar {
    let whole = Scalar.input(letter, value)
    return isSharded ? whole.divided(roundingUpBy: tensorParallel).named(shard) : whole
  }

  /// All of the input, `width` columns of the output.
  func columnParallel(_ width: Scalar, bias: Bool, into destination: GEMMDestination = .activation) -> GEMM<Scalar> {
    GEMM(m: tokens, n: width, k: hidden, formats: formats, hasBias: bias, destination: destination)
  }

  /// This device's share of the input in, a full-width partial sum out.
  func rowParallel(_ inner: Scalar, bias: Bool) -> GEMM<Scalar> {
    GEMM(m: tokens, n: hidden, k: inner, formats: formats, hasBias: bias)
  }

  // MARK: rows that several blocks have

  /// The same pass for a branch without a norm in front, which reads the stream itself.
  func reading(_ stream: ActivationTensor) -> PassShape { PassShape(self, branch: stream) }

  /// What a branch reads: what its norm made, or where it has none the stream; all rows of it.
  var input: ActivationTensor { isSequenceParallel ? .normalized : branch ?? .normalized }

  /// Norms put their result here: under sequence parallelism it is a shard that a gather completes.
  var normalized: ActivationTensor { isSequenceParallel ? .normalizedShard : .normalized }

  /// Where a partial sum lies when it has been added up.
  var reducedSum: ActivationTensor { isSequenceParallel ? .reducedSum : .partialSum }

  /// Adds up the ranks' partial sums: everywhere, or under sequence parallelism on the rank that keeps the rows.
  func complete<Sink: RowSink<Scalar>>(
    _ part: ShardedPart, _ allReduce: OperatorName, _ reduceScatter: OperatorName, _ place: RowPlace<Scalar>,
    _ sum: (partial: ActivationTensor, allReduced: ActivationTensor, scattered: ActivationTensor), _ sink: inout Sink
  ) {
    sink.crossing(.exit(part, place))
    guard isSharded else { return }
    if isSequenceParallel {
      sink.row(
        reduceScatter, place, Collective(.reduceScatter, ranks: tensorParallel, message: residualBytes),
        reads: Activations(sum.partial), writes: Activations(sum.scattered))
    } else {
      sink.row(
        allReduce, place, Collective(.allReduce, ranks: tensorParallel, message: residualBytes),
        reads: Activations(sum.allReduced), writes: Activations(sum.allReduced))
    }
  }

  /// Gives every rank all rows again before a projection that reads them.
  func gather<Sink: RowSink<Scalar>>(
    _ part: ShardedPart, _ name: OperatorName, _ place: RowPlace<Scalar>, _ sink: inout Sink
  ) {
    sink.crossing(.entry(part, place, tensor: input))
    guard isSequenceParallel else { return }
    sink.row(
      name, place, Collective(.allGather, ranks: tensorParallel, message: residualBytes),
      reads: Activations(branch ?? .normalizedShard), writes: Activations(.normalized))
  }
}
