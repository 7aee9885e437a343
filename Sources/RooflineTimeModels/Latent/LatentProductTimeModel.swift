import RooflineCore

/// The time of products beside each other, a head's matrix each: W_UK and W_UV of absorbed latent attention. Of a few tiles the fastest.
///
/// Source: TimeModels.md, "Latent attention".
package struct LatentProductTimeModel: Sendable {
  package let facts: DeviceFacts
  package let constants: LatentProductConstants

  /// A tile's sides, rows of x first, and how much less than the peak it reaches.
  private static let tiles: [(m: Double, n: Double, loss: Double)] = {
    let sides: [(m: Double, n: Double)] = [
      (64, 64), (64, 128), (128, 64), (128, 128), (64, 256), (128, 256), (256, 128),
    ]
    func loss(_ intensity: Double) -> Double {
      1 + Mathematics.power(GEMMConstants.halfIntensity / intensity, GEMMConstants.intensityPower)
    }
    return sides.map { ($0.m, $0.n, loss($0.m * $0.n / ($0.m + $0.n)) / loss(GEMMConstants.referenceIntensity)) }
  }()

  /// The fastest tile and what the call consists of, µs.
  struct Terms {
    var tileM = 0.0, tileN = 0.0, waves = 0.0
    var tensor = Double.infinity
    var memory, quantization, idealTensor, idealMemory: Double
  }

  func terms(_ call: BatchedGEMM<Count>, _ conditions: KernelConditions) -> Terms {
    let (groups, m, n, k) = (Double(call.groups), Double(call.m), Double(call.n), Double(call.k))
    let processors = facts.streamingMultiprocessors
    let isNarrow = call.formats.activation.bits == 8
    let peak = facts.flopsPerMicrosecond * (isNarrow ? 2 : 1)
    var (weights, others, inputs) = (0.0, 0.0, 0.0)
    call.forEachOperand { operand in
      let bytes = Double(operand.elements.bytes(operand.format))
      if operand.traffic == .loadWeight { weights += bytes } else { others += bytes }
      if operand.name == .input { inputs = Double(operand.elements) }
    }
    let bytes = weights + others
    let hit = facts.hit(bytes, residentShare: constants.residency)
    // A real step's weights are cold; what the kernel before left is not.
    let warm = conditions.cache == .warm ? bytes : others
    let rate = constants.bandwidth * facts.bytesPerMicrosecond
    let memory = (bytes - warm + warm * ((1 - hit) + hit / constants.l2Speedup)) / rate
    let quantization =
      isNarrow
      ? constants.quantization
        + inputs * constants.quantizationCycles / (processors * facts.cyclesPerMicrosecond) : 0
    var terms = Terms(
      memory: memory, quantization: quantization, idealTensor: Double(call.product) / peak,
      idealMemory: bytes / facts.bytesPerMicrosecond)
    let perFLOP = processors / (constants.tensor * peak)
    for tile in LatentProductTimeModel.tiles {
      let waves = (groups * (m / tile.m).ceiling * (n / tile.n).ceiling / processors).ceiling
      let time = waves * (2 * tile.m * tile.n * k * tile.loss * perFLOP + constants.wave)
      if time < terms.tensor {
        (terms.tileM, terms.tileN, terms.waves, terms.tensor) = (tile.m, tile.n, waves, time)
      }
    }
    return terms
  }

  func time(_ terms: Terms) -> Double {
    let larger = max(terms.tensor, terms.memory)
    let ratio = min(terms.tensor, terms.memory) / larger
    return constants.fixed + terms.quantization + larger * Mathematics.cubeRoot(1 + ratio * ratio * ratio)
  }
}

extension LatentProductTimeModel: KernelTimeModel {
  package static let kind = KernelKind.mlaProduct

  package init(
    _ facts: DeviceFacts, _ constants: LatentProductConstants, _ cut: WholeKernel, generation: GPUGeneration
  ) {
    self.facts = facts
    self.constants = constants
  }

  package static func work(_ value: Operator<Count>) -> BatchedGEMM<Count>? {
    if case .batchedGEMM(let call) = value { call } else { nil }
  }

  package static func subject(_ call: BatchedGEMM<Count>) -> KernelSubject {
    KernelSubject(.mlaProduct, dtype: call.formats.linearUnit, form: call.isTransposed ? .keys : .values)
  }

  package func timing(_ call: BatchedGEMM<Count>, _ conditions: KernelConditions) -> KernelTiming {
    let terms = terms(call, conditions)
    return KernelTiming(
      microseconds: time(terms), exposed: constants.fixed + terms.quantization + terms.waves * constants.wave)
  }

  package func choices(
    _ call: BatchedGEMM<Count>, _ conditions: KernelConditions
  ) -> [(name: String, value: String)] {
    let terms = terms(call, conditions)
    return [("tile", "\(Int(terms.tileM)) × \(Int(terms.tileN))"), ("waves", "\(Int(min(terms.waves, 1e15)))")]
  }

  package func parts(_ call: BatchedGEMM<Count>, _ conditions: KernelConditions) -> [TimePart] {
    let terms = terms(call, conditions)
    let roof = max(terms.idealTensor, terms.idealMemory)
    let fill = terms.waves * constants.wave
    let fixed = constants.fixed
    let products = max(terms.tensor - fill, terms.idealMemory)
    let tensor = max(terms.tensor, terms.idealMemory)
    return TimePart.differences([
      (.roof, roof),
      (.fixed, roof + fixed),
      (.tile, products + fixed),
      (.waves, tensor + fixed),
      (.dram, max(terms.tensor, terms.memory) + fixed),
      (.quantization, max(terms.tensor, terms.memory) + fixed + terms.quantization),
      (.overlap, time(terms)),
    ])
  }

  /// The L2 rate stays where the DRAM is another: it is stated as a multiple of the DRAM's.
  package static func constants(
    _ constants: LatentProductConstants, ofDRAM ratio: Double
  ) -> LatentProductConstants {
    var constants = constants
    constants.l2Speedup *= ratio
    return constants
  }

  package static func place(_ call: BatchedGEMM<Count>) -> KernelPlace {
    let (groups, m, n, k) = (Double(call.groups), Double(call.m), Double(call.n), Double(call.k))
    return KernelPlace(
      call.isTransposed ? "mla bmm_k" : "mla bmm_v",
      sizes: [("batch", m), ("heads", groups), ("qk_dim", k), ("v_dim", n)], order: [groups, n, k, m],
      point: [KernelPlace.log(m), KernelPlace.log(groups), 0, 0], group: [groups, m])
  }

  package static func regimes(_ call: BatchedGEMM<Count>) -> [String] { [] }
}
