import RooflineAnalysis
import RooflineCore

/// What `footprint` prints: memory by part on the device that needs most, and whether it fits.
package struct FootprintReport {
  package let footprint: Footprint
  package let configuration: ModelConfiguration
  package let hardware: HardwareSpec

  package init(_ footprint: Footprint, configuration: ModelConfiguration, hardware: HardwareSpec) {
    self.footprint = footprint
    self.configuration = configuration
    self.hardware = hardware
  }

  package var report: Report { Report(table, key: "deployment", notes: lines, document: FootprintDocument(self)) }

  private var table: Table {
    let plan = footprint.plan
    let memory = footprint.largest
    func row(_ name: String, _ bytes: Count) -> Table.Row {
      .cells([
        .text(name), .integer(bytes.value), .ratio(Double(bytes.value) / 1e9),
        .ratio(Double(bytes.value) / 1_073_741_824),
      ])
    }
    let stage = memory.stage == .whole ? "" : ", \(memory.stage.rawValue) stage"
    return Table(
      title:
        "\(configuration.name) on \(hardware.name), \(plan.workload.text(of: configuration.model)), \(Numbers.counted(plan.finalContext, "key")) cached; one device\(stage)",
      columns: [
        .init("part", key: "part", isText: true), .init("bytes", key: "bytes"), .init("GB", key: "gigabytes"),
        .init("GiB", key: "gibibytes"),
      ],
      rows: [row("weights", memory.weights), row("KV cache", memory.keyValueCache)]
        + [
          memory.indexKeys.map { row("index keys", $0) }, memory.states.map { row("state", $0) },
          memory.convolutions.map { row("convolution state", $0) },
          memory.pagePadding.map { row("page rounding", $0) }, memory.draft.map { row("draft modules", $0) },
        ].compactMap { $0 } + [
          row("activations", memory.activations), row("logits", memory.logits),
          row("reserve", Count(footprint.reserve)), .rule, row("needed", footprint.required),
          row("there is", Count(footprint.capacity)),
        ]
        // Of one device the line above says it.
        + (plan.workload.devices == 1 ? [] : [row("all \(plan.workload.devices.value) devices", footprint.total)]))
  }

  private var lines: [String] {
    let plan = footprint.plan
    let verdict =
      footprint.fits
      ? "fits, \(Numbers.grouped(footprint.free ?? 0)) bytes free"
      : "does not fit, \(Numbers.grouped(footprint.missing)) bytes missing"
    let batch =
      footprint.largestBatch.map { "\($0) at \(Numbers.counted(plan.finalContext, "key"))" }
      ?? "none: not even one sequence fits"
    let positions = configuration.maxPositionEmbeddings
    let context =
      switch footprint.contextLimit {
      case .upTo(let keys):
        "\(Numbers.counted(keys, "key")) at batch \(plan.workload.batch)\(positions.map { $0 < keys ? ", of a model with \($0) positions" : "" } ?? "")"
      case .unlimited:
        "no limit by memory\(positions.map { ", of a model with \($0) positions" } ?? ""): a further token takes none"
      case .none:
        "none: the \(plan.workload.cachedPrefix > 0 ? "prefix's and the prompt's" : "prompt's") \(plan.workload.promptKeys) keys do not fit"
      }
    let lines =
      [
        "verdict  \(verdict)", "batch    largest: \(batch)", "context  longest: \(context)",
        "KV       \(Numbers.grouped(footprint.largest.keyValueGrowthPerToken.value)) bytes a device for each further token of every sequence",
      ]
      + (plan.pages.flatMap { pages in
        footprint.largest.pageTokens.map {
          ["pages    \(pages.engine.rawValue), of \($0) tokens; a sequence holds whole ones"]
        }
      } ?? []) + [
        "peak     activations are largest in \(footprint.peakPhase.rawValue) at \(footprint.peakRow.rawValue)",
        "model    \(configuration.path)", "hardware \(hardware.provenance)",
      ]
    let notices = configuration.notices + [Notice.scales(of: plan.workload.formats)].compactMap { $0 }
    return lines + notices.map { "note     \($0.sentence)" }
  }
}

