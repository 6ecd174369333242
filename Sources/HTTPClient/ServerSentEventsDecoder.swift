/// One event of a `text/event-stream`.
public struct ServerSentEvent: Sendable, Hashable {
    /// The event's type; `message` where none was sent.
    public let event: String
    /// The data lines, joined by line feeds.
    public let data: String
    /// The last id seen in the stream so far.
    public let id: String?

    /// Describes an event.
    public init(event: String, data: String, id: String? = nil) {
        self.event = event
        self.data = data
        self.id = id
    }
}

/// Takes a `text/event-stream` apart (WHATWG HTML, section "Server-sent events"): LF, CRLF and CR line ends, comments ignored.
/// Marathon writes CRLF.
public struct ServerSentEventsDecoder: Sendable {
    private var line: [UInt8] = []
    private var lastWasCR = false
    private var event = ""
    private var data: [String] = []
    private var id: String?
    private var isFirstLine = true

    /// A decoder at the start of a stream.
    public init() {}

    /// Takes bytes as they come, and returns the events that are now complete. An event without data is none.
    public mutating func feed(_ bytes: some Sequence<UInt8>) -> [ServerSentEvent] {
        var events: [ServerSentEvent] = []
        for byte in bytes {
            let followsCR = lastWasCR
            lastWasCR = byte == UInt8(ascii: "\r")
            switch byte {
            case UInt8(ascii: "\n") where followsCR: continue
            case UInt8(ascii: "\n"), UInt8(ascii: "\r"):
                if let complete = endLine() { events.append(complete) }
            default: line.append(byte)
            }
        }
        return events
    }

    private mutating func endLine() -> ServerSentEvent? {
        if isFirstLine, line.starts(with: [0xEF, 0xBB, 0xBF]) { line.removeFirst(3) }
        isFirstLine = false
        defer { line.removeAll(keepingCapacity: true) }
        guard !line.isEmpty else { return dispatch() }
        guard line[0] != UInt8(ascii: ":") else { return nil }
        let colon = line.firstIndex(of: UInt8(ascii: ":")) ?? line.count
        var value = line[min(colon + 1, line.count)...]
        if value.first == UInt8(ascii: " ") { value = value.dropFirst() }
        let text = String(decoding: value, as: UTF8.self)
        switch String(decoding: line[..<colon], as: UTF8.self) {
        case "event": event = text
        case "data": data.append(text)
        case "id" where !value.contains(0): id = text
        default: break
        }
        return nil
    }

    private mutating func dispatch() -> ServerSentEvent? {
        defer {
            event = ""
            data = []
        }
        guard !data.isEmpty else { return nil }
        return ServerSentEvent(event: event.isEmpty ? "message" : event, data: data.joined(separator: "\n"), id: id)
    }
}
