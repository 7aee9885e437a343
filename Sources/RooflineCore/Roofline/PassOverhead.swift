/// What an engine adds to the kernels of a pass: o₀ + o₁ · sequences + o₂ · log₂(ranks) + gap · kernels + o₃ · sequences · logits.
///
/// Source: Engines.md, "Time per pass".
package struct PassOverhead: Hashable, Sendable {
  /// o₀, s a pass.
  package var perPass: Double
  /// o₁, s a sequence that gets a token.
  package var perSequence: Double
  /// o₂, s a doubling of the tensor-parallel degree.
  package var perDoubling: Double
  /// What lies between two kernels, s a kernel.
  package var perKernel: Double
  /// o₃, s for each 100,000 logits of a sequence.
  package var perSequenceLogits: Double
  /// With eager launches: the least time between the starts of two kernels, s; the pass takes no less than all of them.
  package var launchFloor: Double

  package init(
    perPass: Double = 0, perSequence: Double = 0, perDoubling: Double = 0, perKernel: Double = 0,
    perSequenceLogits: Double = 0, launchFloor: Double = 0
  ) {
    self.perPass = perPass
    self.perSequence = perSequence
    self.perDoubling = perDoubling
    self.perKernel = perKernel
    self.perSequenceLogits = perSequenceLogits
    self.launchFloor = launchFloor
  }

  /// What a pass has that an engine takes time for.
  package struct Pass: Hashable, Sendable {
    /// Sequences that get a token.
    package var sequences: UInt64
    package var ranks: UInt64
    /// Kernels that are started, those of all layers.
    package var kernels: Double
    /// Logits of one sequence.
    package var vocabulary: UInt64
    /// What its kernels take, s.
    package var kernelSeconds: Double

    package init(sequences: UInt64, ranks: UInt64, kernels: Double, vocabulary: UInt64, kernelSeconds: Double) {
      self.sequences = sequences
      self.ranks = ranks
      self.kernels = kernels
      self.vocabulary = vocabulary
      self.kernelSeconds = kernelSeconds
    }
  }

  /// One of the terms.
  package enum Part: String, Hashable, Sendable, CaseIterable {
    case pass, sequences, ranks, kernels, logits
    /// What launches one after another take beyond all else.
    case launches
  }

  /// The formula of a part, for numbers and for `explain`; nil of launches, which are what is left to their floor.
  ///
  /// - Parameter term: what stands for a number: the number itself, or a symbol with its name.
  package func time<R: RealTerm>(_ part: Part, _ pass: Pass, _ term: (_ name: String, Double) -> R) -> R? {
    let sequences = term("sequences", Double(pass.sequences))
    return switch part {
    case .pass: term("o₀", perPass)
    case .sequences: term("o₁", perSequence) * sequences
    case .ranks: term("o₂", perDoubling) * term("log₂(ranks)", Mathematics.binaryLogarithm(Double(pass.ranks)))
    case .kernels: term("gap", perKernel) * term("kernels", pass.kernels)
    case .logits:
      term("o₃", perSequenceLogits) * sequences * term("logits", Double(pass.vocabulary)) / term("100000", 100_000)
    case .launches: nil
    }
  }

  /// The formula of a pass that starts its kernels one by one: kernels and the other parts, or the launches if they take longer.
  package func time<R: RealTerm>(
    withOthers others: R, _ pass: Pass, _ term: (_ name: String, Double) -> R
  ) -> R {
    .larger(others, term("launch", launchFloor) * term("kernels", pass.kernels))
  }

  /// s.
  package func seconds(_ part: Part, _ pass: Pass) -> Double {
    if let own = time(part, pass, { $1 }) { return own }
    guard launchFloor > 0 else { return 0 }
    let others = Part.allCases.reduce(pass.kernelSeconds) { $0 + (time($1, pass) { $1 } ?? 0) }
    return time(withOthers: others, pass) { $1 } - others
  }

  /// The sum of all parts, s: what the pass takes beside its kernels.
  package func seconds(_ pass: Pass) -> Double { Part.allCases.reduce(0) { $0 + seconds($1, pass) } }
}
