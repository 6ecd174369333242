/// A moment: what the clock on the wall says, for what is reported, and a clock that never jumps, for deadlines.
struct MasterTime: Sendable, Hashable {
    /// Seconds since 1970.
    var wall: Double
    /// Seconds since any fixed moment.
    var steady: Double
}
