/// A listing beside the weights of a model.
package struct WeightComparison: Hashable, Sendable {
  package let weights: WeightList
  package let listing: WeightListing
  /// In the order of the model's tensors, then of the listing's.
  package let differences: [WeightDifference]

  package var matches: Bool { differences.isEmpty }

  /// A matrix that is square looks the same transposed; no shape tells them apart.
  package init(_ weights: WeightList, _ listing: WeightListing) {
    self.weights = weights
    self.listing = listing
    var grouping = Grouping()
    let found = Dictionary(listing.entries.map { ($0.name, $0) }, uniquingKeysWith: { first, _ in first })
    for entry in weights.entries {
      let shape = found[entry.name]?.dimensions
      // Of what has only a name nothing more is known.
      if shape == nil, found[entry.name] != nil { continue }
      if let kind = Self.kind(entry.name, expected: entry.dimensions, found: shape, weights.model) {
        grouping.add(kind, entry.name, expected: entry.dimensions, found: shape)
      }
    }
    let known = Set(weights.entries.map(\.name))
    for entry in listing.entries where !known.contains(entry.name) {
      guard weights.model.tieWordEmbeddings, WeightLayout.heads.contains(entry.name.template),
        let embedding = weights.entries.first?.dimensions
      else {
        grouping.add(.extra, entry.name, expected: nil, found: entry.dimensions)
        continue
      }
      // Tied, or it would be known: the head then has the embedding's shape.
      grouping.add(.untiedHead, entry.name, expected: nil, found: entry.dimensions)
      if entry.dimensions == nil { continue }
      if let kind = Self.kind(entry.name, expected: embedding, found: entry.dimensions, weights.model) {
        grouping.add(kind, entry.name, expected: embedding, found: entry.dimensions)
      }
    }
    differences = grouping.differences
  }

  /// What the listing has beside the model, and the model beside it; nil where a shape is not known.
  package var cost: Cost? {
    let own = Dictionary(weights.entries.map { ($0.name, $0) }, uniquingKeysWith: { first, _ in first })
    var (parameters, bytes): (Count, Count) = (0, 0)
    for entry in listing.entries {
      guard let elements = entry.elements else { return nil }
      let known = own[entry.name]
      if known?.isBuffer != true { parameters = parameters + elements }
      bytes =
        bytes
        + (entry.bytes ?? (known?.dimensions == entry.dimensions ? known?.bytes : nil)
          ?? elements.bytes(weights.formats.weightFormat))
    }
    guard !parameters.isOverflow, !bytes.isOverflow else { return nil }
    return Cost(parameters: parameters, bytes: bytes, ofModel: (weights.parameters, weights.bytes))
  }

  /// How many parameters and bytes a listing has; bytes in the file's formats, or in the model's where it does not say.
  package struct Cost: Sendable {
    package let parameters, bytes: Count
    package let ofModel: (parameters: Count, bytes: Count)
  }

  private static func kind(
    _ name: WeightName, expected: [UInt64], found: [UInt64]?, _ model: DecoderModel
  ) -> WeightDifference.Kind? {
    guard let found else { return .missing }
    if found == expected { return nil }
    if isRepeated(name, expected: expected, found: found, model) { return .repeatedKeyValueHeads }
    return expected.count == 2 && found == expected.reversed() ? .transposed : .otherShape
  }

  /// Whether the rows of a k or v projection are the expected ones, as often as a divisor of the heads' group says.
  private static func isRepeated(
    _ name: WeightName, expected: [UInt64], found: [UInt64], _ model: DecoderModel
  ) -> Bool {
    guard name.template.contains(".k_proj.") || name.template.contains(".v_proj."),
      found.dropFirst() == expected.dropFirst(), let rows = found.first, let wanted = expected.first,
      wanted > 0, rows > wanted, rows.isMultiple(of: wanted)
    else { return false }
    return model.groups.contains { group in
      guard let attention = group.mixer?.groupedQuery else { return false }
      return (attention.numHeads / attention.numKeyValueHeads).isMultiple(of: rows / wanted)
    }
  }
}

/// Puts equal differences of several layers together.
private struct Grouping {
  private(set) var differences: [WeightDifference] = []
  private var places: [WeightDifference: Int] = [:]

  mutating func add(_ kind: WeightDifference.Kind, _ name: WeightName, expected: [UInt64]?, found: [UInt64]?) {
    let key = WeightDifference(kind: kind, template: name.template, expected: expected, found: found, layers: [])
    guard let layer = name.layer else {
      differences.append(key)
      return
    }
    let place = places[key] ?? differences.count
    if place == differences.count {
      places[key] = place
      differences.append(key)
      differences[place].count = 0
    }
    differences[place].count += 1
    // The model's layers come in order; those of extra tensors come as the file has them, and each expert's of a layer.
    let position = differences[place].layers.firstIndex { $0 >= layer } ?? differences[place].layers.count
    guard position == differences[place].layers.count || differences[place].layers[position] != layer else { return }
    differences[place].layers.insert(layer, at: position)
  }
}
