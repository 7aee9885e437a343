import RooflineDeployment

/// What pictures of a sweep call its configurations.
extension SweepGrid {
  /// What all of them have in common.
  var sharedText: String {
    let (deployment, point) = (deployment(at: places(of: 0)), point(of: 0))
    var parts: [String] = []
    for axis in Axis.allCases where size(axis) == 1 {
      guard let number = Self.number(axis, deployment, point) else { continue }
      if !number.isUsual { parts.append("\(number.name) \(number.value)") }
    }
    if dtypes.count == 1, let dtype = dtypes[0] { parts.append(dtype.rawValue) }
    if times.count == 1 { parts.append("\(times[0]) times") }
    if engines.count == 1, let engine = engines[0] { parts.append(engine) }
    return parts.joined(separator: ", ")
  }

  /// What tells a configuration from others on some axes; empty where nothing does.
  func name(_ deployment: SweepDeployment, _ point: SweepPoint, on axes: [Axis] = Axis.allCases) -> String {
    let kind = ParetoCloud.Kind(deployment)
    return axes.filter { size($0) > 1 }.compactMap { axis in
      kind.word(axis) ?? Self.number(axis, deployment, point).map { "\($0.name) \($0.value)" }
    }.joined(separator: ", ")
  }

  /// A place on an axis of numbers; nil of other axes, and of a batch where requests over time make their own.
  private static func number(
    _ axis: Axis, _ deployment: SweepDeployment, _ point: SweepPoint
  ) -> (name: String, value: String, isUsual: Bool)? {
    func degree(_ name: String, _ value: UInt64) -> (String, String, Bool) { (name, "\(value)", value == 1) }
    switch axis {
    case .model, .hardware, .dtype, .time, .engine: return nil
    case .tensorParallel: return degree("tp", deployment.tensorParallel)
    case .pipeline: return degree("pp", deployment.pipeline)
    case .expert: return degree("ep", deployment.expert)
    case .data: return degree("dp", deployment.data)
    case .batch: return point.load == nil ? ("batch", "\(point.batch)", false) : nil
    case .load: return point.load.map { ($0.name, $0.number, false) }
    case .prompt: return degree("prompt", point.prompt)
    case .generate: return degree("generate", point.generate)
    }
  }
}

extension ParetoCloud.Kind {
  /// What it has on an axis of names; nil of an axis of numbers.
  func word(_ axis: SweepGrid.Axis) -> String? {
    switch axis {
    case .model: model
    case .hardware: hardware
    case .dtype: dtype?.rawValue ?? "formats of the file"
    case .time: "\(time) times"
    case .engine: engine ?? "kernels only"
    case .tensorParallel, .pipeline, .expert, .data, .batch, .load, .prompt, .generate: nil
    }
  }
}

extension SweepLoad {
  /// What its number counts.
  var name: String {
    switch self {
    case .together: "requests at once"
    case .closed: "in flight"
    case .open: "requests/s"
    }
  }

  /// As it would be typed.
  var number: String {
    switch self {
    case .together(let count), .closed(let count): "\(count)"
    case .open(let rate): UInt64(exactly: rate).map(String.init) ?? "\(rate)"
    }
  }
}
