/// First in, first out.
struct WaitingLine<Element> {
  private var elements: [Element] = []
  private var start = 0

  var count: Int { elements.count - start }

  var first: Element? { start < elements.count ? elements[start] : nil }

  mutating func append(_ element: Element) { elements.append(element) }

  mutating func removeFirst() {
    start += 1
    // Half of it is gone: the rest moves once.
    guard start > 1024, start * 2 > elements.count else { return }
    elements.removeFirst(start)
    start = 0
  }
}
