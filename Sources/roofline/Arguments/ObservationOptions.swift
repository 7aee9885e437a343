import RooflineComparison
import RooflineCore
import RooflineTimeModels

/// The options of commands that read measurements.
enum ObservationOptions {
  static let observations = Option.text(
    "observations", "FILE …", "measured kernels: CSV, or JSON of `measure` (may repeat)", mayRepeat: true)
  static let calibration = Option.text(
    "calibration", "FILE", "constants to ask first (those of the GPU, then of its generation)")
  static let prior = Option.text("prior", "NAME", "the GPU whose constants are used, and no others")
  static let residency = Option<CacheState>.choice(
    "residency", "HOW", "serving (weights and cache cold) or warm (as the benchmark was)")
  static let interval = interval("of measurements that an interval holds (0.9)")

  /// A share strictly between 0 and 1.
  static func interval(_ help: String) -> Option<Double> {
    Option("interval", "SHARE", help) { text throws(InputError) in
      guard let share = Double(text), share >= 0.5, share <= 0.99 else {
        throw .usage("--interval is \"\(text)\"; expected a share from 0.5 to 0.99, e.g. 0.9")
      }
      return share
    }
  }
}

extension ParsedArguments {
  /// The files after --observations, all of one GPU.
  ///
  /// - Parameters:
  ///   - others: further files; the positionals of commands that take nothing else (`--observations a.csv b.csv`).
  ///   - takesLayers: whether whole layers do where no kernel was measured by itself.
  func observations(and others: [String], takesLayers: Bool = false) throws(InputError) -> [ObservationFile] {
    let paths = try values(of: ObservationOptions.observations) + others
    guard !paths.isEmpty else {
      throw .usage("--observations is missing; name a file of measured kernels")
    }
    var files: [ObservationFile] = []
    for path in paths {
      guard !files.contains(where: { $0.path == path }) else { throw .usage("\(path) is given twice") }
      let file = try ObservationFile.read(path)
      guard takesLayers || file.layers.isEmpty || !(file.observations.isEmpty && file.skipped.isEmpty) else {
        throw .notMeasurements(file: path, problem: "it holds whole layers and no kernels; `compare` shows them")
      }
      if let first = files.first, Spelling.normalized(first.gpu) != Spelling.normalized(file.gpu) {
        throw .notMeasurements(
          file: path, problem: "it is of \(file.gpu), \(first.path) of \(first.gpu); give files of one GPU at a time")
      }
      files.append(file)
    }
    return files
  }

  /// The GPU of the measurements: the one named, which must be the files' own where the catalog knows it.
  func hardware(of files: [ObservationFile], _ catalog: Catalog) throws(InputError) -> HardwareSpec {
    let gpu = files.first?.gpu ?? ""
    guard let name = try value(of: WorkloadOptions.hardware) else {
      do { return try catalog.hardware(gpu) } catch {
        throw .usage(
          "no hardware file is called \(gpu), as \(files.first?.path ?? "the file") names its GPU; say --hardware NAME|PATH"
        )
      }
    }
    let hardware = try catalog.hardware(name)
    if let own = try? catalog.hardware(gpu), own.name != hardware.name,
      catalog.hardwareNames.contains(hardware.name)
    {
      throw .notMeasurements(
        file: files.first?.path ?? gpu, problem: "its measurements are of \(own.name), not of \(hardware.name)")
    }
    return hardware
  }

  /// The share of measurements that intervals hold.
  func interval() throws(InputError) -> Double { try valueIfDeclared(of: ObservationOptions.interval) ?? 0.9 }

  func cacheState() throws(InputError) -> CacheState? { try value(of: ObservationOptions.residency) }
}
