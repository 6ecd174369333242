public import Glibc

/// A time of one of the host's clocks.
///
/// The one place that looks into a `timespec`, and it does so by its layout (two 64-bit words): with whole-module optimisation and
/// MemberImportVisibility, the compiler takes the members of `timespec` for another module's wherever a file that extends `Duration`
/// happens to be checked before.
public struct UnixTime: Sendable, Hashable {
    /// Whole seconds; since 1970 for the wall clock.
    public let seconds: Int64
    /// 0 – 999,999,999.
    public let nanoseconds: Int64

    /// Reads a C time.
    public init(_ time: timespec) {
        (seconds, nanoseconds) = withUnsafeBytes(of: time) {
            ($0.load(as: Int64.self), $0.load(fromByteOffset: MemoryLayout<Int64>.size, as: Int64.self))
        }
    }

    /// Reads a clock now: `CLOCK_REALTIME`, `CLOCK_BOOTTIME` …
    public init(clock: clockid_t) {
        var words: (Int64, Int64) = (0, 0)
        withUnsafeMutableBytes(of: &words) { bytes in
            _ = bytes.bindMemory(to: timespec.self).baseAddress.map { clock_gettime(clock, $0) }
        }
        (seconds, nanoseconds) = words
    }

    /// Seconds with their fraction.
    public var fractionalSeconds: Double { Double(seconds) + Double(nanoseconds) / 1e9 }
    /// Whole milliseconds.
    public var milliseconds: Int64 { seconds * 1000 + nanoseconds / 1_000_000 }

    /// Seconds since 1970, with their fraction.
    public static func now() -> Double { UnixTime(clock: CLOCK_REALTIME).fractionalSeconds }
    /// Milliseconds since 1970.
    public static var nowMilliseconds: Int64 { UnixTime(clock: CLOCK_REALTIME).milliseconds }
}
