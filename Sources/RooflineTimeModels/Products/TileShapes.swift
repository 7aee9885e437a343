import RooflineCore
import Synchronization

/// The shapes of a generation's tiles, and which of them can be the fastest for how many rows: of the list alone, whatever a GPU's
/// constants, and so worked out once however many models are fitted.
final class TileShapes: Sendable {
  let all: [TileShape]
  let choices: [TileShape.Choices]

  private init(_ list: TileList) {
    all = list.tiles.map { TileShape(m: Double($0.m), n: Double($0.n), multicast: list.multicast) }
    choices = TileShape.choices(all)
  }

  private static let known = Mutex<[TileList: TileShapes]>([:])

  static func of(_ list: TileList) -> TileShapes {
    known.withLock { known in
      if let shapes = known[list] { return shapes }
      let shapes = TileShapes(list)
      known[list] = shapes
      return shapes
    }
  }
}
