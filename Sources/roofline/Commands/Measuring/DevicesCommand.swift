import CUDAMeasurement
import RooflineCore
import RooflineMeasurement
import RooflineReport

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

enum DevicesCommand: Command {
  private static let selfTest = Option.flag(
    "self-test", "time kernels of known duration on a GPU and check a copy; takes seconds")
  private static let stub = Option.text(
    "stub", "FILE", "write a hardware file with the facts of a GPU; its rates are left to fill in", isOutput: true)
  private static let device = MeasurementOptions.device("which GPU is listed (all), tested or written (0)")
  private static let ceilings = Option.text(
    "ceilings", "FILE", "achieved ceilings beside the datasheet's: what `measure --suite ceilings` wrote")

  static let description = CommandDescription(
    name: "devices",
    summary: "The GPUs of this machine, which hardware file fits each, and whether their times can be trusted.",
    usage: "devices [--self-test | --stub FILE | --ceilings FILE] [--device N] [--format FORMAT]",
    options: [selfTest, stub, device, ceilings, WorkloadOptions.format],
    positionals: 0...0,
    example: "roofline devices --self-test",
    notes: [
      "ROOFLINE_CUDA_DRIVER, ROOFLINE_NVRTC, ROOFLINE_CUBLASLT, ROOFLINE_NCCL and ROOFLINE_NVML name a library's file;",
      "ROOFLINE_CUDA_LIBRARIES lists folders to look in first.",
    ])

  static func run(_ arguments: ParsedArguments, _ surroundings: Surroundings) throws -> Outcome {
    let page = try arguments.page(surroundings)
    let ordinal = try arguments.value(of: device)
    let ways: [any AnyOption] = [selfTest, stub, ceilings]
    let chosen = ways.filter(arguments.isGiven).map(\.name)
    guard chosen.count < 2 else {
      throw InputError.usage("--\(chosen[0]) and --\(chosen[1]) contradict each other; give one")
    }
    if let file = try arguments.value(of: ceilings) {
      guard ordinal == nil else {
        throw InputError.usage("--device says nothing to --ceilings, which reads a file; leave it out")
      }
      return try showCeilings(file, page, surroundings)
    }
    if arguments.isGiven(stub), arguments.isGiven(WorkloadOptions.format) {
      throw InputError.usage("--format says nothing to --stub, which writes a hardware file; leave it out")
    }
    var inventory = DeviceInventory.read(environment: surroundings.environment)
    // A GPU that was asked for by its number is there, or something is wrong.
    if let ordinal, inventory.fault == nil, !inventory.devices.contains(where: { $0.ordinal == ordinal }) {
      throw GPUFault.noSuchDevice(ordinal: ordinal, count: inventory.devices.count)
    }
    if try arguments.has(selfTest) { return try runSelfTest(inventory, ordinal ?? 0, page, surroundings) }
    if let file = try arguments.value(of: stub) { return try writeStub(inventory, ordinal ?? 0, file) }
    if let ordinal { inventory.devices.removeAll { $0.ordinal != ordinal } }
    return try list(inventory, page, surroundings.catalog())
  }

  /// Prints what is known even where something is wrong; that goes to standard error.
  private static func list(_ inventory: DeviceInventory, _ page: Page, _ catalog: Catalog) throws -> Outcome {
    var matches: [Int: [HardwareMatch]] = [:]
    for device in inventory.devices {
      if case .success(let properties) = device.properties {
        matches[device.ordinal] = catalog.matches(properties)
      }
    }
    let output = try page.render(DevicesReport(inventory, matches: matches).report)
    return outcome(output, wrong: inventory.faults.map(\.sentence))
  }

  private static func runSelfTest(
    _ inventory: DeviceInventory, _ ordinal: Int, _ page: Page, _ surroundings: Surroundings
  ) throws -> Outcome {
    if let fault = inventory.fault { throw fault }
    guard !inventory.devices.isEmpty else {
      return Outcome(output: try page.render(SelfTestReport.report(absence: DevicesReport.absence(inventory))))
    }
    let result = try SelfTest().run(environment: surroundings.environment, ordinal: ordinal)
    let output = try page.render(SelfTestReport(result).report)
    return outcome(output, wrong: result.findings.map { $0.sentence(of: result.device) })
  }

  private static func writeStub(_ inventory: DeviceInventory, _ ordinal: Int, _ file: String) throws -> Outcome {
    if let fault = inventory.fault { throw fault }
    guard inventory.devices.indices.contains(ordinal) else {
      throw GPUFault.noSuchDevice(ordinal: ordinal, count: inventory.devices.count)
    }
    let properties = try inventory.devices[ordinal].properties.get()
    guard !FileManager.default.fileExists(atPath: file) else {
      throw InputError.unreadable(file: file, reason: "it exists and is not overwritten; name another file")
    }
    try FileWriter.write(try HardwareStub(properties, driver: inventory.driver.version).render(), to: file)
    return Outcome(
      output: "wrote \(file): the facts of \(properties.name); fill in rates and bandwidth from its datasheet\n")
  }

  /// What a GPU was measured to achieve; it need not be here.
  private static func showCeilings(_ file: String, _ page: Page, _ surroundings: Surroundings) throws -> Outcome {
    let ceilings = try AchievedCeilings(file: file)
    // A GPU without a file has no datasheet to stand beside.
    let table = CeilingsTable(ceilings, hardware: try? surroundings.catalog().hardware(ceilings.gpu))
    return Outcome(output: try page.render(table.report))
  }

  private static func outcome(_ output: String, wrong sentences: [String]) -> Outcome {
    Outcome(
      output: output, errors: sentences.map { "roofline: \($0.onOneLine)\n" }.joined(),
      exitCode: sentences.isEmpty ? 0 : 1)
  }
}
