import CUDAMeasurement
import RooflineCore
import RooflineMeasurement
import TestSupport
import XCTest

/// Operator to launch, or the reason why not.
final class KernelPlanTests: XCTestCase {
  private func reason(_ line: String, _ formats: NumberFormats) throws -> String? {
    let task = try PlannedOperators.task(line, formats)
    do {
      _ = try KernelPlan(task.value, on: PlannedOperators.device)
      return nil
    } catch {
      return error.reason
    }
  }

  /// Whatever is launched exists under that name and lies within what every GPU can launch.
  func testPlansCanBeLaunched() throws {
    for dtype in PlannedOperators.formats {
      for line in PlannedOperators.lines {
        let plan = try KernelPlan(PlannedOperators.task(line, dtype).value, on: PlannedOperators.device)
        XCTAssertFalse(plan.launches.isEmpty, line)
        for launch in plan.launches {
          let text = try XCTUnwrap(KernelSources.all.first { $0.name == launch.source }?.text, launch.source)
          let type = try XCTUnwrap(ElementType(dtype)).rawValue
          XCTAssertTrue(launch.kernel.hasSuffix("_\(type)"), launch.kernel)
          XCTAssertTrue(text.contains("KERNEL \(launch.kernel.dropLast(type.count))##T("), launch.kernel)
          let (grid, block) = (launch.geometry.grid, launch.geometry.block)
          XCTAssertTrue((1..<1 << 31).contains(grid.x) && (1...65535).contains(grid.y) && grid.z == 1, line)
          XCTAssertTrue(block.x.isMultiple(of: 32) && (32...1024).contains(block.x) && block.y == 1, line)
        }
        XCTAssertEqual(plan.workspaceBytes, 0, line)
      }
    }
  }

  /// What an operator states that it reads and writes is what its kernels are given and what is checked: nothing less, and nothing
  /// that has no memory.
  func testEveryOperandReachesTheKernelsAndEveryResultIsChecked() throws {
    let plans: [(lines: [String], options: [PlanningOptions])] = [
      (PlannedOperators.lines, [PlanningOptions()]), (PlannedOperators.products, [PlanningOptions()]),
      (PlannedOperators.expertProducts + PlannedOperators.expertRows, [PlanningOptions()]),
      (
        PlannedOperators.tensorCoreLines,
        [PlanningOptions(), PlanningOptions(prefersOwnProducts: true), PlanningOptions(pageTokens: 16)]
      ),
    ]
    for (lines, options) in plans {
      for line in lines {
        for option in options {
          let task = try PlannedOperators.task(line, .fp16)
          let plan = try KernelPlan(task.value, on: PlannedOperators.device, options: option)
          var given: Set<Int> = []
          for step in plan.steps {
            let tensors: [PlannedTensor] =
              switch step {
              case .kernel(let launch):
                launch.arguments.compactMap { if case .tensor(let tensor) = $0 { tensor } else { nil } }
              case .product(let product):
                [product.left, product.right, product.output] + (product.bias.map { [$0] } ?? [])
              }
            for tensor in tensors { given.insert(try XCTUnwrap(plan.place(of: tensor), "\(line): \(tensor)")) }
          }
          XCTAssertEqual(given, Set(plan.buffers.indices), "\(line): memory that no kernel is given")
          let operands = task.value.accept(OperandList())
          var stored: Set<StaticName> = []
          for operand in operands {
            let tensor = PlannedTensor(operand)
            let place = try XCTUnwrap(plan.place(of: tensor), "\(line): \(tensor) has no memory")
            XCTAssertTrue(given.contains(place), "\(line): no kernel is given \(tensor)")
            if case .written(let name) = tensor { stored.insert(name) }
          }
          XCTAssertFalse(stored.isEmpty, line)
          XCTAssertEqual(Set(plan.reference.outputs.map(\.name)), stored, "\(line): what is checked")
          XCTAssertEqual(Set(plan.buffers.map(\.tensor)).count, plan.buffers.count, "\(line): two tensors of one name")
        }
      }
    }
  }

  /// The operands that an operator states.
  private struct OperandList: OperatorVisitor {
    typealias Scalar = Count

    func visit<Definition: OperatorDefinition>(_ definition: Definition) -> [Operand<Count>]
    where Definition.Scalar == Count {
      var operands: [Operand<Count>] = []
      definition.forEachOperand { operands.append($0) }
      return operands
    }
  }

