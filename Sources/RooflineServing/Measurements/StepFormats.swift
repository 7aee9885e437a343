import RooflineCore

/// In which formats an engine ran a model, by the names of published data.
package struct StepFormats: Hashable, Sendable {
  /// As the row has it: a format, or a pair of them (`fp8_block`, `int4_wo`).
  package var name: String
  package var cache: DType
  private let product: ProductFormat?
  private let plain: DType?

  /// nil for names of formats that are not known here.
  package init?(_ name: String, cache: String) {
    self.name = name
    plain = DType(rawValue: StepFormats.words[name] ?? name)
    // A plain name wins: of measured products `bf16` stands for fp16, too.
    product = plain == nil ? ProductFormat(rawValue: name) : nil
    guard plain != nil || product != nil else { return nil }
    let own = plain.map { $0.bits >= 16 ? $0 : .bf16 } ?? .bf16
    guard let cache = cache.isEmpty ? own : DType(rawValue: StepFormats.words[cache] ?? cache) else { return nil }
    self.cache = cache
  }

  /// Names that are said otherwise elsewhere.
  private static let words = [
    "float16": "fp16", "half": "fp16", "bfloat16": "bf16", "float32": "fp32", "float": "fp32", "fp8_e4m3": "fp8",
  ]

  /// The formats of a run of a model.
  ///
  /// - Parameter model: the model's own format, in which what is narrower than 16 bits leaves its products.
  package func formats(model: DType) -> NumberFormats {
    if let plain {
      return NumberFormats(weight: plain, activation: plain, keyValueCache: cache, model: model)
    }
    return product?.formats.caching(cache) ?? NumberFormats(model)
  }
}
