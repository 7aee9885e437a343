/// A layer of routed experts as libraries run it, in one call: from the router's logits to each token's weighted sum.
///
/// The two grouped products, 2·m·I·H·(gates + 1) FLOPs for m token–expert pairs and gates matrices before the activation. Bytes are
/// of what goes in and comes out, distinct: tokens, logits, the matrices of the experts that are touched, sums. What one kernel
/// hands to the next is the library's business, and not counted: this is a lower bound.
package struct ExpertLayer<Scalar: Term>: OperatorDefinition {
  /// The whole call, or the share of it that one of a model's rows stands for.
  package enum Part: Hashable, Sendable, CaseIterable {
    case whole, route, first, activation, second, combine
  }

  /// Rows of tokens that this device sees: all that are routed, or those that were sent to it.
  package let visible: Scalar
  /// Elements of a token's row, and columns of an expert's first matrix on this device.
  package let hidden, width: Scalar
  /// Whether two matrices, gate and up, stand before the activation.
  package let isGated: Bool
  package let experts: ExpertSet<Scalar>
  /// How tokens spread over the experts, and the ranks that hold them.
  package let load: ExpertLoad
  package let ranks: UInt64
  /// Whether tokens were sent to this device, which then sees no others.
  package let isDispatched: Bool
  /// Whether the library ships tiles that were searched for such experts.
  package let isTuned: Bool
  /// Ranks that divide each expert's columns.
  package let shards: UInt64
  package let part: Part
  package let formats: NumberFormats

  package init(
    visible: Scalar, hidden: Scalar, width: Scalar, isGated: Bool, experts: ExpertSet<Scalar>, load: ExpertLoad,
    ranks: UInt64, isDispatched: Bool = false, isTuned: Bool = true, shards: UInt64 = 1, part: Part = .whole,
    formats: NumberFormats
  ) {
    self.visible = visible
    self.hidden = hidden
    self.width = width
    self.isGated = isGated
    self.experts = experts
    self.load = load
    self.ranks = ranks
    self.isDispatched = isDispatched
    self.isTuned = isTuned
    self.shards = shards
    self.part = part
    self.formats = formats
  }

  /// The call on one GPU of a measurement: all tokens, experts/ep experts of intermediate/tp.
  package init(
    tokens: Scalar, hidden: Scalar, intermediate: Scalar, experts: UInt64, chosen: UInt64, tensorParallel: UInt64,
    expertParallel: UInt64, load: ExpertLoad, isGated: Bool, isTuned: Bool, formats: NumberFormats
  ) {
    let all = Scalar.input(.experts, experts)
    let ranks = Scalar.input(.expertParallel, expertParallel)
    self.init(
      visible: tokens, hidden: hidden,
      width: tensorParallel > 1
        ? intermediate.divided(exactlyBy: .input(.expertTensorParallel, tensorParallel)) : intermediate,
      isGated: isGated,
      experts: ExpertSet(
        held: expertParallel > 1 ? all.divided(exactlyBy: ranks) : all, all: all,
        chosen: .input(.chosenExperts, chosen), tokens: tokens,
        touched: .load(load, experts: experts, chosen: chosen, ranks: expertParallel),
        share: expertParallel > 1 ? .part(of: ranks) : .all),
      load: load, ranks: expertParallel, isTuned: isTuned, shards: tensorParallel, formats: formats)
  }

  /// The same call's share that a row stands for.
  package func part(_ part: Part) -> Self {
    ExpertLayer(
      visible: visible, hidden: hidden, width: width, isGated: isGated, experts: experts, load: load, ranks: ranks,
      isDispatched: isDispatched, isTuned: isTuned, shards: shards, part: part, formats: formats)
  }

  package var kind: OperatorKind { .expertLayer }
  package var asOperator: Operator<Scalar> { .expertLayer(self) }
  package var gradients: OperatorGradients<Scalar> { .unknown }

  package var matrixUnit: DType? { formats.linearUnit }

  /// Matrices of an expert.
  private var matrices: Scalar { isGated ? 3 : 2 }

  package var flops: FLOPCounts<Scalar> {
    FLOPCounts(
      product: experts.own(2 * (experts.tokens * experts.chosen) * (matrices * (hidden * width))),
      on: formats.linearUnit, vector: 0)
  }

  package func forEachOperand(_ visit: (Operand<Scalar>) -> Void) {
    let storage = formats.weightStorage
    let scales = storage.scaleBytes(
      rows: width, columns: hidden, matrices: isGated ? 2 : 1, of: experts.touched)
    let others = storage.scaleBytes(rows: hidden, columns: width, of: experts.touched)
    visit(Operand(.input, .loadActivation, visible * hidden, formats.residualFormat))
    visit(Operand(.logits, .loadActivation, visible * experts.all, formats.residualFormat))
    visit(
      Operand(
        .weight, .loadWeight, experts.touched(matrices * (hidden * width)), formats.weightFormat,
        scaleBytes: scales.flatMap { first in others.map { first + $0 } }))
    visit(Operand(.output, .storeActivation, visible * hidden, formats.residualFormat))
  }

  package static var source: String {
    "a layer of routed experts in one call: the two grouped products; tokens, logits, touched matrices and sums, once each"
  }
}
