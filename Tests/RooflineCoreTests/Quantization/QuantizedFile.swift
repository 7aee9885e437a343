import Foundation
import RooflineCore
import TestSupport
import XCTest

/// A configuration of the shared folder, with changes.
struct QuantizedFile {
  let name: String
  var members: [String: JSONValue]

  init(_ name: String) throws {
    self.name = name
    let path = try SharedTable.url("configs/\(name).json")
    guard case .object(let members) = try JSONValue.parse(Data(contentsOf: path), file: name) else {
      throw XCTSkip("\(name) is no object")
    }
    self.members = members
  }

  /// The text part alone, as a model of its own class would state it.
  mutating func keepText(modelType: String, architecture: String) throws {
    guard case .object(let text)? = members["text_config"] else { throw XCTSkip("\(name) has no text part") }
    members = text
    members["model_type"] = .string(modelType)
    members["architectures"] = .array([.string(architecture)])
  }

  /// `quantization_config`, wherever it stands.
  var quantization: [String: JSONValue] {
    get {
      if case .object(let config)? = members["quantization_config"] { return config }
      if case .object(let text)? = members["text_config"], case .object(let config)? = text["quantization_config"] {
        return config
      }
      return [:]
    }
    set {
      if case .object(var text)? = members["text_config"], text["quantization_config"] != nil {
        text["quantization_config"] = .object(newValue)
        members["text_config"] = .object(text)
      } else {
        members["quantization_config"] = .object(newValue)
      }
    }
  }

  func changed(_ change: (inout [String: JSONValue]) -> Void) -> QuantizedFile {
    var file = self
    change(&file.quantization)
    return file
  }

  func configuration(_ stated: StatedFormats = []) throws(InputError) -> ModelConfiguration {
    try ModelConfiguration(.object(members), name: name, file: "\(name).json", stated: stated)
  }

  func contents(_ stated: StatedFormats = []) throws(InputError) -> CheckpointContents {
    try CheckpointContents(configuration(stated))
  }
}

extension CheckpointContents {
  /// Elements of a format; 0 where there are none.
  subscript(format: String) -> UInt64 { parts.first { $0.format == format }?.elements.value ?? 0 }
}
