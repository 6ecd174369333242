import ClusterCore
import Glibc
import Synchronization

/// A tiny HTTP/1.1 server in the test process, a thread a connection. It closes each connection after one answer.
public final class TestHTTPBackend: Sendable {
    /// A request as it came.
    public struct Request: Sendable {
        /// `GET`
        public let method: String
        /// Path with its query.
        public let target: String
        /// Values by lower-cased name.
        public let headers: [String: String]
        /// The body, by its Content-Length.
        public let body: [UInt8]
    }

    /// An answer.
    public struct Response: Sendable {
        /// 200 …
        public var status: Int
        /// The body.
        public var body: [UInt8]
        /// Beside Content-Length and Connection.
        public var headers: [String: String]
        /// An answer with a text.
        public init(_ status: Int = 200, _ text: String = "", headers: [String: String] = [:]) {
            self.status = status
            body = Array(text.utf8)
            self.headers = headers
        }
    }

    /// Where it listens.
    public let port: Int
    private let listener: Int32
    private let log = Log()
    private final class Log: Sendable { let requests = Mutex<[Request]>([]) }

    /// Listens on a free port (or the one given) and answers with what `handler` returns.
    public init(port: Int? = nil, on address: String = "127.0.0.1", handler: @escaping @Sendable (Request) -> Response) throws {
        let chosen = if let port { port } else { try freePort(on: address) }
        self.port = chosen
        listener = try listening(address, chosen)
        let (listener, log) = (self.listener, self.log)
        OwnThread.detach("test") {
            while case let connection = accept(listener, nil, nil), connection >= 0 {
                OwnThread.detach("test") {
                    defer { close(connection) }
                    guard let request = readRequest(connection) else { return }
                    log.requests.withLock { $0.append(request) }
                    answer(connection, handler(request))
                }
            }
        }
    }

    /// All requests so far.
    public var requests: [Request] { log.requests.withLock { $0 } }

    /// Stops listening; further connections are refused.
    public func stop() { shutdown(listener, Int32(SHUT_RDWR)) }

    deinit {
        shutdown(listener, Int32(SHUT_RDWR))
        close(listener)
    }
}

/// A socket that listens.
func listening(_ address: String, _ port: Int) throws -> Int32 {
    let listener = socket(AF_INET, Int32(SOCK_STREAM.rawValue) | O_CLOEXEC, 0)
    var yes: Int32 = 1
    setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &yes, socklen_t(MemoryLayout<Int32>.size))
    var name = socketAddress(address, UInt16(port))
    let code = withUnsafePointer(to: &name) { pointer in
        pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { Glibc.bind(listener, $0, socklen_t(MemoryLayout<sockaddr_in>.size)) }
    }
    guard code == 0, listen(listener, 512) == 0 else {
        throw NotEventually(description: "\(address):\(port): \(String(cString: strerror(errno)))")
    }
    return listener
}

private func readRequest(_ connection: Int32) -> TestHTTPBackend.Request? {
    var bytes: [UInt8] = []
    var buffer = [UInt8](repeating: 0, count: 16384)
    func more() -> Bool {
        let count = recv(connection, &buffer, buffer.count, 0)
        if count > 0 { bytes += buffer[..<count] }
        return count > 0
    }
    let separator = Array("\r\n\r\n".utf8)
    var end: Int?
    while end == nil {
        guard more() else { return nil }
        end = bytes.indices.first { bytes[$0...].starts(with: separator) }
    }
    guard let end else { return nil }
    let lines = String(decoding: bytes[..<end], as: UTF8.self).split(separator: "\r\n")
    let words = (lines.first ?? "").split(separator: " ")
    guard words.count == 3 else { return nil }
    var headers: [String: String] = [:]
    for line in lines.dropFirst() {
        let parts = line.split(separator: ":", maxSplits: 1)
        if parts.count == 2 { headers[parts[0].lowercased()] = String(parts[1].drop(while: \.isWhitespace)) }
    }
    let length = headers["content-length"].flatMap { Int($0) } ?? 0
    while bytes.count < end + 4 + length { guard more() else { return nil } }
    return .init(
        method: String(words[0]), target: String(words[1]), headers: headers, body: Array(bytes[(end + 4)..<(end + 4 + length)]))
}

private func answer(_ connection: Int32, _ response: TestHTTPBackend.Response) {
    var head = "HTTP/1.1 \(response.status) Test\r\nContent-Length: \(response.body.count)\r\nConnection: close\r\n"
    for (name, value) in response.headers { head += "\(name): \(value)\r\n" }
    let bytes = Array("\(head)\r\n".utf8) + response.body
    var offset = 0
    while offset < bytes.count {
        let count = bytes.withUnsafeBytes {
            send(connection, $0.baseAddress.map { $0 + offset }, bytes.count - offset, Int32(MSG_NOSIGNAL))
        }
        guard count > 0 else { return }
        offset += count
    }
    shutdown(connection, Int32(SHUT_WR))
    // Reads the peer's close, so that no reset overtakes the answer.
    var byte: UInt8 = 0
    while recv(connection, &byte, 1, 0) > 0 {}
}

/// One HTTP/1.0-style request over a connection of its own, for tests that need no more.
/// - Returns: status and body; nil where nothing answers within `timeout`.
public func httpGet(
    _ target: String, port: Int, on address: String = "127.0.0.1", headers: [String: String] = [:], timeout: Duration = .seconds(5)
) async -> (status: Int, body: String)? {
    await withCheckedContinuation { continuation in
        OwnThread.detach("test") { continuation.resume(returning: get(target, port, address, headers, timeout)) }
    }
}

private func get(
    _ target: String, _ port: Int, _ address: String, _ headers: [String: String], _ timeout: Duration
) -> (status: Int, body: String)? {
    let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue) | O_CLOEXEC, 0)
    guard descriptor >= 0 else { return nil }
    defer { close(descriptor) }
    var limit = timeval(tv_sec: Int(timeout.components.seconds), tv_usec: Int(timeout.milliseconds % 1000) * 1000)
    for option in [SO_RCVTIMEO, SO_SNDTIMEO] {
        setsockopt(descriptor, SOL_SOCKET, option, &limit, socklen_t(MemoryLayout<timeval>.size))
    }
    var name = socketAddress(address, UInt16(port))
    let code = withUnsafePointer(to: &name) { pointer in
        pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
            connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
        }
    }
    guard code == 0 else { return nil }
    var request = "GET \(target) HTTP/1.0\r\nConnection: close\r\n"
    if !headers.keys.contains(where: { $0.lowercased() == "host" }) { request += "Host: \(address):\(port)\r\n" }
    for (name, value) in headers { request += "\(name): \(value)\r\n" }
    let bytes = Array("\(request)\r\n".utf8)
    guard send(descriptor, bytes, bytes.count, Int32(MSG_NOSIGNAL)) == bytes.count else { return nil }
    var answer: [UInt8] = []
    var buffer = [UInt8](repeating: 0, count: 65536)
    while case let count = recv(descriptor, &buffer, buffer.count, 0), count > 0 { answer += buffer[..<count] }
    let text = String(decoding: answer, as: UTF8.self)
    let words = text.prefix { $0 != "\r\n" }.split(separator: " ")
    guard words.count >= 2, let status = Int(words[1]) else { return nil }
    guard let end = text.firstRange(of: "\r\n\r\n") else { return (status, "") }
    return (status, String(text[end.upperBound...]))
}
