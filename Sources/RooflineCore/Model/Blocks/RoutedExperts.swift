/// A router that sends each token to some of many experts, and, where the model has them, shared experts that see every token.
///
/// Rows, the same in both sets of operators but for the shared expert's: `router` (the logits' product), `route` (scores and
/// choice), [`fc1_latent`], `experts_gate_up` (or `experts_up`), the activation, `experts_down`, `combine`, [`fc2_latent`], then
/// `shared_…`, [`shared_gate`, `shared_gate_dot`] and `shared_add`. Router and latent projections run on every rank; expert and
/// shared widths are divided.
public struct RoutedExperts: Hashable, Sendable {
  /// What an expert is made of.
  public enum Form: Hashable, Sendable {
    case gated(GatedMLP.Activation)
    case twoMatrix(TwoMatrixMLP.Activation)

    /// Columns of the first product for each column of the second.
    var firstProducts: UInt64 { if case .gated = self { 2 } else { 1 } }
  }

  /// How tokens find their experts.
  public struct Router: Hashable, Sendable {
    public enum Scoring: Hashable, Sendable { case softmax, softmaxOfChosen, sigmoid, sqrtSoftplus }

    public var scoring: Scoring
    /// Whether the product with the router's matrix has a bias.
    public var hasBias: Bool
    /// A learned bias of the choice, a buffer in the checkpoint: its whole name.
    public var correction: StaticText?
    /// Whether the chosen weights are divided by their sum.
    public var renormalises: Bool
    /// Whether they are multiplied by a constant.
    public var scales: Bool
    public var name: CheckpointWeight

    public init(
      scoring: Scoring, hasBias: Bool = false, correction: StaticText? = nil, renormalises: Bool, scales: Bool = false,
      name: CheckpointWeight = .tensor("mlp.gate")
    ) {
      self.scoring = scoring
      self.hasBias = hasBias
      self.correction = correction
      self.renormalises = renormalises
      self.scales = scales
      self.name = name
    }
  }

  /// Experts that see every token: one MLP of their widths together, of the same form as the routed ones.
  public struct Shared: Hashable, Sendable {
    public var width: UInt64
    /// A gate of one logit a token; nil: none.
    public var gate: CheckpointWeight?
    public var names: GatedMLP.Names

    public init(
      width: UInt64, gate: CheckpointWeight? = nil,
      names: GatedMLP.Names = .init(
        gate: .tensor("mlp.shared_experts.gate_proj"), up: .tensor("mlp.shared_experts.up_proj"),
        down: .tensor("mlp.shared_experts.down_proj"))
    ) {
      self.width = width
      self.gate = gate
      self.names = names
    }

    public var hasGate: Bool { gate != nil }
  }

  /// A narrower stream that the routed experts read and write.
  public struct Latent: Hashable, Sendable {
    public var size: UInt64
    /// A norm of what the experts write; nil: none.
    public var norm: CheckpointWeight?
    public var down, up: CheckpointWeight

    public init(size: UInt64, norm: CheckpointWeight? = nil, down: CheckpointWeight, up: CheckpointWeight) {
      self.size = size
      self.norm = norm
      self.down = down
      self.up = up
    }
  }

  /// The checkpoint's names of the experts' tensors.
  public struct Names: Hashable, Sendable {
    /// Of the first product: gate and up, or up alone.
    public var first: CheckpointWeight
    public var down: CheckpointWeight

    public init(
      first: CheckpointWeight = .halves("mlp.experts.M.gate_proj", "mlp.experts.M.up_proj"),
      down: CheckpointWeight = .tensor("mlp.experts.M.down_proj")
    ) {
      self.first = first
      self.down = down
    }
  }

  /// How many experts there are, how many a token is sent to, and how wide one is.
  public var experts, chosen, width: UInt64
  public var form: Form
  /// Biases of the experts' products.
  public var hasBias: Bool
  public var router: Router
  public var shared: Shared?
  public var latent: Latent?
  public var names: Names

  public init(
    experts: UInt64, chosen: UInt64, width: UInt64, form: Form = .gated(.silu), hasBias: Bool = false, router: Router,
    shared: Shared? = nil, latent: Latent? = nil, names: Names = Names()
  ) {
    self.experts = experts
    self.chosen = chosen
    self.width = width
    self.form = form
    self.hasBias = hasBias
    self.router = router
    self.shared = shared
    self.latent = latent
    self.names = names
  }

