import RooflineCore
import RooflineMeasurement
import TestSupport
import XCTest

/// The catalog against figures typed from the vendors' documents a second time, in the units they are printed in.
final class HardwareCatalogTests: XCTestCase {
  /// A GPU as its documents print it.
  private struct Printed {
    let name: String
    let sms: UInt64
    /// Dense, T a second; 0 where no document prints one.
    let tf32, bf16, fp8, int8, fp4, fp32: Double
    let gigabytes, gigabytesPerSecond: Double
    let l2Megabytes: Double?
    /// GB/s, both directions together; 0 for no link.
    let link: Double
  }

  private let printed = [
    Printed(
      name: "a100-pcie-80gb", sms: 108, tf32: 156, bf16: 312, fp8: 0, int8: 624, fp4: 0, fp32: 19.5, gigabytes: 80,
      gigabytesPerSecond: 1935, l2Megabytes: 40, link: 600),
    Printed(
      name: "a30", sms: 56, tf32: 82, bf16: 165, fp8: 0, int8: 330, fp4: 0, fp32: 10.3, gigabytes: 24,
      gigabytesPerSecond: 933, l2Megabytes: nil, link: 200),
    Printed(
      name: "rtx-a6000", sms: 84, tf32: 77.4, bf16: 154.8, fp8: 0, int8: 309.7, fp4: 0, fp32: 38.7, gigabytes: 48,
      gigabytesPerSecond: 768, l2Megabytes: 6, link: 112.5),
    Printed(
      name: "h100-nvl", sms: 132, tf32: 835.0 / 2, bf16: 1671.0 / 2, fp8: 3341.0 / 2, int8: 3341.0 / 2, fp4: 0,
      fp32: 60,
      gigabytes: 94, gigabytesPerSecond: 3938, l2Megabytes: 50, link: 600),
    Printed(
      name: "gh200", sms: 132, tf32: 989.0 / 2, bf16: 1979.0 / 2, fp8: 3958.0 / 2, int8: 3958.0 / 2, fp4: 0, fp32: 67,
      gigabytes: 96, gigabytesPerSecond: 4000, l2Megabytes: 60, link: 900),
    Printed(
      name: "h20", sms: 78, tf32: 74, bf16: 148, fp8: 296, int8: 296, fp4: 0, fp32: 39.5, gigabytes: 96,
      gigabytesPerSecond: 4000, l2Megabytes: 60, link: 900),
    Printed(
      name: "l20", sms: 92, tf32: 59.8, bf16: 119.5, fp8: 239, int8: 239, fp4: 0, fp32: 59.8, gigabytes: 48,
      gigabytesPerSecond: 864, l2Megabytes: 96, link: 0),
    Printed(
      name: "rtx-4090", sms: 128, tf32: 82.6, bf16: 165.2, fp8: 330.3, int8: 660.6, fp4: 0, fp32: 82.6, gigabytes: 24,
      gigabytesPerSecond: 1008, l2Megabytes: 72, link: 0),
    Printed(
      name: "rtx-5090", sms: 170, tf32: 104.8, bf16: 209.5, fp8: 419, int8: 838, fp4: 3352.0 / 2, fp32: 104.8,
      gigabytes: 32, gigabytesPerSecond: 1792, l2Megabytes: 96, link: 0),
    Printed(
      name: "rtx-pro-6000", sms: 188, tf32: 251.9, bf16: 503.8, fp8: 1007.6, int8: 1007.6, fp4: 2015.2, fp32: 126,
      gigabytes: 96, gigabytesPerSecond: 1792, l2Megabytes: 128, link: 0),
    // Its document prints no tensor rate but fp4's with sparsity, rounded to 4 P: four times 120 is half of an eighth.
    Printed(
      name: "rtx-pro-6000-server", sms: 188, tf32: 240, bf16: 480, fp8: 960, int8: 960, fp4: 1920, fp32: 120,
      gigabytes: 96, gigabytesPerSecond: 1597, l2Megabytes: 128, link: 0),
    // 72 GPUs: 1440 and 720 P of fp4 (sparse and dense), 720 P of fp8, 360 of bf16 and 180 of tf32 with sparsity, 5760 T of fp32.
    Printed(
      name: "gb200", sms: 152, tf32: 180e3 / 72 / 2, bf16: 360e3 / 72 / 2, fp8: 720e3 / 72 / 2, int8: 720e3 / 72 / 2,
      fp4: 720e3 / 72, fp32: 5760.0 / 72, gigabytes: 186, gigabytesPerSecond: 576e3 / 72, l2Megabytes: 126, link: 1800),
    // 8 GPUs: 108 P of fp4 dense, 72 P of fp8, 36 of bf16 and 18 of tf32 with sparsity, 600 T of fp32.
    Printed(
      name: "b300-sxm", sms: 148, tf32: 18e3 / 8 / 2, bf16: 36e3 / 8 / 2, fp8: 72e3 / 8 / 2, int8: 150, fp4: 108e3 / 8,
      fp32: 600.0 / 8, gigabytes: 270, gigabytesPerSecond: 7700, l2Megabytes: 126, link: 1800),
    Printed(
      name: "gb300", sms: 152, tf32: 1250, bf16: 2500, fp8: 5000, int8: 165, fp4: 15000, fp32: 80, gigabytes: 279,
      gigabytesPerSecond: 8000, l2Megabytes: 126, link: 1800),
  ]

