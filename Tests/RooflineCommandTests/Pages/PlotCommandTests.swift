import Foundation
import RooflineReport
import TestSupport
import XCTest
import roofline

#if canImport(FoundationXML)
  import FoundationXML
#endif

/// `plot`: pictures are well-formed, and no option is taken and ignored.
final class PlotCommandTests: CommandTestCase {
  private let run = "--model llama-3.1-8b --hardware h100-sxm --batch 8 --prompt 512"

  /// The texts of an SVG file, which must be XML.
  private final class Texts: NSObject, XMLParserDelegate {
    var words: [String] = []
    var names: Set<String> = []
    private var text = ""

    func parser(
      _ parser: XMLParser, didStartElement name: String, namespaceURI: String?, qualifiedName: String?,
      attributes: [String: String]
    ) {
      names.insert(name)
      text = ""
    }
    func parser(_ parser: XMLParser, foundCharacters string: String) { text += string }
    func parser(_ parser: XMLParser, didEndElement name: String, namespaceURI: String?, qualifiedName: String?) {
      if name == "text" || name == "title" { words.append(text) }
      text = ""
    }
  }

  private func texts(_ svg: String, line: UInt = #line) throws -> Texts {
    let parser = XMLParser(data: Data(svg.utf8))
    let texts = Texts()
    parser.delegate = texts
    XCTAssertTrue(parser.parse(), "\(parser.parserError.map { "\($0)" } ?? "") at \(parser.lineNumber)", line: line)
    return texts
  }

  private func options(_ kind: FigureKind) -> String {
    switch kind {
    case .roofline, .layer, .memory, .latency: run
    case .waterfall: "\(run) --time calibrated"
    case .kernels: "--hardware h100-sxm"
    case .accuracy: "--hardware h100-sxm --observations \(measured)"
    case .pareto: "--model llama-3.1-8b --hardware h100-sxm --tp 1,2 --batch 1..64x4 --prompt 512"
    }
  }

  private var measured: String { Fixtures.shared.map { "\($0)/measured/row-h100_sxm.csv" } ?? "" }

  func testEveryKindIsXMLWithTitleUnitsAndSource() throws {
    _ = try SharedTable.url("measured/row-h100_sxm.csv")
    for kind in FigureKind.allCases {
      let texts = try texts(output("plot --kind \(kind.rawValue) \(options(kind))"))
      XCTAssertTrue(texts.names.isSuperset(of: ["svg", "title", "desc", "style", "text", "line"]), kind.rawValue)
      XCTAssertTrue(texts.words.contains { $0.contains("made by roofline \(Tool.version)") }, kind.rawValue)
      XCTAssertTrue(texts.words.contains { $0.contains("Hardware/h100-sxm.json") }, kind.rawValue)
      let units: [String] =
        switch kind {
        case .roofline: ["arithmetic intensity, FLOP/B", "performance, FLOP/s"]
        case .layer: ["time in the pass, all occurrences"]
        case .memory: ["memory of a GPU, GB", "keys cached of each sequence"]
        case .latency: ["decode, time of one pass"]
        case .waterfall: ["prediction", "time"]
        case .kernels: ["B/s", "FLOP/s", "m = n = k"]
        case .accuracy: ["predicted time", "measured time"]
        case .pareto: ["tokens/s of a user, 1/TPOT", "tokens/s of a GPU"]
        }
      for unit in units { XCTAssertTrue(texts.words.contains(unit), "\(kind.rawValue): \(unit)") }
    }
  }

  func testMeasuredTimesStandBesidePredictedOnes() throws {
    _ = try SharedTable.url("measured/gemm-h100_sxm.csv")
    let files = "--observations \(Fixtures.shared ?? "")/measured/gemm-h100_sxm.csv"
    let run = "--model llama-3.1-8b --hardware h100-sxm --batch 16 --prompt 512 --phase decode"
    let plain = try texts(output("plot \(run)")).words
    let beside = try texts(output("plot \(run) \(files)")).words
    XCTAssertFalse(plain.contains("decode, measured"))
    XCTAssertTrue(beside.contains("decode, measured"))
    // The file's consensus of m=16, n=4096, k=4096.
    let rows = try SharedTable("measured/gemm-h100_sxm.csv").rows.filter { row in
      try ["m": "16", "n": "4096", "k": "4096", "dtype": "bf16", "source": "consensus"].allSatisfy {
        try row.text($0.key) == $0.value
      }
    }
    let own = try XCTUnwrap(rows.first, "the file has another shape").number("time_us")
    XCTAssertTrue(
      beside.contains {
        $0.hasPrefix("decode o_proj") && $0.contains("measured \(Numbers.fixed(own, decimals: 2)) µs")
      })
  }

