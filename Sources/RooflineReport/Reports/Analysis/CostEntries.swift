import RooflineCore

/// FLOPs by the unit that executes them, as JSON has them.
struct FLOPsEntry: Encodable {
  let tensor: UInt64
  let vector: UInt64
  let special: UInt64

  init(_ flops: FLOPCounts<Count>) {
    tensor = flops.tensor.value
    vector = flops.vector.value
    special = flops.special.value
  }
}

/// Bytes of memory traffic by class, as JSON has them.
struct BytesEntry: Encodable {
  let loadWeight: UInt64
  let loadActivation: UInt64
  let storeActivation: UInt64
  let loadKVCache: UInt64
  let storeKVCache: UInt64

  init(_ traffic: Traffic<Count>) {
    loadWeight = traffic.loadWeight.value
    loadActivation = traffic.loadActivation.value
    storeActivation = traffic.storeActivation.value
    loadKVCache = traffic.loadKVCache.value
    storeKVCache = traffic.storeKVCache.value
  }
}
