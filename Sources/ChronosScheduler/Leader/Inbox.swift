import ClusterCore
import Synchronization

/// Collects what happens until the leader has time for it, so that it can treat all of it at once.
final class Inbox<Event: Sendable>: Sendable {
    private let events = Mutex<[Event]>([])
    /// Rings after something was put in.
    let bell: AsyncStream<Void>
    private let ringer: AsyncStream<Void>.Continuation

    init() {
        (bell, ringer) = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(1))
    }

    func put(_ event: Event) {
        events.withLock { $0.append(event) }
        ringer.yield()
    }

    func takeAll() -> [Event] {
        events.withLock { takeOut(&$0, leaving: []) }
    }
}
