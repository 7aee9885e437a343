/// Every weight of a model, one entry a tensor, as one device holds it.
public struct WeightList: Hashable, Sendable {
  public struct Entry: Hashable, Sendable {
    public let name: WeightName
    /// As PyTorch stores it: outputs × inputs for a linear layer.
    public let dimensions: [UInt64]
    public let parameters: Count
    public let bytes: Count
  }

  public let model: DecoderModel
  public let tensorParallel: UInt64
  public let formats: NumberFormats
  /// In the order of the forward pass: the embedding, the layers, the final norm, the head unless it is tied.
  public let entries: [Entry]

  /// One row each is meant to be read; no model comes near.
  static let largestNumberOfLayers: UInt64 = 10_000

  /// - Throws: `InputError.illegalTensorParallel`, `.overflow`, or `.usage` for more layers than anyone lists.
  public init(
    _ model: DecoderModel, name: String, tensorParallel: UInt64 = 1, formats: NumberFormats
  ) throws(InputError) {
    guard model.isLegal(tensorParallel: tensorParallel) else {
      throw .illegalTensorParallel(degree: tensorParallel, legal: model.legalTensorParallelDegrees, model: name)
    }
    guard model.numHiddenLayers <= Self.largestNumberOfLayers else {
      throw .usage("\(name) has \(model.numHiddenLayers) layers; up to \(Self.largestNumberOfLayers) are listed")
    }
    self.model = model
    self.tensorParallel = tensorParallel
    self.formats = formats
    let tensors = ParameterShape<Count>(model, tensorParallel: tensorParallel).tensors
    func entry(_ tensor: WeightTensor<Count>, _ layer: UInt64?) -> Entry {
      let one = WeightTensor(tensor.role, tensor.name, 1, tensor.dimensions)
      return Entry(
        name: WeightName(template: tensor.name, layer: layer), dimensions: tensor.dimensions.map(\.value),
        parameters: one.total, bytes: one.bytes(formats))
    }
    let isInLayer = { (tensor: WeightTensor<Count>) in WeightName.isInLayer(tensor.name) }
    let layered = tensors.filter(isInLayer)
    let before = tensors.prefix { !isInLayer($0) }
    let after = tensors.dropFirst(before.count).filter { !isInLayer($0) }
    entries =
      before.map { entry($0, nil) }
      + (0..<model.numHiddenLayers).flatMap { layer in layered.map { entry($0, layer) } }
      + after.map { entry($0, nil) }
    guard !parameters.isOverflow, !bytes.isOverflow, !(bytes * Count(tensorParallel)).isOverflow else {
      throw .overflow(what: "\(name)'s weights")
    }
  }

  /// On one device.
  public var parameters: Count { entries.reduce(0) { $0 + $1.parameters } }
  /// On one device.
  public var bytes: Count { entries.reduce(0) { $0 + $1.bytes } }
}
