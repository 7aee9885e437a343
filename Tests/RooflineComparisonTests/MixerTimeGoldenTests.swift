import Foundation
import RooflineAnalysis
import RooflineComparison
import RooflineCore
import RooflineTimeModels
import TestSupport
import XCTest

/// The equations of latent and linear attention against rows worked out by other hands, each with its constants.
final class MixerTimeGoldenTests: XCTestCase {
  /// Facts of the three GPUs as the rows have them: FLOP/s, B/s, SMs, Hz, bytes.
  private static let gpus: [String: (facts: DeviceFacts, generation: GPUGeneration)] = [
    "a100_sxm": (
      DeviceFacts(tensor: 312e12, bandwidth: 2039e9, streamingMultiprocessors: 108, clock: 1.41e9, l2: 40e6), .ampere
    ),
    "h100_sxm": (
      DeviceFacts(tensor: 989e12, bandwidth: 3350e9, streamingMultiprocessors: 132, clock: 1.83e9, l2: 50e6), .hopper
    ),
    "l40s": (
      DeviceFacts(tensor: 362.05e12, bandwidth: 864e9, streamingMultiprocessors: 142, clock: 2.49e9, l2: 96e6), .ada
    ),
  ]

  /// The constants' names in the rows, and in calibration files.
  private static func keys<M: KernelTimeModel>(of model: M.Type) -> [String: String] {
    let shared = [
      "t_fix": "fixedMicroseconds", "t0": "fixedMicroseconds", "e_tc": "tensorShareOfPeak",
      "kappa": "residentShareOfL2", "e_mem": "bandwidthShare", "e_bw": "bandwidthShare", "t_tile": "tileMicroseconds",
      "u_tok": "tokenMicroseconds", "tail": "tailShare", "sag0": "sagShare", "c0": "combineMicroseconds",
      "t_cta": "ctaMicroseconds", "t_blk": "blockMicroseconds", "u_cast": "castCyclesPerElement",
      "t_w": "waveMicroseconds", "q0": "quantizationMicroseconds", "t_unit": "unitMicroseconds", "p": "overlapNorm",
      "t_tok": "tokenMicroseconds", "t_seq": "sequentialMicroseconds", "t_par": "parallelMicroseconds",
      "t_row": "rowMicroseconds", "t_state": "stateMicroseconds", "t_wave": "waveMicroseconds",
    ]
    let known = Set(M.Constants.parameters.map(\.key))
    var keys = shared.filter { known.contains($0.value) }
    keys["r_L2"] = known.contains("l2Speedup") ? "l2Speedup" : "l2BandwidthShare"
    keys["u_q"] = known.contains("queryMicroseconds") ? "queryMicroseconds" : "quantizationCyclesPerElement"
    return keys
  }

  private func seconds<M: KernelTimeModel>(
    _ observation: Observation, by model: M.Type, _ text: String, _ cut: M.Cut, gpu: String
  ) throws -> Double {
    var constants = M.Constants.initial
    let keys = Self.keys(of: model)
    for pair in text.split(separator: ";") {
      let parts = pair.split(separator: "=")
      let key = try XCTUnwrap(keys[String(parts[0])], String(parts[0]))
      let parameter = try XCTUnwrap(M.Constants.parameters.first { $0.key == key })
      parameter.set(&constants, try XCTUnwrap(Double(parts[1])))
    }
    let device = try XCTUnwrap(Self.gpus[gpu])
    let own = try XCTUnwrap(M(device.facts, constants, cut, generation: device.generation))
    let time = own.seconds(of: observation.value, observation.conditions)
    let parts = own.parts(of: observation.value, observation.conditions)
    XCTAssertEqual(parts.map(\.seconds).reduce(0, +), time, accuracy: 1e-12 * time)
    return time
  }

  /// How the rows' libraries cut the work, by the contract.
  private func check(_ observation: Observation, gpu: String, constants: String, cutKey: Calibration.Key) throws
    -> Double
  {
    switch try XCTUnwrap(observation.value.timeModel) {
    case is LatentPrefillTimeModel.Type:
      return try seconds(observation, by: LatentPrefillTimeModel.self, constants, .standard(cutKey), gpu: gpu)
    case is LatentDecodeTimeModel.Type:
      return try seconds(observation, by: LatentDecodeTimeModel.self, constants, .standard(cutKey), gpu: gpu)
    case is LatentProductTimeModel.Type:
      return try seconds(observation, by: LatentProductTimeModel.self, constants, WholeKernel(), gpu: gpu)
    case is DeltaChunkTimeModel.Type:
      return try seconds(observation, by: DeltaChunkTimeModel.self, constants, .standard(cutKey), gpu: gpu)
    case is DeltaStepTimeModel.Type:
      return try seconds(observation, by: DeltaStepTimeModel.self, constants, WholeKernel(), gpu: gpu)
    case is ConvolutionTimeModel.Type:
      // The A100's rows are of older kernels, whatever the engine.
      let cut = gpu == "a100_sxm" ? ConvolutionCut(.rows) : .standard(cutKey)
      return try seconds(observation, by: ConvolutionTimeModel.self, constants, cut, gpu: gpu)
    case let other:
      XCTFail("\(other) has no goldens")
      return .nan
    }
  }

  private func checkGoldens(_ path: String, kind: String) throws {
    let lines = String(decoding: try Data(contentsOf: try SharedTable.url(path)), as: UTF8.self)
      .split(whereSeparator: \.isNewline)
    let header = try XCTUnwrap(lines.first).split(separator: ",").map(String.init)
    let place = try XCTUnwrap(header.firstIndex(of: "constants"))
    XCTAssertEqual(lines.count, 151)
    for gpu in Self.gpus.keys.sorted() {
      let own = lines.dropFirst().filter { $0.hasPrefix(gpu + ",") }
      let text = "kind,\(lines[0])\n" + own.map { "\(kind),\($0)\n" }.joined()
      let file = try ObservationFile(csv: Array(text.utf8), path: path)
      XCTAssertEqual(file.observations.count, own.count)
      for observation in file.observations {
        let fields = own[observation.line - 2].split(separator: ",", omittingEmptySubsequences: false)
        let key = try XCTUnwrap(
          Calibration.Key(observation.value, family: observation.family, processors: 100))
        let time = try check(observation, gpu: gpu, constants: String(fields[place]), cutKey: key)
        XCTAssertEqual(time, observation.seconds, accuracy: 1e-6 * observation.seconds, "\(own[observation.line - 2])")
      }
    }
  }

  func testGoldensOfLatentAttention() throws { try checkGoldens("reference/mla_golden.csv", kind: "mla") }

  func testGoldensOfLinearAttention() throws {
    try checkGoldens("reference/linear_attention_golden.csv", kind: "linear_attention")
  }
}