  func testEveryFigureIsThatOfItsDocument() throws {
    for gpu in printed {
      let spec = try Fixtures.catalog.hardware(gpu.name)
      let compute = try XCTUnwrap(spec.compute, gpu.name)
      XCTAssertEqual(compute.streamingMultiprocessors, gpu.sms, gpu.name)
      for (dtype, rate) in [
        (DType.tf32, gpu.tf32), (.bf16, gpu.bf16), (.fp16, gpu.bf16), (.fp8, gpu.fp8), (.int8, gpu.int8),
        (.fp4, gpu.fp4),
      ] {
        XCTAssertEqual(compute.tensor[dtype] ?? 0, rate * 1e12, accuracy: rate * 1e9, "\(gpu.name) \(dtype.rawValue)")
      }
      XCTAssertEqual(compute.vector, gpu.fp32 * 1e12, gpu.name)
      XCTAssertEqual(spec.memory?.capacity, UInt64(gpu.gigabytes * 1e9), gpu.name)
      XCTAssertEqual(spec.memory?.bandwidth, gpu.gigabytesPerSecond * 1e9, gpu.name)
      XCTAssertEqual(spec.memory?.l2, gpu.l2Megabytes.map { UInt64($0 * 1e6) }, gpu.name)
      XCTAssertEqual(spec.link?.bandwidth ?? 0, gpu.link / 2 * 1e9, gpu.name)
    }
  }

  /// The card without bf16, fp8 and a link.
  func testTheVoltaCardOfPCIe() throws {
    let spec = try Fixtures.catalog.hardware("v100-pcie-32gb")
    XCTAssertEqual(spec.compute?.tensor, [.fp16: 112e12])
    XCTAssertEqual(spec.compute?.vector, 14e12)
    XCTAssertEqual(spec.memory?.capacity, 32_000_000_000)
    XCTAssertEqual(spec.memory?.bandwidth, 900e9)
    XCTAssertNil(spec.link)
  }

  /// A GPU of AMD's, of its data sheet: compute units, GHz, and T a second.
  private typealias MatrixCores = (
    name: String, units: UInt64, clock: Double, tf32: Double?, bf16: Double, fp8: Double, fp4: Double?, fp32: Double,
    gigabytes: UInt64, terabytesPerSecond: Double
  )

