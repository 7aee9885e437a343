import RooflineCore
import TestSupport
import XCTest

/// Launches of kernels for one operator: what they are given, what they must leave, and the operands they may touch.
struct KernelCase {
  enum Argument {
    case tensor(KernelTensor)
    case int32(Int)
    case uint64(Int)
    case float(Double)
  }

  struct Launch {
    let kernel: String
    var grid = (1, 1)
    let block: Int
    let arguments: [Argument]
  }

  let kernel: String
  var grid = (1, 1)
  let block: Int
  /// Bytes of dynamic shared memory.
  var sharedBytes = 0
  let arguments: [Argument]
  /// A second launch: its tensors are those of the first that have the same names.
  var following: Launch?
  /// Their loads and stores are exactly the bytes that the kernel may touch, and must.
  var operands: [Operand<Count>] = []

  /// Runs it in each order of threads; checks results and touched bytes.
  func check(orders: [ThreadOrder] = ThreadOrder.all, file: StaticString = #filePath, line: UInt = #line) throws {
    let kernels = try CPUKernels.open()
    let contents = tensors.map { $0.contents.map($0.format.encode) }
    for order in orders {
      let arrays = try zip(tensors, contents).map { tensor, bytes in
        let array = try DeviceArray(kernels, tensor.format, count: tensor.count, shift: tensor.shift)
        bytes.map(array.upload)
        return array
      }
      let named = Dictionary(zip(tensors.map(\.name), arrays)) { first, _ in first }
      var unused = arrays[...]
      func launchArguments(_ arguments: [Argument], _ array: (KernelTensor) throws -> DeviceArray) rethrows
        -> [KernelArgument]
      {
        try arguments.map { argument in
          switch argument {
          case .tensor(let tensor): .tensor(try array(tensor))
          case .int32(let value): .int32(value)
          case .uint64(let value): .uint64(value)
          case .float(let value): .float(value)
          }
        }
      }
      var outcome = kernels.launch(
        kernel, grid: grid, block: block, sharedBytes: sharedBytes, order: order,
        launchArguments(arguments) { _ in unused.removeFirst() })
      if let following, outcome == .finished {
        outcome = kernels.launch(
          following.kernel, grid: following.grid, block: following.block, order: order,
          try launchArguments(following.arguments) { try XCTUnwrap(named[$0.name]) })
      }
      let place = "\(kernel), grid \(grid), block \(block), \(order)"
      guard outcome == .finished else { return XCTFail("\(place): \(outcome)", file: file, line: line) }
      for (tensor, array) in zip(tensors, arrays) {
        if let difference = tensor.difference(from: array.download()) {
          return XCTFail("\(place): \(difference)", file: file, line: line)
        }
        if let difference = tensor.trafficDifference(array, operands) {
          return XCTFail("\(place): \(difference)", file: file, line: line)
        }
      }
      let placed = tensors.flatMap { $0.reads.map { "loads \($0)" } + $0.writes.map { "stores \($0)" } }
      let wanted = operands.map { "\($0.traffic.isStore ? "stores" : "loads") \($0.name)" }
      XCTAssertEqual(Set(placed), Set(wanted), "\(place): every operand has a tensor", file: file, line: line)
    }
  }

  private var tensors: [KernelTensor] {
    arguments.compactMap { argument in
      guard case .tensor(let tensor) = argument else { return nil }
      return tensor
    }
  }
}
