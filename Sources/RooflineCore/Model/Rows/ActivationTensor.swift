/// Activations of one forward pass, by what they are. A layer's tensors exist once: the next layer uses the space again.
package enum ActivationTensor: UInt8, Hashable, Sendable, CaseIterable {
  case tokenIDs, table, residual, residualAfterAttention, nextResidual
  case normalizedShard, normalized, query, normalizedQuery, rotatedQuery, key, normalizedKey, rotatedKey, value
  case queryKeyValue, scores, cappedScores, probabilities, attended
  case partialSum, reducedSum, normalizedSum, attentionSum, branchSum, gate, up, gateUp, gated, logits, cappedLogits
  // Of recurrent mixers and gated attention.
  case projected, convolved, convolvedQuery, convolvedKey, gateProjection, gateLatent, decayProjection, decayLatent
  case bank, normalizedStream, mixScore, mixedStream
  /// Queries with the gates of attention's output; a convolution's queries, keys and values: beside each other.
  case queryGate, convolvedHeads
  /// What mixes of snapshots and chunks of a delta rule keep for the backward pass.
  case streamShares, snapshotShares, snapshotScores, chunkSquares, chunkVectors, chunkStates
  case learnProjection, stepGates, stepProjection, mixing, scanned, gatedAttention
  /// Of latent attention: joined projections, latents of queries and of keys, and what is made of them.
  case latentProjections, queryLatent, normalizedQueryLatent, keyLatent, normalizedKeyLatent, keyValueUp
  case absorbedQuery, attendedLatent
  /// Of indexers.
  case indexQuery, indexKey, indexWeights, indexScores, indices
  /// Of compressed attention and of hyper-connections.
  case compressorValues, compressorGates, compressed, compressedKeys, outputLatent
  case normalizedStreams, streamWeights, streamMix, collapsed
  /// What their gradients need of the forward pass.
  case compressionShares, streamCoefficients
  case routerLogits, routeWeights, expertIDs, latent, expertGateUp, expertGated, expertRows, latentSum
  case sharedGate, sharedSum, gatedSharedSum, headGates, gatedHeads, scaledInput
  case dispatched, rankSums, returnedSums
  case routerInput, denseSum, expertsSum, bothSums
  /// Of draft modules: the stream that the text part left, the normalised embedding, and both side by side.
  case textStream, draftEmbedding, draftInput
  /// What recurrences keep for a backward pass.
  case convolutionSums, scanScores, scanDecays, scanStates, stepSizes
  /// Of vision towers: pixels.
  case patches
}

/// Up to four activations in order; without allocation, since every row states two of them.
package struct Activations: Hashable, Sendable, Sequence {
  private let list: SIMD4<UInt8>

  /// No activation.
  package static var none: Activations { Activations(list: SIMD4(repeating: .max)) }

  private init(list: SIMD4<UInt8>) { self.list = list }

  package init(
    _ first: ActivationTensor, _ second: ActivationTensor? = nil, _ third: ActivationTensor? = nil,
    _ fourth: ActivationTensor? = nil
  ) {
    list = SIMD4(
      first.rawValue, second?.rawValue ?? .max, third?.rawValue ?? .max, fourth?.rawValue ?? .max)
  }

  package func makeIterator() -> Iterator { Iterator(list: list) }

  package struct Iterator: IteratorProtocol {
    fileprivate let list: SIMD4<UInt8>
    private var place = 0

    fileprivate init(list: SIMD4<UInt8>) { self.list = list }

    package mutating func next() -> ActivationTensor? {
      while place < 4 {
        defer { place += 1 }
        if let tensor = ActivationTensor(rawValue: list[place]) { return tensor }
      }
      return nil
    }
  }
}
