/// Rows of a kernel that has one block a row.
struct RowShape {
  let rows, width, block: Int
  /// Elements between a 256-byte boundary and the first of each tensor.
  var shift = 0

  /// The cases of the owner's kernel tests are `name[width-rows]`; each in the smallest block.
  static func note(_ cases: [(width: Int, rows: Int)]) -> [RowShape] {
    cases.map { RowShape(rows: $0.rows, width: $0.width, block: 32) }
  }

  static let rmsNormCases = note([(32, 128), (32, 32), (128, 128), (128, 32), (64, 128), (64, 32)])

  /// LayerNorm and softmax.
  static let layerNormCases =
    note([
      (32, 128), (32, 32), (32, 64), (128, 128), (128, 32), (128, 64), (64, 128), (64, 32), (64, 64),
    ])

  /// One element, one row, odd widths whose rows start anywhere, tensors that start anywhere, the smallest and the largest
  /// block, a row that fills registers exactly, and rows too wide for them.
  static let edges: [RowShape] = [
    RowShape(rows: 1, width: 1, block: 32),
    RowShape(rows: 3, width: 7, block: 64),
    RowShape(rows: 1, width: 333, block: 32),
    RowShape(rows: 2, width: 1001, block: 128),
    RowShape(rows: 2, width: 264, block: 64, shift: 1),
    RowShape(rows: 2, width: 256, block: 96, shift: 8),
    RowShape(rows: 1, width: 1024, block: 32),
    RowShape(rows: 1, width: 4099, block: 1024),
    RowShape(rows: 1, width: 9001, block: 128),
    RowShape(rows: 1, width: 20_480, block: 256),
  ]
}