  func isLegal(tensorParallel degree: UInt64) -> Bool {
    width.isMultiple(of: degree) && shared.map { $0.width.isMultiple(of: degree) } != false
  }
}

extension RoutedExperts {
  @inline(__always)
  func emit<Scalar: Term, Sink: RowSink<Scalar>>(
    _ pass: PassShape<Scalar>, _ place: RowPlace<Scalar>, into sink: inout Sink
  ) {
    Rows(self, pass, place).emit(into: &sink)
  }

  /// The block on one device of a pass.
  struct Rows<Scalar: Term> {
    let block: RoutedExperts
    let pass: PassShape<Scalar>
    let place: RowPlace<Scalar>
    private let experts, chosen, width: Scalar

    @inline(__always)
    init(_ block: RoutedExperts, _ pass: PassShape<Scalar>, _ place: RowPlace<Scalar>) {
      self.block = block
      self.pass = pass
      self.place = place
      experts = .input(.experts, block.experts)
      chosen = .input(.chosenExperts, block.chosen)
      width = pass.share(.expertWidth, block.width, named: .shardExpertWidth)
    }

    /// Elements of a row that experts read and write.
    private var stream: Scalar { block.latent.map { .input(.latentWidth, $0.size) } ?? pass.hidden }

    /// Token–expert pairs.
    private var pairs: Scalar { pass.tokens * chosen }

    private var set: ExpertSet<Scalar> {
      ExpertSet(
        held: experts, chosen: chosen,
        expected: ExpertLoad.distinctExperts(block.experts, chosen: block.chosen, tokens: pass.tokenNumber))
    }

    @inline(__always)
    func emit<Sink: RowSink<Scalar>>(into sink: inout Sink) {
      emitRoute(into: &sink)
      emitExperts(into: &sink)
      if let shared = block.shared { emit(shared, into: &sink) }
    }

    @inline(__always)
    private func emitRoute<Sink: RowSink<Scalar>>(into sink: inout Sink) {
      let router = block.router
      sink.row(
        "router", place,
        GEMM(m: pass.tokens, n: experts, k: pass.hidden, formats: pass.formats, hasBias: router.hasBias),
        reads: Activations(.normalized), writes: Activations(.routerLogits), weight: router.name)
      let scoring: Route<Scalar>.Scoring =
        switch router.scoring {
        case .softmax: .softmax
        case .softmaxOfChosen: .softmaxOfChosen
        case .sigmoid: .sigmoid
        case .sqrtSoftplus: .sqrtSoftplus
        }
      sink.row(
        "route", place,
        Route(
          rows: pass.tokens, experts: experts, chosen: chosen, scoring: scoring,
          hasCorrection: router.correction != nil,
          weighting: .init(renormalises: router.renormalises, scales: router.scales), formats: pass.formats),
        reads: Activations(.routerLogits), writes: Activations(.routeWeights, .expertIDs),
        weight: router.correction.map { .buffer($0) } ?? .none)
    }

    @inline(__always)
    private func emitExperts<Sink: RowSink<Scalar>>(into sink: inout Sink) {
      let formats = pass.formats
      var input: ActivationTensor = .normalized
      if let latent = block.latent {
        sink.row(
          "fc1_latent", place, GEMM(m: pass.tokens, n: stream, k: pass.hidden, formats: formats),
          reads: Activations(.normalized), writes: Activations(.latent), weight: latent.down)
        input = .latent
      }
      let columns = block.form.firstProducts > 1 ? 2 * width : width
      let first = GroupedGEMM(
        m: pairs, n: columns, half: block.form.firstProducts > 1 ? width : nil, k: stream, inputRows: pass.tokens,
        experts: set, hasBias: block.hasBias,
        formats: formats)
      let read = Activations(input)
      switch block.form {
      case .gated(let activation):
        sink.row(
          "experts_gate_up", place, first, reads: read, writes: Activations(.expertGateUp), weight: block.names.first)
        activation.emit(
          .experts, rows: pairs, width: width, pass, place, reads: Activations(.expertGateUp, .expertGateUp),
          writes: .expertGated, into: &sink)
      case .twoMatrix(let activation):
        sink.row("experts_up", place, first, reads: read, writes: Activations(.expertGateUp), weight: block.names.first)
        activation.emit(
          .experts, elements: pairs * width, pass, place, reads: .expertGateUp, writes: .expertGated, into: &sink)
      }
      sink.row(
        "experts_down", place,
        GroupedGEMM(
          m: pairs, n: stream, k: width, inputRows: pairs, experts: set, hasBias: block.hasBias, formats: formats),
        reads: Activations(.expertGated), writes: Activations(.expertRows), weight: block.names.down)
      sink.row(
        "combine", place, ExpertCombine(pairs: pairs, rows: pass.tokens, width: stream, formats: formats),
        reads: Activations(.expertRows, .routeWeights),
        writes: Activations(block.latent == nil ? .partialSum : .latentSum))
      if let latent = block.latent { emitUp(latent, into: &sink) }
    }

