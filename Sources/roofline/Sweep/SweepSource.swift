import RooflineCore
import RooflineDeployment
import RooflineServing
import RooflineTimeModels
import Synchronization

/// Reads models, GPUs and constants for a sweep, each once.
final class SweepSource: Sendable {
  private struct State: Sendable {
    var configurations: [String: Result<ModelConfiguration, InputError>] = [:]
    var hardware: [String: Result<HardwareSpec, InputError>] = [:]
    var requests: [String: Result<TimeRequest?, InputError>] = [:]
    var times: [String: CalibratedTime] = [:]
  }

  private let catalog: Catalog
  private let state = Mutex(State())

  init(_ catalog: Catalog) { self.catalog = catalog }

  /// Of all files that were read, in the order of their names.
  var configurations: [ModelConfiguration] {
    state.withLock { $0.configurations }.sorted { $0.key < $1.key }.compactMap { try? $0.value.get() }
  }

  /// What is asked once, however many deployments ask it.
  private func known<Value: Sendable>(
    _ key: String, _ path: WritableKeyPath<State, [String: Result<Value, InputError>]> & Sendable,
    _ make: () throws(InputError) -> Value
  ) throws(InputError) -> Value {
    if let known = state.withLock({ $0[keyPath: path][key] }) { return try known.get() }
    var result: Result<Value, InputError>
    do { result = .success(try make()) } catch { result = .failure(error) }
    state.withLock { [result] in $0[keyPath: path][key] = result }
    return try result.get()
  }

  private func key(_ options: [any AnyOption], _ arguments: ParsedArguments) -> String {
    options.map { "\($0.name)=\(arguments.texts(of: $0))" }.joined(separator: " ")
  }

  /// The formats decide what of a quantised checkpoint's file must be understood.
  private func modelKey(_ arguments: ParsedArguments) -> String {
    key([WorkloadOptions.model, WorkloadOptions.set] + WorkloadOptions.formats, arguments)
  }

  func configuration(_ arguments: ParsedArguments) throws(InputError) -> ModelConfiguration {
    let name = try arguments.required(
      WorkloadOptions.model, "name one, e.g. --model llama-2-70b; `roofline list models` shows them")
    return try known(modelKey(arguments), \.configurations) { () throws(InputError) in
      let stated = try DTypeOptions(arguments).stated
      return try arguments.configuration(name, arguments.overrides(), catalog, stated: stated)
    }
  }

  func hardware(_ arguments: ParsedArguments) throws(InputError) -> HardwareSpec {
    let name = try arguments.required(
      WorkloadOptions.hardware, "name one, e.g. --hardware h100-sxm; `roofline list hardware` shows them")
    return try known(name, \.hardware) { () throws(InputError) in try catalog.hardware(name) }
  }

  func engine(_ name: String) throws(InputError) -> Engine { try catalog.engine(name) }

  /// A deployment as single analyses run it.
  ///
  /// - Parameter arguments: with one value of each option.
  func setting(_ arguments: ParsedArguments) throws(InputError) -> SweepSetting {
    let (configuration, hardware) = (try configuration(arguments), try hardware(arguments))
    var scenario = try arguments.scenario(
      catalog, phases: Phase.allCases, hardware: hardware, configuration: configuration)
    let timeKey = key(
      [WorkloadOptions.hardware, TimeOptions.engine] + TimeOptions.all + WorkloadOptions.rates, arguments)
    scenario.time = try known(timeKey, \.requests) { () throws(InputError) in
      try arguments.timeRequest(hardware, scenario.options, catalog)
    }
    var setting = SweepSetting(scenario, calibrated: times(scenario, "\(modelKey(arguments)) \(timeKey)"))
    setting.reserve = try arguments.value(of: MemoryOptions.reserve) ?? 0
    setting.capacity = try arguments.value(of: MemoryOptions.memory)
    setting.pages = try arguments.value(of: MemoryOptions.pages)
    if arguments.isLoad { setting.serve = try arguments.service(catalog) }
    return setting
  }

  private func times(_ scenario: Scenario, _ key: String) -> CalibratedTime? {
    guard let request = scenario.time else { return nil }
    if let known = state.withLock({ $0.times[key] }) { return known }
    let times = request.time(of: scenario.configuration.model, formats: scenario.workload.formats)
    // One for all threads: memos belong to it.
    return state.withLock { state in
      if let known = state.times[key] { return known }
      state.times[key] = times
      return times
    }
  }
}