  func testAMDsFiguresAreThoseOfTheirDataSheets() throws {
    let printed: [MatrixCores] = [
      ("mi300x", 304, 2.1, 653.7, 1307.4, 2614.9, nil, 163.4, 192, 5.3),
      ("mi325x", 304, 2.1, 653.7, 1307.4, 2614.9, nil, 163.4, 256, 6),
      ("mi355x", 256, 2.4, nil, 2516.6, 5033.2, 10_066.3, 157.3, 288, 8),
    ]
    for gpu in printed {
      let spec = try Fixtures.catalog.hardware(gpu.name)
      let compute = try XCTUnwrap(spec.compute, gpu.name)
      XCTAssertNil(spec.computeCapability, "\(gpu.name): it is a notion of CUDA")
      XCTAssertEqual(compute.streamingMultiprocessors, gpu.units, gpu.name)
      XCTAssertEqual(compute.boostClock, gpu.clock * 1e9, gpu.name)
      for (dtype, rate) in [
        (DType.tf32, gpu.tf32), (.bf16, gpu.bf16), (.fp16, gpu.bf16), (.fp8, gpu.fp8), (.int8, gpu.fp8),
        (.fp4, gpu.fp4), (.int4, nil),
      ] {
        XCTAssertEqual(compute.tensor[dtype].map { $0 / 1e12 }, rate, "\(gpu.name) \(dtype.rawValue)")
      }
      XCTAssertEqual(compute.vector, gpu.fp32 * 1e12, gpu.name)
      XCTAssertEqual(spec.memory?.capacity, gpu.gigabytes * 1_000_000_000, gpu.name)
      XCTAssertEqual(spec.memory?.bandwidth, gpu.terabytesPerSecond * 1e12, gpu.name)
      // 8 dies of 4 MB.
      XCTAssertEqual(spec.memory?.l2, 32_000_000, gpu.name)
      XCTAssertEqual(try Fixtures.catalog.hardware("AMD Instinct \(gpu.name.uppercased())").name, gpu.name)
      XCTAssertEqual(try Fixtures.catalog.hardware("AMD Instinct \(gpu.name.uppercased()) VF").name, gpu.name)
    }
  }

  /// A quarter of 64 lanes in CDNA 3, and half of them in CDNA 4: 304 × 2.1 GHz × 16, 256 × 2.4 GHz × 32.
  func testAMDsExponentials() throws {
    XCTAssertEqual(try XCTUnwrap(Fixtures.catalog.hardware("mi300x").specialRate), 10.2144e12, accuracy: 1e6)
    XCTAssertEqual(try XCTUnwrap(Fixtures.catalog.hardware("mi355x").specialRate), 19.6608e12, accuracy: 1e6)
  }

  /// 7 links, one to each other GPU: two GPUs have one of them between them, eight have all, so that no one rate is right.
  func testTheRateOfAMeshIsLeftToTheUser() throws {
    let spec = try Fixtures.catalog.hardware("mi300x")
    XCTAssertTrue(DeviceRates(spec, RateOptions(), ranks: 2).link.isNaN)
    XCTAssertTrue(DeviceRates(spec, RateOptions(), ranks: 8).link.isNaN)
    var given = RateOptions()
    given.link = 448e9
    XCTAssertEqual(DeviceRates(spec, given, ranks: 8).link, 448e9)
  }

  /// The data sheet's second column: twice the dense rate, which matrix cores reach with sparsity alone.
  func testARateWithSparsityIsRefusedOfAMDsGPUsToo() throws {
    let file = "\(Fixtures.catalog.root)/Hardware/mi300x.json"
    guard case .object(var members) = try JSONValue.read(file: file), case .object(var compute)? = members["compute"]
    else { return XCTFail(file) }
    func decode() throws -> HardwareSpec {
      try HardwareSpec.decode(.object(members), file: "mine.json") { name throws(InputError) in
        try Fixtures.catalog.hardware(name)
      }
    }
    XCTAssertNoThrow(try decode())
    compute["tensorFLOPsPerSecond"] = .object(["bf16": .number(2614.9e12)])
    members["compute"] = .object(compute)
    XCTAssertThrowsError(try decode()) { XCTAssertTrue("\($0)".contains("bf16"), "\($0)") }
    compute["tensorFLOPsPerSecond"] = .object(["fp4": .number(1e15)])
    members["compute"] = .object(compute)
    XCTAssertThrowsError(try decode()) { XCTAssertTrue("\($0)".contains("CDNA 3 has no fp4"), "\($0)") }
    members["architecture"] = .string("CDNA 9")
    XCTAssertThrowsError(try decode()) { XCTAssertTrue("\($0)".contains("CDNA 3"), "\($0)") }
  }