  func testOptionsThatChangeNothingAreRefused() {
    for (kind, option) in [
      ("roofline", "--generate 9"), ("roofline", "--over context"), ("roofline", "--reserve 1GB"),
      ("layer", "--operator q_proj"), ("layer", "--ceilings x.json"), ("memory", "--peak 9e14"),
      ("memory", "--time calibrated"), ("memory", "--phase decode"), ("latency", "--pages vllm"),
      ("kernels", "--model llama-3.1-8b"), ("kernels", "--link 9e10"), ("accuracy", "--time calibrated"),
      ("waterfall", "--peak 9e14"), ("roofline", "--interval 0.8 --time calibrated"),
      ("roofline", "--where fits"), ("pareto", "--phase decode"), ("pareto", "--over context"),
    ] {
      let outcome = roofline("plot --kind \(kind) \(kind == "kernels" ? "--hardware h100-sxm" : run) \(option)")
      XCTAssertEqual(outcome.exitCode, 64, "\(kind) \(option)")
      XCTAssertEqual(outcome.output, "")
      XCTAssertTrue(outcome.errors.contains("changes nothing in a picture of --kind \(kind)"), outcome.errors)
    }
    for (line, words) in [
      ("plot --kind waterfall \(run)", "give --time calibrated"),
      ("plot --kind pie \(run)", "expected one of roofline"),
      ("plot --hardware h100-sxm --prompt 9", "--model is missing"),
      ("plot --kind waterfall \(run) --time calibrated --operator q_prok", "did you mean q_proj"),
      ("plot --kind layer \(run) --observations x.csv", "needs --time calibrated or anchored"),
      ("plot --kind accuracy --hardware h100-sxm", "--observations is missing"),
      ("plot --kind roofline \(run) --tp 1,2", "--tp is \"1,2\""),
      ("plot --kind pareto \(run) --memory 1GB", "no configuration fits"),
      ("plot --kind pareto \(run) --where batch>8", "no configuration fits and is as --where asks"),
      ("plot --kind pareto --model x --hardware h100-sxm --prompt 9", "unknown model \"x\""),
      ("plot --kind pareto \(run) --dtype bf16,fp8,fp16,fp32 --time ideal,calibrated", "at most 6 combinations"),
      ("plot --kind pareto --model llama-3.1-8b --hardware h100-sxm --prompt 1..1000000000", "ask for fewer"),
      ("plot \(run) --format json", "unknown option --format"), ("report \(run) --every-step", "unknown option"),
    ] {
      let outcome = roofline(line)
      XCTAssertEqual(outcome.exitCode, 64, line)
      XCTAssertTrue(outcome.errors.contains(words), "\(line): \(outcome.errors)")
      XCTAssertEqual(outcome.errors.count { $0 == "\n" }, 1)
    }
  }

  func testOptionsThatAreTakenChangeThePicture() {
    for (kind, option) in [
      ("roofline", "--batch 9 --tp 2"), ("roofline", "--phase decode"), ("roofline", "--peak 5e14"),
      ("roofline", "--time calibrated"), ("roofline", "--dtype fp8"), ("layer", "--operators fused"),
      ("layer", "--context 4000"), ("layer", "--overlap sum"), ("memory", "--generate 900"),
      ("memory", "--reserve 9GB"),
      ("memory", "--memory 40GB"), ("memory", "--pages vllm"), ("latency", "--over context"),
      ("latency", "--time calibrated --launch eager"), ("waterfall", "--time calibrated --operator q_proj"),
      ("kernels", "--dtype bf16"), ("kernels", "--time calibrated"), ("kernels", "--bandwidth 1e12"),
    ] {
      let base = kind == "kernels" ? "--hardware h100-sxm" : "--model llama-3.2-1b --hardware h100-sxm --prompt 512"
      let first = kind == "waterfall" ? "\(base) --time calibrated" : base
      let changed = "plot --kind \(kind) \(base) \(option)"
      XCTAssertNotEqual(output("plot --kind \(kind) \(first)"), output(changed), changed)
    }
  }