extension ParsedArguments {
  /// The arguments of the single analysis that a deployment is, with any prompt that is asked for.
  func single(_ deployment: SweepDeployment, _ batch: UInt64, _ prompt: UInt64) -> ParsedArguments {
    replacing([
      (WorkloadOptions.model, [deployment.model]), (WorkloadOptions.hardware, [deployment.hardware]),
      (WorkloadOptions.dtype, deployment.dtype.map { [$0.rawValue] }), (TimeOptions.time, [deployment.time]),
      (TimeOptions.engine, deployment.engine.map { [$0] }),
      (WorkloadOptions.tensorParallel, ["\(deployment.tensorParallel)"]),
      (WorkloadOptions.pipeline, ["\(deployment.pipeline)"]), (WorkloadOptions.data, ["\(deployment.data)"]),
      (WorkloadOptions.expertParallel, ["\(deployment.expert)"]), (WorkloadOptions.batch, ["\(batch)"]),
      (WorkloadOptions.prompt, ["\(prompt)"]), (WorkloadOptions.generate, nil),
    ])
  }

  /// What serves the load of a row as `analyze` does.
  func service(_ catalog: Catalog) throws(InputError) -> SweepSetting.Service {
    let rules = try requestRules(engine(catalog))
    return { analysis, point throws(InputError) in
      let own = replacing([
        (LoadOptions.concurrency, point.load?.concurrency.map { ["\($0)"] }),
        (LoadOptions.arrival, point.load?.arrivals.map { ["\($0)"] }),
        (WorkloadOptions.prompt, ["\(point.prompt)"]), (WorkloadOptions.generate, ["\(point.generate)"]),
      ])
      return try LoadRun(analysis, scheduler: rules.scheduler, load: own.requestLoad()).sweepFigures {
        !Interruption.isRequested
      }
    }
  }

  /// Throws where a row is asked for by a column in which no row has anything.
  private func checkColumns(_ load: SweepLoadAxis) throws(InputError) {
    for column in try value(of: SweepOptions.condition)?.columns ?? [] {
      if let absence = column.absence(of: load) { throw .usage("--where: no row has \(column.rawValue): \(absence)") }
    }
  }

  /// The grid that the options span, with its models and GPUs read.
  func sweepGrid(_ source: SweepSource) throws(InputError) -> SweepGrid {
    let models = try required(
      SweepOptions.model, "name one or several, e.g. --model llama-2-70b; `roofline list models` shows them")
    let hardware = try required(
      SweepOptions.hardware, "name one or several, e.g. --hardware h100-sxm; `roofline list hardware` shows them")
    let prompt = try required(
      SweepOptions.prompt, "give the prompt's length in tokens, or a range, e.g. --prompt 1024..8192x2")
    let dtypes = try value(of: SweepOptions.dtype).map { $0.map(Optional.some) } ?? [nil]
    let times = try value(of: SweepOptions.time) ?? [usualTier]
    let load = try loadAxis()
    try checkColumns(load)
    let engines = try value(of: SweepOptions.engine).map { $0.map(Optional.some) } ?? [nil]
    for case let name? in engines { _ = try source.engine(name) }
    let batch = try value(of: SweepOptions.batch) ?? NumberAxis(1)
    for model in models {
      for dtype in dtypes {
        // A name that is not there is a slip, and no configuration.
        let deployment = SweepDeployment(
          model: model, hardware: hardware[0], dtype: dtype, time: times[0].rawValue, tensorParallel: 1, pipeline: 1,
          data: 1, expert: 1)
        _ = try source.configuration(single(deployment, 1, 1))
      }
    }
    for name in hardware { _ = try source.hardware(replacing([(WorkloadOptions.hardware, [name])])) }
    let (largest, any) = (batch.largest, prompt[0])
    // With calibrated times beside ideal ones, what is said about the former is no slip.
    let isMixed = times.contains { $0 != .ideal }
    var grid = SweepGrid(
      models: models, hardware: hardware, dtypes: dtypes, times: times.map(\.rawValue), prompt: prompt,
      generate: try value(of: SweepOptions.generate) ?? NumberAxis(2)
    ) { deployment throws(InputError) in
      var own = single(deployment, largest, any)
      if isMixed, deployment.time == TimeOptions.Tier.ideal.rawValue {
        own = own.replacing(TimeOptions.all.filter { $0.name != TimeOptions.time.name }.map { ($0, nil) })
      }
      return try source.setting(own)
    }
    grid.engines = engines
    grid.tensorParallel = try value(of: SweepOptions.tensorParallel) ?? NumberAxis(1)
    grid.pipeline = try value(of: SweepOptions.pipeline) ?? NumberAxis(1)
    grid.expert = try value(of: SweepOptions.expert) ?? NumberAxis(1)
    grid.data = try value(of: SweepOptions.data) ?? NumberAxis(1)
    grid.batch = batch
    grid.load = load
    return grid
  }
}
