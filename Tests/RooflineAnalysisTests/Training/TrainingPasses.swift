import RooflineAnalysis
import RooflineCore
import TestSupport

/// Both passes of a training step of a model, on a device whose rates are all different.
enum TrainingPasses {
  static func of(
    _ model: DecoderModel, sequence: UInt64, batch: UInt64 = 1, degree: UInt64 = 1,
    _ operators: OperatorSet = .separate,
    isSequenceParallel: Bool = false, _ formats: NumberFormats = NumberFormats(.bf16)
  ) -> [TrainingPass: PhaseAnalysis] {
    let workload = Workload(
      batch: batch, prompt: sequence, context: sequence, tensorParallel: degree, operatorSet: operators,
      formats: formats, parallelism: Parallelism(isSequenceParallel: isSequenceParallel))
    let passes = TrainingPass.allCases.map { pass in
      (
        pass,
        PhaseAnalysis(
          model, DecoderStep(pass, workload), rates: DeviceRates(), time: IdealTime(overlap: .max))
      )
    }
    return Dictionary(uniqueKeysWithValues: passes)
  }

  static func rows(_ pass: PhaseAnalysis?) -> [OperatorName: RowPrediction] {
    Dictionary(uniqueKeysWithValues: (pass?.operators ?? []).map { ($0.name, $0) })
  }

  /// Every tiny model at every legal degree, cut into both sets of operators.
  static func forEachTiny(_ body: (TinyModel, _ degree: UInt64, OperatorSet) throws -> Void) rethrows {
    for tiny in TinyModel.all {
      for degree in tiny.legalDegrees {
        for operators in OperatorSet.allCases { try body(tiny, degree, operators) }
      }
    }
  }
}
