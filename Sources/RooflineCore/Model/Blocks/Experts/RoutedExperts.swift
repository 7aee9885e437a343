/// A router that sends each token to some of many experts, and, where the model has them, shared experts that see every token.
///
/// Rows, the same in both sets of operators but for the shared expert's: `router` (the logits' product), `route` (scores and
/// choice), [`fc1_latent`], `experts_gate_up` (or `experts_up`), the activation, `experts_down`, `combine`, [`fc2_latent`], then
/// `shared_…`, [`shared_gate`, `shared_gate_dot`] and `shared_add`. Router and latent projections run on every rank; expert and
/// shared widths are divided.
package struct RoutedExperts: Hashable, Sendable {
  /// What an expert is made of.
  package enum Form: Hashable, Sendable {
    case gated(GatedMLP.Activation)
    case twoMatrix(TwoMatrixMLP.Activation)

    /// Columns of the first product for each column of the second.
    var firstProducts: UInt64 { if case .gated = self { 2 } else { 1 } }
  }

  /// How tokens find their experts.
  package struct Router: Hashable, Sendable {
    package enum Scoring: Hashable, Sendable { case softmax, softmaxOfChosen, sigmoid, sqrtSoftplus }

    package var scoring: Scoring
    /// Whether the product with the router's matrix has a bias.
    package var hasBias: Bool
    /// A learned bias of the choice, a buffer in the checkpoint: its whole name.
    package var correction: StaticText?
    /// Whether the chosen weights are divided by their sum.
    package var renormalises: Bool
    /// Whether they are multiplied by a constant.
    package var scales: Bool
    /// Whether experts' inputs are multiplied by the weights, and not their outputs.
    package var scalesInputs = false
    /// A norm of what the router reads; nil: none.
    package var norm: CheckpointWeight?
    /// A learned scale of each expert's weight; nil: none. Models have it or a correction.
    package var expertScales: StaticText?
    package var name: CheckpointWeight

    package init(
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
  package struct Shared: Hashable, Sendable {
    package var width: UInt64
    /// A gate of one logit a token; nil: none.
    package var gate: CheckpointWeight?
    package var names: GatedMLP.Names

    package init(
      width: UInt64, gate: CheckpointWeight? = nil,
      names: GatedMLP.Names = .init(
        gate: .tensor("mlp.shared_experts.gate_proj"), up: .tensor("mlp.shared_experts.up_proj"),
        down: .tensor("mlp.shared_experts.down_proj"))
    ) {
      self.width = width
      self.gate = gate
      self.names = names
    }

    package var hasGate: Bool { gate != nil }
  }

  /// A narrower stream that the routed experts read and write.
  package struct Latent: Hashable, Sendable {
    package var size: UInt64
    /// A norm of what the experts write; nil: none.
    package var norm: CheckpointWeight?
    package var down, up: CheckpointWeight

    package init(size: UInt64, norm: CheckpointWeight? = nil, down: CheckpointWeight, up: CheckpointWeight) {
      self.size = size
      self.norm = norm
      self.down = down
      self.up = up
    }
  }

  /// The checkpoint's names of the experts' tensors.
  package struct Names: Hashable, Sendable {
    /// Of the first product: gate and up, or up alone.
    package var first: CheckpointWeight
    package var down: CheckpointWeight

    package init(
      first: CheckpointWeight = .halves("mlp.experts.M.gate_proj", "mlp.experts.M.up_proj"),
      down: CheckpointWeight = .tensor("mlp.experts.M.down_proj")
    ) {
      self.first = first
      self.down = down
    }
  }

  /// How many experts there are, how many a token is sent to, and how wide one is.
  package var experts, chosen, width: UInt64
  package var form: Form
  /// Biases of the experts' products.
  package var hasBias: Bool
  package var router: Router
  package var shared: Shared?
  package var latent: Latent?
  package var names: Names

  package init(
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

  func isLegal(tensorParallel degree: UInt64, expertRanks: UInt64) -> Bool {
    width.isMultiple(of: expertRanks) && shared.map { $0.width.isMultiple(of: degree) } != false
  }
}