  /// Half the bits, twice the rate; a rate that is not says so: int8 of chips that are slow at it, or whose fp8 accumulates slowly.
  func testRatesDoubleAsFormatsHalve() throws {
    for name in Fixtures.catalog.hardwareNames {
      guard let compute = try Fixtures.catalog.hardware(name).compute else { continue }
      let tensor = compute.tensor
      for (wide, narrow) in [(DType.tf32, DType.bf16), (.bf16, .fp8)] {
        guard let wide = tensor[wide], let narrow = tensor[narrow] else { continue }
        XCTAssertEqual(narrow / wide, 2, accuracy: 0.04, name)
      }
      if let bf16 = tensor[.bf16] { XCTAssertEqual(tensor[.fp16], bf16, name) }
      if let fp4 = tensor[.fp4], let fp8 = tensor[.fp8] {
        // Blackwell Ultra's three times; four times where fp8 accumulates at half its rate.
        XCTAssertTrue([2, 3, 4].contains((fp4 / fp8).rounded()), "\(name) \(fp4 / fp8)")
      }
      if let int4 = tensor[.int4], let int8 = tensor[.int8] { XCTAssertEqual(int4 / int8, 2, accuracy: 0.04, name) }
    }
  }

  /// What the CUDA cores do in fp32: 64 lanes an SM until the A100, 128 since, two FLOPs each at the highest clock.
  func testTheVectorRateIsLanesTimesClock() throws {
    for name in Fixtures.catalog.hardwareNames {
      let spec = try Fixtures.catalog.hardware(name)
      guard let compute = spec.compute, let capability = spec.computeCapability else { continue }
      let lanes: Double = ["7.0", "7.5", "8.0"].contains("\(capability)") ? 64 : 128
      let sms = Double(try XCTUnwrap(compute.streamingMultiprocessors, name))
      let derived = try sms * lanes * 2 * XCTUnwrap(compute.boostClock, name)
      // Where SXM boards are quoted below their highest clock, up to 4 % lie between.
      XCTAssertEqual(try XCTUnwrap(compute.vector, name) / derived, 1, accuracy: 0.04, name)
    }
  }

  /// Names, SMs and memory in MiB as `nvidia-smi` and CUDA report them (published logs).
  func testNamesOfDriversLeadToTheirFiles() {
    let devices: [(name: String, capability: (Int, Int), sms: UInt64, mebibytes: UInt64, file: String)] = [
      ("NVIDIA A100 80GB PCIe", (8, 0), 108, 81_920, "a100-pcie-80gb"),
      ("NVIDIA A30", (8, 0), 56, 24_576, "a30"),
      ("NVIDIA RTX A6000", (8, 6), 84, 49_140, "rtx-a6000"),
      ("Tesla V100-PCIE-32GB", (7, 0), 80, 32_768, "v100-pcie-32gb"),
      ("NVIDIA H100 NVL", (9, 0), 132, 95_830, "h100-nvl"),
      ("NVIDIA GH200 480GB", (9, 0), 132, 97_871, "gh200"),
      ("NVIDIA GH200 120GB", (9, 0), 132, 97_871, "gh200"),
      ("NVIDIA H20", (9, 0), 78, 97_285, "h20"),
      ("NVIDIA L20", (8, 9), 92, 46_068, "l20"),
      ("NVIDIA GeForce RTX 4090", (8, 9), 128, 24_564, "rtx-4090"),
      ("NVIDIA GeForce RTX 5090", (12, 0), 170, 32_109, "rtx-5090"),
      ("NVIDIA RTX PRO 6000 Blackwell Workstation Edition", (12, 0), 188, 97_887, "rtx-pro-6000"),
      ("NVIDIA RTX PRO 6000 Blackwell Server Edition", (12, 0), 188, 97_250, "rtx-pro-6000-server"),
      ("NVIDIA B200", (10, 0), 148, 183_359, "b200-sxm"),
      ("NVIDIA GB200", (10, 0), 152, 189_471, "gb200"),
      ("NVIDIA B300 SXM6 AC", (10, 3), 148, 275_040, "b300-sxm"),
      ("NVIDIA GB300", (10, 3), 152, 284_208, "gb300"),
      ("NVIDIA A100-SXM4-40GB MIG 2g.10gb", (8, 0), 28, 9_856, "a100-sxm4-40gb-2g.10gb"),
      ("NVIDIA A100-SXM4-80GB MIG 3g.40gb", (8, 0), 42, 40_192, "a100-sxm4-80gb-3g.40gb"),
    ]
    for (name, (major, minor), sms, mebibytes, file) in devices {
      let device = DeviceProperties(
        ordinal: 0, name: name, uuid: "", pciBusIdentifier: "", computeCapability: .init(major: major, minor: minor),
        streamingMultiprocessors: sms, memory: mebibytes << 20)
      let matches = Fixtures.catalog.matches(device)
      XCTAssertEqual(matches.map(\.name), [file], name)
      XCTAssertEqual(matches.map(\.basis), [.name], name)
      XCTAssertEqual(matches.flatMap(\.differences), [], name)
    }
  }