  /// The tensors of kernels that touch each element once are the operator's operands, byte for byte.
  func testTensorsAreTheOperands() throws {
    // Rows of scores that are no multiple of eight elements are padded.
    for line in PlannedOperators.lines where !line.hasPrefix("rope") && line != "softmax rows=3 width=77" {
      let task = try PlannedOperators.task(line, .bf16)
      let plan = try KernelPlan(task.value, on: PlannedOperators.device)
      XCTAssertEqual(plan.byteCount, Int(task.value.cost.traffic.total.value), line)
    }
  }

  /// Weights and tables rotate; activations only of kernels that have nothing else, and what turns them never.
  func testWeightsRotate() throws {
    let rotated = [
      "rmsnorm rows=3 width=256": 512, "layernorm rows=3 width=256": 1024, "add_rmsnorm rows=3 width=256": 512,
      "embedding rows=6 width=40": 480, "softmax rows=5 width=64": 2 * 5 * 64 * 2,
      "residual_add rows=3 width=96": 3 * 3 * 96 * 2, "silu_and_mul rows=3 width=96": 3 * 3 * 96 * 2,
      "rope rows=6 batch=2 heads=4 kv_heads=2 head_dim=16": 6 * (4 + 2) * 16 * 2,
    ]
    for (line, bytes) in rotated {
      let plan = try KernelPlan(PlannedOperators.task(line, .fp16).value, on: PlannedOperators.device)
      XCTAssertEqual(plan.rotatedBytes, bytes, line)
    }
  }

  /// Rows of scores begin at multiples of 16 bytes, whatever the context; what is counted stays what it was.
  func testRowsOfScoresArePadded() throws {
    for (line, tensor, rows) in [
      ("qk_matmul batch=2 query=3 context=17 heads=4 kv_heads=2 head_dim=32", PlannedTensor.written(.scores), 24),
      ("sv_matmul batch=2 query=3 context=17 heads=4 kv_heads=2 head_dim=32", .read(.probabilities), 24),
      ("softmax rows=5 width=17", .read(.scores), 5), ("softmax rows=5 width=17", .written(.probabilities), 5),
    ] {
      let task = try PlannedOperators.task(line, .fp16)
      let plan = try KernelPlan(task.value, on: PlannedOperators.device)
      let place = try XCTUnwrap(plan.place(of: tensor), line)
      // The last row may end with its last element.
      XCTAssertTrue([rows * 24, rows * 24 - 7].contains(plan.buffers[place].byteCount / 2), line)
      for step in plan.steps {
        guard case .product(let planned) = step else { continue }
        let product = planned.product
        XCTAssertEqual(product.rightOrder == .nk ? product.output.leadingDimension : product.left.leadingDimension, 24)
        XCTAssertEqual(product.rightOrder == .nk ? product.n : product.k, 17)
      }
      // Two tensors of 5 rows of 17 elements of two bytes.
      if line.hasPrefix("softmax") { XCTAssertEqual(task.value.cost.traffic.total.value, 2 * 5 * 17 * 2) }
    }
  }

  func testReasons() throws {
    let half = NumberFormats(.fp16)
    XCTAssertEqual(try reason("all_reduce ranks=8 bytes=4096", half), "it needs several GPUs; one is measured")
    XCTAssertEqual(try reason("send bytes=4096", half), "it needs several GPUs; one is measured")
    for kind in ["add_layernorm", "relu"] {
      XCTAssertEqual(try reason("\(kind) rows=2 width=8", half), "there is no kernel of its kind")
    }
    XCTAssertEqual(try reason("kv_cache_write rows=2 heads=2 head_dim=8", half), "there is no kernel of its kind")
    XCTAssertEqual(
      try reason(
        "embedding rows=2 width=8", NumberFormats(weight: .fp8, activation: .bf16, keyValueCache: .bf16, model: .bf16)),
      "the kernel takes one format, and these are bf16 and fp8")
    XCTAssertEqual(
      try reason(
        "rope rows=2 heads=2 head_dim=8",
        NumberFormats(weight: .bf16, activation: .bf16, keyValueCache: .fp8, model: .bf16)),
      "the kernel takes one format, and these are bf16 and fp8")
    // The command line refuses it before a plan is asked for.
    let odd = Rotary<Count>(
      AttentionShape(batch: 1, queryTokens: 2, attendedKeys: 2, heads: 2, keyValueHeads: 2, headDim: 8), dim: 5,
      keySource: .keyValueCache, formats: half)
    XCTAssertThrowsError(try KernelPlan(.rotary(odd), on: PlannedOperators.device)) {
      XCTAssertEqual(
        ($0 as? Unsupported)?.reason, "an odd number of elements of a head cannot be turned in pairs")
    }
    XCTAssertEqual(
      try reason("rmsnorm rows=2 width=\(1 << 31)", half), "a row is larger than the kernel takes (1073741824)")
    XCTAssertEqual(
      try reason("residual_add rows=\(1 << 30) width=\(1 << 20)", half),
      "the tensor is larger than the kernel takes (1099511627776)")
    XCTAssertEqual(
      try reason("softmax rows=\(1 << 31) width=2", half), "the rows are more than a grid has blocks")
    XCTAssertEqual(
      try reason("rope rows=70000 batch=70000 heads=2 head_dim=8", half),
      "the batch is larger than the kernel takes (65535)")
  }

