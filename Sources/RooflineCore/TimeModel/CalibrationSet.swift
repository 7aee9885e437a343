/// The calibrations from which one GPU's kernels are predicted: its own first, then one that it borrows.
public struct CalibrationSet: Sendable {
  public let hardware: HardwareSpec
  public let facts: DeviceFacts
  public let generation: GPUGeneration
  /// In the order in which they are asked.
  public let layers: [Calibration]
  /// DRAM B/s of the GPUs that the layers are of, by name: what a share of the bandwidth was a share of.
  private let bandwidths: [String: Double]

  /// - Throws: `InputError.missingFacts` where the GPU's file lacks a fact that the models need.
  public init(
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
    self.generation = generation
    self.layers = layers
    self.bandwidths = bandwidths
  }

  /// An entry with what a reader should know about its use here. One object, as every kernel of every pass asks for one.
  public final class Found: Sendable {
    public let entry: Calibration.Entry
    /// Those of the entry, as they are on this GPU.
    public let constants: Calibration.Constants
    public let model: KernelModel
    /// The GPU whose constants these are, where it is another one.
    public let borrowedFrom: String?
    /// Whether that GPU is of another generation: how far its constants miss here is unknown.
    public let isOtherGeneration: Bool
    /// The entry's head dim, where the kernel has another.
    public let otherHeadDim: Int?
    /// The operator whose constants stand in for this one's.
    public let standIn: OperatorKind?

    init(
      entry: Calibration.Entry, constants: Calibration.Constants, model: KernelModel, borrowedFrom: String?,
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

    /// The errors that an interval rests on; nil where there is no telling.
    public var heldOut: HeldOutErrors? { isOtherGeneration ? nil : entry.heldOut }
  }

  /// The entry for a kernel.
  ///
  /// - Parameters:
  ///   - family: the library; nil takes the first that a calibration lists for such kernels.
  ///   - variant: which of a library's decode kernels, where that is decided elsewhere; nil: as the library would.
  /// - Returns: nil where no calibration has constants for it.
  public func find(
    _ kernel: TimedKernel, family: String?, launch: Launch = .graph, variant: AttentionVariant? = nil
  ) -> Found? {
    let families = family.map(KernelFamily.names(of:))
    for layer in layers {
      let fitting = layer.entries.filter { entry in
        entry.key.serves(kernel, processors: facts.streamingMultiprocessors, variant: variant)
          && entry.key.launch == launch
          && (families.map { $0.contains(entry.key.family) } ?? true)
      }
      // One library, the first: constants of two are never mixed.
      let family = families?.first { name in fitting.contains { $0.key.family == name } } ?? fitting.first?.key.family
      let own = fitting.filter { $0.key.family == family }
      guard let entry = own.min(by: { $0.key.distance(to: kernel) < $1.key.distance(to: kernel) }) else { continue }
      let constants = entry.constants.keepingL2(bandwidth(of: layer) / facts.bandwidth)
      guard let model = KernelModel(constants, facts: facts, generation: generation)
      else { continue }
      let headDim = kernel.headDim
      return Found(
        entry: entry, constants: constants, model: model,
        borrowedFrom: Spelling.normalized(layer.hardware) == Spelling.normalized(hardware.name) ? nil : layer.hardware,
        isOtherGeneration: layer.computeCapability != generation.capability,
        otherHeadDim: entry.key.headDim.flatMap { $0 == headDim ? nil : $0 })
    }
    return nil
  }

  /// The entry of an operator that runs as this one does, where nobody measured this one itself: a fused addition and RMSNorm has the
  /// norm's threads and passes, and two more tensors to move.
  public func standIn(_ kernel: TimedKernel, family: String?) -> Found? {
    guard case .row(var call) = kernel.shape, call.operation == .addRMSNorm else { return nil }
    call.operation = .rmsNorm
    return find(TimedKernel(.row(call), dtype: kernel.dtype), family: family)?.standing(for: .rmsNorm)
  }

