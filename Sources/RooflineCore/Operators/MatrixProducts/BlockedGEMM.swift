/// A GEMM cut into blocks of BM×BN results, each of which reads its own strips of both operands.
///
/// Two facts of the owner's notes. Without reuse between blocks the traffic is 2MN + MK⌈N/BN⌉ + KN⌈M/BM⌉ words. And a block
/// always computes all of its results, so an m below BM is padded: more FLOPs, the same bytes.
package struct BlockedGEMM<Scalar: Term>: Hashable, Sendable {
  package let gemm: GEMM<Scalar>
  package let blockM, blockN: Scalar

  package init(_ gemm: GEMM<Scalar>, blockM: UInt64, blockN: UInt64) {
    self.gemm = gemm
    self.blockM = .input(.blockM, blockM)
    self.blockN = .input(.blockN, blockN)
  }

  var rowBlocks: Scalar { gemm.m.divided(roundingUpBy: blockM) }
  var columnBlocks: Scalar { gemm.n.divided(roundingUpBy: blockN) }

  /// Elements moved between memory and blocks: every result read and written once, x once per block column, W once per row.
  package var trafficWords: Scalar { results + inputs + weights }

  /// The same in bytes, each part at its format's width: sums read and written, strips of x and of W.
  package var traffic: Traffic<Scalar> {
    let sums = (gemm.m * gemm.n).bytes(gemm.formats.residualFormat)
    var traffic = Traffic<Scalar>()
    traffic.loadActivation = sums + inputs.bytes(gemm.formats.activationFormat)
    traffic.loadWeight = weights.bytes(gemm.formats.weightFormat)
    traffic.storeActivation = sums
    return traffic
  }

  package var trafficBytes: Scalar { traffic.total }

  private var results: Scalar { 2 * gemm.m * gemm.n }
  private var inputs: Scalar { gemm.m * gemm.k * columnBlocks }
  private var weights: Scalar { gemm.k * gemm.n * rowBlocks }

  /// The GEMM's work with its product padded; a bias is added to real results only.
  package var paddedWork: FLOPCounts<Scalar> {
    FLOPCounts(
      product: paddedFLOPs, on: gemm.formats.linearUnit, vector: gemm.hasBias ? gemm.m * gemm.n : 0)
  }

  /// FLOPs with m and n rounded up to whole blocks.
  package var paddedFLOPs: Scalar { 2 * (rowBlocks * blockM) * (columnBlocks * blockN) * gemm.k }
}
