public import HTTPClient
public import JSON

/// What an engine's HTTP server answers.
public struct EngineResponse: Sendable {
    /// The body.
    public enum Body: Sendable {
        /// All of it.
        case bytes([UInt8])
        /// A stream that ends when one of the two sides ends it.
        case stream(ByteStream)
    }

    /// 100–599.
    public var status: Int
    /// The headers; Content-Length and Date are added.
    public var headers: HTTPHeaders
    /// The body.
    public var body: Body

    /// Makes an answer.
    public init(status: Int, headers: HTTPHeaders = [:], body: Body = .bytes([])) {
        self.status = status
        self.headers = headers
        self.body = body
    }

    /// JSON.
    public static func json(_ value: JSON, status: Int = 200, pretty: Bool = false) -> EngineResponse {
        EngineResponse(status: status, headers: ["Content-Type": "application/json"], body: .bytes(value.bytes(pretty: pretty)))
    }

    /// Text.
    public static func text(_ text: String, status: Int = 200, type: String = "text/plain; charset=utf-8") -> EngineResponse {
        EngineResponse(status: status, headers: ["Content-Type": type], body: .bytes(Array(text.utf8)))
    }

    /// No body.
    public static func empty(status: Int, headers: HTTPHeaders = [:]) -> EngineResponse { EngineResponse(status: status, headers: headers) }

    /// 307 to a location.
    public static func redirect(to location: String) -> EngineResponse { .empty(status: 307, headers: ["Location": location]) }

    /// A stream that stays open: RecordIO, server-sent events.
    public static func stream(_ stream: ByteStream, type: String, headers: HTTPHeaders = [:]) -> EngineResponse {
        var headers = headers
        headers["Content-Type"] = type
        return EngineResponse(status: 200, headers: headers, body: .stream(stream))
    }

    /// The whole body, for tests; nil where it is a stream.
    public var bytes: [UInt8]? {
        if case .bytes(let bytes) = body { bytes } else { nil }
    }
}

/// The body of an answer that stays open. Whatever side ends it, `onClose` is called once.
public final class ByteStream: Sendable {
    let chunks: AsyncStream<[UInt8]>
    private let continuation: AsyncStream<[UInt8]>.Continuation

    /// Makes a stream.
    /// - Parameters:
    ///   - limit: how many chunks may wait for a client that reads slowly; one more ends the stream.
    ///   - onClose: called once, on any thread, when the stream has ended on either side.
    public init(limit: Int = 65_536, onClose: @escaping @Sendable () -> Void = {}) {
        (chunks, continuation) = AsyncStream.makeStream(bufferingPolicy: .bufferingOldest(limit))
        continuation.onTermination = { _ in onClose() }
    }

    /// Sends bytes. False where the stream has ended.
    @discardableResult
    public func send(_ bytes: [UInt8]) -> Bool {
        switch continuation.yield(bytes) {
        case .enqueued: return true
        case .dropped:
            continuation.finish()
            return false
        case .terminated: return false
        @unknown default: return false
        }
    }

    /// Ends it, once what was sent has gone out.
    public func finish() { continuation.finish() }

    /// Sends one RecordIO record: its length in decimal, a line feed, its bytes (Mesos documentation, "Scheduler HTTP API").
    @discardableResult
    public func send(record: JSON) -> Bool {
        let bytes = record.bytes()
        return send(Array("\(bytes.count)\n".utf8) + bytes)
    }

    /// Sends one server-sent event, with the CRLF line ends that Marathon writes.
    @discardableResult
    public func send(event: String, data: String) -> Bool { send(Array("event: \(event)\r\ndata: \(data)\r\n\r\n".utf8)) }
}
