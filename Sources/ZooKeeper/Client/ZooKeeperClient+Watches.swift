extension ZooKeeperClient {
    /// The names of a node's children now and after every change; nil while the node does not exist.
    ///
    /// The newest state is never lost: a watch is armed by the very read whose result is delivered, and read again after each change,
    /// each lost connection and each new session. States between two reads are skipped.
    /// - Throws: (ends the stream) `.noAuth`, `.authFailed`, `.closing`. Ending the iteration ends the watch.
    public func watchChildren(_ path: String) -> AsyncThrowingStream<[String]?, any Error> {
        watch(path, .children) { client, session, token throws(ZooKeeperError) in
            try await client.children(of: path, in: session, token: token)
        }
    }

    /// A node's data and stat now and after every change; nil while it does not exist. Delivers as `watchChildren` does.
    public func watchData(_ path: String) -> AsyncThrowingStream<ZooKeeperNode?, any Error> {
        watch(path, .data) { client, session, token throws(ZooKeeperError) in
            try await client.get(path, in: session, token: token)
        }
    }

    private func watch<Value: Sendable & Equatable>(
        _ path: String, _ kind: Session.WatchKind,
        read: @escaping @Sendable (ZooKeeperClient, Session, UnsafeMutableRawPointer?) async throws(ZooKeeperError) -> Value
    ) -> AsyncThrowingStream<Value?, any Error> {
        AsyncThrowingStream(bufferingPolicy: .bufferingNewest(1)) { continuation in
            let task = Task {
                var last: Value??
                while !Task.isCancelled {
                    do {
                        let (value, changed) = try await self.readArmed(path, kind, read)
                        if last == nil || last != .some(value) {
                            last = .some(value)
                            continuation.yield(value)
                        }
                        try await changed.wait()
                    } catch let error as ZooKeeperError where error.isTransient {
                        do {
                            try await self.waitUntilConnected()
                            // The library still calls itself connected for a moment after it has failed our call.
                            try await Task.sleep(for: .milliseconds(20), clock: .continuous)
                        } catch {
                            return continuation.finish(throwing: error)
                        }
                    } catch {
                        return continuation.finish(throwing: error)
                    }
                }
                continuation.finish()
            }
            continuation.onTermination = { _ in task.cancel() }
        }
    }

    /// Reads a node and arms a watch by the same request; where it doesn't exist, a watch for its creation.
    private func readArmed<Value: Sendable>(
        _ path: String, _ kind: Session.WatchKind,
        _ read: (ZooKeeperClient, Session, UnsafeMutableRawPointer?) async throws(ZooKeeperError) -> Value
    ) async throws(ZooKeeperError) -> (Value?, Completion<Void>) {
        while true {
            let session = try currentSession()
            let watch = session.watch(.init(kind: kind, path: path))
            do {
                return (try await read(self, session, watch.token), watch.fired)
            } catch {
                session.forget(.init(kind: kind, path: path), watch.fired)
                guard error.code == .noNode else { throw error }
            }
            let creation = session.watch(.init(kind: .existence, path: path))
            if try await exists(path, in: session, token: creation.token) == nil { return (nil, creation.fired) }
        }
    }
}
