/// A tensor's Hugging Face name, its layer's number apart: `model.layers.3.mlp.up_proj.weight` is layer 3 of
/// `model.layers.N.mlp.up_proj.weight`. Whatever stands before it, the first number between two dots is a layer's, and the next
/// one, behind `experts`, is an expert's: `M`.
package struct WeightName: Hashable, Comparable, Sendable {
  /// `N` stands for the layer's number, `M` for the expert's.
  package let template: String
  /// nil outside the layers.
  package let layer: UInt64?
  /// nil of what is not one routed expert's.
  package let expert: UInt64?

  init(template: String, layer: UInt64?, expert: UInt64? = nil) {
    self.template = template
    self.layer = layer
    self.expert = expert
  }

  package init(_ name: String) {
    var parts = name.split(separator: ".", omittingEmptySubsequences: false)
    var (layer, expert): (UInt64?, UInt64?)
    for index in parts.indices.dropFirst().dropLast() {
      guard let number = UInt64(parts[index]), String(number) == parts[index] else { continue }
      if layer == nil {
        layer = number
        parts[index] = "N"
      } else if parts[index - 1] == "experts" {
        expert = number
        parts[index] = "M"
        break
      }
    }
    self.init(template: layer == nil ? name : parts.joined(separator: "."), layer: layer, expert: expert)
  }

  /// What is outside the layers first, then layer by layer.
  package static func < (left: WeightName, right: WeightName) -> Bool {
    func key(_ name: WeightName) -> (UInt64, UInt64) {
      (name.layer.map { $0 &+ 1 } ?? 0, name.expert.map { $0 &+ 1 } ?? 0)
    }
    return key(left) == key(right) ? left.template < right.template : key(left) < key(right)
  }

  /// Whether a template is that of a layer's tensor.
  static func isInLayer(_ template: String) -> Bool { template.contains(".N.") }

  package var full: String {
    let name = layer.map { Self.name(template, layers: "\($0)") } ?? template
    return expert.map { name.replacing(".M.", with: ".\($0).", maxReplacements: 1) } ?? name
  }

  /// The template's name with its layers, as numbers or ranges, in place of `N`.
  package static func name(_ template: String, layers: String) -> String {
    template.replacing(".N.", with: ".\(layers).", maxReplacements: 1)
  }
}
