/// A scalar resource's amount: fixed point with three decimals, as Mesos computes with it since 1.0 (documentation, "Attributes and
/// Resources"), so that 0.1 added and subtracted ten times leaves exactly zero.
public struct Scalar: Sendable, Hashable, Comparable, AdditiveArithmetic, CustomStringConvertible {
    /// The amount in thousandths.
    public var thousandths: Int64

    /// Makes an amount of thousandths.
    public init(thousandths: Int64) { self.thousandths = thousandths }

    /// Rounds a number to three decimals; what is not finite or beyond ±9·10¹² counts as 0.
    public init(_ value: Double) {
        let scaled = (value * 1000).rounded()
        thousandths = abs(scaled) < 9e15 ? Int64(scaled) : 0
    }

    /// Zero.
    public static let zero = Scalar(thousandths: 0)

    /// The amount as a number.
    public var double: Double { Double(thousandths) / 1000 }

    /// `2`, `1.9`, `0.125`: as Mesos prints it, without trailing zeros.
    public var description: String {
        let value = double
        return value == value.rounded() ? String(Int64(value)) : String(value)
    }

    /// Smaller first.
    public static func < (left: Scalar, right: Scalar) -> Bool { left.thousandths < right.thousandths }
    /// The sum.
    public static func + (left: Scalar, right: Scalar) -> Scalar { Scalar(thousandths: left.thousandths + right.thousandths) }
    /// The difference; may be negative.
    public static func - (left: Scalar, right: Scalar) -> Scalar { Scalar(thousandths: left.thousandths - right.thousandths) }
}
