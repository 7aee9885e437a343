/// A column of a page's tables: where in the document's entry of a row its value stands, and what it is.
struct PageColumn: Encodable {
  /// How a value becomes text.
  enum Kind: String, Encodable {
    case text, count, integer, ratio, rate, time, share
  }

  let title, unit: String
  let kind: Kind
  /// Paths in the entry; several are added up.
  let paths: [String]
  /// What the derivation calls it; the first line of it that begins so is shown.
  let quantity: String

  private init(_ title: String, _ unit: String = "", _ kind: Kind, _ paths: [String], quantity: String? = nil) {
    self.title = title
    self.unit = unit
    self.kind = kind
    self.paths = paths
    self.quantity = quantity ?? paths.first ?? ""
  }

  /// Of the rows of a pass.
  ///
  /// - Parameter isCalibrated: whether the times are not ideal, and have an ideal one and a range beside them.
  static func all(isCalibrated: Bool) -> [PageColumn] {
    let flops = ["flops.tensor", "flops.vector", "flops.special"]
    let bytes = [
      "bytes.loadWeight", "bytes.loadActivation", "bytes.storeActivation", "bytes.loadKVCache", "bytes.storeKVCache",
    ]
    let ranges: [PageColumn] = [
      .init("ideal", "", .time, ["calibrated.idealTimeSeconds"], quantity: "idealTimeSeconds"),
      .init("low", "", .time, ["calibrated.intervalSeconds.0"], quantity: "interval.low"),
      .init("high", "", .time, ["calibrated.intervalSeconds.1"], quantity: "interval.high"),
    ]
    return [
      .init("operator", "", .text, ["name"]), .init("×", "", .integer, ["occurrences"], quantity: ""),
      .init("FLOPs", "FLOP", .count, flops, quantity: "flops."),
      .init("memory", "B", .count, bytes, quantity: "bytes."),
      .init("intensity", "FLOP/B", .ratio, ["arithmeticIntensity"]),
      .init("attainable", "FLOP/s", .rate, ["attainableFLOPsPerSecond"], quantity: "timeSeconds"),
      .init("bound", "", .text, ["bound"], quantity: "timeSeconds"), .init("time", "", .time, ["timeSeconds"]),
      .init("share", "%", .share, ["timeSeconds"]),
    ] + (isCalibrated ? ranges : []) + [
      .init("tensor", "FLOP", .count, [flops[0]]), .init("vector", "FLOP", .count, [flops[1]]),
      .init("special", "FLOP", .count, [flops[2]]), .init("load weight", "B", .count, [bytes[0]]),
      .init("load act", "B", .count, [bytes[1]]), .init("store act", "B", .count, [bytes[2]]),
      .init("load KV", "B", .count, [bytes[3]]), .init("store KV", "B", .count, [bytes[4]]),
      .init("wire", "B", .count, ["wireBytes"]),
    ]
  }
}
