#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif
#if canImport(Darwin)
  import Darwin
#elseif canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#endif

/// What the head of a safetensors file says of its tensors: eight bytes of length, little-endian, and a JSON object of so many bytes
/// with a format, a shape and a place for each name. The tensors themselves are not read, and need not be there.
package struct SafetensorsHeader: Sendable {
  /// In the order in which the tensors lie in the file.
  package let entries: [WeightListing.Entry]

  /// What the format's own library takes.
  private static let longest: UInt64 = 100_000_000

  /// Bits of an element.
  private static let bits: [String: UInt8] = [
    "BOOL": 8, "U8": 8, "I8": 8, "F8_E4M3": 8, "F8_E5M2": 8, "F8_E8M0": 8, "I16": 16, "U16": 16, "F16": 16,
    "BF16": 16, "I32": 32, "U32": 32, "F32": 32, "I64": 64, "U64": 64, "F64": 64, "C64": 64, "F4": 4, "F6_E2M3": 6,
    "F6_E3M2": 6,
  ]

  /// - Throws: `InputError.unreadable` for a file that is none, or whose length is not one of a header; `notJSON`, `wrongValue`.
  package init(file: String) throws(InputError) {
    let text = try Self.text(file)
    let header = try JSONObject(JSONValue.parse(text, file: file), file: file)
    var placed: [(start: UInt64, entry: WeightListing.Entry)] = []
    for name in header.members.keys where name != "__metadata__" {
      guard let tensor = try header.object(name) else {
        throw .wrongValue(file: file, key: name, found: "null", expected: "an object with dtype, shape, data_offsets")
      }
      placed.append(try Self.tensor(name, tensor))
    }
    guard !placed.isEmpty else { throw .unreadable(file: file, reason: "its header names no tensor") }
    entries = placed.sorted { ($0.start, $0.entry.name.full) < ($1.start, $1.entry.name.full) }.map(\.entry)
  }

  /// The header's bytes, and no more of the file.
  private static func text(_ file: String) throws(InputError) -> Data {
    guard let stream = fopen(file, "rb") else { throw .unreadable(file: file, reason: FileFault.reading(file)) }
    defer { fclose(stream) }
    var prefix = [UInt8](repeating: 0, count: 8)
    guard fseek(stream, 0, SEEK_END) == 0, ftell(stream) >= 0, ftell(stream) < Int.max else {
      throw .unreadable(file: file, reason: FileFault.reading(file))
    }
    let size = UInt64(ftell(stream))
    rewind(stream)
    guard size >= 8, fread(&prefix, 1, 8, stream) == 8 else {
      throw .unreadable(file: file, reason: "it is no safetensors file: it has fewer than the 8 bytes of a length")
    }
    let length = prefix.reversed().reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
    guard length <= longest, length <= size - 8 else {
      throw .unreadable(
        file: file,
        reason:
          "it is no safetensors file, or truncated: its header would have \(length) bytes, the file has \(size)")
    }
    var bytes = [UInt8](repeating: 0, count: Int(length))
    guard fread(&bytes, 1, bytes.count, stream) == bytes.count else {
      throw .unreadable(file: file, reason: FileFault.reading(file))
    }
    return Data(bytes)
  }

  private static func tensor(
    _ name: String, _ tensor: JSONObject
  ) throws(InputError) -> (start: UInt64, entry: WeightListing.Entry) {
    func wrong(_ key: String, _ expected: String) -> InputError {
      .wrongValue(
        file: tensor.file, key: tensor.keyPath(key), found: tensor.members[key]?.summary ?? "nothing",
        expected: expected)
    }
    guard let format = try tensor.string("dtype"), let bits = bits[format] else {
      throw wrong("dtype", "one of \(bits.keys.sorted().joined(separator: ", "))")
    }
    guard let dimensions = naturals(tensor.members["shape"]) else { throw wrong("shape", "whole numbers") }
    let offsets = naturals(tensor.members["data_offsets"]) ?? []
    guard offsets.count == 2, offsets[0] <= offsets[1] else {
      throw wrong("data_offsets", "two whole numbers, the second not below the first")
    }
    let elements = dimensions.map { Count($0) }.reduce(1, *)
    let bytes = elements.bytes(ElementFormat(.weightBytes, in: StorageFormat(bits: bits)))
    guard !elements.isOverflow, !bytes.isOverflow, bytes.value == offsets[1] - offsets[0] else {
      throw wrong(
        "data_offsets",
        elements.isOverflow || bytes.isOverflow
          ? "room for a shape below 2^63 elements" : "\(bytes.value) bytes, as shape and dtype say")
    }
    return (
      offsets[0],
      WeightListing.Entry(name: WeightName(name), dimensions: dimensions, format: format, bytes: bytes)
    )
  }

  private static func naturals(_ value: JSONValue?) -> [UInt64]? {
    guard case .array(let values)? = value else { return nil }
    var numbers: [UInt64] = []
    for value in values {
      guard case .integer(let integer) = value, integer >= 0 else { return nil }
      numbers.append(UInt64(integer))
    }
    return numbers
  }
}
