import ClusterCore
import ClusterTestKit
import Glibc
import HTTPServer
import Testing

@Suite struct HTTPServerTests {
    /// A server that answers with the path and query; its port.
    func start() async throws -> (HTTPServer, Int) {
        let server = HTTPServer { request in .init(contentType: "text/plain", text: "\(request.path) \(request.query)") }
        return (server, try await server.listen(.tcp(host: "127.0.0.1", port: 0)))
    }

    @Test func answersGETAndHEADOnOneConnection() async throws {
        let (server, port) = try await start()
        let client = try RawClient(port: port)
        let answer = try await client.exchange(
            "GET /a?b=c HTTP/1.1\r\nHost: x\r\n\r\nHEAD /h HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        #expect(answer.hasPrefix("HTTP/1.1 200 OK\r\n"))
        #expect(answer.contains("\r\n\r\n/a b=cHTTP/1.1 200 OK\r\n"))
        #expect(answer.hasSuffix("\r\n\r\n"), "a HEAD has no body")
        await server.close()
    }

    @Test(arguments: [
        ("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n", "405"),
        ("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1000000\r\n\r\nxxxx", "413"), ("nonsense\r\n\r\n", "400"),
    ])
    func refuses(request: String, status: String) async throws {
        let (server, port) = try await start()
        let answer = try await RawClient(port: port).exchange(request)
        #expect(answer.hasPrefix("HTTP/1.1 \(status) ") || (status == "400" && answer.isEmpty), "\(answer)")
        await server.close()
    }

    @Test func refusesHeadersWithoutEnd() async throws {
        let (server, port) = try await start()
        let answer = try await RawClient(port: port).exchange("GET / HTTP/1.1\r\nX: \(String(repeating: "x", count: 200_000))")
        #expect(!answer.contains(" 200 "))
        await server.close()
    }

    @Test func saysThatAPortIsInUse() async throws {
        let (first, port) = try await start()
        let second = HTTPServer { _ in .init(text: "") }
        let error = await #expect(throws: ClusterError.self) { try await second.listen(.tcp(host: "127.0.0.1", port: port)) }
        #expect(error?.code == .conflict)
        #expect(error?.message.contains("127.0.0.1:\(port) is in use") == true)
        let foreign = await #expect(throws: ClusterError.self) { try await second.listen(.tcp(host: "192.0.2.1", port: 1234)) }
        #expect(foreign?.message.contains("no address of this host") == true)
        await first.close()
        await second.close()
    }

    @Test func replacesAStaleSocketButNoOther() async throws {
        let directory = try TemporaryDirectory("http")
        let path = directory.file("s")
        let first = HTTPServer { _ in .init(text: "{}") }
        try await first.listen(.unix(path: path, mode: 0o660))
        var status = stat()
        #expect(stat(path, &status) == 0 && status.st_mode & 0o777 == 0o660)
        let second = HTTPServer { _ in .init(text: "{}") }
        let used = await #expect(throws: ClusterError.self) { try await second.listen(.unix(path: path, mode: 0o660)) }
        #expect(used?.message.contains("in use") == true)
        await first.close()
        // NIO removes what it bound itself; this one stays as a killed program would leave it.
        try await second.listen(.unix(path: path, mode: 0o600))
        #expect(stat(path, &status) == 0 && status.st_mode & 0o777 == 0o600)
        let file = try directory.write("file", "precious")
        await #expect(throws: ClusterError.self) { try await second.listen(.unix(path: file, mode: 0o600)) }
        #expect(directory.read("file") == "precious")
        await #expect(throws: ClusterError.self) {
            try await second.listen(.unix(path: "/tmp/" + String(repeating: "x", count: 120), mode: 0o600))
        }
        await second.close()
    }

    @Test func boundsConnections() async throws {
        let (server, port) = try await start()
        var open: [RawClient] = []
        for _ in 0..<64 { open.append(try RawClient(port: port)) }
        // Each is served once, so that all 64 are known to have been accepted.
        for client in open { #expect(try await client.once("GET / HTTP/1.1\r\nHost: x\r\n\r\n").contains(" 200 ")) }
        #expect(try await RawClient(port: port).exchange("GET / HTTP/1.1\r\nHost: x\r\n\r\n") == "")
        open.removeLast()
        try await eventually("a free place") {
            try await RawClient(port: port).once("GET / HTTP/1.1\r\nHost: x\r\n\r\n").contains(" 200 ")
        }
        await server.close()
    }
}

/// A TCP connection that sends what it is told; blocking calls on a thread of their own,
/// as the server's handler needs Swift's few.
final class RawClient: Sendable {
    private let descriptor: Int32

    init(port: Int) throws {
        descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = in_port_t(port).bigEndian
        inet_pton(AF_INET, "127.0.0.1", &address.sin_addr)
        var limit = timeval(tv_sec: 30, tv_usec: 0)
        setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &limit, socklen_t(MemoryLayout<timeval>.size))
        let connected = withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size)) }
        }
        guard connected == 0 else { throw ClusterError(.unavailable, "no connection") }
    }

    deinit { close(descriptor) }

    /// Sends and reads until the server closes.
    func exchange(_ text: String) async throws -> String { await talk(text, untilClosed: true) }

    /// Sends and reads what comes first.
    func once(_ text: String) async throws -> String { await talk(text, untilClosed: false) }

    private func talk(_ text: String, untilClosed: Bool) async -> String {
        await withCheckedContinuation { continuation in
            BlockingThread.start { [descriptor] in continuation.resume(returning: Self.talk(descriptor, text, untilClosed)) }
        }
    }

    private static func talk(_ descriptor: Int32, _ text: String, _ untilClosed: Bool) -> String {
        let bytes = Array(text.utf8)
        _ = send(descriptor, bytes, bytes.count, Int32(MSG_NOSIGNAL))
        var answer: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 4096)
        while case let count = recv(descriptor, &chunk, chunk.count, 0), count > 0 {
            answer += chunk[..<count]
            if !untilClosed { break }
        }
        return String(decoding: answer, as: UTF8.self)
    }
}

enum BlockingThread {
    private final class Box: Sendable {
        let run: @Sendable () -> Void
        init(_ run: @escaping @Sendable () -> Void) { self.run = run }
    }

    static func start(_ run: @escaping @Sendable () -> Void) {
        var thread = pthread_t()
        pthread_create(
            &thread, nil,
            { argument in
                if let argument { Unmanaged<Box>.fromOpaque(argument).takeRetainedValue().run() }
                return nil
            }, Unmanaged.passRetained(Box(run)).toOpaque())
        pthread_detach(thread)
    }
}
