import RooflineCore

extension JSONObject {
  fileprivate func cut() throws(InputError) -> JSONObject {
    try require(try object("cut"), "cut", "how the library cuts attention into tiles")
  }

  fileprivate func flag(_ key: String) throws(InputError) -> Bool { try bool(key) ?? false }
}

extension PrefillCut {
  package init(entry: JSONObject) throws(InputError) {
    let object = try entry.cut()
    try object.requireOnly([
      "queryRows", "keys", "splitKeys", "packsGroup", "packsSingleQuery", "split", "writesByWidth", "swapsSingleQuery",
      "ignoresWindow",
    ])
    let keys = try object.number("keys", in: PrefillCut.sides)
    self.init(
      queryRows: try object.number("queryRows", in: PrefillCut.sides), keys: keys,
      splitKeys: try object.number("splitKeys", in: PrefillCut.sides, else: keys),
      packsGroup: try object.require(try object.bool("packsGroup"), "packsGroup", "true or false"),
      packsSingleQuery: try object.flag("packsSingleQuery"), split: try object.choice("split", Split.self) ?? .none,
      writesByWidth: try object.flag("writesByWidth"), swapsSingleQuery: try object.flag("swapsSingleQuery"),
      ignoresWindow: try object.flag("ignoresWindow"))
  }

  package var fields: [(key: String, value: JSONValue)] {
    var fields: [(key: String, value: JSONValue)] = [
      ("queryRows", .number(queryRows)), ("keys", .number(keys)), ("packsGroup", .bool(packsGroup)),
    ]
    if splitKeys != keys { fields.append(("splitKeys", .number(splitKeys))) }
    if packsSingleQuery { fields.append(("packsSingleQuery", .bool(true))) }
    if split != .none { fields.append(("split", .string(split.rawValue))) }
    if writesByWidth { fields.append(("writesByWidth", .bool(true))) }
    if swapsSingleQuery { fields.append(("swapsSingleQuery", .bool(true))) }
    if ignoresWindow { fields.append(("ignoresWindow", .bool(true))) }
    return fields
  }
}

extension DecodeCut {
  package init(entry: JSONObject) throws(InputError) {
    let object = try entry.cut()
    try object.requireOnly([
      "rule", "keysPerBlock", "slotsPerSM", "leastBlocks", "itemPerQueryHead", "plansWholeContext", "ignoresWindow",
      "swaps", "emptyShare",
    ])
    self.init(
      rule: try object.require(
        try object.choice("rule", Rule.self), "rule",
        "one of \(Rule.allCases.map(\.rawValue).joined(separator: ", "))"),
      keysPerBlock: try object.number("keysPerBlock", in: DecodeCut.blocks, else: 128),
      slotsPerSM: try object.number("slotsPerSM", in: DecodeCut.slots, else: 1),
      leastBlocks: try object.number("leastBlocks", in: DecodeCut.blocks, else: 1),
      itemPerQueryHead: try object.flag("itemPerQueryHead"),
      plansWholeContext: try object.flag("plansWholeContext"), ignoresWindow: try object.flag("ignoresWindow"),
      swaps: try object.flag("swaps"), emptyShare: try object.number("emptyShare", in: DecodeCut.shares, else: 1))
  }

  package var fields: [(key: String, value: JSONValue)] {
    var fields: [(key: String, value: JSONValue)] = [("rule", .string(rule.rawValue))]
    if keysPerBlock != 128 { fields.append(("keysPerBlock", .number(keysPerBlock))) }
    if slotsPerSM != 1 { fields.append(("slotsPerSM", .number(slotsPerSM))) }
    if leastBlocks != 1 { fields.append(("leastBlocks", .number(leastBlocks))) }
    if itemPerQueryHead { fields.append(("itemPerQueryHead", .bool(true))) }
    if plansWholeContext { fields.append(("plansWholeContext", .bool(true))) }
    if ignoresWindow { fields.append(("ignoresWindow", .bool(true))) }
    if swaps { fields.append(("swaps", .bool(true))) }
    if emptyShare != 1 { fields.append(("emptyShare", .number(emptyShare))) }
    return fields
  }
}
