/// Pictures as SVG 1.1, with a style sheet that follows the reader's light or dark page.
package struct SVGFormat: Sendable {
  package init() {}

  /// A file of its own.
  package func render(_ drawing: Drawing) -> String {
    let (width, height) = (Canvas.number(drawing.width), Canvas.number(drawing.height))
    var lines = [
      "<svg xmlns=\"http://www.w3.org/2000/svg\" class=\"figure\" width=\"\(width)\" height=\"\(height)\" viewBox=\"0 0 \(width) \(height)\" role=\"img\" aria-labelledby=\"title description\">",
      "<title id=\"title\">\(drawing.title.markup)</title>",
      "<desc id=\"description\">\(drawing.description.markup)</desc>",
      // A page narrower than the picture shows all of it.
      "<style>\nsvg.figure{max-width:100%;height:auto}\n\(Hue.sheet)</style>",
    ]
    lines += drawing.elements.map { element in
      let tip = element.tip.map { "<title>\($0.text.markup)</title>" } ?? ""
      return render(element, inside: tip)
    }
    return lines.joined(separator: "\n") + "\n</svg>\n"
  }

  /// What stands inside the element `svg` of a page, whose script knows the tips by their numbers.
  func body(_ drawing: Drawing, tips: inout TipList) -> String {
    drawing.elements.map { element in
      render(element, attribute: element.tip.map { " data-tip=\"\(tips.number(of: $0))\"" } ?? "")
    }.joined()
  }

  private func render(_ element: Drawing.Element, inside: String = "", attribute: String = "") -> String {
    let name = element.name.rawValue
    let attributes = element.attributes.map { " \($0.key)=\"\($0.value.markup)\"" }.joined()
    let start = "<\(name) class=\"\(element.style.classes)\"\(attribute)\(attributes)"
    return inside.isEmpty && element.text.isEmpty ? "\(start)/>" : "\(start)>\(inside)\(element.text.markup)</\(name)>"
  }
}

/// What is said of marks, each once.
struct TipList {
  private(set) var tips: [Drawing.Tip] = []
  private var numbers: [Drawing.Tip: Int] = [:]

  mutating func number(of tip: Drawing.Tip) -> Int {
    if let known = numbers[tip] { return known }
    numbers[tip] = tips.count
    tips.append(tip)
    return tips.count - 1
  }
}
