import ClusterCore
import Glibc
import Logging
import Supervision

/// The way to the executor: finds the one that runs, or starts one.
struct ExecutorLink: Sendable {
    /// Program and arguments of an executor.
    let program: [String]
    /// The checkpoint's directory: the socket `executor.sock` and the log `executor.log` lie there.
    let directory: String
    /// What an executor's own processes get; it hands tasks theirs by their records.
    let environment: [String: String]
    let logger: Logger

    private static let socketName = "executor.sock"

    /// A connection whose executor has said what it supervises.
    struct Connection: Sendable {
        let socket: LineSocket
        let containers: Set<String>
        /// What comes behind the first message, until the connection ends.
        let messages: AsyncStream<ExecutorMessage>
    }

    /// Connects to the running executor, or to a new one.
    func connect() async throws(ClusterError) -> Connection {
        if let descriptor = try? UnixSocket.connect(directory: directory, name: Self.socketName),
            let connection = await greet(LineSocket(descriptor))
        {
            return connection
        }
        try await start()
        let socket = LineSocket(try UnixSocket.connect(directory: directory, name: Self.socketName))
        guard let connection = await greet(socket) else {
            throw ClusterError(.unavailable, "the executor does not answer; its log is \(directory)/executor.log")
        }
        return connection
    }

    private func start() async throws(ClusterError) {
        // It inherits the listening socket, so that there is no moment in which it is started and can't be reached.
        let listener = try UnixSocket.listen(directory: directory, name: Self.socketName)
        defer { close(listener) }
        var spec = ProcessSpec(program, environment: environment, workingDirectory: "/")
        spec.input = .descriptor(listener)
        spec.output = .append("\(directory)/executor.log")
        spec.error = .append("\(directory)/executor.log")
        spec.group = .ownSession
        let child = try await ProcessReaper.shared.spawn(spec)
        logger.info("started the executor, pid \(child.pid): it supervises this slave's tasks and outlives the slave")
    }

    // An executor that is just about to end accepts no more: then the connection ends without a word.
    private func greet(_ socket: LineSocket) async -> Connection? {
        let (messages, continuation) = AsyncStream.makeStream(of: ExecutorMessage.self)
        OwnThread.detach("executor-link") {
            socket.readLines { json in if let message = ExecutorMessage(json: json) { continuation.yield(message) } }
            continuation.finish()
        }
        let guardian = Task {
            try await Task.sleep(for: .seconds(20))
            socket.cut()
        }
        defer { guardian.cancel() }
        for await message in messages {
            guard case .hello(let containers) = message else { continue }
            return Connection(socket: socket, containers: Set(containers), messages: messages)
        }
        return nil
    }
}
