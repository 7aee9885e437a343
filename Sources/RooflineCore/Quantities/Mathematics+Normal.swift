extension Mathematics {
  /// The normal distribution's quantile: the x below which a share of it lies. Wichura's AS 241, exact to 1e-16.
  ///
  /// - Parameter share: above 0 and below 1.
  package static func normalQuantile(_ share: Double) -> Double {
    func ratio(_ x: Double, _ top: [Double], _ bottom: [Double]) -> Double {
      top.reduce(0) { $0 * x + $1 } / bottom.reduce(0) { $0 * x + $1 }
    }
    let middle = share - 0.5
    if abs(middle) <= 0.425 {
      return middle * ratio(0.180625 - middle * middle, Wichura.middle.top, Wichura.middle.bottom)
    }
    let tail = (-naturalLogarithm(min(share, 1 - share))).squareRoot()
    let size =
      tail <= 5
      ? ratio(tail - 1.6, Wichura.near.top, Wichura.near.bottom)
      : ratio(tail - 5, Wichura.far.top, Wichura.far.bottom)
    return middle < 0 ? -size : size
  }

  private enum Wichura {
    static let middle = (
      top: [
        2.5090809287301226727e+3, 3.3430575583588128105e+4, 6.7265770927008700853e+4, 4.5921953931549871457e+4,
        1.3731693765509461125e+4, 1.9715909503065514427e+3, 1.3314166789178437745e+2, 3.3871328727963666080,
      ],
      bottom: [
        5.2264952788528545610e+3, 2.8729085735721942674e+4, 3.9307895800092710610e+4, 2.1213794301586595867e+4,
        5.3941960214247511077e+3, 6.8718700749205790830e+2, 4.2313330701600911252e+1, 1,
      ]
    )
    static let near = (
      top: [
        7.7454501427834140764e-4, 2.27238449892691845833e-2, 2.41780725177450611770e-1, 1.27045825245236838258,
        3.64784832476320460504, 5.76949722146069140550, 4.63033784615654529590, 1.42343711074968357734,
      ],
      bottom: [
        1.05075007164441684324e-9, 5.4759380849953449460e-4, 1.51986665636164571966e-2, 1.48103976427480074590e-1,
        6.8976733498510000455e-1, 1.67638483018380384940, 2.05319162663775882187, 1,
      ]
    )
    static let far = (
      top: [
        2.01033439929228813265e-7, 2.71155556874348757815e-5, 1.24266094738807843860e-3, 2.65321895265761230930e-2,
        2.96560571828504891230e-1, 1.78482653991729133580, 5.46378491116411436990, 6.65790464350110377720,
      ],
      bottom: [
        2.04426310338993978564e-15, 1.4215117583164458887e-7, 1.8463183175100546818e-5, 7.868691311456132591e-4,
        1.48753612908506148525e-2, 1.36929880922735805310e-1, 5.99832206555887937690e-1, 1,
      ]
    )
  }
}
