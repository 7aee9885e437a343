extension DecoderModel {
  /// Throws where the workload's degrees cannot divide the model, or a number of it means nothing.
  package func requireLegal(_ workload: Workload, name: String) throws(InputError) {
    try workload.requireNumbers()
    guard numHiddenLayers.isMultiple(of: workload.parallelism.pipeline) else {
      throw .illegalPipeline(stages: workload.parallelism.pipeline, layers: numHiddenLayers, model: name)
    }
    try requireLegalRanks(workload, name: name)
    try requireJoinable(workload, name: name)
    try requireFitting(workload.expertLoad, name: name)
    guard !workload.devices.isOverflow else { throw .overflow(what: "the number of GPUs") }
    guard hasLatentAttention || workload.latentAttention == .auto else {
      throw .usage("--mla is of latent attention, which \(name) does not have; leave it out")
    }
  }
}
