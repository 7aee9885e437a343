import Foundation
import RooflineAnalysis
import RooflineComparison
import RooflineCore
import RooflineTimeModels
import TestSupport
import XCTest

/// Files of measured kernels: what is read, and how it is read.
final class ObservationFileTests: XCTestCase {
  private static let columns = "kind,gpu,family,source,timing,copies,dtype,m,n,k,time_us"

  private func read(_ text: String) throws -> ObservationFile {
    try ObservationFile(csv: Array(text.utf8), path: "test.csv")
  }

  func testARowSaysWhatItSays() throws {
    let file = try read("\(Self.columns)\ngemm,a100_sxm,cublas,consensus,graph,6,bf16,1,128,256,2.58\n")
    XCTAssertEqual(file.gpu, "a100_sxm")
    let row = try XCTUnwrap(file.observations.first)
    XCTAssertEqual(row.value, .gemm(GEMM(m: 1, n: 128, k: 256, formats: NumberFormats(.bf16))))
    XCTAssertEqual(row.conditions, KernelConditions(.warm, launch: .graph, copies: 6))
    XCTAssertEqual(row.dtype, .bf16)
    XCTAssertEqual(row.family, "cublas")
    XCTAssertEqual(row.source, "consensus")
    XCTAssertEqual(row.seconds, 2.58e-6, accuracy: 1e-20)
    XCTAssertEqual(row.microseconds, 2.58)
    XCTAssertEqual(row.line, 2)
  }

  func testColumnsAreFoundByNameInAnyOrder() throws {
    let file = try read("time_us,k,n,m,dtype,extra,family,gpu,kind\n3,4,5,6,fp8,whatever,cublas,l40s,gemm\n")
    // An fp8 product is written in 16 bits; a file that says nothing of copies has one.
    let row = try XCTUnwrap(file.observations.first)
    guard case .gemm(let gemm) = row.value else { return XCTFail("\(row.value)") }
    XCTAssertEqual([gemm.m, gemm.n, gemm.k], [6, 5, 4])
    XCTAssertEqual([gemm.formats.weight, gemm.formats.activation, gemm.formats.residual], [.fp8, .fp8, .bf16])
    XCTAssertEqual(row.conditions.copies, 1)
    XCTAssertEqual(file.unknownColumns, ["extra"])
  }

  func testAttentionWithoutAMaskStaysWithoutOne() throws {
    func mask(_ causal: String, query: Int = 64) throws -> Attention<Count>.Mask? {
      let text =
        "kind,gpu,family,phase,dtype,batch,query,context,heads,head_dim,causal,time_us\nattention,h100_sxm,x,prefill,bf16,2,\(query),64,8,128,\(causal),9\n"
      guard case .attention(let attention)? = try read(text).observations.first?.value else { return nil }
      return attention.mask
    }
    XCTAssertEqual(try mask("0"), .full)
    XCTAssertEqual(try mask("1"), .causal)
    XCTAssertEqual(try mask(""), .causal)
    // Nothing lies behind a last query.
    XCTAssertEqual(try mask("0", query: 1), .causal)
    XCTAssertThrowsError(try mask("no"))
    XCTAssertThrowsError(
      try read(
        "kind,gpu,family,phase,dtype,batch,query,context,heads,head_dim,causal,window,time_us\nattention,l40s,x,prefill,bf16,2,64,64,8,128,0,16,9\n"
      ))
  }

