/// How one family of architectures reads its config.json: the keys it reads, those it knows to be harmless, and the blocks it
/// makes of them. Facts from the configuration and modelling classes of transformers.
protocol ArchitectureFamily: Sendable {
  /// By which transformers chooses the class; those of a nested text part included.
  static var modelTypes: [String] { get }
  /// Names of the classes.
  static var architectures: [String] { get }
  /// Keys of this family that change no count, beside those that change none anywhere.
  static var harmlessKeys: Set<String> { get }
  /// Types of whole files whose class reads its text part itself, whatever that part calls itself.
  static var outerModelTypes: [String] { get }

  /// The key of the longest sequence that a model was made for.
  static var positionsKey: String { get }

  /// What its checkpoints do that their configurations do not say.
  static var checkpoints: CheckpointHabits { get }

  static func model(_ keys: inout ConfigurationKeys) throws(InputError) -> DecoderModel

  /// What stands beside the text part to guess further tokens.
  static func draft(_ keys: inout ConfigurationKeys, _ model: DecoderModel) throws(InputError) -> DraftPart

  /// What stands in front of the text part to turn images into tokens.
  static func vision(_ keys: ConfigurationKeys, _ model: DecoderModel) -> VisionPart
}

extension ArchitectureFamily {
  static var harmlessKeys: Set<String> { [] }
  static var outerModelTypes: [String] { [] }
  static var checkpoints: CheckpointHabits { CheckpointHabits() }
  static var positionsKey: String { "max_position_embeddings" }

  static func draft(_ keys: inout ConfigurationKeys, _ model: DecoderModel) throws(InputError) -> DraftPart {
    .uncounted(keys)
  }

  static func vision(_ keys: ConfigurationKeys, _ model: DecoderModel) -> VisionPart { .uncounted(keys) }
}

package enum ArchitectureFamilies {
  static let all: [any ArchitectureFamily.Type] = [
    LlamaFamily.self, MistralFamily.self, Ministral3Family.self, Qwen2Family.self, Qwen3Family.self, MiMoFamily.self,
    Phi3Family.self,
    Gemma2Family.self, Gemma3Family.self, GemmaFamily.self, SeedOSSFamily.self, SmolLM3Family.self,
    Starcoder2Family.self, StableLMFamily.self, Ernie45Family.self, GLM4Family.self, GLMFamily.self, OLMo2Family.self,
    OLMo3Family.self,
    EXAONE4Family.self, PhiFamily.self, ArceeFamily.self, HunYuanFamily.self, NemotronNASFamily.self,
    DeepseekV2Family.self, DeepseekV3Family.self,
    DeepseekV32Family.self, DeepseekV4Family.self, GLM4MoELiteFamily.self, GLMMoEDSAFamily.self, OPTFamily.self,
    GPTNeoXFamily.self, GPT2Family.self,
    MixtralFamily.self, Qwen3MoEFamily.self, Qwen2MoEFamily.self, Dots1Family.self, Ernie45MoEFamily.self,
    Qwen35Family.self, Qwen35MoEFamily.self, Qwen3NextFamily.self, NemotronHFamily.self, Mamba2Family.self,
    KimiLinearFamily.self, JambaFamily.self, MiniMaxFamily.self,
    GPTOSSFamily.self, OLMoEFamily.self, GLM4MoEFamily.self,
    MiniMaxM2Family.self, MiniMaxM3Family.self, MiMoV2Family.self, StepFamily.self, Llama4Family.self,
    Gemma4Family.self,
  ]

  /// Names of all classes that are read.
  package static var architectures: [String] { all.flatMap { $0.architectures } }

  /// `text_config.model_type` decides, then `model_type`, then the first of `architectures`; what stands there must agree.
  static func family(
    of config: JSONObject, text: JSONObject?
  ) throws(InputError) -> (family: any ArchitectureFamily.Type, name: String) {
    let names = try config.strings("architectures") ?? []
    var type = try config.string("model_type")
    let isReadByOuter = all.contains { type.map($0.outerModelTypes.contains) ?? false }
    if let inner = try text?.string("model_type"), !isReadByOuter { type = inner }
    guard type != nil || !names.isEmpty else {
      throw .missingKey(
        file: config.file, key: "architectures", expected: "a list with one of \(architectures.joined(separator: ", "))"
      )
    }
    let byName = names.count == 1 ? all.first { $0.architectures.contains(names[0]) } : nil
    guard let type else {
      guard let byName else {
        throw .unsupportedArchitecture(
          file: config.file, found: names.joined(separator: ", "), supported: architectures)
      }
      return (byName, names[0])
    }
    guard let family = all.first(where: { $0.modelTypes.contains(type) || $0.outerModelTypes.contains(type) }) else {
      // A class that is read, under another class's type, is a contradiction rather than news.
      if let byName { throw contradiction(config, type, byName, names[0]) }
      throw .unsupportedArchitecture(
        file: config.file, found: names.isEmpty ? type : names.joined(separator: ", "), supported: architectures)
    }
    guard names.isEmpty || names.count == 1 && family.architectures.contains(names[0]) else {
      if let byName { throw contradiction(config, type, byName, names[0]) }
      throw .unsupportedArchitecture(
        file: config.file, found: names.joined(separator: ", "), supported: architectures)
    }
    return (family, names.first ?? family.architectures[0])
  }

  private static func contradiction(
    _ config: JSONObject, _ type: String, _ family: any ArchitectureFamily.Type, _ name: String
  ) -> InputError {
    let types = family.modelTypes.map { "\"\($0)\"" }.joined(separator: " or ")
    return config.wrong("model_type", .string(type), "\(types), as `architectures` (\(name)) says")
  }
}
