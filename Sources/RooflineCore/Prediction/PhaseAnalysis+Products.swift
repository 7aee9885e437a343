extension PhaseAnalysis {
  /// FLOPs of the matrix products as numbers that can be added up over steps, row by row as `PassBatch` adds them: a sweep's
  /// utilization is a single analysis's to the last bit.
  package var productWork: Double {
    operators.reduce(0) { sum, row in
      sum + Double(signed: row.cost.productFLOPs) * Double(signed: row.occurrences)
    }
  }

  /// FLOPs of the matrix products alone.
  package var productFLOPs: Count {
    operators.reduce(0) { sum, row in sum + row.cost.productFLOPs * row.occurrences }
  }
}
