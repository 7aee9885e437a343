/// The gradients of Mamba-2's scan in chunks of Q, last chunk first: by x, B, C, the step sizes, A and D.
///
/// With X̄ = Δ·x, the scores M = (C·Bᵀ) ∘ L, e_i = exp(c_i) and t_i = exp(c_Q − c_i) of the chunk's sums c of Δ·A, and
/// dS the gradient of the state behind a chunk: dM = dY·X̄ᵀ and Mᵀ·dY, 4Q²P; (dY ∘ e)·S for C, (dY ∘ e)ᵀ·C for the
/// state before, B·dSᵀ for X̄ and (X̄ ∘ t)·dS for B, 8QPN. The group adds up dG = dM ∘ L of its heads first; dG·B and
/// dGᵀ·C are then its own, 4Q²N: twice the forward products each.
///
/// Vector work of a chunk and head: dG and its sum 2Q², dM ∘ M with the sums of its rows and columns 3Q²; X̄ 1, dD 2,
/// dY ∘ e 1, the state's part of dX̄, added, and its product with X̄, summed, 4, X̄ ∘ t 1, x·dX̄ 2, dx 3: 14QP; C·dC 2, the
/// heads' dC and dB added up 2: 4QN; dS·S, summed, and the state's gradient before 4PN; dc 4, its sums from the end 1, dΔ
/// and dA 4: 9Q, and 3 at the end. Of a group 2QN, of a head once dA·A for its logarithm. A fused softplus: 1 − exp(−Δ),
/// its product, the bias, 3 and an exp a token and head. Masked squares and padding are executed, as in the forward pass;
/// nothing is computed again but X̄ and X̄ ∘ t, whose factors are loaded.
package struct StateSpaceScanGradient<Scalar: Term>: GradientDefinition {
  package let scan: StateSpaceScan<Scalar>
  /// Tokens of a chunk.
  package let size: Scalar

  /// nil of a scan that goes token after token, which no training step does.
  package init?(_ scan: StateSpaceScan<Scalar>) {
    guard case .chunks(let size) = scan.recurrence.form else { return nil }
    self.scan = scan
    self.size = size
  }

  package var kind: OperatorKind { .stateSpaceScanGradient }
  package var asOperator: Operator<Scalar> { .stateSpaceScanGradient(self) }

  package var matrixUnit: DType? { scan.formats.residual }

  package var flops: FLOPCounts<Scalar> {
    guard scan.isFused else { return chunked }
    let steps = scan.recurrence.tokens * scan.heads
    return chunked + FLOPCounts(vector: 3 * steps, special: steps)
  }

  private var chunked: FLOPCounts<Scalar> {
    let area = scan.headDim * scan.stateSize
    let square = size * size
    let chunks = scan.recurrence.chunks(of: size)
    let shared: Scalar = scan.groups * (4 * square * scan.stateSize)
    let own: Scalar = scan.heads * (4 * square * scan.headDim + 8 * size * area)
    let channels: Scalar = 14 * size * scan.headDim + 4 * size * scan.stateSize
    let perHead: Scalar = 5 * square + channels + 4 * area + 9 * size + 3
    let perGroup: Scalar = 2 * size * scan.stateSize
    let vector: Scalar = chunks * (scan.heads * perHead + scan.groups * perGroup) + scan.heads
    return FLOPCounts(product: chunks * (shared + own), on: scan.formats.residual, vector: vector)
  }

  package func forEachOperand(_ visit: (Operand<Scalar>) -> Void) {
    let format = scan.formats.residualFormat
    let tokens = scan.recurrence.tokens
    let inputs = tokens * (scan.heads * scan.headDim + 2 * scan.groups * scan.stateSize)
    visit(Operand(.outputGradient, .loadActivation, tokens * scan.heads * scan.headDim, format))
    visit(Operand(.input, .loadActivation, inputs, format))
    if !scan.isFused { visit(Operand(.stepSize, .loadActivation, tokens * scan.heads, format)) }
    scan.forEachKeptOperand(size, .loadActivation, visit)
    visit(Operand(.decay, .loadWeight, scan.heads, format))
    visit(Operand(.weight, .loadWeight, scan.heads, format))
    visit(Operand(.inputGradient, .storeActivation, inputs, format))
    visit(Operand(.stepSizeGradient, .storeActivation, tokens * scan.heads, format))
    if scan.isFused { visit(Operand(.biasGradient, .storeActivation, scan.heads, format)) }
    visit(Operand(.decayGradient, .storeActivation, scan.heads, format))
    visit(Operand(.weightGradient, .storeActivation, scan.heads, format))
  }

  package static var source: String {
    "gradients of Mamba-2's scan with the kept scores, decays and states, chunks of Q: products 4Q²N a group, 4Q²P + 8QPN a head; vector 5Q² + 14QP + 4QN + 4PN + 9Q + 3 a head, 2QN a group"
  }
}
