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
}
