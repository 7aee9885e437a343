import RooflineCore

/// How a run wants its times, before its model is known.
package struct TimeRequest: Sendable {
  package let set: CalibrationSet
  package var options: CalibratedTime.Options
  package let correction: (any TimeCorrection)?

  package init(_ set: CalibrationSet, options: CalibratedTime.Options, correction: (any TimeCorrection)? = nil) {
    self.set = set
    self.options = options
    self.correction = correction
  }

  /// The times of a model's run.
  package func time(of model: DecoderModel, formats: NumberFormats) -> CalibratedTime {
    CalibratedTime(set, of: model.timedOperators(formats), options: options, correction: correction)
  }

  /// The same on a GPU with other rates.
  package func on(_ hardware: HardwareSpec) throws(InputError) -> TimeRequest {
    TimeRequest(try set.on(hardware), options: options, correction: correction)
  }

  /// The time of an operator by itself.
  package func time(of value: Operator<Count>) -> CalibratedTime {
    CalibratedTime(set, of: [value], options: options, correction: correction)
  }
}

extension DecoderModel {
  /// Operators of every subject that the model's rows have, whichever the phase, the set of operators and the degree; collectives of any
  /// pattern and exchanges beside them. Sizes are the smallest.
  fileprivate func timedOperators(_ formats: NumberFormats) -> [Operator<Count>] {
    var operators: [Operator<Count>] = []
    let degrees = [1, legalTensorParallelDegrees.first { $0 > 1 }].compactMap { $0 }
    for degree in degrees {
      for set in OperatorSet.allCases {
        for phase in Phase.allCases {
          let workload = Workload(
            batch: 1, prompt: 2, context: 2, tensorParallel: degree, operatorSet: set, formats: formats)
          operators += ForwardPass<Count>(self, DecoderStep(phase, workload)).rows.map(\.kernel)
        }
      }
    }
    for form in LatentAttentionForm.allCases {
      // Of whichever form is asked for, and where drafted tokens are verified.
      let workload = Workload(
        batch: 1, prompt: 2, context: 2, tensorParallel: 1, operatorSet: .fused, formats: formats, latentAttention: form
      )
      operators += ForwardPass<Count>(self, DecoderStep(.prefill, workload)).rows.map(\.operator)
    }
    let exchanges = [
      AllToAll<Count>(rows: 1, width: 1, ranks: 2, remoteRanks: 1, format: formats.activationFormat),
      AllToAll(rows: 1, width: 1, ranks: 2, remoteRanks: 1, format: formats.residualFormat, direction: .combine),
    ]
    operators += exchanges.map { .allToAll($0) }
    return operators + CollectivePattern.allCases.map { .collective(Collective($0, ranks: 2, message: 2)) }
  }
}
