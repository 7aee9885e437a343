extension VisionPart {
  /// Qwen3-VL and Qwen3.5: frames in pairs, a table of positions, and a merger of four patches behind the last block, and behind
  /// each that `deepstack_visual_indexes` names.
  static func qwen(_ keys: ConfigurationKeys) -> VisionPart {
    guard var vision = VisionKeys(keys) else { return .notStated }
    let width = vision.number("hidden_size")
    let patch = vision.number("patch_size", assumed: 16)
    let merge = vision.number("spatial_merge_size", assumed: 2)
    let joined = width &* merge &* merge
    let output = vision.number("out_hidden_size")
    let projections: [VisionTower.Step] = [
      .linear(inputs: joined, outputs: joined, hasBias: true, isMerged: true), .gelu(width: joined, isMerged: true),
      .linear(inputs: joined, outputs: output, hasBias: true, isMerged: true),
    ]
    let deep = vision.length("deepstack_visual_indexes", assumed: 0)
    let mergers = (0..<deep).flatMap { _ in [.layerNorm(width: joined, isMerged: true)] + projections }
    let tower = VisionTower(
      width: width, intermediate: vision.number("intermediate_size"), layers: vision.number("depth"),
      heads: vision.number("num_heads"), block: .plain,
      patchElements: vision.number("in_channels", assumed: 3) &* vision.number("temporal_patch_size", assumed: 2)
        &* patch &* patch, hasPatchBias: true, patchSize: patch, merge: merge,
      positions: [vision.number("num_position_embeddings")], rotates: true, hasFirstNorm: false, hasLastNorm: false,
      steps: mergers + [.layerNorm(width: width, isMerged: false)] + projections)
    return vision.part(tower)
  }

  /// Kimi-K2.5: positions of a square, a norm behind the last block, a projector of four patches.
  static func moonViT(_ keys: ConfigurationKeys) -> VisionPart {
    guard var vision = VisionKeys(keys) else { return .notStated }
    vision.require("mm_projector_type", [.string("patchmerger")])
    let width = vision.number("vt_hidden_size")
    let patch = vision.number("patch_size", assumed: 14)
    let merge = vision.square("merge_kernel_size", assumed: 2)
    let joined = width &* merge &* merge
    let tower = VisionTower(
      width: width, intermediate: vision.number("vt_intermediate_size"), layers: vision.number("vt_num_hidden_layers"),
      heads: vision.number("vt_num_attention_heads"), block: .plain, patchElements: 3 &* patch &* patch,
      hasPatchBias: true, patchSize: patch, merge: merge,
      positions: [vision.number("init_pos_emb_height") &* vision.number("init_pos_emb_width")], rotates: true,
      hasFirstNorm: false, hasLastNorm: true,
      steps: [
        .layerNorm(width: width, isMerged: false),
        .linear(inputs: joined, outputs: joined, hasBias: true, isMerged: true), .gelu(width: joined, isMerged: true),
        .linear(
          inputs: joined, outputs: vision.number("text_hidden_size"), hasBias: true, isMerged: true),
      ])
    return vision.part(tower)
  }

  /// Gemma-4: a table for each of two axes, four norms a block, a gated MLP; the mean of nine patches is projected. The mean itself
  /// has no row.
  static func gemma(_ keys: ConfigurationKeys, _ model: DecoderModel) -> VisionPart {
    guard var vision = VisionKeys(keys) else { return .notStated }
    vision.require("attention_bias", [.bool(false)])
    vision.require("use_clipped_linears", [.bool(false)])
    let width = vision.number("hidden_size")
    let heads = vision.number("num_attention_heads")
    vision.require("num_key_value_heads", [.integer(Int64(heads))])
    vision.require("head_dim", [.integer(Int64(width / heads))])
    let patch = vision.number("patch_size", assumed: 16)
    let table = vision.number("position_embedding_size")
    let tower = VisionTower(
      width: width, intermediate: vision.number("intermediate_size"), layers: vision.number("num_hidden_layers"),
      heads: heads, block: .sandwich, patchElements: 3 &* patch &* patch, hasPatchBias: false, patchSize: patch,
      merge: vision.number("pooling_kernel_size", assumed: 3), positions: [table, table], rotates: true,
      hasFirstNorm: false, hasLastNorm: false,
      steps: [
        .plainNorm(width: width, isMerged: true),
        .linear(inputs: width, outputs: model.hiddenSize, hasBias: false, isMerged: true),
      ])
    return vision.part(tower)
  }

  /// MiniMax-M3: frames in pairs, a norm in front of the first block, two projectors: of every patch, and of four side by side.
  static func miniMax(_ keys: ConfigurationKeys, _ model: DecoderModel) -> VisionPart {
    guard var vision = VisionKeys(keys) else { return .notStated }
    let width = vision.number("hidden_size", assumed: 1280)
    let patch = vision.number("patch_size", assumed: 14)
    let merge = vision.number("spatial_merge_size", assumed: 2)
    let projected = vision.number("projector_hidden_size", of: keys.outer, assumed: 6144)
    let output = model.hiddenSize
    let tower = VisionTower(
      width: width, intermediate: vision.number("intermediate_size", assumed: 5120),
      layers: vision.number("num_hidden_layers", assumed: 32), heads: vision.number("num_attention_heads", assumed: 16),
      block: .plain,
      patchElements: vision.number("num_channels", assumed: 3) &* vision.number("temporal_patch_size", assumed: 2)
        &* patch &* patch, hasPatchBias: false, patchSize: patch, merge: merge, positions: [], rotates: true,
      hasFirstNorm: true, hasLastNorm: false,
      steps: [
        .linear(inputs: width, outputs: projected, hasBias: true, isMerged: false),
        .gelu(width: projected, isMerged: false),
        .linear(inputs: projected, outputs: output, hasBias: true, isMerged: false),
        .linear(inputs: output &* merge &* merge, outputs: projected, hasBias: true, isMerged: true),
        .gelu(width: projected, isMerged: true),
        .linear(inputs: projected, outputs: output, hasBias: true, isMerged: true),
      ])
    return vision.part(tower)
  }

  /// Llama-4: tiles of one size with a class token, an adapter of pixels that are shuffled into channels, a projector.
  static func llama4(_ keys: ConfigurationKeys, _ model: DecoderModel) -> VisionPart {
    guard var vision = VisionKeys(keys) else { return .notStated }
    vision.require("pixel_shuffle_ratio", [.number(0.5)])
    let width = vision.number("hidden_size")
    let patch = vision.number("patch_size", assumed: 14)
    let side = vision.number("image_size")
    let adapted = vision.number("projector_input_dim", assumed: 4096)
    let output = vision.number("projector_output_dim", assumed: 4096)
    let intermediate = vision.number("intermediate_size")
    let patches = (side / patch) &* (side / patch)
    var tower = VisionTower(
      width: width, intermediate: intermediate, layers: vision.number("num_hidden_layers"),
      heads: vision.number("num_attention_heads"), block: .plain,
      patchElements: vision.number("num_channels", assumed: 3) &* patch &* patch, hasPatchBias: false,
      patchSize: patch, merge: 2,
      // A place for each patch and for the class token, which is a row of its own.
      positions: [patches &+ 2], rotates: true, hasFirstNorm: true, hasLastNorm: true,
      steps: [
        .linear(inputs: width &* 4, outputs: adapted, hasBias: false, isMerged: true),
        .gelu(width: adapted, isMerged: true),
        .linear(inputs: adapted, outputs: output, hasBias: false, isMerged: true), .gelu(width: output, isMerged: true),
        .linear(inputs: output, outputs: model.hiddenSize, hasBias: false, isMerged: true),
      ])
    tower.hasClassToken = true
    tower.imageSide = side
    return vision.part(tower)
  }
}
