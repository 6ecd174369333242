public import Mesos

extension MesosLeaderDetector {
    /// The leading master now and after every change, nil while there is none: what `MesosFrameworkClient` takes. The stream ends where
    /// ZooKeeper refuses to be watched (credentials).
    public func leaders() -> AsyncStream<MasterInfo?> {
        AsyncStream { continuation in
            let task = Task {
                do {
                    for try await state in changes() where state != .unknown { continuation.yield(state.leader) }
                } catch {
                    // Nobody leads as far as can be known; the stream's end says so.
                }
                continuation.finish()
            }
            continuation.onTermination = { _ in task.cancel() }
        }
    }
}
