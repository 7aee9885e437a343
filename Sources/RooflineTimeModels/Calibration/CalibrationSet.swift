import RooflineCore

/// The calibrations from which one GPU's kernels are predicted: its own first, then one that it borrows.
/// It never changes: one object, to which everything that asks for times refers.
public final class CalibrationSet: Sendable {
  package let hardware: HardwareSpec
  package let facts: DeviceFacts
  package let generation: GPUGeneration
  /// That of the generation.
  package let capability: ComputeCapability
  /// In the order in which they are asked.
  package let layers: [Calibration]
  /// DRAM B/s of the GPUs that the layers are of, by name: what a share of the bandwidth was a share of.
  private let bandwidths: [String: Double]

  /// - Throws: `InputError.missingFacts` where the GPU's file lacks a fact that the models need.
  package init(
    _ hardware: HardwareSpec, layers: [Calibration], bandwidths: [String: Double] = [:]
  ) throws(InputError) {
    self.hardware = hardware
    facts = try DeviceFacts(hardware)
    guard let generation = hardware.generation else {
      throw .missingFacts(
        hardware: hardware.name, path: hardware.path,
        facts: [
          MissingFact(
            name: "compute capability", key: "computeCapability", option: "--time ideal",
            reason: hardware.computeCapability.map { "nothing is known of \($0)" })
        ])
    }
    guard let capability = generation.capability else {
      // No fact of the file is missing.
      throw .missingFacts(
        hardware: hardware.name, path: hardware.path,
        facts: [
          MissingFact(
            name: "calibrated times", key: nil, option: "--time ideal", reason: "only NVIDIA's kernels were timed")
        ])
    }
    self.generation = generation
    self.capability = capability
    self.layers = layers
    self.bandwidths = bandwidths
  }

  /// The same constants on this GPU with other rates. What constants say of its L2 is a share of the bandwidth that it had.
  func on(_ other: HardwareSpec) throws(InputError) -> CalibrationSet {
    var bandwidths = bandwidths
    for layer in layers where bandwidths[layer.hardware] == nil { bandwidths[layer.hardware] = facts.bandwidth }
    return try CalibrationSet(other, layers: layers, bandwidths: bandwidths)
  }

  /// An entry with what a reader should know about its use here. One object, as every kernel of every pass asks for one.
  package final class Found: Sendable {
    package let entry: Calibration.Entry
    /// Those of the entry, as they are on this GPU.
    package let constants: Calibration.Constants
    package let model: any KernelTimeModel
    /// The GPU whose constants these are, where it is another one.
    package let borrowedFrom: String?
    /// Whether that GPU is of another generation: how far its constants miss here is unknown.
    package let isOtherGeneration: Bool
    /// The entry's head dim, where the kernel has another.
    package let otherHeadDim: Int?
    /// The operator whose constants stand in for this one's.
    package let standIn: OperatorKind?

    init(
      entry: Calibration.Entry, constants: Calibration.Constants, model: any KernelTimeModel, borrowedFrom: String?,
      isOtherGeneration: Bool, otherHeadDim: Int?, standIn: OperatorKind? = nil
    ) {
      self.entry = entry
      self.constants = constants
      self.model = model
      self.borrowedFrom = borrowedFrom
      self.isOtherGeneration = isOtherGeneration
      self.otherHeadDim = otherHeadDim
      self.standIn = standIn
    }

    /// The same, with the constants of this operator standing in for another's.
    func standing(for operation: OperatorKind) -> Found {
      Found(
        entry: entry, constants: constants, model: model, borrowedFrom: borrowedFrom,
        isOtherGeneration: isOtherGeneration, otherHeadDim: otherHeadDim, standIn: operation)
    }

    /// The errors that an interval rests on; nil where there is no telling: of another generation, or of another head dim, whose
    /// kernels miss by two to four times as much.
    package var heldOut: HeldOutErrors? { isOtherGeneration || otherHeadDim != nil ? nil : entry.heldOut }
  }

  /// The entry for an operator's kernel.
  ///
  /// - Parameters:
  ///   - family: the library; nil takes the first that a calibration lists for such kernels.
  ///   - variant: which of a library's kernels, where that is decided elsewhere; nil: as the library would.
  /// - Returns: nil where no calibration has constants for it, or no time model describes it.
  package func find(
    _ value: Operator<Count>, family: KernelLibrary?, launch: Launch = .graph, variant: AttentionVariant? = nil
  ) -> Found? {
    guard let model = value.timeModel, let subject = model.subject(of: value) else { return nil }
    return find(subject, family: family, launch: launch) { library in
      variant ?? model.variant(of: value, of: library, processors: facts.streamingMultiprocessors)
    }
  }

  private func find(
    _ subject: KernelSubject, family: KernelLibrary?, launch: Launch, variant: (KernelLibrary) -> AttentionVariant?
  ) -> Found? {
    let families = family?.names
    for layer in layers {
      let fitting = layer.entries.filter { entry in
        entry.key.launch == launch && entry.key.serves(subject, variant: variant(entry.key.family))
          && (families.map { $0.contains(entry.key.family) } ?? true)
      }
      // One library, the first: constants of two are never mixed.
      let family = families?.first { name in fitting.contains { $0.key.family == name } } ?? fitting.first?.key.family
      let own = fitting.filter { $0.key.family == family }
      guard let entry = own.min(by: { $0.key.distance(to: subject) < $1.key.distance(to: subject) }) else { continue }
      let constants = entry.constants.keepingL2(bandwidth(of: layer) / facts.bandwidth)
      guard let model = constants.model(facts, generation: generation) else { continue }
      return Found(
        entry: entry, constants: constants, model: model,
        borrowedFrom: Spelling.normalized(layer.hardware) == Spelling.normalized(hardware.name) ? nil : layer.hardware,
        isOtherGeneration: layer.computeCapability != capability,
        otherHeadDim: entry.key.headDim.flatMap { $0 == subject.headDim ? nil : $0 })
    }
    return nil
  }

  /// The entry of an operator that runs as this one does, where nobody measured this one itself.
  package func standIn(_ value: Operator<Count>, family: KernelLibrary?) -> Found? {
    guard let subject = value.subject?.standIn, let operation = subject.operation else { return nil }
    return find(subject, family: family, launch: .graph, variant: { _ in nil })?.standing(for: operation)
  }

  private func bandwidth(of layer: Calibration) -> Double { bandwidths[layer.hardware] ?? facts.bandwidth }
}
