/// Takes the rows of a forward pass one by one, each with its operator's own type, so that counting needs no existential and
/// no sum type in between.
package protocol RowSink<Scalar> {
  associatedtype Scalar: Term

  /// A row of the pass.
  mutating func row<D: OperatorDefinition>(_ statement: RowStatement<Scalar>, _ definition: D) where D.Scalar == Scalar

  /// Activations that were the same on every rank go into work that ranks share, or come out of it. Where that moves bytes,
  /// a collective's row is handed over, too; a backward pass moves the gradients where the forward pass moves nothing.
  mutating func crossing(_ crossing: ShardCrossing<Scalar>)
}

extension RowSink {
  @inline(__always) package mutating func crossing(_ crossing: ShardCrossing<Scalar>) {}

  /// States a row: its operator, and the activations it reads and writes in the order of the operator's operands.
  @inline(__always)
  mutating func row<D: OperatorDefinition>(
    _ name: OperatorName, _ place: RowPlace<Scalar>, _ definition: D, reads: Activations, writes: Activations,
    weight: CheckpointWeight = .none
  ) where D.Scalar == Scalar {
    row(RowStatement(name: name, place: place, reads: reads, writes: writes, weight: weight), definition)
  }
}

/// What a row says of itself beside its operator.
package struct RowStatement<Scalar: Term>: Hashable, Sendable {
  package let name: OperatorName
  package let place: RowPlace<Scalar>
  /// In the order of the operator's activation operands.
  package let reads, writes: Activations
  package let weight: CheckpointWeight
}

/// Where a row stands, and how often it runs in one forward pass.
package struct RowPlace<Scalar: Term>: Hashable, Sendable {
  package let scope: RowScope
  package let occurrences: Scalar
  /// The block of its layer that the row belongs to; nil of norms, additions and whatever stands between blocks.
  package let part: LayerPart?

  init(_ scope: RowScope, _ occurrences: Scalar, part: LayerPart? = nil) {
    self.scope = scope
    self.occurrences = occurrences
    self.part = part
  }

  /// The same place, in a block.
  func inside(_ part: LayerPart) -> RowPlace { RowPlace(scope, occurrences, part: part) }
}

/// The blocks of a layer.
package enum LayerPart: Hashable, Sendable, CaseIterable { case mixer, feedForward }

/// Where in a forward pass a row stands.
public enum RowScope: Hashable, Sendable {
  /// Once, before the first layer.
  case beforeLayers
  /// In every layer of a group (by its place in `DecoderModel.groups`); part of the layer's sum.
  case layer(group: Int)
  /// Once, after the last layer.
  case afterLayers
  /// Between two stages of a pipeline.
  case boundary

  /// Whether it is a row of the layers.
  public var isLayer: Bool { if case .layer = self { true } else { false } }

  /// nil outside the layers.
  public var group: Int? { if case .layer(let group) = self { group } else { nil } }
}

/// A place where replicated activations meet sharded work.
package enum ShardCrossing<Scalar: Term> {
  /// `tensor` is read by sharded work from here on.
  case entry(ShardedPart, RowPlace<Scalar>, tensor: ActivationTensor)
  /// The ranks' partial sums have been added up.
  case exit(ShardedPart, RowPlace<Scalar>)
  /// Ranks hold copies of KV heads, whose weights of `message` bytes are updated alike on `copies` ranks.
  case copiedHeads(RowPlace<Scalar>, copies: Scalar, message: Scalar)
  /// Of what a backward pass computes here, each of `ranks` ranks has a part of every element: `message` bytes to add up.
  case partialGradient(OperatorName, RowPlace<Scalar>, ranks: Scalar, message: Scalar)

  var place: RowPlace<Scalar> {
    switch self {
    case .entry(_, let place, _), .exit(_, let place), .copiedHeads(let place, _, _),
      .partialGradient(_, let place, _, _):
      place
    }
  }
}

/// What the collectives of a backward pass are named after.
package enum ShardedPart: Hashable, Sendable { case embedding, attention, feedForward, head }
