import RooflineCore

extension ObservationFile {
  /// Columns that every file has, those that a kind needs beside them, and those that are known and change no time.
  static let common = ["kind", "gpu", "family", "time_us"]
  static let known = Set(ObservationReader.Column.allCases.map(\.rawValue)).union(["floor_us", "model", "skip_indexer"])

  /// The beginning of a text that may be anything.
  package static func shortened(_ text: String, to most: Int = 80) -> String {
    text.count > most ? "\(text.prefix(most))…" : text
  }

  /// FNV-1a over a line's fields: 64 bits tell any two lines of a file apart.
  package static func digest(_ fields: [Range<Int>], _ bytes: [UInt8]) -> UInt64 {
    var hash: UInt64 = 0xcbf2_9ce4_8422_2325
    for field in fields {
      for index in field { hash = (hash ^ UInt64(bytes[index])) &* 0x100_0000_01b3 }
      hash = (hash ^ 0x2c) &* 0x100_0000_01b3
    }
    return hash
  }
}
