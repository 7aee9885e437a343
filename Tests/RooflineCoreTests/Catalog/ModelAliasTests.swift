import Foundation
import RooflineCore
import TestSupport
import XCTest

/// Other names of models: those of their repositories, and those of models that are the same in all that counts.
final class ModelAliasTests: XCTestCase {
  func testAliasesAreUniqueAndLeadToTheirFile() throws {
    let catalog = Fixtures.catalog
    var seen = Set(catalog.modelNames.map(Spelling.normalized))
    for (alias, name) in try catalog.modelAliases() {
      XCTAssertTrue(catalog.modelNames.contains(name), "\(alias) is an alias of \(name), which has no file")
      let own = Spelling.normalized(alias)
      // A repository may be called what its file is.
      if own != Spelling.normalized(name) { XCTAssertTrue(seen.insert(own).inserted, "\(alias) is taken") }
      XCTAssertEqual(try catalog.model(alias).name, name, alias)
    }
  }

  func testRepositoriesAreFoundByTheirNames() throws {
    for (alias, name) in [
      ("meta-llama/Llama-3.1-8B-Instruct", "llama-3.1-8b"), ("Llama-3.1-8B-Instruct", "llama-3.1-8b"),
      ("meta-llama/Llama-3.3-70B-Instruct", "llama-3.1-70b"), ("QWEN/qwen3-32b", "qwen3-32b"),
      ("gpt3-175b", "gpt-175b"),
    ] {
      XCTAssertEqual(try Fixtures.catalog.model(alias).name, name)
      XCTAssertTrue(Fixtures.catalog.holdsModel(alias), alias)
    }
  }

  func testAFolderOfARepositorysNameIsRead() throws {
    let folder = FileManager.default.temporaryDirectory.appendingPathComponent("aliases-\(UUID().uuidString)")
    defer { try? FileManager.default.removeItem(at: folder) }
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    try FileManager.default.copyItem(
      atPath: "\(Fixtures.catalog.root)/Models/qwen2-0.5b.json", toPath: "\(folder.path)/config.json")
    XCTAssertEqual(try Fixtures.catalog.model(folder.path).model.numHiddenLayers, 24)
    XCTAssertThrowsError(try Fixtures.catalog.model("nobody/nothing"))
  }

  func testAnAliasFileThatIsNoneIsNamed() throws {
    let folder = FileManager.default.temporaryDirectory.appendingPathComponent("aliases-\(UUID().uuidString)")
    defer { try? FileManager.default.removeItem(at: folder) }
    try FileManager.default.createDirectory(
      at: folder.appendingPathComponent("Models/Aliases"), withIntermediateDirectories: true)
    try "{\"llama\": 3}".write(
      to: folder.appendingPathComponent("Models/Aliases/models.json"), atomically: true, encoding: .utf8)
    XCTAssertThrowsError(try Catalog(root: folder.path).model("llama")) { error in
      XCTAssertTrue("\(error)".contains("Models/Aliases/models.json"), "\(error)")
    }
  }
}
