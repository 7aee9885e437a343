import RooflineCore
import RooflineMeasurement

extension ObservationReader {
  /// What a call takes among others in a graph, s, which is what a model's kernels take: a time from event to event around one
  /// launch less what that way of launching adds, as an empty kernel showed; any other as it is.
  ///
  /// - Returns: nil where nobody measured what is added, or it is all that was measured; the reason is counted.
  mutating func duration(_ microseconds: Double, _ row: RowFields) throws(InputError) -> Double? {
    guard row.field(.timing) == TimingProcedure.event.rawValue else { return microseconds * 1e-6 }
    let text = row.field(.gap)
    guard !text.isEmpty else {
      skip("timed from event to event, launch included, and no gap_us says how much that is")
      return nil
    }
    guard let gap = Double(text), gap >= 0, gap.isFinite else {
      throw row.complaint("gap_us is \"\(ObservationFile.shortened(text))\"; expected microseconds from 0")
    }
    guard microseconds - gap >= ObservationReader.plausible.lowerBound else {
      skip("timed from event to event, and shorter than the launch (gap_us) in it")
      return nil
    }
    // To a picosecond, which is more than was measured.
    return ((microseconds - gap) * 1e6).rounded() * 1e-12
  }
}
