import RooflineAnalysis
import RooflineCore

extension InputError {
  /// One sentence: what is wrong, where, and the way out.
  package var sentence: String {
    switch self {
    case .unreadable(let file, let reason): "\(file.quoted): \(reason)"
    case .notJSON(let file, let detail): "\(file.quoted): not valid JSON: \(detail)"
    case .missingKey(let file, let key, let expected):
      "\(file.quoted): `\(key.quoted)` is missing; expected \(expected)"
    case .wrongValue(let file, let key, let found, let expected):
      "\(file.quoted): `\(key.quoted)` is \(found.quoted); expected \(expected)"
    case .unknownKey(let file, let key, let nearest):
      "\(file.quoted): unknown key `\(key.quoted)`\(Self.suggestion(nearest))"
    case .unknownKeys(let file, let keys):
      "\(file.quoted): nobody here knows \(keys.count == 1 ? "the key" : "the keys") \(Self.list(keys.map { "`\($0.quoted)`" })), and --strict passes over none; leave it out where they change no count"
    case .unsupportedArchitecture(let file, let found, let supported):
      "\(file.quoted): architecture \(found.quoted) is not counted; those counted are \(supported.joined(separator: ", "))"
    case .unsupportedKey(let file, let key, let value, let reason):
      "\(file.quoted): `\(key.quoted)` (\(value.quoted)) would change the counts and is not understood: \(reason)"
    case .unknownName(let what, let name, let nearest, let available):
      "unknown \(what) \"\(name.quoted)\"\(Self.suggestion(nearest, otherwise: available))"
    case .ambiguousAlias(let alias, let files):
      "the alias \"\(alias.quoted)\" stands in \(Self.list(files, " and ")); keep it in one"
    case .noCatalog(let folder, let searched):
      "no folder with \(folder) found (looked in \(Self.list(searched))); set ROOFLINE_HOME to the package's folder"
    case .illegalTensorParallel(let degree, let legal, let model):
      "--tp \(degree) does not divide all of \(model.quoted)'s heads, KV heads and intermediate size; legal degrees are \(Self.list(legal.map(String.init)))"
    case .illegalPipeline(let stages, let layers, let model):
      "--pp \(stages) does not divide \(model.quoted)'s \(layers) layers; legal numbers of stages are \(Self.divisors(of: layers))"
    case .implausibleRate(let file, let key, let rate, let ceiling, let derivation):
      "\(file.quoted): `\(key)` is \(Numbers.scaled(rate))FLOP/s, \(Self.slip(key, isAbove: rate > ceiling, "\(derivation) = \(Numbers.scaled(ceiling))FLOP/s"))"
    case .missingFacts(let hardware, let path, let facts): Self.missing(facts, hardware: hardware, path: path)
    case .notMeasurements(let file, let problem): "\(file.quoted): \(problem)"
    case .overflow(let what):
      "\(what): a count is above 2^63 − 1; use a smaller batch, length or model"
    case .infiniteTime(let what, let hardware):
      "\(what): its time on \(hardware) is not a finite number; check the GPU's rates and the calibration"
    case .notFinite(let what, let value):
      "`\(what.quoted)` would be \(value), which is no number to print; a rate, a constant or a measurement behind it is out of range"
    case .usage(let sentence): sentence
    }
  }

  private static func slip(_ key: String, isAbove: Bool, _ ceiling: String) -> String {
    guard isAbove else { return "less than a hundredth of \(ceiling); check the unit" }
    let cause = key.contains("tensor") ? "state the dense rate, not the one with sparsity" : "check rate, SMs and clock"
    return "more than 5 % above \(ceiling); \(cause)"
  }

  /// Names that came in, of which a sentence holds so many.
  static func list(_ names: [String], _ separator: String = ", ") -> String {
    let limit = 40
    let rest = names.count > limit ? ["… (\(names.count - limit) more)"] : []
    return (names.prefix(limit).map(\.quoted) + rest).joined(separator: separator)
  }

  /// The divisors up to 64, which no pipeline exceeds in practice.
  private static func divisors(of layers: UInt64) -> String {
    (1...64).filter { layers.isMultiple(of: $0) }.map { String($0) }.joined(separator: ", ")
  }

  static func suggestion(_ nearest: [String], otherwise available: [String] = []) -> String {
    if !nearest.isEmpty { return "; did you mean \(list(nearest))?" }
    return available.isEmpty ? "" : "; there are \(list(available))"
  }

