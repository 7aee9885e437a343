import RooflineCore

extension Workload {
  /// What titles say behind a prompt's length; nothing without a cached prefix.
  var prefixText: String { cachedPrefix > 0 ? " behind \(cachedPrefix) cached" : "" }
}
