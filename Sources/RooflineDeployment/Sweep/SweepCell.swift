import RooflineAnalysis
import RooflineCore

/// One deployment under any number of workloads. Legality, rates, weights and constants are looked up once; passes are computed
/// eight at a time, and each one once however many configurations share it.
///
/// Answers are those of a single `Generation` and `Footprint`, to the last bit.
package struct SweepCell: Sendable {
  private let shared: SweepRow.Shared
  /// The deployment where it is possible.
  private let state: Result<Ready, InputError>

  fileprivate struct Ready: Sendable {
    let passes: SweepPasses
    let memory: SweepMemory
    let capacity: UInt64?
    let notices: [Notice]
    let serve: SweepSetting.Service?
  }

  /// - Parameter setting: throws where the deployment is not possible.
  package init(_ deployment: SweepDeployment, _ setting: () throws(InputError) -> SweepSetting) {
    shared = SweepRow.Shared(deployment)
    do {
      state = .success(try SweepCell.ready(try setting()))
    } catch {
      state = .failure(error)
    }
  }

  private static func ready(_ setting: SweepSetting) throws(InputError) -> Ready {
    let scenario = setting.scenario
    var smallest = scenario.workload
    // What cannot be said of one sequence cannot be said of any; that many do not fit in 63 bits is no deployment's fault.
    (smallest.batch, smallest.prompt, smallest.context) = (1, 1, smallest.cachedPrefix + 2)
    smallest.parallelism.microBatches = nil
    let analysis = try Analysis(
      configuration: scenario.configuration, hardware: scenario.hardware, workload: smallest, phases: Phase.allCases,
      options: scenario.options, calibrated: setting.calibrated)
    return Ready(
      passes: SweepPasses(analysis, scenario.workload),
      memory: try SweepMemory(
        scenario.configuration.model, scenario.workload,
        SweepMemory.Settings(reserve: setting.reserve, pages: setting.pages)),
      capacity: setting.capacity ?? scenario.hardware.memory?.capacity,
      notices: analysis.notices.filter(\.isOfDeployment), serve: setting.serve)
  }

  /// Why the deployment is not possible; nil where it is.
  package var refusal: InputError? { if case .failure(let error) = state { error } else { nil } }

  /// A row each, in order. Neighbours with one batch share their decode steps.
  package func rows(_ points: some RandomAccessCollection<SweepPoint>, _ memo: KernelMemo) -> [SweepRow] {
    let points = Array(points)
    guard case .success(let ready) = state else {
      return points.map { SweepRow(shared, $0, nil, refusal.map { .refused($0) }) }
    }
    if let serve = ready.serve {
      return points.map { point in
        // A deployment that serves loads answers nothing else.
        guard point.load != nil else {
          return SweepRow(
            shared, point, nil, .refused(.usage("requests over time are asked for, and a batch is given")))
        }
        return served(point, ready, serve)
      }
    }
    let answers = ready.passes.answers(points[...], memo)
    var memory = ready.memory
    return zip(points, answers).map { point, answer in row(point, answer, ready, &memory) }
  }

  /// Requests over time.
  private func served(_ point: SweepPoint, _ ready: Ready, _ serve: SweepSetting.Service) -> SweepRow {
    do {
      var figures = try serve(try ready.passes.analysis(of: point), point)
      figures.capacity = ready.capacity
      return SweepRow(shared, point, figures, ready.reason)
    } catch {
      return SweepRow(shared, point, nil, .refused(error))
    }
  }

  private func row(
    _ point: SweepPoint, _ answer: Result<SweepPasses.Answer, InputError>, _ ready: Ready,
    _ memory: inout SweepMemory
  ) -> SweepRow {
    guard case .success(let answer) = answer else {
      if case .failure(let error) = answer { return SweepRow(shared, point, nil, .refused(error)) }
      return SweepRow(shared, point, nil, nil)
    }
    var figures = answer.figures
    figures.capacity = ready.capacity
    figures.footprint = memory.required(point, keys: answer.keys, activations: answer.activations)
    guard figures.footprint != nil else {
      return SweepRow(shared, point, nil, .refused(.overflow(what: "the footprint")))
    }
    return SweepRow(shared, point, figures, ready.reason)
  }
}

extension SweepCell.Ready {
  fileprivate var reason: SweepRow.Reason? { notices.isEmpty ? nil : .notices(notices) }
}

extension Notice {
  /// Whether it is true of a deployment's times whatever the workload, and not known from what was asked.
  fileprivate var isOfDeployment: Bool {
    switch self {
    case .missingFacts, .beyondBoard, .oneRateForAll, .borrowedConstants, .otherHeadDim,
      .graphConstants, .uncalibrated, .eagerConstantsOnly, .standIn:
      true
    case .beyondMaxPositions, .beyondDensePeak, .doesNotFit, .weightsDoNotFit, .lessThanASequence, .scalesNotCounted,
      .ownCode,
      .formatsNotRead,
      .nameSaysFormat, .unknownKeys, .expertsTouched, .trainingScope, .observations, .clamped:
      false
    }
  }
}
