/// Requests over libcurl's multi interface: any number at the same time, on one thread that sleeps while nothing happens.
///
/// The thread starts with the first request and ends once the client and its streams are gone. Connections are kept and reused.
public final class HTTPClient: Sendable {
    let engine: CurlEngine

    /// Makes a client.
    /// - Parameter idleConnections: how many unused connections are kept open, over all hosts.
    public init(idleConnections: Int = 16) { engine = CurlEngine(idleConnections: idleConnections) }

    deinit { engine.shutDown() }

    /// Sends a request and collects the whole response, whatever its status.
    ///
    /// Cancelling the task ends the transfer and throws `aborted`.
    public func send(_ request: HTTPRequest) async throws(HTTPClientError) -> HTTPResponse {
        let collector = ResponseCollector(request: request)
        let transfer = CurlTransfer(request: request, sink: collector)
        let result = await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                collector.begin(continuation)
                engine.start(transfer)
            }
        } onCancel: {
            engine.cancel(transfer)
        }
        return try result.get()
    }

    /// Sends a request and returns as soon as the response's headers are there; its body is read from the stream.
    ///
    /// Cancelling the task, or letting go of the stream, ends the transfer.
    public func stream(_ request: HTTPRequest) async throws(HTTPClientError) -> HTTPStream {
        let buffer = StreamBuffer(request: request)
        let transfer = CurlTransfer(request: request, sink: buffer)
        let result = await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                buffer.awaitHead(continuation)
                engine.start(transfer)
            }
        } onCancel: {
            engine.cancel(transfer)
        }
        let head = try result.get()
        return HTTPStream(head: head, lease: StreamLease(client: self, transfer: transfer, buffer: buffer))
    }
}