  func testQuantisingKernelsAreReadAndDifferencesOfThemAreNot() throws {
    let columns = "kind,gpu,family,source,timing,op,dtype,m,k,time_us"
    let file = try read(
      "\(columns)\nquantize,l40s,vllm-quant,v,graph,static_quantise,fp8,64,4096,2.5\nquantize,l40s,vllm-quant,v,graph,dynamic_minus_static,fp8,64,4096,1.5\n"
    )
    XCTAssertEqual(file.observations.count, 1)
    let row = try XCTUnwrap(file.observations.first)
    guard case .quantize(let cast) = row.value else { return XCTFail("\(row.value)") }
    XCTAssertEqual([cast.rows, cast.width], [64, 4096])
    XCTAssertEqual(row.value.cost.traffic.total, 64 * 4096 * 3)
    XCTAssertEqual(row.dtype, .fp8)
    XCTAssertEqual(file.skipped.map(\.n), [1])
    XCTAssertThrowsError(try read("\(columns)\nquantize,l40s,vllm-quant,v,graph,guess,fp8,64,4096,2.5\n"))
    XCTAssertThrowsError(try read("\(columns)\nquantize,l40s,vllm-quant,v,graph,static_quantise,fp8,64,0,2.5\n"))
  }

  /// The same rows with a mark of byte order, carriage returns, blank lines, blanks around fields, no last line break, and quotes.
  func testWaysToWriteTheSameFile() throws {
    let plain = try read(
      "\(Self.columns)\ngemm,l40s,cublas,s,graph,6,bf16,1,2,3,4.5\ngemm,l40s,cublas,s,graph,6,bf16,2,2,3,5\n")
    let lines = ["gemm,l40s,cublas,s,graph,6,bf16,1,2,3,4.5", "gemm,l40s,cublas,s,graph,6,bf16,2,2,3,5"]
    let others = [
      "\u{FEFF}\(Self.columns)\n\(lines[0])\n\(lines[1])\n", "\(Self.columns)\r\n\(lines[0])\r\n\(lines[1])\r\n",
      "\n\n\(Self.columns)\n\n\(lines[0])\n \n\(lines[1])",
      " kind , gpu,family,source,timing,copies,dtype,m,n,k,time_us\n\(lines[0])\n\(lines[1])\n",
      "\"kind\",\"gpu\",family,source,timing,copies,dtype,m,n,k,time_us\n\"gemm\",l40s,\"cublas\",s,graph,6,bf16,\"1\",2,3,4.5\n\(lines[1])\n",
    ]
    for text in others {
      let file = try read(text)
      XCTAssertEqual(file.observations.map(\.value), plain.observations.map(\.value), text)
      XCTAssertEqual(file.observations.map(\.microseconds), [4.5, 5], text)
    }
  }

  func testQuotedFieldsMayHoldCommasQuotesAndLineBreaks() throws {
    let file = try read(
      "\(Self.columns)\ngemm,l40s,cublas,\"a, \"\"b\"\"\",graph,6,bf16,1,2,3,4\ngemm,l40s,cublas,\"two\nlines\",graph,6,bf16,1,2,3,5\ngemm,l40s,cublas,s,graph,6,bf16,1,2,3,6\n"
    )
    XCTAssertEqual(file.observations.map(\.source), ["a, \"b\"", "two\nlines", "s"])
    XCTAssertEqual(file.observations.map(\.line), [2, 3, 5])
  }

  func testOperatorsWithoutAModelAreCountedByReason() throws {
    let file = try read(
      """
      kind,gpu,family,dtype,op,rows,width,ranks,bytes,phase,batch,query,context,heads,head_dim,time_us
      row,l40s,vllm,fp16,rmsnorm,1,2,,,,,,,,,3
      row,l40s,vllm,fp16,dropout,1,2,,,,,,,,,3
      row,l40s,vllm,fp16,dropout,1,2,,,,,,,,,4
      collective,l40s,nccl,fp16,alltoall,,,2,8,,,,,,,3
      attention,l40s,vllm-fa2,bf16,,,,,,decode,1,4,128,8,64,3
      attention,l40s,vllm-fa2,bf16,,,,,,decode,1,1,128,8,64,3

      """)
    XCTAssertEqual(file.observations.count, 2)
    XCTAssertEqual(
      file.skipped.map { "\($0.n) \($0.reason)" },
      [
        "1 no model of collective op alltoall", "1 no model of decode with several queries a sequence",
        "2 no model of row op dropout",
      ])
  }

