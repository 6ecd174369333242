import CZooKeeper
import Synchronization

/// A call that the C library has taken and not answered yet.
protocol OutstandingCall: AnyObject, Sendable {
    /// Ends it: the library will not answer any more.
    func abandon()
}

/// Carries one asynchronous call's answer from the C library's completion thread to the waiting task. The answer is delivered once:
/// by the library, or earlier by the task's cancellation, in which case the library's is dropped.
final class Completion<Value: Sendable>: OutstandingCall {
    typealias Answer = Result<Value, ZooKeeperError>

    private enum State {
        case idle
        case waiting(CheckedContinuation<Answer, Never>)
        case early(Answer)
        case done
    }
    private let state = Mutex(State.idle)
    let subject: String
    /// Keeps it alive while the library has its address.
    private let session: Session?

    init(_ subject: String, session: Session? = nil) {
        self.subject = subject
        self.session = session
    }

    func abandon() { finish(.failure(ZooKeeperError(.closing, subject))) }

    func finish(_ answer: Answer) {
        let continuation = state.withLock { state -> CheckedContinuation<Answer, Never>? in
            switch state {
            case .idle:
                state = .early(answer)
                return nil
            case .waiting(let continuation):
                state = .done
                return continuation
            case .early, .done:
                return nil
            }
        }
        continuation?.resume(returning: answer)
    }

    /// Finishes with a value, or with the error of `code` where it is not 0.
    func finish(_ code: Int32, _ value: @autoclosure () -> Value?) {
        if code == 0, let value = value() {
            finish(.success(value))
        } else {
            finish(.failure(ZooKeeperError(code == 0 ? .marshalling : .init(rawValue: code), subject)))
        }
    }

    func wait() async throws(ZooKeeperError) -> Value {
        let answer = await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let early = state.withLock { state -> Answer? in
                    if case .early(let answer) = state {
                        state = .done
                        return answer
                    }
                    state = .waiting(continuation)
                    return nil
                }
                if let early { continuation.resume(returning: early) }
            }
        } onCancel: {
            finish(.failure(ZooKeeperError(.cancelled, subject)))
        }
        return try answer.get()
    }

    /// The call that the library answers by handing back the address that `Session.register` gave it.
    static func take(_ pointer: UnsafeRawPointer?) -> Completion? {
        guard let pointer else { return nil }
        let completion = Unmanaged<Completion>.fromOpaque(pointer).takeUnretainedValue()
        completion.session?.forget(completion)
        return completion
    }
}
