import Foundation
import TestSupport
import XCTest
import roofline

/// Real config files with something changed: an answer or one clear sentence, never a trap and never a hang.
///
/// In this process: a trap ends the tests. `ROOFLINE_MUTATIONS` says how many; all of them have the same seed.
final class MutatedConfigurationTests: CommandTestCase {
  func testAMutatedConfigurationIsAnsweredOrRefusedInASentence() throws {
    guard let shared = Fixtures.shared else {
      XCTAssertFalse(Fixtures.isCI, "CI has the shared data")
      throw XCTSkip("no config files beside the package")
    }
    let environment = ProcessInfo.processInfo.environment
    let count = environment["ROOFLINE_MUTATIONS"].flatMap(Int.init) ?? 300
    let files = try FileManager.default.contentsOfDirectory(atPath: "\(shared)/configs").filter {
      $0.hasSuffix(".json")
    }
    let trees = try files.sorted().map { file in
      // Foundation reads no Infinity.
      let text = try String(contentsOfFile: "\(shared)/configs/\(file)", encoding: .utf8)
      let data = Data(text.replacing("Infinity", with: "1e308").utf8)
      return try XCTUnwrap(JSONSerialization.jsonObject(with: data) as? [String: Any], file)
    }
    let path = try temporaryFolder().appendingPathComponent("config.json").path
    var generator = SeededGenerator(seed: 14_2026)
    var answers = 0
    var slowest = (time: Duration.zero, what: "")
    for number in 0..<count {
      var tree = trees[number % trees.count]
      let changes = (0..<Int.random(in: 1...3, using: &generator)).map { _ in
        Mutation.random(&generator).apply(to: &tree, &generator)
      }
      var data = try JSONSerialization.data(withJSONObject: tree, options: [.sortedKeys])
      if Int.random(in: 0..<40, using: &generator) == 0 {
        data = data.prefix(Int.random(in: 0...data.count, using: &generator))
      }
      try data.write(to: URL(fileURLWithPath: path))
      let line = Self.commands.randomElement(using: &generator) ?? ""
      let clock = ContinuousClock()
      var outcome = Outcome(output: "")
      let time = clock.measure { outcome = roofline(line.replacing("FILE", with: path)) }
      let what =
        "\(files.sorted()[number % trees.count]), \(changes.joined(separator: ", ")), \(line): \(outcome.errors)"
      if time > slowest.time { slowest = (time, what) }
      // An unoptimised program beside others takes long for searches and long lists; a hang takes longer.
      XCTAssertLessThan(time, .seconds(120), what)
      if outcome.exitCode == 0 {
        answers += 1
        XCTAssertFalse(outcome.output.isEmpty, what)
        // What a saturated count looks like.
        XCTAssertFalse(outcome.output.contains("\(UInt64.max)") || outcome.output.contains("\(Int64.max)"), what)
        if line.hasSuffix("json") {
          XCTAssertNotNil(try? JSONSerialization.jsonObject(with: Data(outcome.output.utf8)), what)
        }
      } else {
        XCTAssertTrue(outcome.errors.hasPrefix("roofline: "), what)
        let sentences = outcome.errors.split(separator: "\n").filter { !$0.hasPrefix("roofline: warning: ") }
        XCTAssertEqual(sentences.count, 1, what)
        XCTAssertLessThan(outcome.errors.count, 2500, what)
        XCTAssertEqual(outcome.output, "", what)
      }
    }
    // Both ends of the promise are seen.
    XCTAssertGreaterThan(answers, count / 20)
    XCTAssertLessThan(answers, count * 19 / 20)
    print("\(count) mutations: \(answers) answered; slowest \(slowest.time): \(slowest.what)")
  }

  private static let commands = [
    "show FILE --format json", "shapes --model FILE",
    "analyze --model FILE --hardware h100-sxm --dtype bf16 --prompt 33",
    "analyze --model FILE --hardware h100-sxm --dtype fp8 --tp 2 --batch 3 --prompt 7 --operators fused --format json",
    "footprint --model FILE --hardware h100-sxm --dtype bf16 --prompt 64 --format json",
    "analyze --model FILE --hardware h100-sxm --dtype bf16 --prompt 33 --cached-prefix 12 --phase prefill --format json",
  ]

  /// One change somewhere in a tree.
  private enum Mutation: CaseIterable {
    case remove, replace, scale, swap, lengthen, shorten, rename

    static func random(_ generator: inout SeededGenerator) -> Mutation {
      allCases.randomElement(using: &generator) ?? .remove
    }

    private static var values: [Any] {
      [
        NSNull(), true, false, 0, 1, 2, 3, 7, -1, 64, 100_000, 1 << 40, Int64.max, 0.5, -0.25, 1e30, 1e308, "", "x",
        "full",
        "0", "silu", "fp8", [Any](), [0], [1, 0], ["full_attention"], [String: Any](), ["rope_type": "yarn"],
        [Any](repeating: 4, count: 61),
      ]
    }

    /// - Returns: what was done, in words.
    func apply(to tree: inout [String: Any], _ generator: inout SeededGenerator) -> String {
      let keys = tree.keys.sorted()
      guard let key = keys.randomElement(using: &generator), let value = tree[key] else { return "nothing" }
      // Half of the changes of an object are inside it.
      if var inner = value as? [String: Any], Int.random(in: 0..<8, using: &generator) > 0 {
        let change = apply(to: &inner, &generator)
        tree[key] = inner
        return "\(key).\(change)"
      }
      switch self {
      case .remove: tree[key] = nil
      case .replace: tree[key] = Self.values.randomElement(using: &generator)
      case .scale:
        guard let number = value as? NSNumber else { return "no number at \(key)" }
        let factors: [Double] = [0, 0.5, 2, 3, -1, 1e6, 1e15]
        let scaled = number.doubleValue * (factors.randomElement(using: &generator) ?? 2)
        tree[key] = abs(scaled) < 9e18 && scaled == scaled.rounded() ? Int64(scaled) as Any : scaled as Any
      case .swap:
        guard let other = keys.randomElement(using: &generator) else { return "nothing" }
        (tree[key], tree[other]) = (tree[other], tree[key])
      case .lengthen:
        guard let list = value as? [Any] else { return "no list at \(key)" }
        tree[key] = list + list.suffix(1) + [Self.values.randomElement(using: &generator) ?? 0]
      case .shorten:
        guard let list = value as? [Any] else { return "no list at \(key)" }
        tree[key] = Array(list.dropLast(Int.random(in: 0...list.count, using: &generator)))
      case .rename:
        tree[key] = nil
        tree["\(key)_\(Int.random(in: 0...9, using: &generator))"] = value
      }
      return "\(self) \(key) → \("\(tree[key] ?? "nothing")".prefix(60))"
    }
  }
}
