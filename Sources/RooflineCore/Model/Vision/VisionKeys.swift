/// A file's `vision_config` as towers read it. What is missing or out of reach makes a tower unknown, and the text part no worse.
struct VisionKeys {
  let config: JSONObject
  /// The first key that could not be read.
  private(set) var problem: String?

  /// nil where the file describes no tower.
  init?(_ keys: ConfigurationKeys) {
    guard case .object(let members)? = keys.outer["vision_config"], !members.isEmpty,
      let config = try? keys.outer.object("vision_config")
    else { return nil }
    self.config = config
  }

  /// A whole number up to 50,000, so that four of them multiply in 64 bits, or what the class assumes; nil: it assumes nothing.
  mutating func number(_ key: String, of object: JSONObject? = nil, assumed: UInt64? = nil) -> UInt64 {
    guard let value = (object ?? config)[key] else {
      if let assumed { return assumed }
      return fail(key)
    }
    guard let number = value.wholeNumber, number > 0, number <= 50_000 else { return fail(key) }
    return UInt64(number)
  }

  /// How many entries a list has; absent is `assumed`.
  mutating func length(_ key: String, assumed: UInt64) -> UInt64 {
    guard let value = config[key] else { return assumed }
    guard case .array(let elements) = value, elements.count <= 1000 else { return fail(key) }
    return UInt64(elements.count)
  }

  /// The number that both entries of a list are.
  mutating func square(_ key: String, assumed: UInt64) -> UInt64 {
    guard let value = config[key] else { return assumed }
    guard case .array(let elements) = value, elements.count == 2, elements[0] == elements[1],
      let number = elements[0].wholeNumber, (1...1000).contains(number)
    else { return fail(key) }
    return UInt64(number)
  }

  /// A key that, where it is stated, has one of several values.
  mutating func require(_ key: String, _ known: [JSONValue]) {
    guard let value = config[key], !known.contains(value) else { return }
    _ = fail(key)
  }

  private mutating func fail(_ key: String) -> UInt64 {
    problem = problem ?? key
    return 1
  }

  /// The tower, unless a key could not be read.
  func part(_ tower: VisionTower) -> VisionPart {
    if let problem { return .none(reason: "what vision_config says of \(problem) is not known here") }
    guard tower.width.isMultiple(of: tower.heads), (tower.width / tower.heads).isMultiple(of: 2) else {
      return .none(reason: "the tower's \(tower.heads) heads do not divide its width \(tower.width)")
    }
    guard !tower.parameters.isOverflow else { return .none(reason: "the tower's parameters do not fit in 63 bits") }
    return .tower(tower)
  }
}

extension VisionPart {
  package static let notStated = VisionPart.none(reason: "the file describes no vision tower")

  /// Where no source describes a family's tower.
  static func uncounted(_ keys: ConfigurationKeys) -> VisionPart {
    VisionKeys(keys) == nil
      ? notStated : .none(reason: "what the vision tower of \(keys.architecture) is made of is not known here")
  }
}
