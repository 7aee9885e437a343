/// Formats that a run states itself, in place of those of the model's file.
package struct StatedFormats: OptionSet, Hashable, Sendable {
  package let rawValue: UInt8

  package init(rawValue: UInt8) { self.rawValue = rawValue }

  package static let weights = StatedFormats(rawValue: 1)
  /// What products read.
  package static let activations = StatedFormats(rawValue: 2)
  package static let cache = StatedFormats(rawValue: 4)
  package static let all: StatedFormats = [.weights, .activations, .cache]
}
