import RooflineCore

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

extension Catalog {
  /// The tables of kernels' names: a user's own before those of the catalog's `Hardware/Kernels`, which are asked in the order of
  /// their files' names.
  package func kernelNames(and own: [String]) throws(InputError) -> KernelNameTable {
    var tables: [KernelNameTable] = []
    for file in own { tables.append(try KernelNameTable(JSONValue.read(file: file), file: file)) }
    try requireFound()
    let folder = root.isEmpty ? "Hardware/Kernels" : "\(root)/Hardware/Kernels"
    let files = (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
    for name in files.sorted() where name.hasSuffix(".json") {
      let file = "\(folder)/\(name)"
      tables.append(try KernelNameTable(JSONValue.read(file: file), file: file))
    }
    return KernelNameTable(tables)
  }
}