  /// A single launch from event to event holds launching, too: as a kernel's time it would be a third to double too long.
  func testTimesFromEventToEventAreNoKernels() throws {
    let file = try read(
      "kind,gpu,family,timing,op,dtype,rows,width,floor_us,time_us\nrow,l40s,vllm,event,rmsnorm,fp16,1,2,2.5,5\nrow,l40s,vllm,kernel,rmsnorm,fp16,1,2,,3\n"
    )
    XCTAssertEqual(file.observations.map(\.microseconds), [3])
    XCTAssertEqual(
      file.skipped,
      [.init(reason: "timed from event to event, launch included, and no gap_us says how much that is", n: 1)])
    XCTAssertEqual(file.unknownColumns, [])
  }

  /// Where an empty kernel was launched both ways, what the single launch adds is known, and comes off.
  func testTheGapOfAnEmptyKernelComesOffASingleLaunch() throws {
    let head = "kind,gpu,family,timing,op,dtype,rows,width,floor_us,gap_us,time_us\n"
    let file = try read(
      head + "row,l40s,vllm,event,rmsnorm,fp16,1,2,3.5,1.4,5\nrow,l40s,vllm,graph,rmsnorm,fp16,1,4,,,3\n"
        + "row,l40s,vllm,event,rmsnorm,fp16,1,8,3.5,1.4,1.2\n")
    XCTAssertEqual(file.observations.map(\.microseconds), [3.6, 3])
    XCTAssertEqual(
      file.skipped, [.init(reason: "timed from event to event, and shorter than the launch (gap_us) in it", n: 1)])
    XCTAssertEqual(file.unknownColumns, [])
    for gap in ["-1", "nan", "inf", "some"] {
      XCTAssertThrowsError(try read(head + "row,l40s,vllm,event,rmsnorm,fp16,1,2,3.5,\(gap),5\n"), gap)
    }
  }

  /// Of an operator that was timed in a graph, too, the single launch is passed over; of another it counts, its weights cold.
  func testAColdTimeCountsWhereThereIsNoOther() throws {
    func row(_ n: Int, _ mode: String, _ time: Double) -> String {
      let way = mode == "cold" ? "\"timing\": \"event\", \"gap_us\": 1.5" : "\"timing\": \"graph\""
      return
        "{\"kind\": \"gemm\", \"family\": \"cublaslt\", \"mode\": \"\(mode)\", \(way), \"dtype\": \"bf16\", \"m\": 1, \"n\": \(n), \"k\": 64, \"copies\": 1, \"time_us\": \(time)}"
    }
    let rows = [row(128, "cold", 6.5), row(256, "cold", 7.5), row(128, "rotating", 5.5), row(256, "hot", 4)]
    let path = FileManager.default.temporaryDirectory.appendingPathComponent("\(UUID().uuidString).json").path
    defer { try? FileManager.default.removeItem(atPath: path) }
    try "{\"schemaVersion\": 1, \"gpu\": \"l40s\", \"observations\": [\(rows.joined(separator: ", "))]}"
      .write(toFile: path, atomically: true, encoding: .utf8)
    let file = try ObservationFile.read(path)
    XCTAssertEqual(file.observations.map(\.line), [1, 2])
    XCTAssertEqual(file.observations.map(\.microseconds), [6, 5.5])
    XCTAssertEqual(file.observations.map(\.conditions.cache), [.serving, .warm])
    XCTAssertEqual(file.observations.map(\.conditions.copies), [nil, 1])
    XCTAssertEqual(
      file.skipped.map(\.reason), ["timed cold; its rotating time counts", "timed hot, not rotating as a model runs"])
  }

