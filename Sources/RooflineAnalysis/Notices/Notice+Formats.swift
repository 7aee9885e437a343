import RooflineCore

extension Notice {
  /// Formats that names of checkpoints say, and what a tensor in such a format is.
  private static let formats: [(word: String, isTensor: @Sendable (TensorFormat) -> Bool)] = [
    ("NVFP4", { $0.weight == .fp4 && $0.storage.scale?.columns == 16 }),
    ("MXFP4", { $0.weight == .fp4 && $0.storage.scale?.columns == 32 }),
    ("FP4", { $0.weight == .fp4 }),
    ("MXFP8", { $0.weight == .fp8 && $0.storage.scale?.columns == 32 }),
    ("FP8", { $0.weight == .fp8 }),
    ("INT4", { $0.weight == .int4 }), ("4bit", { $0.weight.bits == 4 }), ("W4A16", { $0.weight.bits == 4 }),
    ("INT8", { $0.weight == .int8 }), ("8bit", { $0.weight.bits == 8 }), ("W8A8", { $0.weight.bits == 8 }),
    ("W8A16", { $0.weight.bits == 8 }), ("AWQ", { $0.weight.bits < 16 }), ("GPTQ", { $0.weight.bits < 16 }),
  ]

  /// A name that says a format beside a file that says nothing of it: a part of the checkpoint's files is missing.
  static func nameSaysFormat(of configuration: ModelConfiguration) -> Notice? {
    guard !configuration.keys.quantizing.contains(where: KnownKeys.quantizing.union([JSONObject.besideName]).contains)
    else { return nil }
    let words = Set(configuration.name.split { !$0.isLetter && !$0.isNumber }.map { $0.lowercased() })
    let tensors = configuration.model.tensorFormats
    for format in formats where words.contains(format.word.lowercased()) && !tensors.contains(where: format.isTensor) {
      return .nameSaysFormat(name: configuration.name, format: format.word)
    }
    return nil
  }
}
