public import ClusterCore
import Glibc
import JSON
import Supervision
import Synchronization

/// `embedded-engine executor`: supervises a slave's tasks. Started by the embedded slave, not by hand.
public enum EmbeddedExecutor {
    /// Runs until the slave is gone and its last task has ended.
    ///
    /// The slave has bound the socket and hands it over as standard input, so that it can connect without waiting for this start.
    public static func run() async throws(ClusterError) {
        guard FileStatus(descriptor: 0)?.kind == .socket else {
            throw ClusterError(.usage, "the executor is started by the embedded slave, which gives it a socket as standard input")
        }
        let listener = fcntl(0, F_DUPFD_CLOEXEC, 3)
        let current = Connection()
        let finished = AsyncStream.makeStream(of: Void.self)
        let executor = Executor(
            send: { json in current.socket.withLock { $0 }?.send(json) }, exit: { finished.continuation.finish() })

        let commands = AsyncStream.makeStream(of: Input.self)
        OwnThread.detach("slave-link") { accept(listener, current: current, to: commands.continuation) }
        let reading = Task {
            for await input in commands.stream {
                switch input {
                case .connected: await executor.connected()
                case .command(let command): await executor.handle(command)
                case .disconnected: await executor.disconnected()
                }
            }
        }
        let signals = Task { for await _ in ProcessReaper.shared.signals([SIGTERM, SIGINT]) { await executor.terminate() } }
        for await _ in finished.stream {}
        reading.cancel()
        signals.cancel()
    }

    private enum Input: Sendable {
        case connected
        case command(ExecutorCommand)
        case disconnected
    }

    /// The slave's connection, while there is one.
    private final class Connection: Sendable {
        let socket = Mutex<LineSocket?>(nil)
    }

    // One slave at a time: the next is accepted when the connection of the last has ended.
    private static func accept(_ listener: Int32, current: Connection, to inputs: AsyncStream<Input>.Continuation) {
        // A slave that died before it connected leaves nobody who would ever come.
        var wait = pollfd(fd: listener, events: Int16(POLLIN), revents: 0)
        if poll(&wait, 1, 60_000) == 0 { inputs.yield(.disconnected) }
        while true {
            let descriptor = Glibc.accept(listener, nil, nil)
            guard descriptor >= 0 else { continue }
            _ = fcntl(descriptor, F_SETFD, FD_CLOEXEC)
            let socket = LineSocket(descriptor)
            current.socket.withLock { $0 = socket }
            inputs.yield(.connected)
            socket.readLines { json in if let command = ExecutorCommand(json: json) { inputs.yield(.command(command)) } }
            current.socket.withLock { $0 = nil }
            inputs.yield(.disconnected)
        }
    }
}
