import Chronos
import ClusterCore
import Glibc

extension Timestamp {
    /// What the clock on the wall shows.
    static var now: Timestamp { Timestamp(milliseconds: UnixTime(clock: CLOCK_REALTIME).milliseconds) }
}
