import RooflineCore

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// Opens traces, whatever they are.
package enum TraceFile {
  /// Reads a trace, packed or not, of any format that is known.
  ///
  /// - Throws: `InputError.notMeasurements` with one sentence for what is no trace, damaged, or holds no kernels.
  package static func read(_ path: String) throws(InputError) -> Trace {
    do throws(TraceFlaw) {
      let trace = try open(path)
      guard trace.kernels.contains(where: { $0.activity == .kernel }) else {
        throw TraceFlaw(
          "it holds no GPU kernels; record with the GPU's activities (torch.profiler: ProfilerActivity.CUDA)")
      }
      return trace
    } catch {
      throw .notMeasurements(file: path, problem: error.problem)
    }
  }

  private static func open(_ path: String) throws(TraceFlaw) -> Trace {
    let file = try FileSource(path)
    let isPacked = try file.next().starts(with: [0x1F, 0x8B])
    file.rewind()
    let source = HeadSource(isPacked ? GzipSource(file) : file)
    let start = try source.head()
    if start.isEmpty { throw TraceFlaw("it is empty") }
    if start.starts(with: [0xFF, 0xFE]) || start.starts(with: [0xFE, 0xFF]) {
      throw TraceFlaw("its text is UTF-16, as PowerShell's `>` writes it; save it as UTF-8")
    }
    if start.starts(with: SQLitePages.magic) {
      return isPacked ? try packedDatabase(source, path) : try database(path)
    }
    switch start.first(where: { ![0x20, 0x0A, 0x0D, 0x09].contains($0) }) {
    case UInt8(ascii: "{"), UInt8(ascii: "["): return try KinetoReader.read(source, file: path)
    default: break
    }
    // A list of kernels is text.
    guard !start.prefix(4096).contains(0) else {
      throw TraceFlaw("not a trace that is known; there are PyTorch profiler JSON, Nsight Systems and Nsight Compute")
    }
    return try NsightListReader.read(source, file: path)
  }

  /// A database is read where it lies: pages are looked up in any order.
  ///
  /// What a writer has not put into the file yet lies beside it.
  private static func database(_ path: String) throws(TraceFlaw) -> Trace {
    for (suffix, magic) in [("-wal", [0x37, 0x7F, 0x06]), ("-journal", [0xD9, 0xD5, 0x05])] as [(String, [UInt8])] {
      if let rest = try? FileSource(path + suffix), let head = try? rest.next(), head.starts(with: magic) {
        throw TraceFlaw(
          "the \(suffix) file beside it holds a part of it that was not written back; open it once with sqlite3, or export it again"
        )
      }
    }
    guard let data = try? Data(contentsOf: URL(fileURLWithPath: path), options: .alwaysMapped) else {
      throw TraceFlaw(FileFault.reading(path))
    }
    let result: Result<Trace, TraceFlaw> = data.withUnsafeBytes { bytes in
      do throws(TraceFlaw) { return .success(try NsightSystemsReader.read(bytes, file: path)) } catch {
        return .failure(error)
      }
    }
    return try result.get()
  }

  /// MiB of a packed database, which has to stand in memory.
  private static let largestDatabase = 256

  private static func packedDatabase(_ source: HeadSource, _ path: String) throws(TraceFlaw) -> Trace {
    var whole: [UInt8] = []
    while true {
      let piece = try source.next()
      if piece.isEmpty { break }
      guard whole.count + piece.count <= largestDatabase << 20 else {
        throw TraceFlaw("it unpacks to more than \(largestDatabase) MiB; unpack it first, e.g. with gunzip")
      }
      whole += piece
    }
    let result: Result<Trace, TraceFlaw> = whole.withUnsafeBytes { bytes in
      do throws(TraceFlaw) { return .success(try NsightSystemsReader.read(bytes, file: path)) } catch {
        return .failure(error)
      }
    }
    return try result.get()
  }
}

/// A source whose first piece is looked at before it is read.
private final class HeadSource: ByteSource {
  private let source: any ByteSource
  private var kept: UnsafeBufferPointer<UInt8>?

  init(_ source: any ByteSource) { self.source = source }

  /// The first piece, which comes again; without the mark by which some editors say that a text is UTF-8.
  func head() throws(TraceFlaw) -> UnsafeBufferPointer<UInt8> {
    var piece = try source.next()
    if piece.starts(with: [0xEF, 0xBB, 0xBF]) { piece = UnsafeBufferPointer(rebasing: piece[3...]) }
    kept = piece
    return piece
  }

  func next() throws(TraceFlaw) -> UnsafeBufferPointer<UInt8> {
    if let piece = kept {
      kept = nil
      return piece
    }
    return try source.next()
  }
}
