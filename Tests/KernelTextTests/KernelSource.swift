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
}
