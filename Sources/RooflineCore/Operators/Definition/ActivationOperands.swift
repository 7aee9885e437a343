/// An operator's activation operands, in the definition's order: what a row's `reads` and `writes` name.
package struct ActivationOperands<Scalar: Term>: OperatorVisitor {
  package init() {}

  package func visit<D: OperatorDefinition>(
    _ definition: D
  ) -> (loads: [Operand<Scalar>], stores: [Operand<Scalar>]) where D.Scalar == Scalar {
    var loads: [Operand<Scalar>] = []
    var stores: [Operand<Scalar>] = []
    definition.forEachOperand { operand in
      if operand.traffic == .loadActivation { loads.append(operand) }
      if operand.traffic == .storeActivation { stores.append(operand) }
    }
    return (loads, stores)
  }
}
