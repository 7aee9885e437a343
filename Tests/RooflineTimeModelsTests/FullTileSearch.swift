import Foundation
import RooflineCore
import RooflineTimeModels

/// A second writing of time-model.md's GEMM: every tile, every split, nothing left out and nothing remembered.
///
/// Written for speed in a build without optimisation: plain numbers in flat memory.
struct FullTileSearch {
  struct Found {
    var time = Double.infinity
    var tileM = 0.0
    var tileN = 0.0
    var split = 0.0
  }

  private static let splits: [Int] = [1, 2, 3, 4, 5, 6, 8, 10, 12, 16, 24, 32]

  /// (tm, tn) as time-model.md lists them, `bk`, `mc` and `tail`.
  static let lists: [(list: TileList, tiles: [(Int, Int)], bk: Int, mc: Double, tail: Double)] = {
    let ampere = [(32, 64), (64, 64), (64, 128), (64, 256), (128, 128), (128, 256)]
    let ada = ampere + [(16, 64), (16, 128), (32, 128), (128, 64), (256, 128)]
    let classic = [(64, 64), (64, 128), (128, 64), (128, 128), (64, 256), (128, 256), (256, 128)]
    var hopper: [(Int, Int)] = []
    for m in stride(from: 16, through: 256, by: 16) {
      for n in stride(from: 16, through: 256, by: 16) where m * n <= 36864 {
        if [64, 128, 192, 256].contains(m) || [64, 128, 192, 256].contains(n) { hopper.append((m, n)) }
      }
    }
    let sides = [16, 32, 64, 96, 128, 160, 192, 224, 256]
    var blackwell: [(Int, Int)] = []
    for m in sides {
      for n in sides where m * n <= 65536 && (m == 128 || m == 256 || n == 128 || n == 256) { blackwell.append((m, n)) }
    }
    return [
      (.ampere, ampere, 32, 1, 1), (.ada, ada, 32, 1, 1), (.hopper, hopper, 64, 0.5, 0.8),
      (.hopperClassic, classic, 64, 1, 0.8), (.blackwell, blackwell, 64, 0.5, 0.8),
    ]
  }()

  let facts: DeviceFacts
  let constants: GEMMConstants
  private let bk: Int
  private let tail: Double
  /// Of a tile: its sides, 2·tm·tn/(F·eta/S) and its L2 bytes a k over the L2's rate, both in µs, and t_w per output byte.
  private let sides: [Int]
  private let rates: [Double]

  init(_ facts: DeviceFacts, _ constants: GEMMConstants, _ list: TileList) {
    self.facts = facts
    self.constants = constants
    let (_, tiles, bk, mc, tail) = FullTileSearch.lists.first { $0.list == list }!
    self.bk = bk
    self.tail = tail
    var sides: [Int] = []
    var rates: [Double] = []
    for (m, n) in tiles {
      let (tm, tn) = (Double(m), Double(n))
      let intensity = tm * tn / (tm + tn)
      let eta = (1 + pow(24 / (128.0 * 256 / 384), 4.5)) / (1 + pow(24 / intensity, 4.5))
      sides += [m, n]
      rates += [
        2 * tm * tn / (facts.tensor * 1e-6 * eta / facts.streamingMultiprocessors),
        (min(tm, tn) + mc * max(tm, tn)) / (constants.l2 * facts.clock * 1e-6 * facts.streamingMultiprocessors),
        tm * tn / (constants.epilogue * facts.clock * 1e-6),
      ]
    }
    self.sides = sides
    self.rates = rates
  }

  /// - Parameter inputBytes: 2, or 1 where F doubles.
  func fastest(m: Int, n: Int, k: Int, copies: Double, inputBytes: Double = 2) -> Found {
    let peak = facts.tensor * 1e-6 * 2 / inputBytes
    let c = constants
    let work = 2 * Double(m) * Double(n) * Double(k) / (peak * c.burst)
    let e = c.sustained + (c.burst - c.sustained) / (1 + work / c.clockHalfTime)
    let (w, x, o) = (
      inputBytes * Double(n) * Double(k), inputBytes * Double(m) * Double(k), 2 * Double(m) * Double(n)
    )
    let cold = 1 / (1 + pow(c.residency * facts.l2 / (copies * w + x + o), 4))
    func big(_ b: Double) -> Double { 1 / (1 + pow(0.5 * facts.l2 / b, 4)) }
    let dram = (w * cold + x * big(x) + o * big(o)) / (c.bandwidth * facts.bandwidth * 1e-6)
    let dramCubed = dram * dram * dram
    let perTensor = inputBytes / 2 / e
    let processors = facts.streamingMultiprocessors
    let (launch, fill, splitK, tail) = (c.launch, c.waveFill, c.splitK, tail)
    var found = Found()
    sides.withUnsafeBufferPointer { sides in
      rates.withUnsafeBufferPointer { rates in
        FullTileSearch.splits.withUnsafeBufferPointer { splits in
          var place = 0
          while place < splits.count {
            let wanted = splits[place]
            place += 1
            let perSplit = (k + wanted * bk - 1) / (wanted * bk) * bk
            let split = (k + perSplit - 1) / perSplit
            if split < wanted { continue }
            let kc = Double(perSplit)
            let added = split > 1 ? splitK + 8 * Double(split) * Double(m) * Double(n) / 5e6 : 0
            let before = launch + added
            var tile = 0
            let count = sides.count / 2
            while tile < count {
              let (tm, tn) = (sides[2 * tile], sides[2 * tile + 1])
              let ctas = Double((m + tm - 1) / tm * ((n + tn - 1) / tn) * split)
              let each = ctas / processors
              let waves = max(1, each + tail * (each.rounded(.up) - each))
              let wave = fill + rates[3 * tile + 2] * 2
              let compute = waves * rates[3 * tile] * kc * perTensor + (waves - 1) * wave
              let l2 = ctas * rates[3 * tile + 1] * kc * inputBytes
              let time = before + wave + cbrt(compute * compute * compute + l2 * l2 * l2 + dramCubed)
              if time < found.time {
                found = Found(time: time, tileM: Double(tm), tileN: Double(tn), split: Double(split))
              }
              tile += 1
            }
          }
        }
      }
    }
    return found
  }
}
