import RooflineCore
import RooflineMeasurement

extension PreparedKernel {
  /// Compares the results of one call with the reference.
  ///
  /// All pieces of an output up to a limit of work, else the first, the last and random ones.
  ///
  /// - Throws: `GPUFault.wrongResult` for the first element that is wrong, or a write behind a tensor.
  func check(_ stream: DeviceStream, effort: Int) throws(GPUFault) -> KernelMeasurement.Check {
    try launch(copy: 0, in: stream)
    try stream.synchronize()
    return try compared(copy: 0, data, effort: effort)
  }

  /// Compares what the replayed calls leave with the reference, their outputs poisoned before: a graph keeps addresses, a
  /// product's bias and its workspace, which must all still be what they were.
  ///
  /// - Parameters:
  ///   - last: what was timed, and the set that its last call is on; nil: single calls on the first set.
  /// - Throws: as `check`.
  func recheck(
    _ stream: DeviceStream, after last: (graph: Graph, copy: Int)?, _ patterns: RandomPatterns, effort: Int
  ) throws(GPUFault) -> KernelMeasurement.Check {
    let copy = last?.copy ?? 0
    if plan.writesInPlace {
      // What was read is no longer what it was, and after many calls it is no number's rounding.
      for index in plan.buffers.indices { try stream.fill(memory(index, copy), with: 0xFF) }
      try stream.synchronize()
      for index in plan.buffers.indices { try fill(index, copy: copy, stream, patterns) }
      try stream.synchronize()
      try launch(copy: copy, in: stream)
    } else {
      for (index, buffer) in plan.buffers.enumerated() {
        guard case .written = buffer.tensor else { continue }
        try stream.fill(memory(index, copy), with: 0xFF)
      }
      if let last { try last.graph.launch() } else { try launch(copy: copy, in: stream) }
    }
    try stream.synchronize()
    return try compared(copy: copy, data, effort: effort)
  }

  /// What lies in a set's outputs beside what the reference makes of the inputs.
  func compared(copy: Int, _ data: TensorData, effort: Int) throws(GPUFault) -> KernelMeasurement.Check {
    var check = KernelMeasurement.Check(compared: 0, elements: 0, worst: 0)
    var generator = SplitMix(seed: seed)
    for output in plan.reference.outputs {
      let count = max(2, effort / max(1, output.cost))
      let pieces =
        output.pieces <= count
        ? Array(0..<output.pieces)
        : [0, output.pieces - 1] + (2..<count).map { _ in Int.random(in: 0..<output.pieces, using: &generator) }
      var length = 0
      for piece in pieces {
        let expected = plan.reference.piece(piece, of: output.name, data)
        length = max(length, expected.values.count)
        try compare(expected, output, copy, &check)
      }
      check.elements += output.pieces == pieces.count ? 0 : (output.pieces - pieces.count) * length
    }
    check.elements += check.compared
    for (index, buffer) in plan.buffers.enumerated() where !given.contains(index) {
      let behind = try memory(index, copy).read(UInt8.self, count: PreparedKernel.guardBytes, from: buffer.byteCount)
      guard behind.allSatisfy({ $0 == 0xFF }) else {
        throw .wrongResult(kernel: name, detail: "it wrote behind the end of \(buffer.tensor)")
      }
    }
    return check
  }

  private func compare(
    _ expected: ReferencePiece, _ output: ReferenceOutput, _ copy: Int, _ check: inout KernelMeasurement.Check
  ) throws(GPUFault) {
    let type = output.type
    guard let place = plan.place(of: .written(output.name)) else {
      throw .unsupported(name, reason: "its plan has no memory for \(output.name.rawValue)")
    }
    let found = try memory(place, copy).elements(type, count: expected.values.count, from: expected.first)
    for (offset, (value, wanted)) in zip(found, expected.values).enumerated() {
      var tolerance =
        (type.roundoff * 1.01 + expected.relativeError) * wanted.magnitude + expected.absoluteError + type.leastDistance
      if roundsPartialSums { tolerance += 4 * type.roundoff * expected.termSize }
      let share = (value - wanted).magnitude / tolerance
      // NaN, the poison, is no error within a tolerance.
      guard share <= 1 else {
        throw .wrongResult(
          kernel: name,
          detail:
            "element \(expected.first + offset) of \(output.name.rawValue) is \(value), not \(wanted) within \(tolerance)"
        )
      }
      check.worst = max(check.worst, share)
    }
    check.compared += found.count
  }
}
