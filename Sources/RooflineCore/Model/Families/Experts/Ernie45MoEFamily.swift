/// ERNIE 4.5 with experts: routed experts from one layer to another, a softmax over all with a correction bias of the choice, shared experts
/// where the file has any.
enum Ernie45MoEFamily: ArchitectureFamily {
  static let modelTypes = ["ernie4_5_moe"]
  static let architectures = ["Ernie4_5_MoeForCausalLM"]
  // What bounds a sum from below, and what training does with full experts.
  static let harmlessKeys: Set<String> = ["moe_norm_min", "moe_capacity", "moe_gate"]

  static func model(_ keys: inout ConfigurationKeys) throws(InputError) -> DecoderModel {
    let parts = try DenseParts(&keys, ties: true)
    try keys.require("use_bias", .bool(false), "biases beside routed experts are not counted for this architecture")
    try keys.require("moe_use_aux_free", .bool(true), "only the router with a correction bias is counted")
    let (experts, chosen) = try keys.experts("moe_num_experts", chosen: "moe_k")
    let width = try keys.required("moe_intermediate_size", "the width of an expert")
    let (shared, isOverflow) = try keys.count("moe_num_shared_experts", assumed: 2).multipliedReportingOverflow(
      by: width)
    guard !isOverflow, shared <= Count.limit else { throw .overflow(what: "moe_num_shared_experts") }
    let block = RoutedExperts(
      experts: experts, chosen: chosen, width: width,
      router: .init(
        scoring: .softmax, correction: "mlp.moe_statics.e_score_correction_bias", renormalises: true),
      shared: shared > 0 ? .init(width: shared) : nil)
    let isRouted = try keys.routedLayers(parts.layers)
    return parts.model(
      mlps: isRouted.map { $0 ? .routed(block) : .gated(GatedMLP(intermediateSize: parts.intermediate)) }, nil)
  }
}

extension ConfigurationKeys {
  /// Which layers have experts: every `moe_layer_interval`th from `moe_layer_start_index` to `moe_layer_end_index`, which −1 makes the last.
  fileprivate mutating func routedLayers(_ layers: UInt64) throws(InputError) -> [Bool] {
    try requireListable(layers)
    let interval = try integer("moe_layer_interval", assumed: 1)
    let first = try count("moe_layer_start_index", assumed: 1)
    var last = layers - 1
    if let value = value("moe_layer_end_index"), value != .integer(-1) {
      guard let number = value.wholeNumber, number >= 0, UInt64(number) < layers else {
        throw text.wrong("moe_layer_end_index", value, "a layer's number from 0 to \(layers - 1), or -1 for the last")
      }
      last = UInt64(number)
    }
    return (0..<layers).map { ($0 + 1).isMultiple(of: interval) && $0 >= first && $0 <= last }
  }
}
