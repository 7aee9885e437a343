/// The five kinds of memory traffic, in the order of the tables.
public enum TrafficClass: UInt8, Hashable, Sendable, CaseIterable {
  /// Loads of parameters; loads and stores of activations; loads and stores of what is cached: keys and values, latents, states.
  case loadWeight, loadActivation, storeActivation, loadKVCache, storeKVCache
}

/// One tensor that an operator reads or writes: every distinct element, once.
package struct Operand<Scalar: Term>: Hashable, Sendable {
  /// The tensor's letter or short name in the operator's definition.
  package let name: StaticName
  package let traffic: TrafficClass
  package let elements: Scalar
  package let format: ElementFormat
  /// Bytes of the scales that come with the elements; nil where none do.
  package let scaleBytes: Scalar?

  init(
    _ name: StaticName, _ traffic: TrafficClass, _ elements: Scalar, _ format: ElementFormat, scaleBytes: Scalar? = nil
  ) {
    self.name = name
    self.traffic = traffic
    self.elements = elements
    self.format = format
    self.scaleBytes = scaleBytes
  }

  /// Elements and scales.
  package var bytes: Scalar {
    @specialized(where Scalar == Count) @inline(__always) get {
      let own = elements.bytes(format)
      return scaleBytes.map { own + $0 } ?? own
    }
  }
}

/// Names of operands: what `explain` lists and a kernel's arguments are called.
package enum StaticName: String, Hashable, Sendable, CaseIterable {
  case input, weight, bias, output, query, key, value, scores, probabilities, table, gate, up, residual, normalized
  case tokenIDs, rows
  /// An indexer's choice, and its keys' scales.
  case indices, scale
  /// Of recurrences: what they keep, the gates that steer it, step sizes, the vectors B and C.
  case state, gates, decay, stepSize, mixing
  case logits, weights, expertIDs
  /// What the backward pass reads of the forward one beside its operands: the reciprocal root of a norm's rows.
  case root
  /// The same of whatever else a row computed on its way.
  case kept
  /// The same of a delta rule's chunks: squares of their tokens, vectors of each token.
  case squares, vectors
  case outputGradient, inputGradient, weightGradient, biasGradient, residualGradient
  case queryGradient, keyGradient, valueGradient, scoreGradient, probabilityGradient, gateGradient, upGradient
  /// Of recurrences: what a convolution's silu is taken of, the states that were passed, the decays in between.
  case sums, states, decays
  case stepSizeGradient, mixingGradient, decayGradient
}
