import ClusterCore
import Glibc
import HTTPClient
import Mesos

/// Tries a task's health once.
struct TaskHealthProbe: Sendable {
    let check: HealthCheck
    let runtime: any TaskRuntime
    let http: HTTPClient
    /// The slave's own address.
    let address: String

    /// Nil where it is healthy, else what is wrong.
    func problem() async -> String? {
        let timeout = Duration.milliseconds(Int64(min(max(check.timeoutSeconds, 0.001), 1e6) * 1000))
        switch check.kind {
        case .command(let command):
            let environment = Dictionary(command.environment.map { ($0.name, $0.value) }, uniquingKeysWith: { $1 })
            return await runtime.probe(TaskSpec.Program(command), environment: environment, timeout: timeout)
        case .http(let scheme, let port, let path):
            return await onHosts { host in
                await get("\(scheme)://\(HostPort(host: host, port: runtime.hostPort(port)))\(path)", timeout)
            }
        case .tcp(let port):
            return await onHosts { host in await connect(HostPort(host: host, port: runtime.hostPort(port)), timeout) }
        }
    }

    // Upstream's executor asks 127.0.0.1. On a loopback cluster the nodes share that address, and an application may well listen on its
    // node's own only; so where the first refuses, the slave's address is asked too.
    private func onHosts(_ probe: (String) async -> String?) async -> String? {
        guard let problem = await probe("127.0.0.1") else { return nil }
        guard address != "127.0.0.1", !address.isEmpty else { return problem }
        return await probe(address)
    }

    private func get(_ url: String, _ timeout: Duration) async -> String? {
        var request = HTTPRequest("GET", url, timeout: timeout, connectTimeout: timeout)
        request.followRedirects = true
        request.tls.verifiesPeer = false
        do {
            let status = try await http.send(request).status
            return (200..<400).contains(status) ? nil : "\(url) answered \(status)"
        } catch {
            return "\(error)"
        }
    }

    private func connect(_ endpoint: HostPort, _ timeout: Duration) async -> String? {
        await OwnThread.run("files") {
            let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue) | Int32(SOCK_NONBLOCK.rawValue), 0)
            guard descriptor >= 0 else { return "no socket: \(String(cString: strerror(errno)))" }
            defer { close(descriptor) }
            var target = sockaddr_in()
            target.sin_family = sa_family_t(AF_INET)
            target.sin_port = in_port_t(UInt16(endpoint.port)).bigEndian
            guard inet_pton(AF_INET, endpoint.host, &target.sin_addr) == 1 else { return "\(endpoint.host) is no IPv4 address" }
            let result = withUnsafePointer(to: &target) {
                $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                    Glibc.connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
                }
            }
            if result == 0 { return nil }
            guard errno == EINPROGRESS else { return "\(endpoint): \(String(cString: strerror(errno)))" }
            var wait = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
            guard poll(&wait, 1, Int32(clamping: timeout.milliseconds)) == 1 else { return "\(endpoint) does not answer in time" }
            var problem: Int32 = 0
            var size = socklen_t(MemoryLayout<Int32>.size)
            getsockopt(descriptor, SOL_SOCKET, SO_ERROR, &problem, &size)
            return problem == 0 ? nil : "\(endpoint): \(String(cString: strerror(problem)))"
        }
    }
}
