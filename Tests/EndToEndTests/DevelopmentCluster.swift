import ClusterCore
import Glibc
import HTTPClient
import JSON
import Supervision
import Testing

/// A development cluster run by the built executables, as a user would run it.
struct DevelopmentCluster {
    let program: String
    let state: String
    let octet: Int

    /// Directory of the executables under test: the one that the test program lies in.
    static var executables: String {
        var buffer = [CChar](repeating: 0, count: 4096)
        let count = readlink("/proc/self/exe", &buffer, buffer.count)
        let own = String(decoding: buffer[..<max(0, count)].map { UInt8(bitPattern: $0) }, as: UTF8.self)
        let beside = own.split(separator: "/").dropLast().joined(separator: "/")
        if Files.isExecutable("/\(beside)/mesos-cluster") { return "/" + beside }
        // swift-testing runs in a helper of the toolchain's, which is given the bundle's path.
        let bundle = CommandLine.arguments.first { $0.hasSuffix(".xctest") } ?? own
        return "/" + bundle.split(separator: "/").dropLast().joined(separator: "/")
    }

    static var repository: String { "/" + #filePath.split(separator: "/").dropLast(3).joined(separator: "/") }

    init(octet: Int) {
        program = Self.executables + "/mesos-cluster"
        state = "/tmp/mesos-cluster-test-\(getpid())-\(octet)"
        self.octet = octet
    }

    var network: String { "127.\(octet).0.0/16" }
    func address(_ subnet: Int, _ index: Int) -> String { "127.\(octet).\(subnet).\(index)" }

    /// Runs a command of mesos-cluster; its exit status, and all that it says.
    func call(_ words: String..., limit: Duration = .seconds(240)) async throws -> (status: Int32, output: String) {
        try await run(words, limit)
    }

    /// Runs a command that must succeed.
    @discardableResult
    func must(_ words: String..., limit: Duration = .seconds(240)) async throws -> String {
        let (status, output) = try await run(words, limit)
        try #require(status == 0, "mesos-cluster \(words.joined(separator: " ")): \(output)")
        return output
    }

    private func run(_ words: [String], _ limit: Duration) async throws -> (status: Int32, output: String) {
        var command = Command([program] + words + ["--state", state], deadline: limit)
        // The cluster's supervisor outlives the command that starts it.
        command.spec.diesWithParent = false
        let result = try await command.run()
        return (result.termination.exitCode, result.outputText + result.errorText)
    }

    func status() async throws -> JSON {
        try JSON(parsing: try await run(["status", "--json"], .seconds(20)).output)
    }

    /// Address of the node whose component leads; nil while none does.
    func leader(_ component: String) async throws -> String? {
        for node in try await status()["nodes"]?.array ?? [] {
            for entry in node["components"]?.array ?? [] where entry["name"]?.string == component && entry["role"]?.string == "leader" {
                return node["address"]?.string
            }
        }
        return nil
    }

    /// The component's own process on that node, not its entrypoint.
    func process(_ role: String, on address: String) throws -> pid_t? {
        for name in try Files.list("/proc") {
            guard let pid = pid_t(name), let bytes = try? Files.read("/proc/\(pid)/cmdline") else { continue }
            let words = bytes.split(separator: 0).map { String(decoding: $0, as: UTF8.self) }
            // Each names all masters in its ZooKeeper URL, and its own address alone.
            guard words.count > 2, words[0].hasSuffix("/embedded-engine"), words[1] == role else { continue }
            if words.contains(address) || words.contains("--ip=\(address)") { return pid }
        }
        return nil
    }

    /// Everything is ended and removed, whatever the test has left.
    func tearDown() async {
        _ = try? await run(["down"], .seconds(60))
        try? Files.remove(state)
    }

    /// The last lines of all logs, for a failed test's report.
    func logs() async -> String {
        (try? await run(["logs", "--lines", "12"], .seconds(20)).output) ?? ""
    }
}

/// A client that asks the load balancer for the example's page all the time, a new connection each time.
actor Traffic {
    private(set) var requests = 0
    private(set) var failures: [String] = []
    private var task: Task<Void, Never>?

    func start(_ url: String, host: String) {
        task = Task {
            let http = HTTPClient(idleConnections: 0)
            while !Task.isCancelled {
                let request = HTTPRequest("GET", url, headers: ["Host": host, "Connection": "close"], timeout: .seconds(3))
                do {
                    let response = try await http.send(request)
                    count(response.status == 200 ? nil : "status \(response.status)")
                } catch {
                    if !Task.isCancelled { count("\(error)") }
                }
                try? await Task.sleep(for: .milliseconds(10))
            }
        }
    }

    func stop() async {
        task?.cancel()
        await task?.value
    }

    private func count(_ failure: String?) {
        requests += 1
        if let failure { failures.append(failure) }
    }
}
