import RooflineCore

/// A time model's constants and cut, of one library, before the facts of a GPU come in.
package protocol ModelParameters: Hashable, Sendable {
  associatedtype Model: KernelTimeModel
  var constants: Model.Constants { get set }
  var cut: Model.Cut { get }
}

package struct ModelConstants<Model: KernelTimeModel>: ModelParameters {
  package var constants: Model.Constants
  package let cut: Model.Cut

  package init(_ constants: Model.Constants, _ cut: Model.Cut) {
    self.constants = constants
    self.cut = cut
  }
}

extension ModelParameters {
  fileprivate var anyCut: AnyHashable { AnyHashable(cut) }

  fileprivate func model(_ facts: DeviceFacts, generation: GPUGeneration) -> (any KernelTimeModel)? {
    Model(facts, constants, cut, generation: generation)
  }

  fileprivate func on(dramRatio: Double) -> Self {
    var parameters = self
    parameters.constants = Model.constants(constants, ofDRAM: dramRatio).withinBounds
    return parameters
  }
}

extension Calibration {
  /// The constants of an entry, whatever its time model.
  package struct Constants: Hashable, Sendable {
    package let parameters: any ModelParameters

    package init(_ parameters: any ModelParameters) { self.parameters = parameters }

    package static func == (left: Self, right: Self) -> Bool {
      AnyHashable(left.parameters) == AnyHashable(right.parameters)
    }

    package func hash(into hasher: inout Hasher) { parameters.hash(into: &hasher) }

    /// Constants at an end of the bounds that files and fits share.
    package var atBounds: [BoundConstant] { parameters.constants.atBounds }

    /// How the kernels are cut, whatever the model.
    package var cut: AnyHashable { parameters.anyCut }

    /// Keys and values, in the files' order.
    package var named: [(key: String, value: Double)] { parameters.constants.named }

    /// - Returns: nil where nothing is known of the kernels of such a GPU.
    package func model(_ facts: DeviceFacts, generation: GPUGeneration) -> (any KernelTimeModel)? {
      parameters.model(facts, generation: generation)
    }

    /// The same L2 rate on a GPU whose DRAM is faster: where constants state it as a multiple of the DRAM rate, a sister with other
    /// memory has the same cache all the same.
    ///
    /// - Parameter ratio: DRAM rate of the GPU of the constants over that of the GPU they are for.
    func keepingL2(_ ratio: Double) -> Self {
      guard ratio != 1, ratio.isFinite, ratio > 0 else { return self }
      return Constants(parameters.on(dramRatio: ratio))
    }

    /// Where a fit begins that has no prior; nil where the key says too little to have a model.
    package static func standard(_ key: Key) -> Constants? { key.timeModel.map { $0.standardConstants(key) } }
  }
}

extension KernelTimeModel {
  /// The constants and the cut of an entry of a calibration file.
  static func constants(_ block: JSONObject, entry: JSONObject) throws(InputError) -> Calibration.Constants {
    Calibration.Constants(ModelConstants<Self>(try Constants(block), try Cut(entry: entry)))
  }

  fileprivate static func standardConstants(_ key: Calibration.Key) -> Calibration.Constants {
    Calibration.Constants(ModelConstants<Self>(.initial, .standard(key)))
  }
}
