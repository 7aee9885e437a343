import Foundation
import RooflineCore
import TestSupport
import XCTest

/// Gradients of what gpt-oss has beside others: clamped gates, biases of routed experts, sinks.
final class BruteForceSinkGradientTests: XCTestCase {
  func testTheClampedGatesGradientCostsWhatItsLoopExecutesAndTouches() {
    BruteForceCase.check(Self.clampedCases, .clampedSwiGLUGradient)
  }

  func testTheGradientOfExpertsBiasesCostsWhatItsLoopExecutesAndTouches() {
    BruteForceCase.check(Self.biasCases, .biasGradient)
  }

  func testTheGradientOfSoftmaxWithSinksCostsWhatItsLoopExecutesAndTouches() {
    BruteForceCase.check(Self.sinkCases, .softmaxGradient)
  }

  func testWhatTheForwardPassKeepsOfSinksCostsWhatItsLoopExecutesAndTouches() {
    BruteForceCase.check(Self.keptCases, .softmax)
  }

  /// Fused: three vector FLOPs and one exp a row more than without sinks, the logits to load and a share of each row to store.
  func testFusedAttentionKeepsTheSinksShares() {
    let shape = AttentionShape<Count>(
      batch: 3, queryTokens: 5, attendedKeys: 5, heads: 4, keyValueHeads: 2, headDim: 8, valueDim: 8)
    func attention(_ hasSinks: Bool) -> Operator<Count> {
      .attention(
        Attention(
          shape, mask: .causal, keyValueHome: .activation, keepsProbabilities: true, hasSinks: hasSinks,
          formats: NumberFormats(.bf16)))
    }
    let (with, without) = (attention(true).cost, attention(false).cost)
    let rows: Count = 60
    XCTAssertEqual(with.flops.vector, without.flops.vector + 3 * rows)
    XCTAssertEqual(with.flops.special, without.flops.special + rows)
    XCTAssertEqual(with.traffic.storeActivation, without.traffic.storeActivation + 2 * rows)
    XCTAssertEqual(with.traffic.loadWeight, 8)
    guard case .attention(let described) = attention(true), case .attention(let plain) = attention(false) else {
      return XCTFail("no attention")
    }
    let (gradient, other) = (
      Operator<Count>.attentionGradient(AttentionGradient(described)).cost,
      Operator<Count>.attentionGradient(AttentionGradient(plain)).cost
    )
    XCTAssertEqual(gradient.flops.vector, other.flops.vector + 2 * rows)
    XCTAssertEqual(gradient.flops.tensor, other.flops.tensor)
    XCTAssertEqual(gradient.traffic.loadActivation, other.traffic.loadActivation + 2 * rows)
    XCTAssertEqual(gradient.traffic.storeActivation, other.traffic.storeActivation + 8)
  }

  /// Every row of a model with sinks, biased experts and clamped gates has its gradients, and every product two of its own size.
  func testModelsWithSinksTrain() throws {
    for operators in OperatorSet.allCases {
      let model = try WrittenModel.configuration(Self.small).model
      let workload = TinyModel.workload(operators, prompt: 9, degree: 2)
      XCTAssertEqual(BackwardPass(ForwardPass<Count>(model, DecoderStep(.backward, workload))).missing, [])
      func products(_ pass: TrainingPass) -> Count {
        DecoderStep(pass, workload).rows(of: model).reduce(0) { (sum: Count, row: NamedOperator<Count>) in
          sum + row.operator.cost.flops.tensor * row.occurrences
        }
      }
      XCTAssertEqual(products(.backward), 2 * products(.forward), "\(operators)")
    }
  }

  private static let small = """
    {"architectures": ["GptOssForCausalLM"], "model_type": "gpt_oss", "hidden_size": 64, "intermediate_size": 48,
     "num_hidden_layers": 2, "num_attention_heads": 4, "num_key_value_heads": 2, "head_dim": 16, "vocab_size": 100,
     "num_local_experts": 4, "num_experts_per_tok": 2, "sliding_window": 4, "swiglu_limit": 7.0, "attention_bias": true,
     "hidden_act": "silu", "layer_types": ["sliding_attention", "full_attention"], "tie_word_embeddings": false,
     "torch_dtype": "bfloat16"}
    """

