import RooflineCore
import RooflineTraces
import TestSupport
import XCTest

final class KernelNameTableTests: XCTestCase {
  func testAStarStandsForAnythingAndCapitalsDoNotCount() {
    let cases: [(pattern: String, name: String, isMatch: Bool)] = [
      ("nvjet*", "nvjet_tst_64x64", true), ("nvjet*", "my_nvjet", false),
      ("*RMS_norm*", "vllm::rms_norm_kernel<x>", true),
      ("_fwd_kernel", "_fwd_kernel", true), ("_fwd_kernel", "_fwd_kernel_stage1", false), ("sm??_x", "sm80_x", true),
      ("sm??_x", "sm100_x", false), ("a*b*c", "a-b-b-c", true), ("a*b*c", "a-c-b", false), ("ab*ba", "aba", false),
      ("*moe*gemm*", "gemm_moe", false),
    ]
    for (pattern, name, isMatch) in cases {
      XCTAssertEqual(NamePattern(pattern).matches(Array(name.lowercased().utf8)), isMatch, "\(pattern) \(name)")
    }
  }
}
