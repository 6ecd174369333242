import CZooKeeper
import Synchronization

/// Carries one asynchronous call's answer from the C library's completion thread to the waiting task. The answer is delivered once:
/// by the library, or earlier by the task's cancellation, in which case the library's is dropped.
final class Completion<Value: Sendable>: Sendable {
    typealias Answer = Result<Value, ZooKeeperError>

    private enum State {
        case idle
        case waiting(CheckedContinuation<Answer, Never>)
        case early(Answer)
        case done
    }
    private let state = Mutex(State.idle)
    let subject: String

    init(_ subject: String) { self.subject = subject }

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

    /// The pointer that the C library hands back to its callback, which must take it with `take` exactly once.
    var retainedPointer: UnsafeRawPointer { UnsafeRawPointer(Unmanaged.passRetained(self).toOpaque()) }

    static func take(_ pointer: UnsafeRawPointer?) -> Completion? {
        pointer.map { Unmanaged<Completion>.fromOpaque($0).takeRetainedValue() }
    }
}
