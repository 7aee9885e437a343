import RooflineTimeModels

extension Engine {
  /// The library of each kind that runs on a GPU: the first that the GPU's own constants know, else those that it borrows.
  package func families(in set: CalibrationSet) -> [KernelKind: KernelLibrary] {
    var found: [KernelKind: KernelLibrary] = [:]
    for (kind, preferred) in families {
      found[kind] =
        set.layers.lazy.compactMap { layer in
          // A library may have kernels of one kind and none of another.
          let known = layer.entries.filter { $0.key.kind == kind }.map(\.key.family)
          return preferred.first { wanted in wanted.names.contains(where: known.contains) }
        }.first
    }
    return found
  }
}