  /// Rows that look alike to a kernel are one task under all their names; both phases keep their own shapes.
  func testTasksOfAModel() throws {
    let model = try Catalog(root: Fixtures.packageRoot).model("llama-3.2-1b").model
    let workload = Workload(
      batch: 2, prompt: 8, context: 9, tensorParallel: 2, operatorSet: .separate, formats: NumberFormats(.bf16))
    let tasks = MeasurementTask.tasks(of: Phase.allCases.map { DecoderStep($0, workload) }, model)
    let names = Dictionary(uniqueKeysWithValues: tasks.map { ($0.columns.description, $0.names) })
    XCTAssertEqual(
      names["rmsnorm rows=16 width=2048"], ["prefill attn_norm", "prefill mlp_norm", "prefill final_norm"])
    XCTAssertEqual(
      names["rmsnorm rows=2 width=2048"], ["decode attn_norm", "decode mlp_norm", "decode final_norm"])
    XCTAssertEqual(names["gemm m=2 n=256 k=2048"], ["decode k_proj", "decode v_proj"])
    XCTAssertEqual(Set(tasks.map(\.key)).count, tasks.count)
  }

  /// A decode takes as many blocks as run at once: 68 KiB each, of which an A100 holds two an SM, an L40S one.
  func testSplitsFollowTheSharedMemoryOfAnSM() throws {
    let line = "attention batch=4 query=1 context=32768 heads=8 kv_heads=8 head_dim=128"
    let cases: [(sms: UInt64, kibibytes: UInt64?, splits: UInt32)] = [
      (132, 228, 3 * 132 / 32), (108, 164, 2 * 108 / 32), (142, 100, 142 / 32), (142, nil, 3 * 142 / 32),
    ]
    for (sms, kibibytes, splits) in cases {
      var device = PlannedOperators.device
      device.streamingMultiprocessors = sms
      device.sharedMemoryPerMultiprocessor = kibibytes.map { $0 << 10 }
      let plan = try KernelPlan(PlannedOperators.task(line, .fp16).value, on: device)
      XCTAssertEqual(plan.launches.first?.geometry.grid.y, splits, "\(sms) SMs of \(kibibytes ?? 0) KiB")
    }
  }

  /// Half the rows of queries where only so two blocks find room on an SM: head dim 128 with 100 KiB.
  func testPrefillTilesFollowTheSharedMemoryOfAnSM() throws {
    let cases: [(kibibytes: UInt64?, headDim: Int, kernel: String, tiles: UInt32)] = [
      (228, 128, "flash_attention_f16_d128", 8), (164, 128, "flash_attention_f16_d128", 8),
      (100, 128, "flash_attention_f16_d128_r64", 16), (nil, 128, "flash_attention_f16_d128", 8),
      (100, 64, "flash_attention_f16_d64", 8), (100, 256, "flash_attention_f16_d256", 16),
    ]
    for (kibibytes, headDim, kernel, tiles) in cases {
      var device = PlannedOperators.device
      device.sharedMemoryPerMultiprocessor = kibibytes.map { $0 << 10 }
      let line = "attention batch=1 query=1024 context=1024 heads=2 head_dim=\(headDim)"
      let plan = try KernelPlan(PlannedOperators.task(line, .fp16).value, on: device)
      XCTAssertEqual(plan.launches.first?.kernel, kernel)
      XCTAssertEqual(plan.launches.first?.geometry.grid.y, tiles, kernel)
    }
  }

  /// Few rows make many small blocks of few columns.
  func testTilesOfTheOwnProduct() throws {
    let cases = [
      (16, 1024, "16x32", 32), (20, 1024, "32x32", 32), (64, 1024, "32x32", 64), (65, 1024, "64x64", 32),
      (64, 16384, "64x64", 256), (128, 28672, "128x128", 224),
    ]
    for (m, n, tile, blocks) in cases {
      var options = PlanningOptions()
      options.hasMatrixLibrary = false
      let plan = try KernelPlan(
        PlannedOperators.task("gemm m=\(m) n=\(n) k=512", .bf16).value, on: PlannedOperators.device, options: options)
      XCTAssertEqual(plan.launches.first?.kernel, "gemm_bf16_\(tile)", "\(m)×\(n)")
      XCTAssertEqual(plan.launches.first?.geometry.grid.x, UInt32(blocks), "\(m)×\(n)")
    }
  }

