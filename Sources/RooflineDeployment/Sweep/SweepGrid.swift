import RooflineCore

/// Every configuration of a sweep, by its number: nothing is written out, so that a grid of any size takes no memory.
///
/// The last axis runs fastest: model, GPU, format, time, engine, tp, pp, ep, dp, batch, load, prompt, generate.
package struct SweepGrid: Sendable {
  /// What a sweep changes, in the order of its numbers.
  package enum Axis: Int, Hashable, Sendable, CaseIterable {
    case model, hardware, dtype, time, engine, tensorParallel, pipeline, expert, data, batch, load, prompt, generate
  }

  package var models: [String]
  package var hardware: [String]
  /// nil: the formats of the model's file.
  package var dtypes: [DType?]
  package var times: [String]
  /// nil: kernels only.
  package var engines: [String?] = [nil]
  package var tensorParallel = NumberAxis(1)
  package var pipeline = NumberAxis(1)
  package var expert = NumberAxis(1)
  package var data = NumberAxis(1)
  package var batch = NumberAxis(1)
  /// With one, the batch is 1.
  package var load = SweepLoadAxis.none
  package var prompt: NumberAxis
  package var generate: NumberAxis
  /// Makes a deployment ready, or says why it is not possible.
  private let setting: @Sendable (SweepDeployment) throws(InputError) -> SweepSetting

  package init(
    models: [String], hardware: [String], dtypes: [DType?] = [nil], times: [String] = ["ideal"], prompt: NumberAxis,
    generate: NumberAxis, setting: @escaping @Sendable (SweepDeployment) throws(InputError) -> SweepSetting
  ) {
    self.models = models
    self.hardware = hardware
    self.dtypes = dtypes
    self.times = times
    self.prompt = prompt
    self.generate = generate
    self.setting = setting
  }

  /// How many values an axis has.
  package func size(_ axis: Axis) -> UInt64 {
    switch axis {
    case .model: UInt64(models.count)
    case .hardware: UInt64(hardware.count)
    case .dtype: UInt64(dtypes.count)
    case .time: UInt64(times.count)
    case .engine: UInt64(engines.count)
    case .tensorParallel: tensorParallel.count
    case .pipeline: pipeline.count
    case .expert: expert.count
    case .data: data.count
    case .batch: batch.count
    case .load: load.count
    case .prompt: prompt.count
    case .generate: generate.count
    }
  }

  /// Configurations in all; nil where 63 bits do not hold the number.
  package var count: UInt64? { product(Axis.allCases) }

  /// Configurations of one deployment; nil as before.
  package var countPerDeployment: UInt64? { product([.batch, .load, .prompt, .generate]) }

  private func product(_ axes: [Axis]) -> UInt64? {
    let product = axes.reduce(Count(1)) { $0 * Count(size($1)) }
    return product.isOverflow ? nil : product.value
  }

  /// Where a configuration stands on each axis.
  package func places(of number: UInt64) -> [UInt64] {
    var rest = number
    var places = [UInt64](repeating: 0, count: Axis.allCases.count)
    for axis in Axis.allCases.reversed() { places[axis.rawValue] = place(axis, &rest) }
    return places
  }

  /// The place on an axis, and what is left of the number for those before it.
  private func place(_ axis: Axis, _ rest: inout UInt64) -> UInt64 {
    let (quotient, place) = rest.quotientAndRemainder(dividingBy: max(1, size(axis)))
    rest = quotient
    return place
  }

  /// The configuration that stands there.
  package func number(at places: [UInt64]) -> UInt64 {
    zip(Axis.allCases, places).reduce(0) { $0 * size($1.0) + $1.1 }
  }

  package func deployment(at places: [UInt64]) -> SweepDeployment {
    func place(_ axis: Axis) -> UInt64 { places[axis.rawValue] }
    return SweepDeployment(
      model: models[Int(place(.model))], hardware: hardware[Int(place(.hardware))],
      dtype: dtypes[Int(place(.dtype))], time: times[Int(place(.time))],
      engine: engines[Int(place(.engine))],
      tensorParallel: tensorParallel[place(.tensorParallel)], pipeline: pipeline[place(.pipeline)],
      data: data[place(.data)], expert: expert[place(.expert)])
  }

  /// The workload of a configuration: where it stands on the last four axes, without a list of all places, since a search asks
  /// this of every one.
  package func point(of number: UInt64) -> SweepPoint {
    var rest = number
    let (generate, prompt) = (place(.generate, &rest), place(.prompt, &rest))
    let (load, batch) = (place(.load, &rest), place(.batch, &rest))
    return SweepPoint(
      batch: self.batch[batch], prompt: self.prompt[prompt], generate: self.generate[generate], load: self.load[load])
  }

  /// The deployment of a configuration, made ready.
  package func cell(of number: UInt64) -> SweepCell {
    let deployment = deployment(at: places(of: number))
    return SweepCell(deployment) { () throws(InputError) in try setting(deployment) }
  }

  /// One configuration.
  package func row(_ number: UInt64) -> SweepRow {
    cell(of: number).rows([point(of: number)], KernelMemo())[0]
  }
}
