import RooflineCore

/// Products by their definition: pieces of neighbouring columns of a row.
struct ProductReference: KernelReference {
  private static let columns = 32

  let product: MatrixProduct
  let matrices: Matrices
  /// Of a grouped product: which row of the left matrix and which of several right ones a row of the output is of.
  let routing: ExpertRouting?

  /// Which operands are multiplied, and which one is stored.
  struct Matrices: Hashable, Sendable {
    let left, right, output: StaticName

    static let linear = Matrices(left: .input, right: .weight, output: .output)
  }

  init(_ product: MatrixProduct, _ matrices: Matrices, routing: ExpertRouting? = nil) {
    self.product = product
    self.matrices = matrices
    self.routing = routing
  }

  private var piecesOfRow: Int { (product.n + ProductReference.columns - 1) / ProductReference.columns }

  var outputs: [ReferenceOutput] {
    [
      ReferenceOutput(
        name: matrices.output, type: product.format.outputElement, pieces: product.batchCount * product.m * piecesOfRow,
        cost: ProductReference.columns * product.k)
    ]
  }

  func piece(_ index: Int, of output: StaticName, _ data: TensorData) -> ReferencePiece {
    let (place, chunk) = index.quotientAndRemainder(dividingBy: piecesOfRow)
    let (batch, row) = place.quotientAndRemainder(dividingBy: product.m)
    let firstColumn = chunk * ProductReference.columns
    let start = batch * product.left.batchStride + (routing?.inputRow(row) ?? row) * product.left.leadingDimension
    let left = data[matrices.left][start..<start + product.k]
    let (rightMatrix, bias) = (data[matrices.right], data[.bias])
    let expert = routing?.expert(row) ?? 0
    let right = batch * product.right.batchStride + expert * product.n * product.k
    var values: [Double] = []
    var magnitude = 0.0
    var squares = 0.0
    // The largest of the partial sums, which is what an accumulator of few bits rounds.
    var partial = 0.0
    for column in firstColumn..<min(product.n, firstColumn + ProductReference.columns) {
      var sum = 0.0
      var sizes = 0.0
      var ownSquares = 0.0
      if product.rightOrder == .nk {
        let first = right + column * product.right.leadingDimension
        for (a, b) in zip(left, rightMatrix[first..<first + product.k]) {
          sum += a * b
          sizes += (a * b).magnitude
          ownSquares += a * b * a * b
          partial = max(partial, sum.magnitude)
        }
      } else {
        for (k, a) in left.enumerated() {
          let term = a * rightMatrix[right + k * product.right.leadingDimension + column]
          sum += term
          sizes += term.magnitude
          ownSquares += term * term
          partial = max(partial, sum.magnitude)
        }
      }
      if product.epilogue.hasBias { sum += bias[expert * product.n + column] }
      values.append(product.epilogue.hasGelu ? ElementwiseReference.gelu(sum) : sum)
      magnitude = max(magnitude, sizes)
      squares = max(squares, ownSquares)
    }
    var piece = ReferencePiece(
      first: batch * product.output.batchStride + row * product.output.leadingDimension + firstColumn, values: values)
    piece.absoluteError =
      magnitude * product.format.sumError + Double(product.k) / 32 * product.format.stepError * partial
    piece.termSize = squares.squareRoot()
    // Gelu's steepest slope is below 1.2, and its tanh may be the fast one.
    if product.epilogue.hasGelu {
      piece.absoluteError = 1.2 * piece.absoluteError + 0x1p-10
      piece.relativeError = 0x1p-10
    }
    return piece
  }
}
