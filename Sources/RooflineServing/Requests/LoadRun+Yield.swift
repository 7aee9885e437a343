import RooflineAnalysis
import RooflineCore
import RooflineDeployment

/// What a deployment gives under a load.
package struct LoadYield: Hashable, Sendable {
  /// Requests that end in a second, and generated tokens, of all replicas.
  package let requestsPerSecond, tokensPerSecond: Double
  /// With those of prompts, each counted once.
  package let allTokensPerSecond: Double
  /// Generated ones.
  package let tokensPerSecondPerGPU: Double
}

extension LoadRun {
  /// What its figures are of all replicas, each of which has this load, and of a GPU.
  package func yield(_ figures: LoadFigures) -> LoadYield {
    let replicas = Double(analysis.workload.parallelism.data)
    return LoadYield(
      requestsPerSecond: figures.tokensPerSecond / Double(load.generated) * replicas,
      tokensPerSecond: figures.tokensPerSecond * replicas, allTokensPerSecond: figures.allTokensPerSecond * replicas,
      tokensPerSecondPerGPU: figures.tokensPerSecond / Double(analysis.workload.devicesPerReplica.value))
  }

  /// What a row of a sweep says of it: the same figures.
  ///
  /// - Parameter goesOn: false ends the run.
  /// - Throws: as `figures`.
  package func sweepFigures(goesOn: @escaping () -> Bool = { true }) throws(InputError) -> SweepFigures {
    let figures = try figures { _, _ in goesOn() }
    let yield = yield(figures)
    func spread(_ times: Distribution) -> SweepLoadFigures.Spread {
      SweepLoadFigures.Spread(median: Seconds(times[.median]), p99: Seconds(times[.p99]))
    }
    var row = SweepFigures()
    row.timeToFirstToken = Seconds(figures.timeToFirstToken.mean)
    row.timePerOutputToken = figures.timePerOutputToken.map { Seconds($0.mean) }
    row.load = SweepLoadFigures(
      timeToFirstToken: spread(figures.timeToFirstToken), timePerOutputToken: figures.timePerOutputToken.map(spread),
      requestsPerSecond: yield.requestsPerSecond, tokensPerSecondPerGPU: yield.tokensPerSecondPerGPU,
      tokensPerSecond: yield.tokensPerSecond, isQueueGrowing: figures.isQueueGrowing)
    return row
  }
}
