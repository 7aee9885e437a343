/// What a Swift source declares for other files of its module, and which names it uses.
struct SourceNames {
  /// Types and protocols that do not stand in another.
  private(set) var types: Set<String> = []
  /// Functions that stand in no type.
  private(set) var functions: Set<String> = []
  /// What extensions add to a type, by the type's name.
  private(set) var added: [String: Set<String>] = [:]
  /// Members that stand in the types themselves.
  private(set) var members: Set<String> = []

  /// Modules.
  private(set) var imports: Set<String> = []
  /// Names that may be of types: with a capital letter, behind no dot, and not this source's own.
  private(set) var usedTypes: Set<String> = []
  /// Names before a parenthesis, and names behind a dot.
  private(set) var usedCalls: Set<String> = []
  private(set) var usedMembers: Set<String> = []

  /// All that stands in types, or is added to them.
  var allMembers: Set<String> { added.values.reduce(members) { $0.union($1) } }

  private let words: [SourceWords.Word]
  private enum Body { case type, code }
  private var bodies: [Body] = []
  private var extended: String?
  private var isTypeNext = false
  /// Names that mean something else here: nested types, generic parameters, private types.
  private var own: Set<String> = []
  /// Members and functions that stand here, private ones and those in functions too.
  private var ownMembers: Set<String> = []

  init(_ text: String) {
    words = SourceWords(text).words
    for place in words.indices { read(place) }
    usedTypes.subtract(own)
    usedTypes.subtract(types)
    usedCalls.subtract(ownMembers)
    usedMembers.subtract(ownMembers)
  }

  private func name(_ place: Int) -> String? {
    if words.indices.contains(place), case .name(let name) = words[place] { name } else { nil }
  }

  private func isMark(_ place: Int, _ mark: Unicode.Scalar) -> Bool {
    words.indices.contains(place) && words[place] == .mark(UInt8(ascii: mark))
  }

  private mutating func read(_ place: Int) {
    guard let word = name(place) else {
      if isMark(place, "{") {
        bodies.append(isTypeNext ? .type : .code)
        isTypeNext = false
      } else if isMark(place, "}") {
        _ = bodies.popLast()
        if bodies.isEmpty { extended = nil }
      }
      return
    }
    // Behind a dot that is not the end of a range.
    if isMark(place - 1, "."), !isMark(place - 2, ".") {
      usedMembers.insert(word)
      return
    }
    if let next = name(place + 1), declare(word, next, place) { return }
    if isMark(place + 1, "(") { usedCalls.insert(word) }
    if word.first?.isUppercase == true { usedTypes.insert(word) }
  }

  /// Whether a word begins a declaration of the name behind it.
  private mutating func declare(_ keyword: String, _ name: String, _ place: Int) -> Bool {
    switch keyword {
    case "import": imports.insert(name)
    case "struct", "enum", "class", "actor", "protocol", "typealias", "associatedtype":
      // `class func`, `class var`.
      guard name.first?.isUppercase == true else { return false }
      if keyword != "typealias", keyword != "associatedtype" { isTypeNext = true }
      if !bodies.isEmpty || isPrivate(place) {
        own.insert(name)
        if bodies.last == .type, !isPrivate(place) { addMember(name) }
      } else {
        types.insert(name)
      }
      addParameters(behind: place + 2)
    case "extension":
      isTypeNext = true
      extended = name
    case "func":
      ownMembers.insert(name)
      if bodies.isEmpty {
        if !isPrivate(place) { functions.insert(name) }
      } else if bodies.last == .type, !isPrivate(place) {
        addMember(name)
      }
      addParameters(behind: place + 2)
    case "var", "let", "case":
      guard bodies.last == .type else { return false }
      ownMembers.insert(name)
      if !isPrivate(place) { addMember(name) }
    default: return false
    }
    return true
  }

  private mutating func addMember(_ name: String) {
    if bodies.count == 1, let extended { added[extended, default: []].insert(name) } else { members.insert(name) }
  }

  /// The parameters of a generic declaration.
  private mutating func addParameters(behind start: Int) {
    guard isMark(start, "<") else { return }
    var place = start
    while place < words.count, !isMark(place, ">"), !isMark(place, "{") {
      if isMark(place, "<") || isMark(place, ","), let parameter = name(place + 1) { own.insert(parameter) }
      place += 1
    }
  }

  /// Whether only the file sees a declaration; `private(set)` hides nothing.
  private func isPrivate(_ keyword: Int) -> Bool {
    var place = keyword - 1
    while true {
      if let word = name(place), SourceNames.modifiers.contains(word) {
        if word == "private" || word == "fileprivate" { return true }
        place -= 1
      } else if isMark(place, ")"), name(place - 1) == "set" {
        place -= 4
      } else {
        return false
      }
    }
  }

  private static let modifiers: Set<String> = [
    "private", "fileprivate", "internal", "package", "public", "static", "final", "indirect", "lazy", "mutating",
    "nonmutating", "nonisolated", "override", "weak",
  ]
}
