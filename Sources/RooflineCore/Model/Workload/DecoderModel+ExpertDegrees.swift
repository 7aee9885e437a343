extension DecoderModel {
  /// The kinds of routed experts in the model.
  package var routedExperts: [RoutedExperts] { groups.compactMap { $0.feedForward?.routed } }

  /// Throws where the ranks of a replica cannot divide the model as the workload says.
  func requireLegalRanks(_ workload: Workload, name: String) throws(InputError) {
    let (ranks, parallel) = (workload.tensorParallel, workload.parallelism.expert)
    let isAlone = workload.parallelism.isAttentionDataParallel
    guard parallel > 1 || isAlone else {
      guard isLegal(tensorParallel: ranks) else {
        throw .illegalTensorParallel(degree: ranks, legal: legalTensorParallelDegrees, model: name)
      }
      return
    }
    guard ranks > 1 else {
      throw .usage("\(isAlone ? "--dp-attention" : "--ep \(parallel)") needs a --tp: the ranks are those of --tp")
    }
    let blocks = routedExperts
    guard parallel == 1 || !blocks.isEmpty else { throw .usage("--ep \(parallel): \(name) has no routed experts") }
    guard isLegal(expertParallel: parallel, of: ranks) else {
      // The bound keeps a nonsensical number of ranks from costing more than a moment.
      let legal = (1...min(ranks, 1 << 16)).filter { isLegal(expertParallel: $0, of: ranks) }.map(String.init)
      throw .usage(
        "--ep \(parallel) is not possible for \(name) with --tp \(ranks): it divides the ranks and the experts, and the other ranks the experts' width; \(legal.isEmpty ? "no degree does" : "there are \(legal.joined(separator: ", "))")"
      )
    }
    guard !isAlone || blocks.isEmpty || parallel == ranks else {
      throw .usage(
        "--dp-attention needs --ep \(ranks), as many as --tp: tokens travel to experts that lie whole on one rank")
    }
    guard !(isAlone && workload.parallelism.isSequenceParallel) else {
      throw .usage("--dp-attention and --sequence-parallel contradict each other: a rank's rows are its own")
    }
    guard isAlone || groups.allSatisfy({ $0.isLegal(tensorParallel: ranks, expertRanks: ranks / parallel) }) else {
      throw .illegalTensorParallel(degree: ranks, legal: legalTensorParallelDegrees, model: name)
    }
  }

  private func isLegal(expertParallel parallel: UInt64, of ranks: UInt64) -> Bool {
    ranks.isMultiple(of: parallel)
      && routedExperts.allSatisfy {
        $0.experts.isMultiple(of: parallel) && $0.width.isMultiple(of: ranks / parallel)
      }
  }

  /// Throws where a stated load of the experts does not fit the model's.
  package func requireFitting(_ load: ExpertLoad, name: String) throws(InputError) {
    guard load != .uniform else { return }
    guard !routedExperts.isEmpty else { throw .usage("--expert-load: \(name) has no routed experts") }
    for block in routedExperts {
      switch load {
      case .uniform, .balanced, .power: break
      case .distinct(let number):
        guard number >= Double(block.chosen), number <= Double(block.experts) else {
          throw .usage(
            "--expert-load \(number) is no number of distinct experts from \(block.chosen), which one token is sent to, to all \(block.experts)"
          )
        }
      case .pairs: throw .usage("--expert-load: pairs of a rank's experts are one call's, not every layer's of \(name)")
      case .loads(let loads):
        guard loads.count == Int(block.experts) else {
          throw .usage("--expert-load has \(loads.count) loads; \(name) has \(block.experts) routed experts a layer")
        }
        guard loads.filter({ $0 > 0 }).count >= Int(block.chosen) else {
          throw .usage("--expert-load has fewer experts with a load than the \(block.chosen) that a token is sent to")
        }
      }
    }
  }
}
