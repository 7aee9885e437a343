#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// One page that needs no other file: a document as JSON, and the script that shows it.
package struct HTMLFormat: Sendable {
  package init() {}

  /// - Throws: `InputError.notFinite` where JSON has no word for a number.
  func render(title: String, _ document: some Encodable) throws -> String {
    """
    <!doctype html>
    <html lang="en">
    <head>
    <meta charset="utf-8">
    <meta name="viewport" content="width=device-width,initial-scale=1">
    <meta name="color-scheme" content="light dark">
    <meta http-equiv="Content-Security-Policy" content="default-src 'none';style-src 'unsafe-inline';script-src 'unsafe-inline'">
    <title>\(title.printableLine.markup)</title>
    <style>
    \(PageStyle.text)\(Hue.sheet)</style>
    </head>
    <body>
    <main id="page"><noscript><h1>\(title.printableLine.markup)</h1><p>This page is drawn by a script from the numbers that it holds; allow scripts to see it.</p></noscript></main>
    <div id="tip" role="tooltip" hidden></div>
    <dialog id="derivation" aria-labelledby="derivation-title"><h2 id="derivation-title"></h2><pre tabindex="0"></pre><form method="dialog"><button>Close</button></form></dialog>
    <script type="application/json" id="data">\(Self.embedded(try JSONFormat().compact(document)))</script>
    <script>
    \(PageScript.text)</script>
    </body>
    </html>

    """
  }

  /// JSON inside a script element: nothing in it ends the element, begins a comment, or begins another script.
  static func embedded(_ json: String) -> String {
    let json = json.printableJSON.utf8
    var text: [UInt8] = []
    text.reserveCapacity(json.count + json.count / 64)
    var last: UInt8?
    for byte in json {
      if last == UInt8(ascii: "<") {
        text.removeLast()
        // `<\/` where it ends an element of a picture, which is the most frequent; else the scalar by its number.
        text.append(contentsOf: (byte == UInt8(ascii: "/") ? "<\\" : Self.isHarmless(byte) ? "<" : "\\u003c").utf8)
      }
      text.append(byte)
      last = byte
    }
    return String(decoding: text, as: UTF8.self)
  }

  /// Whether a `<` before it begins neither `<!--` nor `<script`.
  private static func isHarmless(_ byte: UInt8) -> Bool {
    byte != UInt8(ascii: "!") && byte != UInt8(ascii: "s") && byte != UInt8(ascii: "S")
  }
}
