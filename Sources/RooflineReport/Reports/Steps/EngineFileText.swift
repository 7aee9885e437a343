import RooflineServing
import RooflineTimeModels

/// The text of an engine's file: small, and in an order that people can read.
package struct EngineFileText {
  package let engine: Engine

  package init(_ engine: Engine) { self.engine = engine }

  package func render() -> String {
    let families = KernelKind.allCases.compactMap { kind in
      engine.families[kind].map { "\(text(kind.rawValue)): \(list($0.map(\.name)))" }
    }
    let pass = engine.pass.stated.map { "\(text($0.key)): \(CalibrationDocument.number($0.value, digits: 4))" }
    let held = EngineMetric.allCases.compactMap { metric in
      engine.heldOut[metric].map { "    \(text(metric.rawValue)): \(EngineFileText.errors($0))" }
    }
    let versions = engine.decodeVersions.map { version in
      "{\"cache\": \(text(version.cache.rawValue)), \"queriesPerKey\": \(version.group), \"times\": \(CalibrationDocument.number(version.times, digits: 4))}"
    }
    var lines = [
      "\"schemaVersion\": 1", "\"engine\": \(text(engine.engine))", "\"versions\": \(list(engine.versions))",
      "\"families\": {\(families.joined(separator: ", "))}", "\"launch\": \(text(engine.launch.rawValue))",
      "\"operators\": \(text(engine.operatorSet.rawValue))", "\"fusesQuantization\": \(engine.fusesQuantization)",
      "\"pass\": {\(pass.joined(separator: ", "))}",
      "\"scheduler\": {\(rules(engine.scheduler).joined(separator: ", "))}",
      "\"fittedOn\": {\"data\": \(text(engine.fit.data)), \"rows\": \(engine.fit.rows), \"gpus\": \(list(engine.fit.gpus)), \"models\": \(list(engine.fit.models))}",
    ]
    if !versions.isEmpty { lines.insert("\"decodeAttention\": [\(versions.joined(separator: ", "))]", at: 7) }
    let all =
      lines.map { "  \($0)" } + (held.isEmpty ? [] : ["  \"heldOut\": {\n\(held.joined(separator: ",\n"))\n  }"])
    return "{\n\(all.joined(separator: ",\n"))\n}\n"
  }

  private func rules(_ scheduler: EngineScheduler) -> [String] {
    func number(_ value: Double) -> String { CalibrationDocument.number(value, digits: 4) }
    var rules = [
      "\"maxNumBatchedTokens\": \(scheduler.maxBatchedTokens)", "\"maxNumSeqs\": \(scheduler.maxSequences)",
      "\"memoryShare\": \(number(scheduler.memoryShare))", "\"prompts\": \(text(scheduler.prompts.rawValue))",
      "\"cache\": \(text(scheduler.cache.word.rawValue))",
    ]
    if let growth = scheduler.cache.growth {
      rules += [
        "\"blockTokens\": \(growth.blockTokens)", "\"freeShare\": \(number(growth.freeShare))",
        "\"reservedShare\": \(number(growth.reservedShare))",
      ]
    }
    if scheduler.idleSeats > 0 { rules.append("\"idleSeats\": \(scheduler.idleSeats)") }
    return rules
  }

  private func text(_ text: String) -> String { OrderedJSON.quoted(text) }

  private func list(_ texts: [String]) -> String { "[\(texts.map(text).joined(separator: ", "))]" }

  private static func errors(_ errors: HeldOutErrors) -> String {
    func number(_ value: Double) -> String { CalibrationDocument.number(value, digits: 3) }
    let bins = errors.bins.map { bin in
      let limit =
        bin.upTo.isFinite ? "\"upToMicroseconds\": \(CalibrationDocument.number(bin.upTo * 1e6, digits: 4)), " : ""
      return "{\(limit)\"rows\": \(bin.rows), \"logQuantiles\": [\(bin.quantiles.map(number).joined(separator: ", "))]}"
    }
    return
      "{\"mape\": \(number(errors.mape)), \"bias\": \(number(errors.bias)), \"bins\": [\(bins.joined(separator: ", "))]}"
  }
}
