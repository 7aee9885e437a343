/// What a quantised checkpoint holds a matrix in, and what its product reads.
package struct TensorFormat: Hashable, Sendable {
  package let weight: DType
  /// Elements, scales of blocks and scales of the tensor.
  package let storage: StorageFormat
  /// What the product reads; nil where only weights are quantised, and products are those of the run's activations.
  package var input: Input?
  /// How the checkpoint names the tensors.
  package let names: Names

  /// The inputs of a product.
  package struct Input: Hashable, Sendable {
    package let dtype: DType
    /// What blocks of it share; nil: nothing that is read with it.
    package let scale: StorageFormat.BlockScale?

    package init(_ dtype: DType, scale: StorageFormat.BlockScale? = nil) {
      self.dtype = dtype
      self.scale = scale
    }
  }

  /// What stands behind a module's name, in place of `weight`, for its elements, scales, zero points and the scales of the whole
  /// tensor. Of a tensor that has no module (`experts.gate_up_proj`), elements and scales follow its own name.
  package struct Names: Hashable, Sendable {
    package let elements, scales: StaticText
    package let zeroPoints: StaticText?
    /// Scales of the whole tensor, and of what its product reads.
    package let tensorScale, inputScale: StaticText?

    package init(
      elements: StaticText = "weight", scales: StaticText, zeroPoints: StaticText? = nil,
      tensorScale: StaticText? = nil, inputScale: StaticText? = nil
    ) {
      self.elements = elements
      self.scales = scales
      self.zeroPoints = zeroPoints
      self.tensorScale = tensorScale
      self.inputScale = inputScale
    }
  }

  package init(_ weight: DType, in storage: StorageFormat, input: Input?, names: Names) {
    self.weight = weight
    self.storage = storage
    self.input = input
    self.names = names
  }
}
