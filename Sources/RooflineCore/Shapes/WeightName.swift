/// A tensor's Hugging Face name, its layer's number apart: `model.layers.3.mlp.up_proj.weight` is layer 3 of
/// `model.layers.N.mlp.up_proj.weight`. Whatever stands before it, the first number between two dots is a layer's.
public struct WeightName: Hashable, Sendable {
  /// `N` stands for the layer's number.
  public let template: String
  /// nil outside the layers.
  public let layer: UInt64?

  init(template: String, layer: UInt64?) {
    self.template = template
    self.layer = layer
  }

  public init(_ name: String) {
    var parts = name.split(separator: ".", omittingEmptySubsequences: false)
    for index in parts.indices.dropFirst().dropLast() {
      guard let layer = UInt64(parts[index]), String(layer) == parts[index] else { continue }
      parts[index] = "N"
      self.init(template: parts.joined(separator: "."), layer: layer)
      return
    }
    self.init(template: name, layer: nil)
  }

  /// Whether a template is that of a layer's tensor.
  static func isInLayer(_ template: String) -> Bool { template.contains(".N.") }

  public var full: String { layer.map { Self.name(template, layers: "\($0)") } ?? template }

  /// The template's name with its layers, as numbers or ranges, in place of `N`.
  public static func name(_ template: String, layers: String) -> String {
    template.replacing(".N.", with: ".\(layers).", maxReplacements: 1)
  }
}
