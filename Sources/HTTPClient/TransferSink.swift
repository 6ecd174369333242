import ClusterCore
import Synchronization

/// Where the engine puts what it receives. Called on the engine's thread, in the order head, body …, finished.
protocol TransferSink: Sendable {
    func head(_ head: HTTPResponseHead)
    func body(_ bytes: UnsafeRawBufferPointer) -> BodyVerdict
    func finished(_ error: HTTPClientError?)
}

/// What becomes of a piece of a body.
enum BodyVerdict {
    case taken
    /// Not taken: the socket is not read until `resume`, then the same bytes come again.
    case later
    /// Not taken: the transfer ends with this error.
    case refused(HTTPClientError)
}

/// Collects a whole response.
final class ResponseCollector: TransferSink {
    typealias Continuation = CheckedContinuation<Result<HTTPResponse, HTTPClientError>, Never>
    private struct State {
        var continuation: Continuation?
        var head: HTTPResponseHead?
        var body: [UInt8] = []
    }
    private let request: HTTPRequest
    private let state = Mutex(State())

    init(request: HTTPRequest) { self.request = request }

    func begin(_ continuation: Continuation) { state.withLock { $0.continuation = continuation } }

    func head(_ head: HTTPResponseHead) { state.withLock { $0.head = head } }

    func body(_ bytes: UnsafeRawBufferPointer) -> BodyVerdict {
        state.withLock { state in
            guard state.body.count + bytes.count <= request.maxBody else {
                let detail = "the body is larger than \(request.maxBody) bytes"
                return .refused(HTTPClientError(.tooLarge, request: request.summary, detail: detail))
            }
            state.body.append(contentsOf: bytes)
            return .taken
        }
    }

    func finished(_ error: HTTPClientError?) {
        let last = state.withLock { takeOut(&$0, leaving: State()) }
        let result: Result<HTTPResponse, HTTPClientError>
        if let error {
            result = .failure(error)
        } else if let head = last.head {
            result = .success(HTTPResponse(status: head.status, headers: head.headers, body: last.body))
        } else {
            result = .failure(HTTPClientError(.badResponse, request: request.summary, detail: "no response came"))
        }
        last.continuation?.resume(returning: result)
    }
}
