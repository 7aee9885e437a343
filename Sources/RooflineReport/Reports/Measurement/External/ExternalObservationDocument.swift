import RooflineCore
import RooflineMeasurement

/// The observation file of what a command of somebody else's measured: as that of `measure`, with what the command tells.
package struct ExternalObservationDocument: Encodable {
  let schemaVersion = 1
  /// As the file calls it.
  package let gpu: String
  let isFake = false
  @Nullable var device: Resumed<Device>?
  let software: Software
  let started: String
  let command: String
  let settings: Settings
  /// Of this run.
  var unsupported: [Refusal] = []
  var failed: [Refusal] = []
  var observations: [Resumed<ExternalObservationEntry>]

  struct Device: Encodable {
    let name: String
    @Nullable var uuid: String?
    @Nullable var computeCapability: String?
    @Nullable var streamingMultiprocessors: UInt64?
    @Nullable var memoryBytes: UInt64?
    @Nullable var l2Bytes: UInt64?
  }

  struct Software: Encodable {
    let roofline: String
    /// Versions, as the command tells them.
    let runner: [String: String]
  }

  struct Settings: Encodable {
    /// The command that measured.
    let external: String
  }

  struct Refusal: Encodable {
    let names: [String]
    let `operator`: String
    @Nullable var family: String?
    let reason: String
  }

  /// - Parameters:
  ///   - gpu: as the file shall call it.
  ///   - device: what the command says of it; nil where it says nothing.
  ///   - hardware: the GPU's file, which knows the L2 cache where the command does not.
  ///   - external: the command.
  ///   - earlier: observations of the file that is continued, and what it says of its device.
  package init(
    gpu: String, _ device: RunnerDevice?, hardware: HardwareSpec?, runner: [String: String], tool: String,
    started: String, command: String, external: String, earlier: (observations: [JSONValue], device: JSONValue?)
  ) {
    self.gpu = gpu
    let l2 = device?.l2 ?? hardware?.memory?.l2
    let own = Device(
      name: device?.name ?? gpu, uuid: device?.uuid, computeCapability: device?.computeCapability?.description,
      streamingMultiprocessors: device?.streamingMultiprocessors, memoryBytes: device?.memory, l2Bytes: l2)
    _device = Nullable(
      wrappedValue: device == nil
        ? earlier.device.map(Resumed.earlier) ?? (l2 == nil ? nil : .new(own)) : .new(own))
    software = Software(roofline: tool, runner: runner)
    self.started = started
    self.command = command
    settings = Settings(external: external)
    observations = earlier.observations.map(Resumed.earlier)
  }

  /// The document with what the command has told.
  package func adding(_ run: ExternalRun, hardware: HardwareSpec?) -> ExternalObservationDocument {
    var document = self
    let versions = software.runner.sorted { $0.key < $1.key }.map { "\($0.key) \($0.value)" }
    let source = versions.isEmpty ? "external" : versions.joined(separator: ", ")
    document.observations += run.measurements.map {
      .new(ExternalObservationEntry($0, source: source, hardware: hardware, started: started))
    }
    document.unsupported = run.skipped.map {
      Refusal(names: $0.task.names, operator: $0.task.columns.description, family: $0.family, reason: $0.reason)
    }
    document.failed = run.failed.map {
      Refusal(
        names: $0.task.names, operator: $0.task.columns.description, family: $0.family, reason: $0.fault.sentence)
    }
    return document
  }

  package var isEmpty: Bool { observations.isEmpty }

  package func render() throws -> String { try JSONFormat().render(self) }
}
