import RooflineCore

/// What tiles of query rows that walk over the blocks of keys they see take, wherever keys and values come from: everything that the time
/// of attention over a prompt consists of, µs.
package struct PromptTerms {
  /// Tiles and blocks of keys of all lists of queries, and what a tile costs beside its blocks.
  var tiles, blocks, tile: Double
  /// A block's products and exponentials, and the exponentials alone.
  package var block, exponentials: Double
  /// All tiles over all SMs, and with waves.
  var even, compute: Double
  package var memory, idealMemory: Double
  /// What a token costs, and what comes with a kernel's way to cut.
  package var extra: Double
  package var sag, idealTensor: Double

  /// Exponentials of a block that products do not hide.
  ///
  /// - Parameter specialFunctions: of an SM in a clock.
  static func exponentials(rows: Double, keys: Double, specialFunctions: Double, _ facts: DeviceFacts) -> Double {
    PrefillConstants.exposedExponentials * rows * keys / (specialFunctions * facts.cyclesPerMicrosecond)
  }

  /// What a long call loses by the clock that sags under it.
  ///
  /// - Parameters:
  ///   - ideal: at the datasheet's rate, µs.
  ///   - tensor: the share of it that is reached.
  static func sag(_ share: Double, ideal: Double, tensor: Double) -> Double {
    share * ideal / tensor * min(1, max(0, Mathematics.decimalLogarithm(max(ideal, 1e-12) / 300) / 1.5))
  }

  /// Tiles as they come to free SMs: the longest one alone, or all of them spread evenly and a share of the last.
  static func compute(longest: Double, total: Double, tiles: Double, tail: Double, _ facts: DeviceFacts) -> Double {
    let processors = facts.streamingMultiprocessors
    return tiles <= processors ? longest : max(longest, total / processors + tail * total / tiles)
  }

  /// Built up from the roof: padding to blocks and the share of the peak, then what a tile costs, then exponentials, waves, the clock and
  /// memory.
  ///
  /// - Parameter time: all of it.
  func parts(fixed: Double, time: Double, _ facts: DeviceFacts) -> [TimePart] {
    let processors = facts.streamingMultiprocessors
    let roof = max(idealTensor, idealMemory)
    // Blocks spread evenly over the SMs.
    let products = blocks * (block - exponentials) / processors
    let own = products + tiles * tile / processors
    let fixed = fixed + extra
    return TimePart.differences([
      (.roof, roof),
      (.fixed, roof + fixed),
      (.rate, max(products, idealMemory) + fixed),
      (.tile, max(own, idealMemory) + fixed),
      (.exposedExp, max(even, idealMemory) + fixed),
      (.waves, max(compute, idealMemory) + fixed),
      (.sag, max(compute, idealMemory) + fixed + sag),
      (.dram, max(compute, memory) + fixed + sag),
      (.overlap, time),
    ])
  }
}