    @inline(__always)
    private func emitUp<Sink: RowSink<Scalar>>(_ latent: Latent, into sink: inout Sink) {
      if let norm = latent.norm {
        sink.row(
          "latent_norm", place,
          RMSNorm(rows: pass.tokens, width: stream, keepsRoot: pass.isTraining, formats: pass.formats),
          reads: Activations(.latentSum), writes: Activations(.latentSum), weight: norm)
      }
      sink.row(
        "fc2_latent", place, GEMM(m: pass.tokens, n: pass.hidden, k: stream, formats: pass.formats),
        reads: Activations(.latentSum), writes: Activations(.partialSum), weight: latent.up)
    }

    /// The shared experts are one MLP beside the routed ones; its output is added to theirs before ranks add up.
    @inline(__always)
    private func emit<Sink: RowSink<Scalar>>(_ shared: Shared, into sink: inout Sink) {
      let width = pass.share(.sharedWidth, shared.width, named: .shardSharedWidth)
      let read = Activations(.normalized)
      switch block.form {
      case .gated(let activation):
        let products: Activations
        switch pass.operatorSet {
        case .separate:
          let product = pass.columnParallel(width, bias: false)
          sink.row(
            "shared_gate_proj", place, product, reads: read, writes: Activations(.gate), weight: shared.names.gate)
          sink.row("shared_up_proj", place, product, reads: read, writes: Activations(.up), weight: shared.names.up)
          products = Activations(.gate, .up)
        case .fused:
          sink.row(
            "shared_gate_up_proj", place, pass.columnParallel(2 * width, bias: false), reads: read,
            writes: Activations(.gateUp), weight: .shared)
          products = Activations(.gateUp, .gateUp)
        }
        activation.emit(
          .shared, rows: pass.tokens, width: width, pass, place, reads: products, writes: .gated, into: &sink)
      case .twoMatrix(let activation):
        sink.row(
          "shared_up_proj", place, pass.columnParallel(width, bias: false), reads: read, writes: Activations(.up),
          weight: shared.names.up)
        activation.emit(
          .shared, elements: pass.tokens * width, pass, place, reads: .up, writes: .gated, into: &sink)
      }
      sink.row(
        "shared_down_proj", place, pass.rowParallel(width, bias: false), reads: Activations(.gated),
        writes: Activations(.sharedSum), weight: shared.names.down)
      var sum: ActivationTensor = .sharedSum
      let elements = pass.tokens * pass.hidden
      if let gate = shared.gate {
        sink.row(
          "shared_gate", place, GEMM(m: pass.tokens, n: 1, k: pass.hidden, formats: pass.formats), reads: read,
          writes: Activations(.sharedGate), weight: gate)
        sink.row(
          "shared_gate_dot", place, SigmoidGate(gates: pass.tokens, width: pass.hidden, formats: pass.formats),
          reads: Activations(.sharedSum, .sharedGate), writes: Activations(.gatedSharedSum))
        sum = .gatedSharedSum
      }
      sink.row(
        "shared_add", place, ResidualAdd(elements: elements, formats: pass.formats),
        reads: Activations(.partialSum, sum), writes: Activations(.partialSum))
    }
  }
}
