public import ClusterCore
import Glibc

/// ZooKeeper's four-letter words: one word sent, one text back, then the server closes (ZooKeeper Administrator's Guide,
/// "The Four Letter Words"). A server from 3.5 on answers only those in its `4lw.commands.whitelist` (default: `srvr`).
public enum FourLetterWord: String, Sendable, CaseIterable {
    /// `imok` where the process runs, whether or not it serves.
    case ruok
    /// Version, latencies, zxid and `Mode:`.
    case srvr
    /// Numbers for monitoring, one a line: name, tab, value.
    case mntr
    /// As `srvr`, with the connected clients.
    case stat

    /// Asks one server.
    /// - Parameter timeout: for everything: name, connection, answer. 50 ms – 60 s.
    /// - Throws: `ClusterError` `.unavailable` or `.timeout`; its message is the reason in a few words: `refused`, `timed out`,
    ///   `name does not resolve` …
    public func ask(_ server: HostPort, timeout: Duration = .seconds(2)) async throws(ClusterError) -> String {
        let word = rawValue
        let completion = Completion<Result<String, ClusterError>>(word)
        // A thread, since a name server may be slow beyond any time-out; the answer of one that comes too late is dropped.
        OwnThread.detach("zookeeper-word") { completion.finish(.success(exchange(word, server, within: timeout))) }
        let timer = Task {
            try await Task.sleep(for: timeout + .milliseconds(100), clock: .continuous)
            completion.finish(.success(.failure(ClusterError(.timeout, "timed out"))))
        }
        defer { timer.cancel() }
        let answer: Result<String, ClusterError>
        do { answer = try await completion.wait() } catch { throw ClusterError(.timeout, "cancelled") }
        let text = try answer.get()
        if text.isEmpty { throw ClusterError(.unavailable, "closed the connection without an answer") }
        if text.contains("not in the whitelist") {
            throw ClusterError(.unavailable, "does not allow '\(word)' (add it to 4lw.commands.whitelist)")
        }
        return text
    }
}

private func exchange(_ word: String, _ server: HostPort, within timeout: Duration) -> Result<String, ClusterError> {
    let deadline = ContinuousClock.now.advanced(by: timeout)
    var hints = addrinfo()
    hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
    var found: UnsafeMutablePointer<addrinfo>?
    guard getaddrinfo(server.host, String(server.port), &hints, &found) == 0 else {
        return .failure(ClusterError(.unavailable, "name does not resolve"))
    }
    defer { freeaddrinfo(found) }
    var reason = ClusterError(.unavailable, "has no address")
    var next = found
    while let address = next?.pointee {
        switch exchange(word, address, until: deadline) {
        case .success(let text): return .success(text)
        case .failure(let error): reason = error
        }
        next = address.ai_next
    }
    return .failure(reason)
}

private func exchange(_ word: String, _ address: addrinfo, until deadline: ContinuousClock.Instant) -> Result<String, ClusterError> {
    let socket = Glibc.socket(address.ai_family, Int32(SOCK_STREAM.rawValue) | O_NONBLOCK | O_CLOEXEC, 0)
    guard socket >= 0 else { return .failure(ClusterError(.io, "no socket (\(String(cString: strerror(errno))))")) }
    defer { Glibc.close(socket) }
    if connect(socket, address.ai_addr, address.ai_addrlen) != 0 {
        guard errno == EINPROGRESS else { return .failure(unreachable(errno)) }
        guard ready(socket, POLLOUT, until: deadline) else { return .failure(ClusterError(.timeout, "timed out")) }
        var code: Int32 = 0
        var length = socklen_t(MemoryLayout<Int32>.size)
        getsockopt(socket, SOL_SOCKET, SO_ERROR, &code, &length)
        if code != 0 { return .failure(unreachable(code)) }
    }
    let bytes = Array(word.utf8)
    guard send(socket, bytes, bytes.count, Int32(MSG_NOSIGNAL)) == bytes.count else { return .failure(unreachable(errno)) }
    var text: [UInt8] = []
    var buffer = [UInt8](repeating: 0, count: 4096)
    // mntr of a busy server is some 10 kB; what is much longer is not ZooKeeper.
    while text.count < 1 << 20 {
        guard ready(socket, POLLIN, until: deadline) else { return .failure(ClusterError(.timeout, "timed out")) }
        let count = recv(socket, &buffer, buffer.count, 0)
        if count < 0, errno == EAGAIN || errno == EINTR { continue }
        guard count >= 0 else { return .failure(unreachable(errno)) }
        if count == 0 { break }
        text += buffer[..<count]
    }
    return .success(String(decoding: text, as: UTF8.self))
}

private func ready(_ socket: Int32, _ events: Int32, until deadline: ContinuousClock.Instant) -> Bool {
    while true {
        let left = ContinuousClock.now.duration(to: deadline).milliseconds
        guard left > 0 else { return false }
        var descriptor = pollfd(fd: socket, events: Int16(events), revents: 0)
        let count = poll(&descriptor, 1, Int32(clamping: left))
        if count > 0 { return true }
        if count < 0, errno != EINTR { return false }
    }
}

private func unreachable(_ code: Int32) -> ClusterError {
    switch code {
    case ECONNREFUSED: ClusterError(.unavailable, "refused")
    case ECONNRESET, EPIPE: ClusterError(.unavailable, "reset the connection")
    case EHOSTUNREACH, ENETUNREACH: ClusterError(.unavailable, "is unreachable")
    default: ClusterError(.unavailable, String(cString: strerror(code)))
    }
}
