extension Catalog {
  /// Reads a model by catalog name, by alias, by file, or by a folder that holds a config.json.
  ///
  /// - Throws: `InputError` for a name or file that is not there, an architecture that is not counted, and a key that is missing,
  ///   wrong, or would change a count and is not understood.
  public func model(_ nameOrPath: String) throws(InputError) -> ModelConfiguration {
    try model(nameOrPath, overrides: [])
  }
}
