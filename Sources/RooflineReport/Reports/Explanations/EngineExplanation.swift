import RooflineAnalysis
import RooflineCore
import RooflineServing

extension OperatorExplanation {
  /// Explains what an engine adds to the kernels of a pass: the engine's own formulas, read with terms that print themselves.
  ///
  /// - Returns: nil where the time of a row of the pass is unknown.
  package init?(_ engine: Engine, _ phase: PhaseAnalysis, of analysis: Analysis) {
    guard let pass = analysis.overheadPass(of: phase) else { return nil }
    func entry(_ quantity: String, _ symbol: RealSymbol, _ source: String) -> Entry {
      Entry(
        quantity: quantity, symbolic: symbol.symbolic, substituted: symbol.substituted,
        value: Numbers.exact(symbol.value), unit: "s", source: source)
    }
    func term(_ name: String, _ value: Double) -> RealSymbol { RealSymbol(name, value) }
    var entries = [
      entry("kernels", RealSymbol("kernels", pass.kernelSeconds), "the rows of the pass, one after another")
    ]
    var others = RealSymbol("kernels", pass.kernelSeconds)
    for part in PassOverhead.Part.allCases {
      guard let symbol = engine.pass.time(part, pass, term), symbol.value > 0 else { continue }
      entries.append(entry(part.rawValue, symbol, "\(EngineText.name(part)); \(engine.path)"))
      others = others + RealSymbol(part.rawValue, symbol.value)
    }
    entries.append(
      entry(
        "timeSeconds", engine.pass.launchFloor > 0 ? engine.pass.time(withOthers: others, pass, term) : others,
        "the pass under \(engine.name): \(engine.fit.data), \(engine.fit.rows) rows"))
    self.init(name: "engine", kind: "engine", phase: phase.step.name, letters: [], entries: entries)
  }
}
