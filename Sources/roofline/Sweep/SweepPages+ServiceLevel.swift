import RooflineCore
import RooflineDeployment
import RooflineReport

extension SweepPages {
  /// One question of `--slo`: the model, its times and lengths are given, everything else may be chosen.
  private static let chosen: [SweepGrid.Axis] = [
    .hardware, .dtype, .engine, .tensorParallel, .pipeline, .expert, .data, .batch, .load,
  ]
  private static let largestNumberOfQuestions: UInt64 = 100

  func serviceLevel(_ level: ServiceLevel) throws(InputError) -> Outcome {
    let count =
      Count(grid.size(.model)) * Count(grid.size(.time)) * Count(grid.size(.prompt)) * Count(grid.size(.generate))
    guard count.value <= Self.largestNumberOfQuestions else {
      throw .usage(
        "--slo answers for each model, time tier, prompt and number of tokens by itself, and these are \(Numbers.grouped(count.value)); ask for \(Self.largestNumberOfQuestions) at most"
      )
    }
    for (time, _) in level.promises where time.isOfLoad && grid.load == .none {
      throw .usage("--slo \(time.rawValue) is about requests over time; give --load or --arrival, too")
    }
    var output = SweepOutput(surroundings)
    var errors = ""
    var exitCode: Int32 = 0
    var isFirst = true
    for model in grid.models {
      for time in grid.times {
        for prompt in 0..<grid.size(.prompt) {
          for generate in 0..<grid.size(.generate) {
            var own = grid
            (own.models, own.times) = ([model], [time])
            (own.prompt, own.generate) = (NumberAxis(grid.prompt[prompt]), NumberAxis(grid.generate[generate]))
            let pages = SweepPages(
              grid: own, source: source, format: format, condition: condition, surroundings: surroundings)
            let outcome = pages.answer(level, isFirst: isFirst)
            isFirst = false
            exitCode = max(exitCode, outcome.exitCode)
            errors += outcome.errors
            guard output.put(outcome.output), outcome.exitCode != 130 else {
              return Outcome(output: output.collected, errors: errors, exitCode: max(exitCode, 1))
            }
          }
        }
      }
    }
    return Outcome(output: output.collected, errors: errors, exitCode: exitCode)
  }

  /// The best that each deployment does.
  private func attempts(_ level: ServiceLevel) -> (attempts: [ServiceLevel.Attempt], end: End) {
    let each = max(1, grid.countPerDeployment ?? 1)
    let condition = condition
    var all: [UInt64: ServiceLevel.Attempt] = [:]
    let end = run(
      0..<(grid.count ?? 0), showsProgress: true,
      work: { row, number, attempts in
        guard condition?.holds(row) ?? true else { return }
        let attempt = ServiceLevel.Attempt(row, number: number, level)
        attempts[number / each]?.add(attempt)
        if attempts[number / each] == nil { attempts[number / each] = attempt }
      }, [UInt64: ServiceLevel.Attempt](),
      take: { found in
        for (deployment, attempt) in found {
          all[deployment]?.add(attempt)
          if all[deployment] == nil { all[deployment] = attempt }
        }
        return true
      })
    return (all.sorted { $0.key < $1.key }.map(\.value), end)
  }

  /// - Parameter isFirst: whether a header has to stand above lines for machines.
  private func answer(_ level: ServiceLevel, isFirst: Bool) -> Outcome {
    let (attempts, end) = attempts(level)
    var text = format == .text ? (isFirst ? "" : "\n") : isFirst ? lines.header(["role", "remark"]) : ""
    var winner = attempts.first { $0.miss == nil }
    for attempt in attempts where attempt.miss == nil {
      if let known = winner, ServiceLevel.isBetter(attempt.row, than: known.row) { winner = attempt }
    }
    if format == .text { text += "\(table.title): \(level.sentence)\n" }
    func section(_ title: String, _ role: String, _ rows: [(row: SweepRow, remark: String)], limit: Int = .max) {
      guard !rows.isEmpty else { return }
      if format == .text { text += "\n\(title)\n\(table.header("why not"))" }
      for (row, remark) in rows.prefix(format == .text ? limit : .max) {
        if format == .text {
          table.append(row, remark.onOneLine, to: &text)
        } else {
          lines.append(
            row, [("role", .text(role)), ("remark", remark.isEmpty ? .unknown : .text(remark.onOneLine))], to: &text)
        }
      }
      if format == .text, rows.count > limit {
        text += "… \(Numbers.grouped(UInt64(rows.count - limit))) more; CSV and JSON Lines have all of them\n"
      }
    }
    if let winner {
      section("fewest GPUs, then the largest \(grid.load == .none ? "batch" : "load")", "winner", [(winner.row, "")])
    }
    section("its neighbours", "neighbour", winner.map { neighbours($0, level) } ?? [])
    let losers = attempts.filter { $0.number != winner?.number && $0.row.figures != nil }
    section(
      "the best of every other deployment", "loser",
      losers.map { attempt in
        (
          attempt.row,
          (attempt.miss ?? winner.flatMap { ServiceLevel.loss(attempt.row, against: $0.row) })?.sentence
            ?? "as good; the first one wins"
        )
      }, limit: 50)
    var outcome = finish(
      end, SweepOutput(Surroundings()),
      ["\(Numbers.grouped(end.tally.rows)) configurations of \(attempts.count) deployments"],
      hasPage: true)
    guard end.isWhole else { return outcome }
    outcome.output = text + outcome.output
    if winner == nil {
      outcome.errors += "roofline: no configuration keeps \(level.sentence)\n"
      outcome.exitCode = 1
    }
    return outcome
  }

  /// The configurations one step beside the winner on each axis that may be chosen, and why each is not it.
  private func neighbours(
    _ winner: ServiceLevel.Attempt, _ level: ServiceLevel
  ) -> [(row: SweepRow, remark: String)] {
    let places = grid.places(of: winner.number)
    var found: [(row: SweepRow, remark: String)] = []
    for axis in Self.chosen {
      for step in [-1, 1] {
        let place = Int64(places[axis.rawValue]) + Int64(step)
        guard place >= 0, place < Int64(grid.size(axis)) else { continue }
        var others = places
        others[axis.rawValue] = UInt64(place)
        let row = grid.row(grid.number(at: others))
        var remark =
          (level.miss(row) ?? ServiceLevel.loss(row, against: winner.row))?.sentence ?? "as good; the first one wins"
        if let condition, !condition.holds(row) { remark = "left out by --where" }
        found.append((row, remark))
      }
    }
    return found
  }
}