  /// The MIG profiles of the A100 (MIG User Guide): sevenths of 98 SMs, eighths of memory, its bandwidth and L2.
  func testSlicesOfTheA100() throws {
    let profiles: [(name: String, sevenths: UInt64, eighths: Double, gigabytes: UInt64)] = [
      ("a100-sxm4-40gb-1g.5gb", 1, 1, 5), ("a100-sxm4-40gb-1g.10gb", 1, 2, 10), ("a100-sxm4-40gb-2g.10gb", 2, 2, 10),
      ("a100-sxm4-40gb-3g.20gb", 3, 4, 20), ("a100-sxm4-40gb-4g.20gb", 4, 4, 20), ("a100-sxm4-40gb-7g.40gb", 7, 8, 40),
      ("a100-sxm4-80gb-1g.10gb", 1, 1, 10), ("a100-sxm4-80gb-1g.20gb", 1, 2, 20), ("a100-sxm4-80gb-2g.20gb", 2, 2, 20),
      ("a100-sxm4-80gb-3g.40gb", 3, 4, 40), ("a100-sxm4-80gb-4g.40gb", 4, 4, 40), ("a100-sxm4-80gb-7g.80gb", 7, 8, 80),
    ]
    let slices = try Fixtures.catalog.hardwareNames.filter { try Fixtures.catalog.hardware($0).parent != nil }
    XCTAssertEqual(profiles.map(\.name).sorted(), slices)
    for (name, sevenths, eighths, gigabytes) in profiles {
      let slice = try Fixtures.catalog.hardware(name)
      let isSmall = name.contains("-40gb-")
      XCTAssertEqual(slice.parent, isSmall ? "a100-sxm4-40gb" : "a100-sxm4-80gb", name)
      XCTAssertEqual(slice.compute?.streamingMultiprocessors, 14 * sevenths, name)
      // 312 TFLOP/s of 108 SMs.
      XCTAssertEqual(
        try XCTUnwrap(slice.compute?.tensor[.bf16]), 312e12 / 108 * 14 * Double(sevenths), accuracy: 1e6, name)
      XCTAssertEqual(slice.memory?.capacity, gigabytes * 1_000_000_000, name)
      XCTAssertEqual(
        try XCTUnwrap(slice.memory?.bandwidth), (isSmall ? 1555e9 : 2039e9) * eighths / 8, accuracy: 1, name)
      XCTAssertEqual(slice.memory?.l2, UInt64(5_000_000 * eighths), name)
      XCTAssertNil(slice.link, name)
    }
  }

  /// NVIDIA prints 10.7 T exponentials a second of Blackwell Ultra at its highest clock, and 5 T of Blackwell.
  func testBlackwellUltraDoublesTheExponentials() throws {
    let (ultra, plain) = try (Fixtures.catalog.hardware("gb300"), Fixtures.catalog.hardware("gb200"))
    XCTAssertEqual(try XCTUnwrap(ultra.specialRate), 10.7e12, accuracy: 0.7e12)
    XCTAssertEqual(try XCTUnwrap(plain.specialRate), 5e12, accuracy: 0.1e12)
  }
}
