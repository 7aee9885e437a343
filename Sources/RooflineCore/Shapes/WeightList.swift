/// Every weight of a model, one entry a tensor, as one device holds it.
package struct WeightList: Hashable, Sendable {
  package struct Entry: Hashable, Sendable {
    package let name: WeightName
    /// As PyTorch stores it: outputs × inputs for a linear layer.
    package let dimensions: [UInt64]
    package let parameters: Count
    package let bytes: Count
    /// Whether it stands beside the parameters: a buffer, or the scales of a quantised tensor.
    package let isBuffer: Bool
    /// What an element is: a number format, or a scale of so many bits.
    package let format: String
  }

  package let model: DecoderModel
  package let tensorParallel: UInt64
  package let formats: NumberFormats
  /// In the order of the forward pass: the embedding, the layers, the final norm, the head unless it is tied.
  package let entries: [Entry]

  /// One row each is meant to be read; no model comes near.
  static let largestNumberOfLayers: UInt64 = 10_000

  /// Of all layers together.
  static let largestNumberOfExperts: UInt64 = 1_000_000

  /// - Throws: `InputError.illegalTensorParallel`, `.overflow`, or `.usage` for more layers than anyone lists.
  package init(
    _ model: DecoderModel, name: String, tensorParallel: UInt64 = 1, parallelism: Parallelism = Parallelism(),
    formats: NumberFormats
  ) throws(InputError) {
    try model.requireLegalRanks(
      Workload(
        batch: 1, prompt: 1, context: 1, tensorParallel: tensorParallel, operatorSet: .separate, formats: formats,
        parallelism: parallelism), name: name)
    guard model.numHiddenLayers <= Self.largestNumberOfLayers else {
      throw .usage("\(name) has \(model.numHiddenLayers) layers; up to \(Self.largestNumberOfLayers) are listed")
    }
    let experts = model.routedExperts.map(\.experts).max() ?? 0
    guard experts * model.numHiddenLayers <= Self.largestNumberOfExperts else {
      throw .usage(
        "\(name) has \(experts) experts in each of \(model.numHiddenLayers) layers; up to \(Self.largestNumberOfExperts) are listed"
      )
    }
    self.model = model
    self.tensorParallel = tensorParallel
    self.formats = formats
    let tensors = ParameterShape<Count>(
      model, tensorParallel: tensorParallel, parallelism: parallelism
    ).tensors
    func entries(_ tensor: WeightTensor<Count>, _ layer: UInt64?, expert: UInt64? = nil) -> [Entry] {
      let one = tensor.withCopies(1)
      let format = tensor.format(formats)
      let own = Entry(
        name: WeightName(template: tensor.storedName, layer: layer, expert: expert),
        dimensions: tensor.dimensions.map(\.value), parameters: one.total,
        bytes: one.parameters.bytes(format), isBuffer: tensor.isBuffer, format: format.dtype?.rawValue ?? "")
      return [own]
        + (tensor.quantized?.companions ?? []).map { companion in
          Entry(
            name: WeightName(template: tensor.name(behind: companion.suffix), layer: layer, expert: expert),
            dimensions: companion.dimensions.map(\.value), parameters: companion.elements,
            bytes: companion.elements.bytes(ElementFormat(.scaleBytes, in: StorageFormat(bits: UInt8(companion.bits)))),
            isBuffer: true, format: companion.format)
        }
    }
    /// Expert by expert, as checkpoints have them.
    func inLayer(_ tensors: [WeightTensor<Count>], _ number: UInt64) -> [Entry] {
      let experts = tensors.filter(\.isPerExpert)
      guard let held = experts.first?.experts?.held.value else { return tensors.flatMap { entries($0, number) } }
      let first = tensors.prefix { !$0.isPerExpert }
      let others = tensors.dropFirst(first.count).filter { !$0.isPerExpert }
      let each = (0..<held).flatMap { expert in experts.flatMap { entries($0, number, expert: expert) } }
      return first.flatMap { entries($0, number) } + each + others.flatMap { entries($0, number) }
    }
    func outside(_ scope: RowScope) -> [Entry] { tensors.filter { $0.scope == scope }.flatMap { entries($0, nil) } }
    var layers: [Entry] = []
    var number: UInt64 = 0
    for run in model.runs {
      let layered = tensors.filter { $0.scope == .layer(group: run.group) }
      for _ in 0..<run.layers {
        layers += inLayer(layered, number)
        number += 1
      }
    }
    self.entries = outside(.beforeLayers) + layers + outside(.afterLayers)
    guard !parameters.isOverflow, !bytes.isOverflow, !(bytes * Count(tensorParallel)).isOverflow else {
      throw .overflow(what: "\(name)'s weights")
    }
  }

  /// On one device.
  package var parameters: Count { entries.reduce(0) { $1.isBuffer ? $0 : $0 + $1.parameters } }
  /// On one device.
  package var bytes: Count { entries.reduce(0) { $0 + $1.bytes } }
}
