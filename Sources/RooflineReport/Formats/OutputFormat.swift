/// What a report can be printed as.
package enum OutputFormat: String, Hashable, Sendable, CaseIterable {
  case text, markdown, csv, json
}
