/// The gradient of a function of each element: dX = dY·f′(x).
package struct ActivationGradient<Scalar: Term>: GradientDefinition {
  package enum Function: Hashable, Sendable {
    /// gelu′ as in `GateGradient`: q = b·x² 2, tanh's argument 3, h 2, the inner derivative 3, gelu′ 6, times dY 1; one tanh.
    case gelu
    /// dY where x is above 0: a comparison.
    case relu
    /// 2·relu(x)·dY.
    case squaredRelu
    /// With σ = 1/(1 + exp(−x)): dY·σ·(1 + x·(1 − σ)).
    case silu
    /// From the result y that is kept: dY·(1 − exp(−y)).
    case softplus
  }

  package let function: Function
  package let elements: Scalar
  package let formats: NumberFormats

  package init(_ function: Function, elements: Scalar, formats: NumberFormats) {
    self.function = function
    self.elements = elements.named(.elements)
    self.formats = formats
  }

  package var kind: OperatorKind {
    switch function {
    case .gelu: .geluGradient
    case .relu: .reluGradient
    case .squaredRelu: .squaredReluGradient
    case .silu: .siluGradient
    case .softplus: .softplusGradient
    }
  }
  package var asOperator: Operator<Scalar> { .activationGradient(self) }

  package var flops: FLOPCounts<Scalar> {
    switch function {
    case .gelu: FLOPCounts(vector: 17 * elements, special: elements)
    case .relu: FLOPCounts()
    case .squaredRelu: FLOPCounts(vector: 2 * elements)
    case .silu: FLOPCounts(vector: 7 * elements, special: elements)
    case .softplus: FLOPCounts(vector: 2 * elements, special: elements)
    }
  }

  package func forEachOperand(_ visit: (Operand<Scalar>) -> Void) {
    visit(Operand(.outputGradient, .loadActivation, elements, formats.residualFormat))
    visit(Operand(function == .softplus ? .output : .input, .loadActivation, elements, formats.residualFormat))
    visit(Operand(.inputGradient, .storeActivation, elements, formats.residualFormat))
  }

  package static var source: String { "the gradient of an activation, element by element" }
  package var source: String {
    switch function {
    case .gelu:
      "gradient of gelu, an element: q = b·x² 2, tanh's argument 3, h = (1 + t)/2 2, the inner derivative 3, gelu′ 6, times dY 1; one tanh"
    case .relu: "gradient of relu: a comparison an element, which is not counted as a FLOP"
    case .squaredRelu: "gradient of relu², an element: a comparison, which is not counted, and two products"
    case .silu: "gradient of silu, an element: σ = 1/(1 + exp(−x)) 2, dY·σ 1, times 1 + x·(1 − σ) 4; one exp"
    case .softplus: "gradient of softplus from its result y, an element: 1 − exp(−y) 1, times dY 1; one exp"
    }
  }
}
