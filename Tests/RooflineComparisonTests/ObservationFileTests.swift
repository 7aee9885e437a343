import Foundation
import RooflineCore
import TestSupport
import XCTest

@testable import RooflineComparison

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
      [.init(reason: "timed from event to event, launch included; a model's kernels follow one another", n: 1)])
    XCTAssertEqual(file.unknownColumns, [])
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
