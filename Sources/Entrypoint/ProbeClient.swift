import ClusterCore
import Glibc

/// Asks a probe over a Unix socket or TCP; blocking, for the `health` subcommand, which does nothing else.
enum ProbeClient {
    struct Answer: Sendable, Hashable {
        let status: Int
        let body: String
    }

    enum Endpoint: Sendable, Hashable {
        case unix(String)
        case tcp(HostPort)
    }

    /// - Throws: `.unavailable` where nobody answers within `seconds` for each step.
    static func get(_ path: String, from endpoint: Endpoint, seconds: Int = 10) throws(ClusterError) -> Answer {
        let descriptor = try connect(endpoint, seconds: seconds)
        defer { close(descriptor) }
        let request = Array("GET \(path) HTTP/1.1\r\nHost: probe\r\nConnection: close\r\n\r\n".utf8)
        guard write(descriptor, request, request.count) == request.count else { throw silent(endpoint) }
        var answer: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 16 << 10)
        while answer.count < 4 << 20 {
            let count = read(descriptor, &chunk, chunk.count)
            if count < 0 && errno == EINTR { continue }
            guard count >= 0 else { throw silent(endpoint) }
            guard count > 0 else { break }
            answer += chunk[..<count]
        }
        let text = String(decoding: answer, as: UTF8.self)
        let words = text.prefix(64).split(separator: " ")
        guard words.count > 1, words[0].hasPrefix("HTTP/1."), let status = Int(words[1]) else { throw silent(endpoint) }
        return Answer(status: status, body: Self.body(of: answer))
    }

    private static func body(of answer: [UInt8]) -> String {
        let end: [UInt8] = [13, 10, 13, 10]
        for index in answer.indices.dropLast(3) where Array(answer[index..<index + 4]) == end {
            return String(decoding: answer[(index + 4)...], as: UTF8.self)
        }
        return ""
    }

    private static func connect(_ endpoint: Endpoint, seconds: Int) throws(ClusterError) -> Int32 {
        switch endpoint {
        case .unix(let path):
            var address = sockaddr_un()
            address.sun_family = sa_family_t(AF_UNIX)
            let bytes = Array(path.utf8.prefix(MemoryLayout.size(ofValue: address.sun_path) - 1))
            withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: bytes) }
            return try withUnsafePointer(to: &address) { pointer throws(ClusterError) in
                try open(AF_UNIX, UnsafeRawPointer(pointer), MemoryLayout<sockaddr_un>.size, endpoint, seconds)
            }
        case .tcp(let place):
            var hints = addrinfo()
            hints.ai_flags = AI_NUMERICHOST
            hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
            var found: UnsafeMutablePointer<addrinfo>?
            guard getaddrinfo(place.host, String(place.port), &hints, &found) == 0, let found else { throw silent(endpoint) }
            defer { freeaddrinfo(found) }
            guard let address = found.pointee.ai_addr else { throw silent(endpoint) }
            return try open(found.pointee.ai_family, UnsafeRawPointer(address), Int(found.pointee.ai_addrlen), endpoint, seconds)
        }
    }

    private static func open(
        _ family: Int32, _ address: UnsafeRawPointer, _ length: Int, _ endpoint: Endpoint, _ seconds: Int
    ) throws(ClusterError) -> Int32 {
        let descriptor = socket(family, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        guard descriptor >= 0 else { throw silent(endpoint) }
        var limit = timeval(tv_sec: seconds, tv_usec: 0)
        setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &limit, socklen_t(MemoryLayout<timeval>.size))
        setsockopt(descriptor, SOL_SOCKET, SO_SNDTIMEO, &limit, socklen_t(MemoryLayout<timeval>.size))
        guard Glibc.connect(descriptor, address.assumingMemoryBound(to: sockaddr.self), socklen_t(length)) == 0 else {
            let error = silent(endpoint)
            close(descriptor)
            throw error
        }
        return descriptor
    }

    private static func silent(_ endpoint: Endpoint) -> ClusterError {
        let code = errno
        let reason = code == EAGAIN ? "no answer in time" : String(cString: strerror(code))
        switch endpoint {
        case .unix(let path): return ClusterError(.unavailable, "no entrypoint answers at \(path): \(reason)")
        case .tcp(let place): return ClusterError(.unavailable, "no entrypoint answers at \(place): \(reason)")
        }
    }
}