  private func bandwidth(of layer: Calibration) -> Double { bandwidths[layer.hardware] ?? facts.bandwidth }

  /// The families that have constants for kernels like this one.
  public func families(for kernel: TimedKernel) -> [String] {
    var names: [String] = []
    for entry in layers.flatMap(\.entries)
    where entry.key.serves(kernel, processors: facts.streamingMultiprocessors) && !names.contains(entry.key.family) {
      names.append(entry.key.family)
    }
    return names
  }
}

extension TimedKernel {
  /// In attention.
  var headDim: Int? {
    switch shape {
    case .prefill(let call), .decode(let call): Int(exactly: call.headDim) ?? .max
    case .gemm, .row, .collective: nil
    }
  }

  /// In decode.
  func variant(family: String, processors: Double) -> AttentionVariant? {
    switch shape {
    case .decode(let call): AttentionVariant(family: family, call: call, processors: processors)
    case .gemm, .prefill, .row, .collective: nil
    }
  }

  /// Whether the kernel has a sliding window, even one wider than the context.
  var isWindowed: Bool? {
    switch shape {
    case .prefill(let call), .decode(let call): call.window > 0
    case .gemm, .row, .collective: nil
    }
  }
}

extension Calibration.Key {
  /// Whether the entry is about such kernels at all; head dim and window may differ.
  func serves(_ kernel: TimedKernel, processors: Double, variant wanted: AttentionVariant? = nil) -> Bool {
    kind == kernel.kind && phase == kernel.phase && (operation == nil || operation == kernel.operation)
      && (kind == .collective || dtype.isTimedLike(kernel.dtype))
      && (kind != .attention || (keyValueDType ?? dtype).isTimedLike(kernel.keyValueDType))
      && (variant == nil || variant == (wanted ?? kernel.variant(family: family, processors: processors)))
  }

  /// 0 where the entry was fitted on exactly such kernels.
  func distance(to kernel: TimedKernel) -> Double {
    var distance = 0.0
    if let headDim, let own = kernel.headDim {
      distance += abs(Mathematics.binaryLogarithm(Double(own) / Double(headDim)))
    }
    // An entry that does not say serves both.
    if let isWindowed, isWindowed != kernel.isWindowed { distance += 0.5 } else if isWindowed == nil { distance += 0.1 }
    return distance
  }

  /// The key under which a measurement is fitted, by default.
  public init(_ kernel: TimedKernel, family: String, launch: Launch = .graph, processors: Double) {
    self.init(
      kind: kernel.kind, family: family, phase: kernel.phase, operation: kernel.operation,
      dtype: kernel.kind == .collective ? .bf16 : kernel.dtype,
      keyValueDType: kernel.phase == nil ? nil : kernel.keyValueDType, headDim: kernel.headDim,
      variant: kernel.variant(family: family, processors: processors), isWindowed: kernel.isWindowed, launch: launch)
  }
}

extension DType {
  /// Formats whose kernels take the same time: the two with 16 bits.
  func isTimedLike(_ other: DType) -> Bool {
    self == other || (self == .bf16 && other == .fp16) || (self == .fp16 && other == .bf16)
  }
}

extension Calibration.Constants {
  /// The same L2 rate on a GPU whose DRAM is faster: attention's constants state it as a multiple of the DRAM rate, but a sister with
  /// other memory has the same cache.
  ///
  /// - Parameter ratio: DRAM rate of the GPU of the constants over that of the GPU they are for.
  func keepingL2(_ ratio: Double) -> Self {
    guard ratio != 1, ratio.isFinite, ratio > 0 else { return self }
    switch self {
    case .prefill(var constants, let cut):
      constants.l2Speedup *= ratio
      return .prefill(constants.withinBounds, cut)
    case .decode(var constants, let cut):
      constants.l2Bandwidth *= ratio
      return .decode(constants.withinBounds, cut)
    case .gemm, .row, .collective: return self
    }
  }
}