  /// Blocks share out k where tiles leave SMs idle, down to four steps a block; what they leave is added up behind them.
  func testSharesOfTheDepthOfTheOwnProduct() throws {
    // Of 132 SMs.
    let cases = [
      (20, 1024, 8192, 8), (16, 1024, 2048, 4),
      (20, 1024, 1000, 1),
      (64, 8192, 8192, 1), (65, 1024, 8192, 1),
    ]
    for (m, n, k, shares) in cases {
      var options = PlanningOptions()
      options.hasMatrixLibrary = false
      let plan = try KernelPlan(
        PlannedOperators.task("gemm m=\(m) n=\(n) k=\(k)", .bf16).value, on: PlannedOperators.device, options: options)
      XCTAssertEqual(plan.launches.first?.geometry.grid.y, UInt32(shares), "\(m)×\(n)×\(k)")
      XCTAssertEqual(plan.launches.map(\.source), shares > 1 ? ["gemm.cu", "gemm_combine.cu"] : ["gemm.cu"])
      let workspace = plan.buffers.filter(\.isWorkspace).map(\.byteCount)
      XCTAssertEqual(workspace, shares > 1 ? [4 * shares * m * n] : [])
    }
  }

  /// Hopper's tensor cores keep 13 bits of fraction in fp8, aligned to the largest term of a step of 32: of the longest rows in
  /// use that is most of the error.
  func testSumsOfFewBitsAreTolerated() throws {
    let columns = 28_672
    let task = try PlannedOperators.task("gemm m=16 n=32 k=\(columns)", .fp8)
    let plan = try KernelPlan(task.value, on: PlannedOperators.device)
    let data = TensorData(plan.buffers, patterns: [.init(.fp8): TensorData.Pattern(.init(.fp8), seed: 3)], seed: 3)
    for row in 0..<2 {
      let piece = plan.reference.piece(row, of: .output, data)
      let left = data[.input][row * columns..<(row + 1) * columns].map { $0 }
      // Half of the products left out are 0.7 of it on average.
      XCTAssertLessThan(piece.absoluteError, 0.5 * piece.termSize)
      for (column, wanted) in piece.values.enumerated() {
        let right = data[.weight][column * columns..<(column + 1) * columns].map { $0 }
        var sum = 0.0
        for first in stride(from: 0, to: columns, by: 32) {
          let terms = (first..<first + 32).map { left[$0] * right[$0] } + [sum]
          guard let largest = terms.map(\.magnitude).max(), largest > 0 else { continue }
          let unit = Double(sign: .plus, exponent: largest.exponent - 13, significand: 1)
          sum = terms.reduce(0) { $0 + ($1 / unit).rounded(.towardZero) * unit }
        }
        XCTAssertLessThan((sum - wanted).magnitude, piece.absoluteError, "row \(row), column \(column)")
      }
    }
  }

  /// A tensor core that rounds its sums toward zero at each step of k passes the check.
  func testSumsOfTensorCoresAreTolerated() throws {
    let task = try PlannedOperators.task("gemm m=16 n=32 k=16384", .tf32)
    let plan = try KernelPlan(task.value, on: PlannedOperators.device)
    let data = TensorData(plan.buffers, patterns: [.init(.tf32): TensorData.Pattern(.init(.tf32), seed: 3)], seed: 3)
    for row in 0..<16 {
      let piece = plan.reference.piece(row, of: .output, data)
      let left = data[.input][row * 16384..<(row + 1) * 16384]
      for (column, wanted) in piece.values.enumerated() {
        let right = data[.weight][column * 16384..<(column + 1) * 16384]
        var sum: Float = 0
        // mma takes 8 elements of k in tf32.
        for k in stride(from: 0, to: 16384, by: 8) {
          let exact = (k..<k + 8).reduce(Double(sum)) { $0 + left[$1] * right[$1] }
          sum = Float(exact)
          if Double(sum).magnitude > exact.magnitude { sum = sum < 0 ? sum.nextUp : sum.nextDown }
        }
        XCTAssertLessThan((Double(sum) - wanted).magnitude, piece.absoluteError, "row \(row), column \(column)")
        // A product left out, a quarter on average, is not.
        XCTAssertLessThan(piece.absoluteError, 0.025)
      }
    }
  }
}
