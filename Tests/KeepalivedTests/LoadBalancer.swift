import ClusterCore
import ClusterTestKit
import Glibc

/// What a test could not do.
struct TestFailure: Error, CustomStringConvertible { let description: String }

/// Runs a command to its end. Returns exit code and output.
@discardableResult
func command(_ argv: [String], _ directory: TemporaryDirectory) async throws -> (code: Int32, output: String) {
    let process = try await TestProcess(argv, output: directory.file("command-\(UInt64.random(in: 0 ... .max))"))
    let code = await process.wait()
    defer { try? Files.remove(process.outputPath) }
    return (code, process.output)
}

/// Two network namespaces, joined by a bridge in a third: the network of two load balancers. Removed by `remove`.
struct NamespacePair: Sendable {
    let names: [String]
    let directory: TemporaryDirectory
    private let bridge: String

    /// Whether this host lets us make namespaces: that needs root (CAP_SYS_ADMIN and CAP_NET_ADMIN).
    static func canBeMade() async -> Bool {
        guard geteuid() == 0, let directory = try? TemporaryDirectory("netns") else { return false }
        let name = "vrrp-try-\(getpid())"
        guard (try? await command(["ip", "netns", "add", name], directory))?.code == 0 else { return false }
        return (try? await command(["ip", "netns", "del", name], directory))?.code == 0
    }

    init() async throws {
        let tag = String(UInt32.random(in: 0 ... .max), radix: 36)
        let names = ["vrrp-\(tag)-1", "vrrp-\(tag)-2"]
        self.names = names
        bridge = "vrrp-\(tag)-bridge"
        directory = try TemporaryDirectory("vrrp")
        for name in names { try await ip(["netns", "add", name]) }
        try await ip(["netns", "add", bridge])
        try await ip(["-n", bridge, "link", "add", "bridge", "type", "bridge"])
        try await ip(["-n", bridge, "link", "set", "bridge", "up"])
        for (index, name) in names.enumerated() {
            let (device, host) = ("veth\(index + 1)", index + 1)
            try await ip(
                ["link", "add", "port\(host)", "netns", bridge, "type", "veth", "peer", "name", device, "netns", name])
            try await ip(["-n", bridge, "link", "set", "port\(host)", "master", "bridge", "up"])
            try await ip(["-n", name, "link", "set", "lo", "up"])
            try await ip(["-n", name, "link", "set", device, "up"])
            try await ip(["-n", name, "addr", "add", "198.18.7.\(host)/24", "dev", device])
            try await ip(["-n", name, "addr", "add", "fd00:18:7::\(host)/64", "dev", device, "nodad"])
        }
    }

    /// Takes a node out of the network, or back in; its link stays up.
    func isolate(_ number: Int, _ isIsolated: Bool) async throws {
        try await ip(["-n", bridge, "link", "set", "port\(number)"] + (isIsolated ? ["nomaster"] : ["master", "bridge"]))
    }

    func ip(_ arguments: [String]) async throws {
        let (code, output) = try await command(["ip"] + arguments, directory)
        guard code == 0 else { throw TestFailure(description: "ip \(arguments.joined(separator: " ")): \(output)") }
    }

    /// Ends what still runs in the namespaces, and removes them.
    func remove() async {
        for name in names + [bridge] {
            for pid in (try? await command(["ip", "netns", "pids", name], directory))?.output.split(separator: "\n") ?? [] {
                if let pid = Int32(pid) { kill(pid, SIGKILL) }
            }
            _ = try? await command(["ip", "netns", "del", name], directory)
        }
    }
}

