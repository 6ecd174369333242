import EngineSupport
import JSON
import Synchronization

/// Hands events out to the streams of `/v2/events`. A client that reads too slowly is cut off; it comes back and reads the state anew.
final class EventBus: Sendable {
    private struct Subscriber {
        let stream: ByteStream
        let types: Set<String>
        let isLight: Bool
    }
    private struct State {
        var next = 0
        var subscribers: [Int: Subscriber] = [:]
    }
    private let state = Mutex(State())
    /// Events that may wait for one client.
    private let limit: Int

    init(limit: Int = 1024) { self.limit = limit }

    /// How many clients listen.
    var count: Int { state.withLock { $0.subscribers.count } }

    /// Opens a stream.
    /// - Parameters:
    ///   - types: only events of these types; all where empty.
    ///   - isLight: plans without the apps' definitions.
    ///   - onClose: called once when the client is gone.
    func subscribe(types: Set<String>, isLight: Bool, onClose: @escaping @Sendable () -> Void) -> ByteStream {
        let key = state.withLock { state in
            state.next += 1
            return state.next
        }
        let stream = ByteStream(limit: limit) { [weak self] in
            if self?.state.withLock({ $0.subscribers.removeValue(forKey: key) }) != nil { onClose() }
        }
        state.withLock { $0.subscribers[key] = Subscriber(stream: stream, types: types, isLight: isLight) }
        return stream
    }

    func publish(_ event: MarathonEvent) {
        let subscribers = state.withLock { Array($0.subscribers.values) }
        guard !subscribers.isEmpty else { return }
        let full = event.json.text()
        var light: String?
        for subscriber in subscribers where subscriber.types.isEmpty || subscriber.types.contains(event.type) {
            if subscriber.isLight {
                let text = light ?? Self.lightened(event.json).text()
                light = text
                subscriber.stream.send(event: event.type, data: text)
            } else {
                subscriber.stream.send(event: event.type, data: full)
            }
        }
    }

    /// Keeps proxies from taking a silent stream for a dead one.
    func beat() {
        for subscriber in state.withLock({ Array($0.subscribers.values) }) { subscriber.stream.send(Array("\r\n".utf8)) }
    }

    /// Ends all streams.
    func close() {
        let subscribers = state.withLock { Array($0.subscribers.values) }
        for subscriber in subscribers { subscriber.stream.finish() }
    }

    private static func lightened(_ json: JSON) -> JSON {
        guard var event = json.object, var plan = event["plan"]?.object else { return json }
        plan["original"] = nil
        plan["target"] = nil
        event["plan"] = .object(plan)
        return .object(event)
    }
}
