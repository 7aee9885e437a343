/// The keys of a config.json by what became of them, each list sorted.
public struct KeyReport: Hashable, Sendable {
  /// Stated, and read.
  public let read: [String]
  /// Known to change no count, or to shape a graph and switched off.
  public let ignored: [String]
  /// Nobody here knows them.
  public let unknown: [String]
  /// In force, and the run states other formats itself.
  package let quantizing: [String]
  /// Keys that may be set: everything the family asks for.
  let settable: Set<String>

  /// - Parameter isFormatGiven: the run states the formats of all tensors, so that those of the file do no harm.
  /// - Throws: `InputError.unsupportedKey` for a key in force that shapes a graph and is not read; `.unknownKey` for one that is
  ///   a slip of, or another library's name for, a key that is read and absent.
  init(
    _ keys: ConfigurationKeys, family: any ArchitectureFamily.Type, formats: CheckpointFormats, isFormatGiven: Bool
  ) throws(InputError) {
    settable = keys.asked.union(KeyReport.always)
    var read: [String] = []
    var ignored: [String] = []
    var unknown: [String] = []
    var quantizing: [String] = []
    func addQuantizing(_ key: String, in object: JSONObject) throws(InputError) {
      ignored.append(key)
      guard let value = object[key], KnownKeys.isActive(value) else { return }
      guard isFormatGiven else {
        throw .unsupportedKey(
          file: object.file, key: object.keyPath(key), value: value.summary, reason: KnownKeys.quantizingReason)
      }
      quantizing.append(key)
    }
    for key in keys.text.members.keys.sorted() {
      if settable.contains(key) {
        read.append(key)
      } else if family.harmlessKeys.contains(key) || KnownKeys.harmless.contains(key) {
        ignored.append(key)
      } else if KnownKeys.quantizing.contains(key) {
        try addQuantizing(key, in: keys.text)
      } else if let reason = KnownKeys.shaping[key] {
        guard let value = keys.text[key], KeyReport.isInForce(key, value, keys.text) else {
          ignored.append(key)
          continue
        }
        throw .unsupportedKey(
          file: keys.text.file, key: keys.text.keyPath(key), value: value.summary, reason: reason)
      } else {
        try KeySynonyms.requireNoSlip(key, keys)
        unknown.append(key)
      }
    }
    // Beside a text part stand towers and tokens of other kinds.
    if keys.outer.path != keys.text.path {
      for key in keys.outer.members.keys.sorted() where key != "text_config" {
        if settable.contains(key) {
          read.append(key)
        } else if KnownKeys.harmless.contains(key) || family.harmlessKeys.contains(key) || key == "vision_config" {
          ignored.append(key)
        } else if KnownKeys.quantizing.contains(key) {
          try addQuantizing(key, in: keys.outer)
        } else {
          unknown.append(key)
        }
      }
      read.append("text_config")
    }
    self.read = Array(Set(read)).sorted()
    self.ignored = Array(Set(ignored)).sorted()
    self.unknown = Array(Set(unknown + formats.unknown)).sorted()
    self.quantizing = Array(Set(quantizing + formats.overridden)).sorted()
  }

  /// Whether a key that shapes a graph is switched on, by its own value or by its switch.
  private static func isInForce(_ key: String, _ value: JSONValue, _ text: JSONObject) -> Bool {
    switch key {
    case "sliding_window": return KnownKeys.isActive(value) && text["use_sliding_window"] != .bool(false)
    case "layer_types":
      guard case .array(let types) = value, let layers = text["num_hidden_layers"]?.wholeNumber else { return true }
      return Int64(types.count) != layers || types.contains { $0 != .string("full_attention") }
    default: return KnownKeys.isActive(value)
    }
  }

  /// Read for every family.
  private static let always: Set<String> = [
    "architectures", "model_type", "torch_dtype", "dtype",
  ]
}