  /// The line of a Pareto front joins exactly the rows of the sweep that no other one beats, found by comparing all with all.
  func testAParetoFrontIsThatOfTheSweepsRows() throws {
    let sweep = "--model llama-2-70b --hardware a100-sxm4-80gb,h100-sxm --tp 1..8 --batch 1..300+7 --prompt 1024"
    let svg = output("plot --kind pareto \(sweep)")
    let description = try XCTUnwrap(
      svg.components(separatedBy: "<desc ").last?.components(separatedBy: "</desc>").first)
    let lines = output("sweep \(sweep) --format csv").split(separator: "\n").map {
      $0.split(separator: ",", omittingEmptySubsequences: false).map(String.init)
    }
    let columns = Dictionary(uniqueKeysWithValues: lines[0].enumerated().map { ($1, $0) })
    func text(_ line: [String], _ name: String) throws -> String { line[try XCTUnwrap(columns[name])] }
    for gpu in ["a100-sxm4-80gb", "h100-sxm"] {
      let rows = try lines.dropFirst().filter {
        try text($0, "hardware") == gpu && text($0, "fits") == "true"
      }.map { line in
        (
          name: "\(gpu), tp \(try text(line, "tp")), batch \(try text(line, "batch"))",
          user: try XCTUnwrap(Double(try text(line, "tokens_per_second_per_user"))),
          device: try XCTUnwrap(Double(try text(line, "tokens_per_second_per_gpu")))
        )
      }
      XCTAssertGreaterThan(rows.count, 80)
      let front = rows.filter { row in
        !rows.contains {
          $0.user >= row.user && $0.device >= row.device && ($0.user > row.user || $0.device > row.device)
        }
      }
      XCTAssertGreaterThan(front.count, 5)
      // The description names the points of each line, the fastest for a user first.
      let names = front.sorted { $0.user > $1.user }.map(\.name)
      let line = try XCTUnwrap(
        description.components(separatedBy: "\(gpu): ").last?.components(separatedBy: ". ").first)
      let drawn = line.components(separatedBy: "; ").map { point in
        // tp 8, batch 64 161.7 a user and 1293 a GPU
        "\(gpu), " + point.split(separator: " ").prefix(4).joined(separator: " ")
      }
      XCTAssertEqual(drawn, names)
    }
  }

  func testAFileIsWrittenWholeAndNothingElseIsOverwritten() throws {
    let folder = try temporaryFolder()
    let file = folder.appendingPathComponent("picture.svg")
    XCTAssertEqual(
      output("plot \(run) --output \(file.path)"), "\(file.path): llama-3.1-8b on h100-sxm: roofline\n")
    XCTAssertEqual(try String(contentsOf: file, encoding: .utf8), output("plot \(run)"))
    _ = output("plot --kind layer \(run) --output \(file.path)")
    XCTAssertEqual(try String(contentsOf: file, encoding: .utf8), output("plot --kind layer \(run)"))
    let notes = folder.appendingPathComponent("notes.txt")
    try "mine".write(to: notes, atomically: true, encoding: .utf8)
    for line in ["plot \(run)", "report \(run)"] {
      let outcome = roofline("\(line) --output \(notes.path)")
      XCTAssertNotEqual(outcome.exitCode, 0)
      XCTAssertTrue(outcome.errors.contains("is not overwritten"), outcome.errors)
      XCTAssertNotEqual(roofline("\(line) --output \(folder.path)/none/x").exitCode, 0)
    }
    XCTAssertEqual(try String(contentsOf: notes, encoding: .utf8), "mine")
    XCTAssertEqual(
      try FileManager.default.contentsOfDirectory(atPath: folder.path).sorted(), ["notes.txt", "picture.svg"])
  }

  func testHostileNamesAreText() throws {
    let folder = try temporaryFolder()
    let name = "a<b>&\"'</title><script>alert(1)</script>\u{1}\u{202E}]]>"
    let model = folder.appendingPathComponent(name.replacing("/", with: "∕") + ".json")
    try FileManager.default.copyItem(atPath: "\(Fixtures.packageRoot)/Models/llama-3.2-1b.json", toPath: model.path)
    let arguments = ["--model", model.path, "--hardware", "h100-sxm", "--prompt", "16"]
    for kind in ["roofline", "layer", "memory", "latency"] {
      let outcome = Tool.run(["plot", "--kind", kind] + arguments, Surroundings())
      XCTAssertEqual(outcome.exitCode, 0, outcome.errors)
      let texts = try texts(outcome.output)
      XCTAssertFalse(texts.names.contains("script"))
      XCTAssertTrue(texts.words.contains { $0.contains("<script>alert(1)") }, kind)
      XCTAssertFalse(outcome.output.contains("\u{1}"))
      XCTAssertFalse(outcome.output.contains("\u{202E}"))
    }
    let page = Tool.run(["report"] + arguments, Surroundings())
    XCTAssertEqual(page.exitCode, 0, page.errors)
    XCTAssertEqual(page.output.components(separatedBy: "<script").count, 3, "the data and the script, and no other")
    XCTAssertEqual(page.output.components(separatedBy: "</script").count, 3)
    XCTAssertFalse(page.output.contains("<!--"))
  }

  /// Documents show the picture that the program draws.
  func testThePictureOfTheReadmeIsDrawnAnew() throws {
    let file = "\(Fixtures.packageRoot)/Sources/roofline/Documentation.docc/Resources/roofline.svg"
    let drawn = output(Self.mainCommand.replacing("analyze", with: "plot"))
    if ProcessInfo.processInfo.environment["ROOFLINE_RECORD"] != nil {
      try drawn.write(toFile: file, atomically: true, encoding: .utf8)
      XCTFail("the picture is recorded; run again without ROOFLINE_RECORD")
    }
    XCTAssertEqual(try String(contentsOfFile: file, encoding: .utf8), drawn, "ROOFLINE_RECORD=1 draws it anew")
  }
}
