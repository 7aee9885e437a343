import RooflineCore

/// A measured row with the passes that it is made of, whatever an engine adds to them.
struct StepSample {
  let row: StepMeasurement
  let clock: StepClock
  let passes: StepPasses
  /// What a fit asks for instead of sums over passes; nil: those.
  var line: StepLine?

  init(_ row: StepMeasurement, _ resolver: StepResolver) throws(StepResolver.Fault) {
    self.row = row
    clock = try resolver.clock(of: row)
    do {
      passes = try StepPasses(row, clock)
    } catch let fault as StepResolver.Fault {
      throw fault
    } catch let error as InputError {
      throw .refused(error)
    } catch {
      throw .unstated("\(error)")
    }
  }

  /// The row's metric, in its unit, as the row's engine runs it.
  func predicted() throws(StepResolver.Fault) -> Double {
    row.conditions.regime == .closedLoop
      ? try passes.closed(.engine, clock) : try value(clock.engine?.pass)
  }

  /// The same with other constants: what a fit moves.
  ///
  /// Of a closed loop, whose passes are not followed anew for each set of constants, the time per token grows by what is added to a decode
  /// step of all requests: each of its tokens takes one pass.
  ///
  /// - Parameter overhead: what is added to the kernels of each pass; nil: nothing.
  func value(_ overhead: PassOverhead?) throws(StepResolver.Fault) -> Double {
    func added(_ pass: PassKernels, _ sequences: UInt64) -> Double {
      overhead.map { $0.seconds(clock.pass(pass, sequences: sequences)) } ?? 0
    }
    guard row.conditions.regime == .closedLoop else {
      return try passes.value { pass, sequences in pass.seconds + added(pass, sequences) }
    }
    let kernels = try passes.closed(.kernels, clock)
    guard row.metric == .timePerOutputToken, let decode = passes.decode else { return kernels }
    return kernels + added(decode, row.batch) * 1e3
  }

  /// The same for a fit; NaN where there is none.
  func fitted(_ overhead: PassOverhead) -> Double {
    line?.value(overhead) ?? (try? value(overhead)) ?? .nan
  }

  /// The same at the datasheet's rates.
  func roof() throws(StepResolver.Fault) -> Double {
    row.conditions.regime == .closedLoop
      ? try passes.closed(.roof, clock) : try passes.value { pass, _ in pass.idealSeconds }
  }
}

extension StepClock {
  /// What an engine takes time for.
  fileprivate func pass(_ kernels: PassKernels, sequences: UInt64) -> PassOverhead.Pass {
    PassOverhead.Pass(
      sequences: sequences, ranks: ranks, kernels: Double(kernels.count), vocabulary: configuration.model.vocabSize,
      kernelSeconds: kernels.seconds)
  }
}