/// One load balancer: a real HAProxy whose readiness keepalived-wrap asks for, and keepalived-wrap itself, in its namespace.
actor LoadBalancer {
    static let virtualAddresses = ["198.18.7.100", "fd00:18:7::100"]
    nonisolated let number: Int
    private let namespace: String
    private let directory: TemporaryDirectory
    private var haproxy: TestProcess?
    private var wrap: TestProcess?
    private var starts = 0
    /// The virtual addresses that it was told of.
    private(set) var expected = virtualAddresses

    init(_ number: Int, _ pair: NamespacePair) throws {
        self.number = number
        namespace = pair.names[number - 1]
        directory = try TemporaryDirectory("lb\(number)")
        try directory.write(
            "haproxy.cfg",
            """
            defaults
                mode http
                timeout client 5s
                timeout server 5s
                timeout connect 5s
            frontend probe
                bind unix@\(directory.file("haproxy.sock")) mode 600
                monitor-uri /ready

            """)
    }

    static var executable: String {
        get throws {
            var buffer = [UInt8](repeating: 0, count: 4096)
            let count = buffer.withUnsafeMutableBytes { readlink("/proc/self/exe", $0.baseAddress!, $0.count) }
            let own = String(decoding: buffer[..<max(count, 0)], as: UTF8.self)
            let path = "\(own[..<(own.lastIndex(of: "/") ?? own.startIndex)])/keepalived-wrap"
            guard Files.isExecutable(path) else { throw TestFailure(description: "\(path) has not been built") }
            return path
        }
    }

    func startHAProxy() async throws {
        haproxy = try await TestProcess(["haproxy", "-db", "-f", directory.file("haproxy.cfg")], output: directory.file("haproxy.log"))
    }

    func killHAProxy() async { await haproxy?.kill() }

    func startWrap(_ extra: [String: String] = [:], with: [String] = []) async throws {
        starts += 1
        expected = Self.virtualAddresses.filter { extra["KEEPALIVED_VIRTUAL_IPS"]?.contains($0) ?? true }
        let environment = [
            "PATH": "/usr/sbin:/usr/bin:/sbin:/bin",
            "KEEPALIVED_VIRTUAL_IPS": Self.virtualAddresses[0] + "/24," + Self.virtualAddresses[1] + "/64",
            "KEEPALIVED_PEERS": "198.18.7.1,198.18.7.2,fd00:18:7::1,fd00:18:7::2",
            "KEEPALIVED_HAPROXY_PROBE": directory.file("haproxy.sock"), "KEEPALIVED_RUN_DIR": directory.file("run"),
            "PROBE_PORT": "0", "PROBE_SOCKET": directory.file("probe.sock"), "SETTINGS_FILE": try directory.write("none.yaml", ""),
        ]
        wrap = try await TestProcess(
            ["ip", "netns", "exec", namespace] + with + [try Self.executable], environment: environment.merging(extra) { $1 },
            output: directory.file("wrap-\(starts).log"))
    }

    /// Asks the entrypoint's own `health` subcommand.
    func health(_ probe: String) async throws -> (code: Int32, output: String) {
        try await command(
            [
                "env", "PROBE_SOCKET=\(directory.file("probe.sock"))", "KEEPALIVED_VIRTUAL_IPS=198.18.7.100", try Self.executable, "health",
                probe,
            ], directory)
    }

    /// Sends TERM. Returns the exit code.
    func stopWrap() async -> Int32? { await wrap?.terminate() }

    /// Kills keepalived's VRRP process alone.
    func killVRRP() throws { kill(try vrrpPID(), SIGKILL) }

    func vrrpPID() throws -> Int32 {
        guard let pid = Int32((directory.read("run/vrrp.pid") ?? "").prefix { $0.isNumber }) else {
            throw TestFailure(description: "no vrrp.pid")
        }
        return pid
    }

    /// Sends a signal to the VRRP process and keepalived; where `all`, to the entrypoint too.
    func signal(_ number: Int32, all: Bool) async throws {
        let main = Int32((directory.read("run/keepalived.pid") ?? "").prefix { $0.isNumber }) ?? 0
        guard main > 1 else { throw TestFailure(description: "no keepalived.pid") }
        for pid in [try vrrpPID(), main] { kill(pid, number) }
        if all, let wrap { wrap.signal(number) }
    }

    /// Kills the entrypoint alone.
    func killWrap() async { await wrap?.kill() }

    /// Ends everything as a lost node does, so that nothing of it can tidy up: all are stopped first.
    func killAll() async throws {
        let pids = try await command(["ip", "netns", "pids", namespace], directory).output.split(separator: "\n").compactMap { Int32($0) }
        for signal in [SIGSTOP, SIGKILL] {
            // The VRRP process is the youngest; it goes first, as TERM from its dying parent would let it tidy up.
            for pid in pids.sorted(by: >) { kill(pid, signal) }
        }
        await wrap?.wait()
    }

    /// Which of the virtual addresses this node has now.
    func held() async throws -> [String] {
        let output = try await command(["ip", "-n", namespace, "-o", "addr", "show"], directory).output
        return Self.virtualAddresses.filter { output.contains(" \($0)/") }
    }

    /// Waits until the entrypoint has ended by itself.
    func waitForWrap() async -> Int32? { await wrap?.wait() }

    var hasConfiguration: Bool { Files.exists(directory.file("run/keepalived.conf")) }

    var log: String { directory.read("wrap-\(starts).log") ?? "" }
    var wrapIsRunning: Bool { wrap?.isRunning ?? false }
}
