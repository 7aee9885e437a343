extension TileList {
  /// What the libraries of today offer on a GPU.
  public init?(capability: String) {
    switch capability {
    case "8.0": self = .ampere
    case "8.6", "8.9", "12.0": self = .ada
    case "9.0": self = .hopper
    case "10.0", "10.3": self = .blackwell
    default: return nil
    }
  }
}
