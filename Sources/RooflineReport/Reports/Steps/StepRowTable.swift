import RooflineCore
import RooflineServing

/// A line for each predicted row: what was measured, what is predicted, and of which kernels.
struct StepRowTable {
  let predictions: [StepPrediction]

  init(_ predictions: [StepPrediction]) { self.predictions = predictions }

  private static let columns: [Table.Column] = [
    .init("engine", key: "engine", isText: true), .init("version", key: "engine_version", isText: true),
    .init("engine file", key: "engine_file", isText: true), .init("source", key: "source", isText: true),
    .init("GPU", key: "gpu", isText: true), .init("TP", key: "tp"), .init("PP", key: "pp"),
    .init("model", key: "model", isText: true), .init("dtype", key: "dtype", isText: true),
    .init("KV", key: "kv_dtype", isText: true), .init("batch", key: "batch"), .init("prompt", key: "prompt"),
    .init("generate", key: "generate"), .init("metric", key: "metric", isText: true),
    .init("kind", key: "kind", isText: true), .init("predicted", key: "predicted"),
    .init("measured", key: "measured"), .init("error", key: "error"), .init("kernels only", key: "kernels_only"),
    .init("roof", key: "roof"), .init("prefill", key: "prefill_kernels_s"),
    .init("kernels of prefill", key: "prefill_kernels"), .init("decode step", key: "decode_kernels_s"),
    .init("kernels of decode", key: "decode_kernels"), .init("logits", key: "vocabulary"),
  ]

  var table: Table {
    Table(
      title: "rows", columns: [.init("id", key: "id", isText: true)] + Self.columns,
      rows: predictions.map { prediction in
        let row = prediction.measurement
        let described: [Table.Cell] = [
          .text(row.id), .text(row.engine), .text(row.version), .text(prediction.engine?.name ?? ""),
          .text(row.publisher), .text(prediction.hardware.name), .integer(row.tensorParallel),
          .integer(row.pipelineParallel), .text(prediction.configuration.name), .text(row.formats.name),
          .text(row.formats.cache.rawValue), .integer(row.batch), .integer(row.prompt), .integer(row.generated),
          .text(row.metric.rawValue), .text(row.conditions.regime.word),
        ]
        return .cells(
          described + [
            .ratio(prediction.predicted), .ratio(row.value), .share(prediction.error), .ratio(prediction.kernels),
            .ratio(prediction.roof), .time(prediction.prefill.map { Seconds($0.seconds) }),
            .integer(prediction.prefill?.count), .time(prediction.decode.map { Seconds($0.seconds) }),
            .integer(prediction.decode?.count), .integer(prediction.configuration.model.vocabSize),
          ])
      })
  }
}
