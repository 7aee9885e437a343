import RooflineAnalysis
import RooflineCore
import RooflineMeasurement
import RooflineTimeModels

extension ObservationReader {
  /// A kernel that writes activations in a narrower format. What a scale that is not known before costs more, as files have it, is a
  /// difference of two timings, and no kernel's time.
  mutating func quantization(
    _ line: Int, _ row: RowFields, _ seconds: Double
  ) throws(InputError) -> Observation? {
    let name = try row.text(.op)
    guard name == "static_quantise" else {
      guard name == "dynamic_minus_static" else {
        throw row.complaint(
          "op is \"\(ObservationFile.shortened(name))\"; expected static_quantise or dynamic_minus_static")
      }
      skip("differences of two kernels' times (quantize \(name)) are no kernel's")
      return nil
    }
    let format = try row.dtype(.dtype)
    let value = Operator<Count>.quantize(
      Quantize(rows: try row.whole(.m), width: try row.whole(.k), formats: ObservationReader.formats(format)))
    guard !value.isBeyondCounts else {
      throw row.complaint("its FLOPs or bytes are a count above 2^63 − 1; correct its sizes")
    }
    return Observation(
      value, dtype: format, conditions: KernelConditions(.warm, launch: Launch(timing: row.field(.timing))),
      family: KernelLibrary(try row.text(.family)), source: row.field(.source), seconds: seconds, line: line)
  }
}
