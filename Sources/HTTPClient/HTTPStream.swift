/// A response whose body is read as it comes. Letting go of it (and of its iterator) ends the transfer.
///
/// Where the reader is slower than the server, at most about 256 KiB are kept and then the socket is not read: TCP slows the sender.
public struct HTTPStream: AsyncSequence, Sendable {
    /// Status and headers.
    public let head: HTTPResponseHead
    let lease: StreamLease

    /// 200–599.
    public var status: Int { head.status }
    /// In the order received.
    public var headers: HTTPHeaders { head.headers }

    /// Reads the body; there can be one reader only.
    public func makeAsyncIterator() -> Iterator { Iterator(lease: lease) }

    /// Reads the rest, up to a limit in bytes.
    public func collect(upTo limit: Int) async throws(HTTPClientError) -> [UInt8] {
        var body: [UInt8] = []
        var iterator = makeAsyncIterator()
        while let chunk = try await iterator.next(isolation: nil) {
            body += chunk
            guard body.count <= limit else {
                throw HTTPClientError(.tooLarge, request: lease.transfer.request.summary, detail: "the body is larger than \(limit) bytes")
            }
        }
        return body
    }

    /// Chunks of the body, not empty; their borders mean nothing.
    public struct Iterator: AsyncIteratorProtocol {
        let lease: StreamLease

        /// The next bytes, or nil at the end of the body.
        public mutating func next(isolation actor: isolated (any Actor)?) async throws(HTTPClientError) -> [UInt8]? {
            try await lease.next()
        }

        /// The next bytes, or nil at the end of the body.
        public mutating func next() async throws(HTTPClientError) -> [UInt8]? { try await lease.next() }
    }
}

/// Keeps a transfer alive for as long as someone may read it.
final class StreamLease: Sendable {
    // Also keeps the client's thread, which the transfer needs.
    private let client: HTTPClient
    let transfer: CurlTransfer
    private let buffer: StreamBuffer

    init(client: HTTPClient, transfer: CurlTransfer, buffer: StreamBuffer) {
        self.client = client
        self.transfer = transfer
        self.buffer = buffer
    }

    deinit { client.engine.cancel(transfer) }

    func next() async throws(HTTPClientError) -> [UInt8]? {
        let engine = client.engine
        let result = await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                if buffer.take(continuation) { engine.resume(transfer) }
            }
        } onCancel: {
            engine.cancel(transfer)
        }
        return try result.get()
    }
}
