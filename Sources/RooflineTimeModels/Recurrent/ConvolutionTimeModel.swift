import RooflineCore

/// How a library's causal convolution walks over its input: a fact of its source code.
package struct ConvolutionCut: KernelCut {
  package enum Walk: String, Hashable, Sendable, CaseIterable {
    /// Eight tokens of many channels at a time.
    case tokens
    /// Rows of 1024 tokens, eight channels an SM: older kernels.
    case rows
  }

  package var walk: Walk

  package init(_ walk: Walk) { self.walk = walk }

  package static func standard(_ key: KernelKey) -> ConvolutionCut {
    ConvolutionCut(key.family.name.hasPrefix("trtllm") ? .rows : .tokens)
  }

  package init(entry: JSONObject) throws(InputError) {
    let object = try entry.require(try entry.object("cut"), "cut", "how the convolution walks over its input")
    try object.requireOnly(["walk"])
    self.init(
      try object.require(
        try object.choice("walk", Walk.self), "walk", "one of \(Walk.allCases.map(\.rawValue).joined(separator: ", "))")
    )
  }

  package var fields: [(key: String, value: JSONValue)] { [("walk", .string(walk.rawValue))] }
}

/// The time of a causal convolution over a few taps, over a prompt or in a decode step.
///
/// Source: TimeModels.md, "Delta rules and convolutions".
package struct ConvolutionTimeModel: Sendable {
  package let facts: DeviceFacts
  package let constants: StreamConstants
  package let cut: ConvolutionCut

  func terms(_ call: CausalConvolution<Count>, _ conditions: KernelConditions) -> StreamTerms {
    let (batch, query, channels) = (Double(call.batch), Double(call.queryTokens), Double(call.channels))
    let processors = facts.streamingMultiprocessors
    let units: Double
    switch cut.walk {
    case .tokens: units = batch * (query / 8).ceiling * channels / (2048 * processors)
    case .rows: units = batch * channels / (8 * processors) * (query / 1024).ceiling
    }
    var bytes = 0.0
    // The taps stay with every CTA.
    call.forEachOperand { if $0.traffic != .loadWeight { bytes += Double($0.bytes) } }
    return StreamTerms(
      units: units, bytes: bytes, footprint: bytes, isCold: conditions.cache == .serving && call.isStep,
      tokens: min(query, 8) / 8, facts, constants)
  }
}

extension CausalConvolution {
  /// Whether it is a decode step's: one token after others.
  package var isStep: Bool { state == .updated && queryTokens == 1 }

  var kernelForm: KernelForm { hasBias ? .mamba2 : isKimi ? .kda : .gdn }
}

extension ConvolutionTimeModel: KernelTimeModel {
  package static let kind = KernelKind.convolution

  package init(_ facts: DeviceFacts, _ constants: StreamConstants, _ cut: ConvolutionCut, generation: GPUGeneration) {
    self.facts = facts
    self.constants = constants
    self.cut = cut
  }

  package static func work(_ value: Operator<Count>) -> CausalConvolution<Count>? {
    if case .causalConvolution(let call) = value { call } else { nil }
  }

  package static func subject(_ call: CausalConvolution<Count>) -> KernelSubject {
    KernelSubject(
      .convolution, phase: call.isStep ? .decode : .prefill, dtype: call.formats.residual, form: call.kernelForm)
  }

  package func timing(_ call: CausalConvolution<Count>, _ conditions: KernelConditions) -> KernelTiming {
    terms(call, conditions).timing(constants)
  }

  package func choices(
    _ call: CausalConvolution<Count>, _ conditions: KernelConditions
  ) -> [(name: String, value: String)] { [] }

  package func parts(_ call: CausalConvolution<Count>, _ conditions: KernelConditions) -> [TimePart] {
    terms(call, conditions).parts(constants)
  }

  package static func constants(_ constants: StreamConstants, ofDRAM ratio: Double) -> StreamConstants {
    constants.ofDRAM(ratio)
  }

  package static func place(_ call: CausalConvolution<Count>) -> KernelPlace {
    let (batch, query, channels) = (Double(call.batch), Double(call.queryTokens), Double(call.channels))
    return KernelPlace(
      "\(call.kernelForm.rawValue)_conv \(call.isStep ? "decode" : "prefill")",
      sizes: [("batch", batch), ("query", query), ("channels", channels)],
      order: [channels, Double(call.taps), query, batch],
      point: [KernelPlace.log(batch), KernelPlace.log(query), KernelPlace.log(channels), 0],
      group: call.isStep ? [channels, batch] : [channels, query])
  }

  package static func regimes(_ call: CausalConvolution<Count>) -> [String] { [call.kernelForm.rawValue] }
}