/// The JSON of `footprint`, schema version 1.
struct FootprintDocument: Encodable {
  let schemaVersion = 1
  let model: AnalysisDocument.ModelEntry
  let hardware: DeviceEntry
  let workload: WorkloadEntry
  let footprint: FootprintEntry

  struct DeviceEntry: Encodable {
    let name: String
    let path: String
    let memoryBytes: UInt64
  }

  struct WorkloadEntry: Encodable {
    /// Absent without --cached-prefix.
    let cachedPrefix: UInt64?
    /// Whose pages the cache lies in; absent without --pages.
    let pages: String?
    let batch, prompt, context, generate, tensorParallel, pipelineParallel, microBatchSize, dataParallel: UInt64
    let sequenceParallel: Bool
    let operators, weightDType, activationDType, kvDType, residualDType: String
  }

  struct MemoryEntry: Encodable {
    let stage: String
    let devices: UInt64
    let weights, kvCache, kvCachePerToken, indexKeys, state, convolutionState: UInt64
    /// Absent without --draft.
    let draft: UInt64?
    let activations, logits, reserve, total: UInt64
    /// What whole pages hold beside the parts above, and a page's tokens; absent without --pages.
    let pagePadding, pageTokens: UInt64?
  }

  struct FootprintEntry: Encodable {
    /// The device that needs most.
    let perDevice: MemoryEntry
    let stages: [MemoryEntry]
    let total: UInt64
    let fits: Bool
    let freeBytes: UInt64
    let missingBytes: UInt64
    @Nullable var largestBatch: UInt64?
    @Nullable var longestContext: UInt64?
    let peak: [String: String]
  }

  init(_ report: FootprintReport) {
    let result = report.footprint
    let plan = result.plan
    let formats = plan.workload.formats
    model = AnalysisDocument.ModelEntry(report.configuration)
    hardware = DeviceEntry(name: report.hardware.name, path: report.hardware.path, memoryBytes: result.capacity)
    workload = WorkloadEntry(
      cachedPrefix: plan.workload.cachedPrefix > 0 ? plan.workload.cachedPrefix : nil,
      pages: plan.pages?.text, batch: plan.workload.batch, prompt: plan.workload.prompt, context: plan.finalContext,
      generate: plan.generated,
      tensorParallel: plan.workload.tensorParallel, pipelineParallel: plan.workload.parallelism.pipeline,
      microBatchSize: plan.workload.microBatchSize, dataParallel: plan.workload.parallelism.data,
      sequenceParallel: plan.workload.parallelism.isSequenceParallel, operators: plan.workload.operatorSet.rawValue,
      weightDType: formats.weight.rawValue, activationDType: formats.activation.rawValue,
      kvDType: formats.keyValueCache.rawValue, residualDType: formats.residual.rawValue)
    func entry(_ memory: DeviceMemory<Count>, _ count: Count) -> MemoryEntry {
      MemoryEntry(
        stage: memory.stage.rawValue, devices: count.value, weights: memory.weights.value,
        kvCache: memory.keyValueCache.value, kvCachePerToken: memory.keyValueGrowthPerToken.value,
        indexKeys: memory.indexKeys?.value ?? 0, state: memory.states?.value ?? 0,
        convolutionState: memory.convolutions?.value ?? 0, draft: memory.draft?.value,
        activations: memory.activations.value, logits: memory.logits.value, reserve: result.reserve,
        total: memory.total.value + result.reserve, pagePadding: memory.pagePadding?.value,
        pageTokens: memory.pageTokens)
    }
    let stages = result.devices.map { entry($0.memory, $0.count) }
    footprint = FootprintEntry(
      perDevice: stages.max { $0.total < $1.total } ?? entry(result.largest, 1), stages: stages,
      total: result.total.value, fits: result.fits, freeBytes: result.free ?? 0, missingBytes: result.missing,
      largestBatch: result.largestBatch, longestContext: result.longestContext,
      peak: ["phase": result.peakPhase.rawValue, "operator": result.peakRow.rawValue])
  }
}
