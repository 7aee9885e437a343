import RooflineAnalysis
import RooflineCore

/// The option of images that a model's vision tower turns into tokens.
enum ImageOptions {
  /// How many images, and their pixels.
  struct Images: Sendable {
    let count, width, height: UInt64
  }

  static let images = Option(
    "images", "[N:]WxH", "images of so many pixels that a vision tower reads, e.g. 2:1024x768"
  ) { text throws(InputError) in
    let parts = text.split(separator: ":", omittingEmptySubsequences: false)
    let sides = (parts.last ?? "").split(separator: "x", omittingEmptySubsequences: false).map { UInt64($0) }
    let count = parts.count == 1 ? 1 : UInt64(parts[0])
    guard parts.count <= 2, let count, count > 0, count <= 1_000_000, sides.count == 2, let width = sides[0],
      let height = sides[1], (1...1_000_000).contains(width), (1...1_000_000).contains(height)
    else {
      throw .usage("--images is \"\(text)\"; expected pixels of an image, e.g. 1024x768, or of several, 2:1024x768")
    }
    return Images(count: count, width: width, height: height)
  }
}

extension ParsedArguments {
  /// The pass over images that --images asks for; nil without it.
  func vision(_ analysis: Analysis) throws(InputError) -> VisionAnalysis? {
    guard let images = try valueIfDeclared(of: ImageOptions.images) else { return nil }
    guard !isTraining else { throw .usage("--images is about inference; leave out --images or --training") }
    return try VisionAnalysis(analysis, images: images.count, width: images.width, height: images.height)
  }
}
