import RooflineCore
import RooflineMeasurement

/// What `measure` writes: an observation file, schema version 1, which `compare`, `validate` and `calibrate` read.
///
/// An observation's own keys are the columns of published kernel measurements (`kind`, `op`, shapes, `time_us`: the median);
/// what else is known of it stands in objects beside them. Times are microseconds where a key says `_us`, else SI units.
package struct ObservationDocument: Encodable {
  let schemaVersion = 1
  let gpu: String
  /// Whether a stand-in made the times up.
  let isFake: Bool
  let device: DevicePropertiesDocument
  let software: Software
  /// Right before the first measurement.
  @Nullable var state: DeviceStateDocument?
  let started: String
  let command: String
  /// Of the random data of the last run; each observation has its own.
  let seed: UInt64
  /// Whose matrix products ran, and how many tokens a page of the KV cache had; one file, one way.
  let settings: Settings
  @Nullable var ceilings: Resumed<CeilingsDocument>?
  var unsupported: [Refusal]
  var failed: [Refusal]
  var observations: [Resumed<ObservationEntry>]
  /// Whole layers, each as one graph.
  var layers: [Resumed<LayerEntry>]

  struct Software: Encodable, Hashable {
    let roofline: String
    let cudaDriver: String
    let nvrtc: String
    @Nullable var cublasLt: String?
    @Nullable var nvml: String?
    /// null where there is one GPU, too.
    @Nullable var nccl: String?

    static func == (left: Software, right: Software) -> Bool { left.identity == right.identity }
    func hash(into hasher: inout Hasher) { hasher.combine(identity) }
    private var identity: [String] { [roofline, cudaDriver, nvrtc, cublasLt ?? "", nvml ?? "", nccl ?? ""] }
  }

  package struct Settings: Encodable {
    let gemm: String
    @Nullable var pageSize: Int?

    package init(gemm: String, pageSize: Int?) {
      self.gemm = gemm
      _pageSize = Nullable(wrappedValue: pageSize)
    }
  }

  struct Refusal: Encodable {
    let names: [String]
    let `operator`: String
    let reason: String
  }

  /// - Parameters:
  ///   - hardware: the GPU's file, for its name and its roofs; nil where there is none.
  ///   - earlier, layers, ceilings: what the file that is continued holds.
  package init(
    _ device: DeviceProperties, _ software: MeasurementSoftware, state: DeviceState?, hardware: HardwareSpec?,
    tool: String, started: String, command: String, seed: UInt64, settings: Settings, earlier: [JSONValue],
    layers: [JSONValue] = [], ceilings: JSONValue?
  ) {
    gpu = hardware?.name ?? device.name
    isFake = device.isStandIn
    self.device = DevicePropertiesDocument(device)
    self.software = Software(
      roofline: tool, cudaDriver: software.driver.description, nvrtc: software.compiler.description,
      cublasLt: software.matrixLibrary, nvml: software.management, nccl: software.collectives)
    _state = Nullable(wrappedValue: state.map(DeviceStateDocument.init))
    self.started = started
    self.command = command
    self.seed = seed
    self.settings = settings
    _ceilings = Nullable(wrappedValue: ceilings.map(Resumed.earlier))
    unsupported = []
    failed = []
    observations = earlier.map(Resumed.earlier)
    self.layers = layers.map(Resumed.earlier)
  }

  /// The document with what a run has found.
  package func adding(_ run: MeasurementRun, hardware: HardwareSpec?) -> ObservationDocument {
    var document = self
    let source = "roofline \(software.roofline)"
    document.observations += run.measurements.map {
      .new(ObservationEntry($0, source: source, hardware: hardware, run: .init(started: started, seed: seed)))
    }
    document.layers += run.layers.map { .new(LayerEntry($0, run: .init(started: started, seed: seed))) }
    document.unsupported = run.unsupported.map {
      Refusal(names: $0.task.names, operator: $0.task.columns.description, reason: $0.reason)
    }
    document.failed = run.failed.map {
      Refusal(names: $0.task.names, operator: $0.task.columns.description, reason: $0.fault.sentence)
    }
    return document
  }

  /// The document with measured ceilings. Where a product was not measured this time, an earlier one of its format stays.
  package func adding(_ ceilings: MeasuredCeilings, of device: DeviceProperties) -> ObservationDocument {
    var document = self
    var new = CeilingsDocument(ceilings, device)
    if case .earlier(let value)? = self.ceilings {
      new = new.keeping(value, of: Set(DType.allCases).subtracting(ceilings.products.map(\.dtype)))
    }
    document.ceilings = .new(new)
    return document
  }

  package var isEmpty: Bool { observations.isEmpty && layers.isEmpty && ceilings == nil }

  package func render() throws -> String { try JSONFormat().render(self) }
}

extension JSONValue: Encodable {
  public func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    switch self {
    case .null: try container.encodeNil()
    case .bool(let value): try container.encode(value)
    case .integer(let value): try container.encode(value)
    case .number(let value): try container.encode(value)
    case .string(let value): try container.encode(value)
    case .array(let values): try container.encode(values)
    case .object(let members): try container.encode(members)
    }
  }
}
