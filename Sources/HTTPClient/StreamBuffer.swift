import ClusterCore
import Synchronization

/// Holds what a stream's reader has not taken yet, up to a limit.
final class StreamBuffer: TransferSink {
    typealias HeadContinuation = CheckedContinuation<Result<HTTPResponseHead, HTTPClientError>, Never>
    typealias Continuation = CheckedContinuation<Result<[UInt8]?, HTTPClientError>, Never>

    /// Bytes kept before the socket is no longer read; one more piece of at most 16 KiB may come on top.
    static let limit = 256 << 10

    private struct State {
        var headReader: HeadContinuation?
        var reader: Continuation?
        var bytes: [UInt8] = []
        var isPaused = false
        var end: Result<[UInt8]?, HTTPClientError>?
    }
    private let request: HTTPRequest
    private let state = Mutex(State())

    init(request: HTTPRequest) { self.request = request }

    func awaitHead(_ continuation: HeadContinuation) { state.withLock { $0.headReader = continuation } }

    /// Gives the reader what is there, or keeps it waiting.
    /// - Returns: true where the transfer was paused and has to be resumed.
    func take(_ continuation: Continuation) -> Bool {
        enum Step {
            case give(Result<[UInt8]?, HTTPClientError>, resumes: Bool)
            case wait
        }
        let step = state.withLock { state -> Step in
            if !state.bytes.isEmpty {
                let bytes = takeOut(&state.bytes, leaving: [])
                return .give(.success(bytes), resumes: takeOut(&state.isPaused, leaving: false))
            }
            if let end = state.end { return .give(end, resumes: false) }
            precondition(state.reader == nil, "an HTTPStream has one reader only")
            state.reader = continuation
            return .wait
        }
        guard case .give(let result, let resumes) = step else { return false }
        continuation.resume(returning: result)
        return resumes
    }

    func head(_ head: HTTPResponseHead) {
        let reader = state.withLock { takeOut(&$0.headReader, leaving: nil) }
        reader?.resume(returning: .success(head))
    }

    func body(_ bytes: UnsafeRawBufferPointer) -> BodyVerdict {
        guard !bytes.isEmpty else { return .taken }
        let (verdict, reader) = state.withLock { state -> (BodyVerdict, Continuation?) in
            if let reader = state.reader {
                state.reader = nil
                return (.taken, reader)
            }
            if state.bytes.count >= Self.limit {
                state.isPaused = true
                return (.later, nil)
            }
            state.bytes.append(contentsOf: bytes)
            return (.taken, nil)
        }
        reader?.resume(returning: .success(Array(bytes)))
        return verdict
    }

    func finished(_ error: HTTPClientError?) {
        let (headReader, reader) = state.withLock { state -> (HeadContinuation?, Continuation?) in
            defer {
                state.headReader = nil
                state.reader = nil
            }
            state.end = error.map { .failure($0) } ?? .success(nil)
            return (state.headReader, state.reader)
        }
        let missing = HTTPClientError(.badResponse, request: request.summary, detail: "no response came")
        headReader?.resume(returning: .failure(error ?? missing))
        reader?.resume(returning: error.map { .failure($0) } ?? .success(nil))
    }
}
