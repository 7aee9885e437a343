import RooflineAnalysis
import RooflineCore
import RooflineDeployment
import RooflineTimeModels

/// The options of speculative decoding by a model's own draft layers.
enum DraftOptions {
  static let draft = Option.count("draft", "N", "tokens that the model's draft layers guess before a decode step")
  static let accepted = Option("accepted", "X", "tokens that such a step keeps on average, its own included") {
    text throws(InputError) in
    guard let number = Double(text), number.isFinite, number >= 1 else {
      throw .usage("--accepted is \"\(text)\"; expected a number from 1 to --draft + 1, e.g. 2.4")
    }
    return number
  }
}

extension ParsedArguments {
  /// Tokens to draft; 0 without the option.
  func drafted(_ phases: [Phase]) throws(InputError) -> UInt64 {
    guard let drafted = try valueIfDeclared(of: DraftOptions.draft) else {
      guard !isGiven(DraftOptions.accepted) else {
        throw .usage("--accepted is about drafted tokens; give --draft, too")
      }
      return 0
    }
    guard !isTraining else { throw .usage("--draft is about inference; leave out --draft or --training") }
    guard phases.contains(.decode) else {
      throw .usage("--draft is of a decode step, and --phase prefill has none; leave one of them out")
    }
    guard drafted <= SpeculativeStep.limit else {
      throw .usage("--draft is \(drafted); at most \(SpeculativeStep.limit) tokens are drafted for a step")
    }
    if let accepted = try valueIfDeclared(of: DraftOptions.accepted), accepted > Double(drafted + 1) {
      throw .usage("--accepted is \(accepted), but a step with --draft \(drafted) keeps at most \(drafted + 1) tokens")
    }
    return drafted
  }

  /// The step that --draft asks for; nil without it.
  ///
  /// - Parameter isCompared: whether measurements stand beside its times.
  func speculation(
    _ analysis: Analysis, _ catalog: Catalog, besideMeasured isCompared: Bool = false
  ) throws(InputError) -> SpeculativeStep? {
    guard analysis.workload.drafted > 0 else { return nil }
    let request = try timeRequest(
      analysis.hardware, analysis.options, catalog, besideMeasured: isCompared)
    return try SpeculativeStep(analysis, accepted: try valueIfDeclared(of: DraftOptions.accepted)) { model in
      request?.time(of: model, formats: analysis.workload.formats)
    }
  }
}
