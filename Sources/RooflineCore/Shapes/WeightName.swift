/// A tensor's Hugging Face name, its layer's number apart: `model.layers.3.mlp.up_proj.weight` is layer 3 of
/// `model.layers.N.mlp.up_proj.weight`. OPT's layers are `model.decoder.layers`, GPT-NeoX's `gpt_neox.layers`.
public struct WeightName: Hashable, Sendable {
  /// `N` stands for the layer's number.
  public let template: String
  /// nil outside the layers.
  public let layer: UInt64?

  /// What stands before a layer's number.
  private static let blocks = ["model.layers.", "model.decoder.layers.", "gpt_neox.layers."]

  init(template: String, layer: UInt64?) {
    self.template = template
    self.layer = layer
  }

  public init(_ name: String) {
    for block in Self.blocks where name.hasPrefix(block) {
      let parts = name.dropFirst(block.count).split(separator: ".", maxSplits: 1, omittingEmptySubsequences: false)
      if parts.count == 2, let layer = UInt64(parts[0]), String(layer) == parts[0] {
        self.init(template: "\(block)N.\(parts[1])", layer: layer)
        return
      }
    }
    self.init(template: name, layer: nil)
  }

  /// Whether a template is that of a layer's tensor.
  static func isInLayer(_ template: String) -> Bool { blocks.contains { template.hasPrefix("\($0)N.") } }

  public var full: String { layer.map { Self.name(template, layers: "\($0)") } ?? template }

  /// The template's name with its layers, as numbers or ranges, in place of `N`.
  public static func name(_ template: String, layers: String) -> String {
    for block in blocks where template.hasPrefix("\(block)N.") {
      return "\(block)\(layers)\(template.dropFirst(block.count + 1))"
    }
    return template
  }
}
