import Foundation
import RooflineCore
import RooflineTimeModels

/// Every tile and every split of a model, one after another: the first whose time no later one undercuts by more than rounding.
///
/// Written for speed in a build without optimisation: plain numbers in flat memory.
struct OrderedTileSearch {
  private static let splits: [Double] = [1, 2, 3, 4, 5, 6, 8, 10, 12, 16, 24, 32]

  private let model: GEMMTimeModel
  /// Of a tile: rows, columns, tensor and L2 time a k, fill, epilogue a byte.
  private let tiles: [Double]

  init(_ model: GEMMTimeModel) {
    self.model = model
    tiles = model.tiles.flatMap { [$0.m, $0.n, $0.tensorPerK, $0.l2PerK, $0.fill, $0.epiloguePerByte] }
  }

  func fastest(_ shape: GEMMTimeModel.Problem) -> GEMMTimeModel.Choice {
    let common = model.common(shape)
    let (dram, perRate) = (common.dram, common.perRate)
    let dramCubed = dram * dram * dram
    let perSM = 1 / model.facts.streamingMultiprocessors
    let (tail, depth, launch) = (model.list.tail, model.list.depth, model.constants.launch)
    let (m, n, k, inputBytes, outputBytes) = (shape.m, shape.n, shape.k, shape.inputBytes, shape.outputBytes)
    var best = GEMMTimeModel.Choice(
      time: .infinity, tileM: 0, tileN: 0, split: 0, waves: 0, tensor: 0, l2: 0, dram: dram, splitK: 0, wave: 0,
      quantization: common.quantization)
    tiles.withUnsafeBufferPointer { tiles in
      for wanted in OrderedTileSearch.splits {
        let kPerCTA = (k / wanted / depth).rounded(.up) * depth
        let split = (k / kPerCTA).rounded(.up)
        if split < wanted { continue }
        let reduction = model.reduction(split, shape)
        var place = 0
        while place < tiles.count {
          let (tileM, tileN) = (tiles[place], tiles[place + 1])
          let wave = tiles[place + 4] + tiles[place + 5] * outputBytes
          let ctas = (m / tileM).rounded(.up) * (n / tileN).rounded(.up) * split
          let each = ctas * perSM
          let partial = each + tail * (each.rounded(.up) - each)
          let waves = partial > 1 ? partial : 1
          let tensor = waves * tiles[place + 2] * kPerCTA * perRate
          let compute = tensor + (waves - 1) * wave
          let l2 = ctas * tiles[place + 3] * kPerCTA * inputBytes
          let cubes = compute * compute * compute + l2 * l2 * l2 + dramCubed
          place += 6
          let exposed = launch + wave + reduction
          let room = best.time - exposed
          guard room > 0, cubes < room * room * room * (1 - 1e-12) else { continue }
          best.time = exposed + cbrt(cubes)
          best.tileM = tileM
          best.tileN = tileN
          best.split = split
          best.waves = waves
          best.tensor = tensor
          best.l2 = l2
          best.splitK = reduction
          best.wave = wave
        }
      }
    }
    best.time += common.quantization
    return best
  }
}
