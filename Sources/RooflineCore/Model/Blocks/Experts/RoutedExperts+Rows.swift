extension RoutedExperts {
  func emit<Scalar: Term, Sink: RowSink<Scalar>>(
    _ pass: PassShape<Scalar>, _ place: RowPlace<Scalar>, into sink: inout Sink
  ) {
    Rows(self, pass, place).emit(into: &sink)
  }

  /// The block on one device of a pass.
  struct Rows<Scalar: Term> {
    let block: RoutedExperts
    let pass: PassShape<Scalar>
    let place: RowPlace<Scalar>
    private let experts, chosen, width: Scalar
    private let expertSet: ExpertSet<Scalar>
    var division: ExpertDivision { pass.experts }

    init(_ block: RoutedExperts, _ pass: PassShape<Scalar>, _ place: RowPlace<Scalar>) {
      self.block = block
      self.pass = pass
      self.place = place
      let (division, all) = (pass.experts, Scalar.input(.experts, block.experts))
      experts = all
      chosen = .input(.chosenExperts, block.chosen)
      let parallel = Scalar.input(.expertParallel, division.parallel)
      let touched = TouchedExperts.load(
        division.load, experts: block.experts, chosen: block.chosen, ranks: division.parallel)
      let tokens = division.isDispatched ? pass.tokens * parallel : pass.tokens
      guard division.parallel > 1 else {
        width = pass.share(.expertWidth, block.width, named: .shardExpertWidth)
        expertSet = ExpertSet(held: all, chosen: chosen, tokens: tokens, touched: touched)
        return
      }
      let whole = Scalar.input(.expertWidth, block.width)
      width =
        division.width > 1
        ? whole.divided(exactlyBy: .input(.expertTensorParallel, division.width)).named(.shardExpertWidth) : whole
      // A share depends on the loads, and on no number of tokens.
      let share = division.load.rank(block.experts, chosen: block.chosen, tokens: 1, ranks: division.parallel).share
      expertSet = ExpertSet(
        held: all.divided(exactlyBy: parallel).named(.ownExperts), all: all, chosen: chosen, tokens: tokens,
        touched: touched, share: share.map { .busiest($0) } ?? .part(of: parallel))
    }

    /// Elements of a row that experts read and write.
    var stream: Scalar { block.latent.map { .input(.latentWidth, $0.size) } ?? pass.hidden }

    /// Token–expert pairs of all ranks that share the experts.
    private var pairs: Scalar { expertSet.tokens * chosen }

    /// Token–expert pairs on this device.
    private var ownPairs: Scalar { expertSet.own(pairs) }

    var ranksHit: Double {
      ExpertLoad.ranksHit(block.experts, chosen: block.chosen, ranks: division.parallel)
    }

    /// Tokens with an expert on this device, each with one row.
    var ownRows: Scalar {
      if division.isDispatched { return pass.tokens.times(expected: ranksHit, .ranksHit) }
      return division.parallel > 1
        ? pass.tokens.times(expected: ranksHit / Double(division.parallel), .hitShare) : pass.tokens
    }

    func emit<Sink: RowSink<Scalar>>(into sink: inout Sink) {
      emitRoute(into: &sink)
      emitExperts(into: &sink)
      if let shared = block.shared { emit(shared, into: &sink) }
    }

    private func emitRoute<Sink: RowSink<Scalar>>(into sink: inout Sink) {
      let router = block.router
      if let norm = router.norm {
        sink.row(
          "router_norm", place,
          RMSNorm(rows: pass.tokens, width: pass.hidden, keepsRoot: pass.isTraining, formats: pass.formats),
          reads: Activations(pass.input), writes: Activations(.routerInput), weight: norm)
      }
      sink.row(
        "router", place,
        GEMM(m: pass.tokens, n: experts, k: pass.hidden, formats: pass.formats, hasBias: router.hasBias),
        reads: Activations(router.norm == nil ? pass.input : .routerInput), writes: Activations(.routerLogits),
        weight: router.name)
      let scoring: Route<Scalar>.Scoring =
        switch router.scoring {
        case .softmax: .softmax
        case .softmaxOfChosen: .softmaxOfChosen
        case .sigmoid: .sigmoid
        case .sqrtSoftplus: .sqrtSoftplus
        }
      sink.row(
        "route", place,
        Route(
          rows: pass.tokens, experts: experts, chosen: chosen, scoring: scoring,
          hasCorrection: router.correction != nil,
          weighting: .init(renormalises: router.renormalises, scales: router.scales),
          hasExpertScales: router.expertScales != nil, formats: pass.formats),
        reads: Activations(.routerLogits), writes: Activations(.routeWeights, .expertIDs),
        weight: router.correction.map { .buffer($0) } ?? router.expertScales.map { .whole($0) } ?? .none)
    }

    private func emitExperts<Sink: RowSink<Scalar>>(into sink: inout Sink) {
      let formats = pass.formats
      var input = pass.input
      if let latent = block.latent {
        sink.row(
          "fc1_latent", place, GEMM(m: pass.tokens, n: stream, k: pass.hidden, formats: formats),
          reads: Activations(pass.input), writes: Activations(.latent), weight: latent.down)
        input = .latent
      }
      if block.router.scalesInputs {
        let pairs = division.isDispatched ? pass.tokens * chosen : ownPairs
        sink.row(
          "experts_input_scale", place,
          ExpertScale(
            pairs: pairs, rows: division.isDispatched ? pass.tokens : ownRows, width: stream, formats: formats),
          reads: Activations(input, .routeWeights), writes: Activations(.scaledInput))
        input = .scaledInput
      }
      if division.isDispatched { input = emitDispatch(of: input, into: &sink) }
      emitProducts(of: input, into: &sink)
      let sum: ActivationTensor = block.latent == nil ? .partialSum : .latentSum
      sink.row(
        "combine", place,
        ExpertCombine(
          pairs: ownPairs, rows: division.isDispatched ? ownRows : pass.tokens, width: stream,
          isWeighted: !block.router.scalesInputs, formats: formats),
        reads: block.router.scalesInputs ? Activations(.expertRows) : Activations(.expertRows, .routeWeights),
        writes: Activations(division.isDispatched ? .rankSums : sum))
      if division.isDispatched { emitReturn(to: sum, into: &sink) }
      if let latent = block.latent { emitUp(latent, into: &sink) }
    }

    private func emitProducts<Sink: RowSink<Scalar>>(of input: ActivationTensor, into sink: inout Sink) {
      let formats = pass.formats
      let isGated = block.form.firstProducts > 1
      let first = GroupedGEMM(
        m: pairs, n: isGated ? 2 * width : width, half: isGated ? width : nil, k: stream,
        inputRows: block.router.scalesInputs ? ownPairs : ownRows, experts: expertSet, hasBias: block.hasBias,
        formats: formats)
      let read = Activations(input)
      // Pairs that ranks do not share evenly leave elements, and no whole rows.
      let (rows, columns) = division.parallel == 1 ? (ownPairs, width) : (expertSet.own(pairs * width), 1)
      switch block.form {
      case .gated(let activation):
        sink.row(
          "experts_gate_up", place, first, reads: read, writes: Activations(.expertGateUp), weight: block.names.first)
        activation.emit(
          .experts, rows: rows, width: columns, pass, place, reads: Activations(.expertGateUp, .expertGateUp),
          writes: .expertGated, into: &sink)
      case .twoMatrix(let activation):
        sink.row("experts_up", place, first, reads: read, writes: Activations(.expertGateUp), weight: block.names.first)
        activation.emit(
          .experts, elements: rows * columns, pass, place, reads: .expertGateUp, writes: .expertGated, into: &sink)
      }
      sink.row(
        "experts_down", place,
        GroupedGEMM(
          m: pairs, n: stream, k: width, inputRows: ownPairs, experts: expertSet, hasBias: block.hasBias,
          biasColumns: division.width > 1 && !division.isDispatched
            ? stream.divided(roundingUpBy: .input(widthLetter, division.width)) : nil, formats: formats),
        reads: Activations(.expertGated), writes: Activations(.expertRows), weight: block.names.down)
    }

    /// What the ranks that divide each expert are called: all of them without expert parallelism.
    private var widthLetter: Letter { division.parallel > 1 ? .expertTensorParallel : .tensorParallel }

    private func emitUp<Sink: RowSink<Scalar>>(_ latent: Latent, into sink: inout Sink) {
      if let norm = latent.norm {
        sink.row(
          "latent_norm", place,
          RMSNorm(rows: pass.tokens, width: stream, keepsRoot: pass.isTraining, formats: pass.formats),
          reads: Activations(.latentSum), writes: Activations(.latentSum), weight: norm)
      }
      sink.row(
        "fc2_latent", place, GEMM(m: pass.tokens, n: pass.hidden, k: stream, formats: pass.formats),
        reads: Activations(.latentSum), writes: Activations(.partialSum), weight: latent.up)
    }

    /// The shared experts are one MLP beside the routed ones; its output is added to theirs before ranks add up.
    private func emit<Sink: RowSink<Scalar>>(_ shared: Shared, into sink: inout Sink) {
      let width = pass.share(.sharedWidth, shared.width, named: .shardSharedWidth)
      let read = Activations(pass.input)
      switch block.form {
      case .gated(let activation):
        let products: Activations
        switch pass.operatorSet {
        case .separate:
          let product = pass.columnParallel(width, bias: false)
          sink.row(
            "shared_gate_proj", place, product, reads: read, writes: Activations(.gate), weight: shared.names.gate)
          sink.row("shared_up_proj", place, product, reads: read, writes: Activations(.up), weight: shared.names.up)
          products = Activations(.gate, .up)
        case .fused:
          sink.row(
            "shared_gate_up_proj", place, pass.columnParallel(2 * width, bias: false), reads: read,
            writes: Activations(.gateUp), weight: shared.names.gate.joining)
          products = Activations(.gateUp, .gateUp)
        }
        activation.emit(
          .shared, rows: pass.tokens, width: width, pass, place, reads: products, writes: .gated, into: &sink)
      case .twoMatrix(let activation):
        sink.row(
          "shared_up_proj", place, pass.columnParallel(width, bias: false), reads: read, writes: Activations(.up),
          weight: shared.names.up)
        activation.emit(
          .shared, elements: pass.tokens * width, pass, place, reads: .up, writes: .gated, into: &sink)
      }
      sink.row(
        "shared_down_proj", place, pass.rowParallel(width, bias: false), reads: Activations(.gated),
        writes: Activations(.sharedSum), weight: shared.names.down)
      var sum: ActivationTensor = .sharedSum
      let elements = pass.tokens * pass.hidden
      if let gate = shared.gate {
        sink.row(
          "shared_gate", place, GEMM(m: pass.tokens, n: 1, k: pass.hidden, formats: pass.formats), reads: read,
          writes: Activations(.sharedGate), weight: gate)
        sink.row(
          "shared_gate_dot", place, SigmoidGate(gates: pass.tokens, width: pass.hidden, formats: pass.formats),
          reads: Activations(.sharedSum, .sharedGate), writes: Activations(.gatedSharedSum))
        sum = .gatedSharedSum
      }
      sink.row(
        "shared_add", place, ResidualAdd(elements: elements, formats: pass.formats),
        reads: Activations(.partialSum, sum), writes: Activations(.partialSum))
    }
  }
}
