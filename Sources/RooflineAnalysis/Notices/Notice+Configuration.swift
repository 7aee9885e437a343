import RooflineCore

extension ModelConfiguration {
  /// What a reader of any count of the model should know of its file.
  public var notices: [Notice] {
    [Notice.nameSaysFormat(of: self)].compactMap { $0 }
      + (keys.quantizing.isEmpty ? [] : [.formatsNotRead(keys: keys.quantizing)])
      + (keys.unknown.isEmpty ? [] : [.unknownKeys(keys.unknown)])
  }
}
