import RooflineCore

extension StepMeasurement.Conditions {
  /// Reads a row's notes: `kind=closed;tok=out;per=gpu;…`, words for people among them.
  ///
  /// - Throws: `InputError.notMeasurements` where a word that decides something has no known value.
  init(notes: String, place: StepRow) throws(InputError) {
    var regime: StepMeasurement.Regime?
    var others: [(key: String, value: String)] = []
    for part in notes.split(whereSeparator: { $0 == ";" }) {
      let words = part.split(separator: "=", maxSplits: 1).map { $0.filter { $0 != " " } }
      guard words.count == 2 else { continue }
      if words[0] == "kind" {
        regime = regime ?? StepMeasurement.Regime(words[1])
      } else {
        others.append((words[0], words[1]))
      }
    }
    guard let regime else {
      throw place.complaint("notes do not say kind=static, closed, steady or forward")
    }
    self.init(regime)
    for (key, value) in others {
      switch key {
      case "head":
        guard ["all", "last"].contains(value) else {
          throw place.complaint("head is \"\(value)\" in notes; expected all or last")
        }
        headsEveryToken = value == "all"
      case "tok":
        guard let tokens = StepMeasurement.CountedTokens(rawValue: value) else {
          throw place.complaint("tok is \"\(value)\" in notes; expected in or out")
        }
        counted = tokens
      case "per":
        guard ["all", "gpu"].contains(value) else {
          throw place.complaint("per is \"\(value)\" in notes; expected all or gpu")
        }
        isPerGPU = value == "gpu"
      case "len_scale":
        guard let scale = Double(value), scale > 0, scale <= 1 else {
          throw place.complaint("len_scale is \"\(value)\" in notes; expected a share above 0 and up to 1")
        }
        lengthScale = scale
      // Words for people.
      case _: continue
      }
    }
  }
}