  /// A model's sums are of what engines run: what timing chose beside it does not move them.
  func testTheFastestAlgorithmSpeaksWhereThereIsNoOther() throws {
    let file = try read(
      "kind,gpu,family,dtype,m,n,k,time_us\ngemm,l40s,cublaslt,bf16,1,128,64,6\ngemm,l40s,cublaslt-best,bf16,1,128,64,4\ngemm,l40s,cublaslt-best,bf16,2,128,64,5\n"
    )
    let rows = MeasuredRows(file.observations)
    func median(_ m: Count) -> Double? {
      rows[.gemm(GEMM(m: m, n: 128, k: 64, formats: NumberFormats(.bf16)))]?.median
    }
    XCTAssertEqual(try XCTUnwrap(median(1)), 6e-6, accuracy: 1e-12)
    XCTAssertEqual(try XCTUnwrap(median(2)), 5e-6, accuracy: 1e-12)
    XCTAssertEqual(file.observations[1].family.names, ["cublaslt-best", "cublas"])
  }

  /// A benchmark's attention is warm; `--residency serving` says otherwise.
  func testResidencyOfABenchmarkIsAsTheFileSaysUnlessToldOtherwise() throws {
    let file = try read(
      "kind,gpu,family,dtype,phase,batch,context,heads,head_dim,time_us\nattention,l40s,vllm-fa2,bf16,decode,1,128,8,64,3\n"
    )
    let row = try XCTUnwrap(file.observations.first)
    XCTAssertEqual(row.conditions.cache, .warm)
    let set = try Fixtures.catalog.calibrations(for: try Fixtures.catalog.hardware("l40s"))
    var (warm, cold) = (ObservationPredictor(set), ObservationPredictor(set, cache: .serving))
    XCTAssertLessThan(
      try warm.predict(row, interval: 0.9).get().seconds, try cold.predict(row, interval: 0.9).get().seconds)
    guard case .attention(let attention) = row.value else { return XCTFail("\(row.value)") }
    XCTAssertEqual(attention.shape.keyValueHeads, 8, "without kv_heads every head has its own")
  }

  /// A row of an fp8 kernel takes queries in fp8 and leaves its result in 16 bits.
  func testQueriesHaveTheFormatOfTheFile() throws {
    let file = try read(
      "kind,gpu,family,dtype,kv_dtype,phase,batch,query,context,heads,head_dim,time_us\nattention,h100_sxm,trtllm,fp8,fp8,prefill,2,16,16,4,64,3\n"
    )
    guard case .attention(let attention)? = file.observations.first?.value else { return XCTFail("no attention") }
    // Elements of q and of the result: 2·16·4·64 = 8192; of K and V 8192 each.
    XCTAssertEqual(attention.traffic.loadActivation, 8192)
    XCTAssertEqual(attention.traffic.storeActivation, 2 * 8192)
    XCTAssertEqual(attention.traffic.loadKVCache, 2 * 8192)
    XCTAssertEqual(attention.matrixUnit, .fp8)
  }

  /// Without heads, keys are taken to be as wide as queries; with them, the width must be theirs.
  func testRotaryRowsWithAndWithoutHeads() throws {
    let columns = "kind,gpu,family,dtype,op,rows,width,heads,kv_heads,head_dim,time_us"
    let file = try read(
      "\(columns)\nrow,l40s,vllm,fp16,rope,7,512,,,,3\nrow,l40s,vllm,fp16,rope,7,512,3,1,128,3\n")
    for (row, heads) in zip(file.observations, [(1, 1), (3, 1)] as [(Count, Count)]) {
      guard case .rotary(let rotary) = row.value else { return XCTFail("\(row.value)") }
      XCTAssertEqual(rotary.shape.batch * rotary.shape.queryTokens, 7)
      XCTAssertEqual((rotary.shape.heads + rotary.shape.keyValueHeads) * rotary.shape.headDim, 512)
      XCTAssertEqual(rotary.shape.heads, heads.0)
      XCTAssertEqual(rotary.shape.keyValueHeads, heads.1)
    }
    XCTAssertThrowsError(try read("\(columns)\nrow,l40s,vllm,fp16,rope,7,500,3,1,128,3\n")) {
      XCTAssertEqual(
        $0 as? InputError,
        .notMeasurements(file: "test.csv", problem: "line 2: width is not (heads + kv_heads) × head_dim"))
    }
  }
}
