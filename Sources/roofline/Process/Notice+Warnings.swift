import RooflineAnalysis
import RooflineReport

extension [Notice] {
  /// All others, where what is printed has no room for notes.
  var remarks: String {
    filter { [$0].warnings.isEmpty }.map { "roofline: note: \($0.sentence.onOneLine)\n" }.joined()
  }

  /// Those that somebody who reads only the numbers must not miss, for standard error.
  var warnings: String {
    map { notice in
      switch notice {
      case .beyondMaxPositions, .missingFacts, .beyondDensePeak, .lessThanASequence:
        "roofline: warning: \(notice.sentence.onOneLine)\n"
      case .borrowedConstants(_, false, _): "roofline: warning: \(notice.sentence.onOneLine)\n"
      case .borrowedConstants, .oneRateForAll, .beyondBoard, .doesNotFit, .scalesNotCounted, .ownCode, .formatsNotRead,
        .nameSaysFormat, .unknownKeys, .expertsTouched, .trainingScope, .otherHeadDim, .standIn, .graphConstants,
        .uncalibrated, .eagerConstantsOnly, .weightsDoNotFit, .observations, .clamped:
        ""
      }
    }.joined()
  }
}