  static var keptCases: [BruteForceCase] {
    [(1, 1, 3), (2, 3, 4)].flatMap { (heads: Int, queries: Int, keys: Int) -> [BruteForceCase] in
      BruteForceFormats.all.map { formats in
        let described = Softmax<Count>(
          elements: Count(heads * queries * keys), width: Count(keys), sinks: Count(heads), keepsSinks: true,
          formats: formats.formats)
        return BruteForceCase("\(heads) × \(queries) × \(keys), \(formats.name)", .softmax(described)) { machine in
          let scores = formats.tensor("scores", .activations, \.residual, heads, queries, keys)
          let sinks = formats.tensor("sinks", .weights, \.residual, heads)
          let shares = formats.tensor("shares", .activations, \.residual, heads, queries, keys + 1)
          for head in 0..<heads {
            for query in 0..<queries {
              let row = (0..<keys).map { machine.multiply(0.5, machine.load(scores, head, query, $0)) }
              let terms = row + [machine.load(sinks, head)]
              let largest = terms.dropFirst().reduce(terms[0]) { machine.maximum($0, $1) }
              let exponentials = terms.map { machine.special(exp, machine.subtract($0, largest)) }
              let sum = exponentials.reduce(0) { machine.add($0, $1) }
              for (place, term) in exponentials.enumerated() {
                machine.store(machine.divide(term, sum), in: shares, head, query, place)
              }
            }
          }
        }
      }
    }
  }

  private static func check(_ gradient: DeviceTensor, _ expected: [Double]) {
    for (found, right) in zip(gradient.flattened, expected) {
      XCTAssertEqual(found, right, accuracy: 1e-6 * max(1, abs(right)))
    }
  }

  /// y = g·σ(α·g)·(u + 1), and the loss Σ dY·y; no element is near a clamp.
  static var clampedCases: [BruteForceCase] {
    [1, 2, 7].flatMap { elements in
      BruteForceFormats.all.map { formats in
        let described = GatedActivationGradient<Count>(
          .swigluoai, elements: Count(elements), formats: formats.formats)
        return BruteForceCase("\(elements), \(formats.name)", .gatedActivationGradient(described)) {
          clamped($0, elements, formats)
        }
      }
    }
  }

  private static let alpha = 1.702

  private static func clamped(_ machine: CountingMachine, _ elements: Int, _ formats: BruteForceFormats) {
    func tensor(_ name: String) -> DeviceTensor { formats.tensor(name, .activations, \.residual, elements) }
    let (gate, up, dY, dGate, dUp) = (tensor("gate"), tensor("up"), tensor("dY"), tensor("dGate"), tensor("dUp"))
    for index in 0..<elements {
      let (g, u, d) = (machine.load(gate, index), machine.load(up, index), machine.load(dY, index))
      let s = machine.divide(1, machine.add(1, machine.special(exp, -machine.multiply(alpha, g))))
      let a = machine.multiply(d, s)
      let upGradient = machine.multiply(a, g)
      machine.store(upGradient, in: dUp, index)
      let bend = machine.multiply(machine.multiply(alpha, upGradient), machine.subtract(1, s))
      machine.store(machine.multiply(machine.add(u, 1), machine.add(a, bend)), in: dGate, index)
    }
    func loss(_ gate: [Double], _ up: [Double]) -> Double {
      gate.indices.reduce(0) { $0 + dY[$1] * gate[$1] / (1 + exp(-alpha * gate[$1])) * (up[$1] + 1) }
    }
    check(dGate, NumericalGradient.of({ loss($0, up.flattened) }, at: gate.flattened))
    check(dUp, NumericalGradient.of({ loss(gate.flattened, $0) }, at: up.flattened))
  }