  static func missing(_ facts: [MissingFact], hardware: String, path: String) -> String {
    let names = facts.map { fact in fact.reason.map { "\(fact.name) (\($0))" } ?? fact.name }
    let options = facts.compactMap(\.option)
    var unique: [String] = []
    for option in options where !unique.contains(option) { unique.append(option) }
    let keys = facts.compactMap(\.key).map { "`\($0)`" }
    let file = keys.isEmpty ? "" : " or as \(keys.joined(separator: ", ")) in \(path.quoted)"
    return
      "\(hardware.quoted) has no \(names.joined(separator: ", no ")); give it with \(unique.joined(separator: " "))\(file)"
  }
}

extension Notice {
  /// One sentence.
  package var sentence: String {
    switch self {
    case .beyondMaxPositions(let what, let tokens, let limit):
      "\(what) \(tokens) is beyond the model's max_position_embeddings of \(limit)"
    case .missingFacts(let hardware, let path, let facts):
      "times that need it are unknown: " + InputError.missing(facts, hardware: hardware, path: path)
    case .beyondDensePeak(let rate, let ceiling, let derivation):
      "--peak is \(Numbers.scaled(rate))FLOP/s, more than 5 % above \(derivation) = \(Numbers.scaled(ceiling))FLOP/s; is it the rate with sparsity?"
    case .oneRateForAll(let formats):
      "--peak is the rate of \(InputError.list(formats.map(\.rawValue))) products alike, which real matrix units tell apart"
    case .beyondBoard(let devices, let link):
      "\(devices) GPUs talk at the rate of one board's link (\(link.quoted)); where the network between boards is slower, give its rate with --link, or with --board how many GPUs the link joins"
    case .doesNotFit(let bytes, let capacity):
      "does not fit: a device needs \(Numbers.scaled(Double(bytes)))B of its \(Numbers.scaled(Double(capacity)))B; `roofline footprint` says for what"
    case .lessThanASequence(let sequences, let devices):
      "\(sequences) sequences on \(devices) devices are less than one each; --global-batch counts the sequences of all devices"
    case .borrowedConstants(let from, let isSameGeneration, let kernels):
      "constants of \(from) with this GPU's facts for \(kernels.joined(separator: ", "))\(isSameGeneration ? "" : "; it is of another generation, where errors of 10 to 50 % were seen"); `roofline calibrate` fits its own"
    case .otherHeadDim(let family, let fitted): "\(family): constants of head dim \(fitted)"
    case .standIn(let rows, let constants):
      "\(rows.joined(separator: ", ")): by the constants of \(constants), since nobody measured the fused kernel"
    case .graphConstants(let kernels):
      "constants of graph launches, for want of eager ones: \(kernels.joined(separator: ", "))"
    case .eagerConstantsOnly(let rows):
      "constants for \(rows.joined(separator: ", ")) are of eager launches only: their ideal times stand, and --launch eager takes those constants"
    case .weightsDoNotFit(let bytes, let capacity):
      "does not fit: the weights alone are \(Numbers.scaled(Double(bytes)))B a device of its \(Numbers.scaled(Double(capacity)))B"
    case .uncalibrated(let rows):
      "no constants for \(rows.joined(separator: ", ")): their ideal times stand, which real kernels exceed"
    case .observations(let sentence): sentence
    case .clamped(let rows):
      "calibrated below the ideal time, which stands instead: \(rows.joined(separator: ", "))"
    case .scalesNotCounted(let formats):
      "scales of \(formats.map(\.rawValue).joined(separator: ", ")) tensors are not counted"
    case .ownCode:
      "the checkpoint brings code of its own (`auto_map`); the counts are those of its stated class"
    case .formatsNotRead(let keys):
      "\(InputError.list(keys)): the run states other formats than this quantised checkpoint's; every tensor concerned is taken to lie in the stated one, without scales"
    case .nameSaysFormat(let name, let format):
      "the name \(name.quoted) says \(format), and no file beside it does: a hf_quant_config.json or a quantization_config may be missing, and bytes are those of the formats that are stated"
    case .unknownKeys(let keys):
      "config.json has \(keys.count == 1 ? "a key" : "keys") that nobody here knows, taken to change no count: \(InputError.list(keys)); --strict refuses"
    case .expertsTouched(let pass, let expected, let bounds, let experts, let isUniform):
      "\(pass) touches \(Numbers.fixed(expected, decimals: 1)) of a layer's \(experts) routed experts, \(isUniform ? "expected of uniform routing" : "by --expert-load") (at least \(bounds.lowerBound), at most \(bounds.upperBound))\(isUniform ? "; --expert-load states others" : "")"
    case .trainingScope(let hasIndexers):
      "a training step here is its forward and backward pass; the loss, the optimizer and data parallelism's all-reduce of the gradients are not counted"
        + (hasIndexers
          ? "; a choice of keys has no gradient, and the loss of its own that an indexer learns from is not counted, either"
          : "")
    }
  }
}
