/// One forward pass, row by row, and its sums.
public struct PhaseAnalysis: Sendable {
  /// Which pass it is, and its sizes.
  public let step: DecoderStep
  /// The rows in the order in which they run; a layer's stand once, with how often they occur.
  public let operators: [RowPrediction]
  /// How many layers of each of the model's groups there are, and what they are called; empty where all layers are equal.
  public let groups: [Group]
  /// What its ideal times are made with.
  package let rates: DeviceRates
  /// What the layers mix tokens by.
  package let mixes: Mixing
  /// Rows of a training step whose gradients nobody has stated.
  package let missingGradients: [OperatorName]

  /// What the layers of a model mix tokens by, in a word.
  package enum Mixing: String, Hashable, Sendable {
    case attention, recurrence
    case both = "mixers"

    init(_ model: DecoderModel) {
      let hasRecurrence = model.groups.contains { $0.mixer?.isRecurrent == true }
      let hasAttention = model.groups.contains { $0.mixer?.isRecurrent == false }
      self = hasRecurrence && hasAttention ? .both : hasRecurrence ? .recurrence : .attention
    }
  }

  /// A group of equal layers.
  public struct Group: Hashable, Sendable {
    /// `sliding`, `full`, `full 2`: each group's own.
    public let name: String
    /// How many layers of the model are of it.
    public let layers: UInt64

    static func all(of model: DecoderModel) -> [Group] {
      zip(model.groupNames, model.groups.indices).map { Group(name: $0, layers: model.layers(of: $1)) }
    }
  }

  /// A pass at its ideal times.
  package init(_ model: DecoderModel, _ step: DecoderStep, rates: DeviceRates, time: IdealTime) {
    let forward = ForwardPass<Count>(model, step)
    if step.trainingPass == .backward {
      let backward = BackwardPass(forward)
      self.init(
        model, step, backward.rows.map { RowPrediction($0, rates: rates, time: time) }, rates: rates,
        missingGradients: backward.missing)
    } else {
      self.init(model, step, forward.rows.map { RowPrediction($0, rates: rates, time: time) }, rates: rates)
    }
  }

  /// A forward pass at times of somebody's own: `timing` is asked once for each kernel that differs.
  package init(
    _ model: DecoderModel, _ step: DecoderStep, rates: DeviceRates, time: IdealTime, timing: KernelTime
  ) {
    let rows = ForwardPass<Count>(model, step).rows
    var predictions: [RowPrediction] = []
    predictions.reserveCapacity(rows.count)
    for place in rows.indices {
      let value = rows[place].operator
      let shared = rows[place].sharedKernel
      let ideal = OperatorPrediction(value, rates: rates, time: time)
      let prediction =
        if let known = PhaseAnalysis.earlier(place, ideal, rows, predictions) {
          predictions[known].prediction
        } else if let shared {
          timing(shared, ideal)
        } else {
          timing(value, ideal)
        }
      // Handed on: to count references to operators takes as long as to add up a row.
      predictions.append(RowPrediction(rows[place].statement, consume value, sharedKernel: consume shared, prediction))
    }
    self.init(model, step, predictions, rates: rates)
  }

  /// A pass whose rows have their times.
  private init(
    _ model: DecoderModel, _ step: DecoderStep, _ operators: [RowPrediction], rates: DeviceRates,
    missingGradients: [OperatorName] = []
  ) {
    self.step = step
    self.operators = operators
    self.rates = rates
    self.missingGradients = missingGradients
    mixes = Mixing(model)
    groups = model.groups.count == 1 ? [] : Group.all(of: model)
  }

  /// The place of an operator that came before, as a layer's second all-reduce and most rows of its second group did: they are timed
  /// once.
  @inline(__always)
  private static func earlier(
    _ place: Int, _ ideal: OperatorPrediction, _ rows: [NamedOperator<Count>], _ predictions: [RowPrediction]
  ) -> Int? {
    // Equal operators have equal counts, and few others do; to look at an operator is to count a reference.
    for known in predictions.indices where predictions[known].prediction.countsEqual(ideal) {
      if rows[known].operator == rows[place].operator, rows[known].sharedKernel == rows[place].sharedKernel {
        return known
      }
    }
    return nil
  }

  /// Sum over a layer's rows, one occurrence each; of a model with several groups, of a layer of each after another.
  public var layer: Total {
    var total = Total()
    for row in operators where row.scope.isLayer { total.add(row.prediction, times: 1) }
    return total
  }

  /// A row's name; of a model with several groups of layers, with its group's.
  public func label(of row: RowPrediction) -> String {
    guard !groups.isEmpty, let group = row.scope.group else { return row.name.rawValue }
    return "\(row.name.rawValue) (\(groups[group].name))"
  }

  /// Sum over the rows of a layer of one group, one occurrence each.
  public func layer(of group: Int) -> Total { sum(of: .layer(group: group)) }

  /// Sum over all rows times their occurrences, one after another: the way of one (micro-)batch through the model.
  public var model: Total {
    var total = Total()
    for row in operators { total.add(row.prediction, times: row.occurrences) }
    return total
  }

  /// What rows are added up by, beside whole layers.
  package enum Subtotal: Hashable, Sendable, CaseIterable {
    case mixer, feedForward
    /// Whatever goes over the link, wherever it stands.
    case communication

    package func contains(_ row: RowPrediction) -> Bool {
      guard row.cost.wireSteps == 0 else { return self == .communication }
      return switch self {
      case .mixer: row.row.statement.place.part == .mixer
      case .feedForward: row.row.statement.place.part == .feedForward
      case .communication: false
      }
    }
  }

  /// Sum over the rows of a kind, times their occurrences.
  package func total(of part: Subtotal) -> Total {
    var total = Total()
    for row in operators where part.contains(row) { total.add(row.prediction, times: row.occurrences) }
    return total
  }

  /// Sum over the rows of one scope, one occurrence each.
  func sum(of scope: RowScope) -> Total {
    var total = Total()
    for row in operators where row.scope == scope { total.add(row.prediction, times: 1) }
    return total
  }

  /// Costs added up, and the time they take one after another.
  public struct Total: Sendable {
    /// Of one device. Sums saturate; an analysis with one above `Count.limit` is an error.
    public internal(set) var cost = OperatorCost()
    var seconds = 0.0

    /// The sum over no rows.
    package init() {}

    /// nil where the time of a row in the sum is unknown.
    public var time: Seconds? { seconds.isNaN ? nil : Seconds(seconds) }

    static func + (left: Total, right: Total) -> Total {
      var sum = left
      sum.cost = left.cost + right.cost
      sum.seconds += right.seconds
      return sum
    }

    package mutating func add(_ prediction: OperatorPrediction, times: Count) {
      cost = cost + prediction.cost * times
      seconds += prediction.seconds * Double(signed: times)
    }
  }

  /// Time of all rows one after another, without adding up their counts; nil where one is unknown.
  public var time: Seconds? {
    var seconds = 0.0
    for row in operators { seconds += row.prediction.seconds * Double(signed: row.occurrences) }
    return seconds.isNaN ? nil : Seconds(seconds)
  }

  /// The first count that does not fit in 63 bits, in words; nil when all of them are exact.
  package var overflow: String? {
    // Sums saturate and every row runs at least once, so the model's cover those of its parts.
    guard model.cost.isOverflow else { return nil }
    if let row = operators.first(where: \.cost.isOverflow) { return row.name.rawValue }
    return layer.cost.isOverflow ? "the sum over a layer" : "the sum over the model"
  }
}
