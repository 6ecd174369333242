import ClusterCore

/// A real HAProxy of a test, in the foreground with one process.
public actor HAProxyServer {
    private let directory: TemporaryDirectory
    private let argv: [String]
    private var process: TestProcess?

    /// Starts it with a configuration and waits until it listens.
    /// - Parameters:
    ///   - configuration: the whole text.
    ///   - port: a port that it listens on when it is ready.
    ///   - arguments: beside `-f`; default: in the foreground, no master process.
    public static func start(_ configuration: String, ready port: Int, arguments: [String] = ["-db"]) async throws -> HAProxyServer {
        let server = try HAProxyServer(configuration, arguments)
        try await server.start()
        let problem = await server.waitUntilListening(port)
        if let problem { throw problem }
        return server
    }

    private init(_ configuration: String, _ arguments: [String]) throws {
        directory = try TemporaryDirectory("haproxy")
        argv = ["haproxy", "-f", try directory.write("haproxy.cfg", configuration)] + arguments
    }

    /// Starts it (again).
    public func start() async throws { process = try await TestProcess(argv, output: directory.file("log")) }

    private func waitUntilListening(_ port: Int) async -> NotEventually? {
        do {
            try await eventually(within: .seconds(30), "HAProxy on port \(port)") {
                if let code = self.process?.exitCode { throw NotEventually(description: "it exited with \(code)") }
                return accepts(port)
            }
            return nil
        } catch {
            return NotEventually(description: "\(error)\n\(log.suffix(2000))")
        }
    }

    /// Process id while it runs.
    public var pid: Int32? { process.flatMap { $0.isRunning ? $0.pid : nil } }

    /// Sends a signal to its process.
    public func signal(_ number: Int32) { process?.signal(number) }

    /// Kills it.
    public func kill() async { await process?.kill() }

    /// What it has logged.
    public var log: String { directory.read("log") ?? "" }
}
