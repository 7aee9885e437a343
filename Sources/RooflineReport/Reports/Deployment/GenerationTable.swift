import RooflineAnalysis
import RooflineCore
import RooflineDeployment

/// Generation for people: what a user waits for, what a GPU yields, and the decode steps in ranges that add up.
struct GenerationTable {
  let generation: Generation
  let workload: Workload

  var summary: Table {
    func row(_ name: String, _ value: Table.Cell) -> Table.Row { .cells([.text(name), value]) }
    func utilization(_ share: Double?) -> Table.Cell { .share(share) }
    var rows = [
      row("time to first token", .time(generation.timeToFirstToken)),
      row("time per output token, mean", .time(generation.meanTimePerOutputToken)),
      row("time per output token, first", .time(generation.timePerOutputToken(of: generation.steps.first))),
      row("time per output token, last", .time(generation.timePerOutputToken(of: generation.steps.last))),
      row(generation.tokens == 1 ? "the one token" : "all \(generation.tokens) tokens", .time(generation.totalTime)),
      row("tokens/s per user", .ratio(generation.tokensPerSecondPerUser)),
      row("tokens/s per GPU", .ratio(generation.tokensPerSecondPerGPU)),
      row(
        "tokens/s in total, \(workload.devices.value) GPU\(workload.devices == 1 ? "" : "s")",
        .ratio(generation.tokensPerSecond)),
      row("MFU in prefill, %", utilization(generation.prefillUtilization.modelFLOPs)),
      row("MBU in prefill, %", utilization(generation.prefillUtilization.memoryBandwidth)),
      row("MFU in decode, %", utilization(generation.decodeUtilization?.modelFLOPs)),
      row("MBU in decode, %", utilization(generation.decodeUtilization?.memoryBandwidth)),
    ]
    let device = workload.devices.value > 1 ? " of one device" : ""
    rows += [
      row("FLOPs\(device)", .rate(generation.flops)), row("memory\(device), B", .rate(generation.bytes)),
    ]
    if generation.prefill.stages > 1 {
      rows.append(row("pipeline bubble in prefill, %", .share(generation.prefill.bubble)))
    }
    return Table(
      title:
        "generation: \(workload.batch) × \(Numbers.counted(generation.tokens, "token")) after a prompt of \(workload.prompt)\(workload.prefixText)",
      columns: [.init("", key: "quantity", isText: true), .init("value", key: "value")], rows: rows)
  }

  /// The decode steps in ranges; their times add up to the last row's.
  var steps: Table? {
    let steps = generation.steps
    guard !steps.isEmpty else { return nil }
    var rows = generation.ranges.map { range in
      Table.Row.cells([
        .integer(range.first.context), .integer(range.last.context), .integer(UInt64(range.count)),
        .time(range.first.time), .time(range.last.time), .time(range.time),
      ])
    }
    rows.append(.rule)
    rows.append(
      .cells([
        .integer(steps.first?.context), .integer(steps.last?.context), .integer(UInt64(steps.count)),
        .time(steps.first?.time), .time(steps.last?.time), .time(generation.decodeTime),
      ]))
    return Table(
      title: generation.yield == .one
        ? "decode steps by attended keys"
        : "decode steps by attended keys, with the passes that draft \(Numbers.counted(generation.yield.drafted, "token")) before each",
      columns: [
        .init("from", key: "from_context"), .init("to", key: "to_context"), .init("steps", key: "steps"),
        .init("first", key: "first_seconds"), .init("last", key: "last_seconds"), .init("together", key: "sum_seconds"),
      ], rows: rows)
  }
}
