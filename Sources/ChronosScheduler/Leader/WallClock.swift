import Chronos
import ClusterCore

extension Timestamp {
    /// What the clock on the wall shows.
    static var now: Timestamp { Timestamp(milliseconds: UnixTime.nowMilliseconds) }
}
