import RooflineCore

extension Engine {
  /// The library of each kind that runs on a GPU: the first that the GPU's own constants know, else those that it borrows.
  package func families(in set: CalibrationSet) -> [KernelKind: KernelLibrary] {
    families.compactMapValues { preferred in
      for layer in set.layers {
        let known = layer.entries.map(\.key.family)
        if let family = preferred.first(where: { wanted in wanted.names.contains(where: known.contains) }) {
          return family
        }
      }
      return nil
    }
  }
}
