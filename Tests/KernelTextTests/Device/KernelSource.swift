import Foundation
import KernelText

/// An embedded file.
struct KernelSource {
  let name: String
  let text: String
  let length: Int

  static var all: [KernelSource] {
    var count = 0
    let texts = kernelTexts(&count)
    return (0..<count).map { index in
      KernelSource(
        name: String(cString: texts[index].name), text: String(cString: texts[index].text), length: texts[index].length)
    }
  }

  /// The files that the text includes.
  var includes: [String] {
    text.split(separator: "\n").filter { $0.hasPrefix("#include") }.compactMap { line in
      line.split(separator: "\"").dropFirst().first.map(String.init)
    }
  }

  /// Whether it uses tensor cores: through whatever it includes, it includes tensor.cuh.
  var needsTensorCores: Bool {
    includes.contains { file in
      file == "tensor.cuh" || Self.all.contains { $0.name == file && $0.needsTensorCores }
    }
  }

  /// The names of its kernels: what stands behind KERNEL or TENSOR_KERNEL(…), each instance of its macro INSTANTIATE for itself.
  var kernelNames: [String] {
    func list(behind prefix: String, in line: Substring) -> [String]? {
      guard line.hasPrefix(prefix) else { return nil }
      return line.dropFirst(prefix.count).prefix { $0 != ")" }.split(separator: ",").map {
        $0.trimmingCharacters(in: .whitespaces)
      }
    }
    let lines = text.split(separator: "\n")
    let parameters = lines.lazy.compactMap { list(behind: "#define INSTANTIATE(", in: $0) }.first ?? []
    let instances = lines.flatMap { line -> [[String]] in
      if line.hasPrefix("FOR_EVERY_ELEMENT(INSTANTIATE)") { return KernelFormat.floatingPoint.map { [$0.rawValue] } }
      if let values = list(behind: "FOR_BOTH_ELEMENTS(INSTANTIATE,", in: line) {
        return KernelFormat.tensorCores.map { [$0.rawValue] + values }
      }
      return list(behind: "INSTANTIATE(", in: line).map { [$0] } ?? []
    }
    let names = text.matches(of: /KERNEL(?:\([^)]*\))? ([\w#]+)\(/).map { String($0.1) }
    return names.flatMap { name -> [String] in
      guard name.contains("##") else { return [name] }
      return instances.map { instance in
        let values = Dictionary(zip(parameters, instance)) { first, _ in first }
        return name.components(separatedBy: "##").map { values[$0] ?? $0 }.joined()
      }
    }
  }
}