  /// Tokens' experts by number; the bias of an expert that none goes to has no gradient to store.
  static var biasCases: [BruteForceCase] {
    [(1, [[0]]), (4, [[1, 3], [3, 0], [1, 3]]), (5, [[4], [4], [2]])].flatMap {
      (experts: Int, tokens: [[Int]]) -> [BruteForceCase] in
      BruteForceFormats.all.map { formats in
        let width = 3
        let pairs = tokens.flatMap { $0 }
        let touched = Set(pairs).sorted()
        let described = BiasGradient<Count>(
          rows: Count(pairs.count), width: Count(width),
          experts: ExpertSet(
            held: Count(experts), chosen: Count(tokens[0].count), expected: Double(touched.count)),
          formats: formats.formats)
        return BruteForceCase("\(tokens) of \(experts), \(formats.name)", .biasGradient(described)) { machine in
          let dY = formats.tensor("dY", .activations, \.residual, pairs.count, width)
          let gradient = formats.tensor("dBias", .activations, \.residual, experts, width)
          for expert in touched {
            for column in 0..<width {
              var sum = 0.0
              for (pair, own) in pairs.enumerated() where own == expert {
                sum = machine.add(sum, machine.load(dY, pair, column))
              }
              machine.store(sum, in: gradient, expert, column)
            }
          }
        }
      }
    }
  }

  /// Probabilities of rows beside a sink, and the loss Σ dP·P of scores and sinks.
  static var sinkCases: [BruteForceCase] {
    [(1, 1, 3), (2, 3, 4), (3, 2, 1)].flatMap { (heads: Int, queries: Int, keys: Int) -> [BruteForceCase] in
      BruteForceFormats.all.map { formats in
        let rows = Count(heads * queries)
        let described = SoftmaxGradient<Count>(
          elements: rows * Count(keys), sinks: .init(heads: Count(heads), rows: rows), formats: formats.formats)
        return BruteForceCase("\(heads) × \(queries) × \(keys), \(formats.name)", .softmaxGradient(described)) {
          sinks($0, heads, queries, keys, formats)
        }
      }
    }
  }

  private static func sinks(
    _ machine: CountingMachine, _ heads: Int, _ queries: Int, _ keys: Int, _ formats: BruteForceFormats
  ) {
    func tensor(_ name: String, _ shape: Int...) -> DeviceTensor {
      DeviceTensor(name, .activations, bits: formats.residual, shape: shape)
    }
    let (scores, sinks) = (tensor("scores", heads, queries, keys), tensor("sinks", heads))
    let (dP, dS, dSink) = (
      tensor("dP", heads, queries, keys), tensor("dS", heads, queries, keys), tensor("dSink", heads)
    )
    // What the forward pass kept: the share of each key, and behind them that of the sink.
    let kept = tensor("p", heads, queries, keys + 1)
    func shares(_ scores: [Double], _ sinks: [Double], _ head: Int, _ query: Int) -> [Double] {
      let row = (0..<keys).map { exp(scores[(head * queries + query) * keys + $0]) } + [exp(sinks[head])]
      return row.map { $0 / row.reduce(0, +) }
    }
    for head in 0..<heads {
      for query in 0..<queries {
        for (key, share) in shares(scores.flattened, sinks.flattened, head, query).enumerated() {
          kept[[head, query, key]] = share
        }
      }
    }
    for head in 0..<heads {
      var own = 0.0
      for query in 0..<queries {
        let row = (0..<keys).map { machine.load(kept, head, query, $0) }
        let gradients = (0..<keys).map { machine.load(dP, head, query, $0) }
        var sum = 0.0
        for (p, gradient) in zip(row, gradients) { sum = machine.add(sum, machine.multiply(p, gradient)) }
        for key in 0..<keys {
          machine.store(
            machine.multiply(row[key], machine.subtract(gradients[key], sum)), in: dS, head, query, key)
        }
        own = machine.subtract(own, machine.multiply(machine.load(kept, head, query, keys), sum))
      }
      machine.store(own, in: dSink, head)
    }
    func loss(_ scores: [Double], _ sinks: [Double]) -> Double {
      var loss = 0.0
      for head in 0..<heads {
        for query in 0..<queries {
          for (key, share) in shares(scores, sinks, head, query).prefix(keys).enumerated() {
            loss += dP[head, query, key] * share
          }
        }
      }
      return loss
    }
    check(dS, NumericalGradient.of({ loss($0, sinks.flattened) }, at: scores.flattened))
    check(dSink, NumericalGradient.of({ loss(scores.flattened, $0) }, at: sinks.flattened))
  }
}
