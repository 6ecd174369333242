public import ClusterCore

extension WorkerSocket {
    /// Replaces a certificate, its chain and its key in the running worker (management guide, "set ssl cert", "commit ssl cert").
    /// Connections that are open keep the old one.
    /// - Parameters:
    ///   - path: the file that the certificate was loaded from.
    ///   - pem: what is to take its place.
    /// - Throws: `.unavailable` where HAProxy does not take it; nothing has changed then. Its answer is told, never the key.
    public func replaceCertificate(_ path: String, pem: String, timeout: Duration = .seconds(2)) async throws(ClusterError) {
        // An empty line ends the payload.
        let lines = pem.split(whereSeparator: \.isNewline).filter { $0.contains { !$0.isWhitespace } }
        let set = try await socket.send("set ssl cert \(path) <<", payload: lines.joined(separator: "\n"), timeout: timeout)
        guard set.contains("Transaction created") || set.contains("Transaction updated") else {
            throw ClusterError(.unavailable, "HAProxy does not take the certificate \(path): \(Self.line(set))")
        }
        let committed = try await socket.send("commit ssl cert \(path)", timeout: timeout)
        guard committed.contains("Success!") else {
            _ = try? await socket.send("abort ssl cert \(path)", timeout: timeout)
            throw ClusterError(.unavailable, "HAProxy does not commit the certificate \(path): \(Self.line(committed))")
        }
    }

    private static func line(_ answer: String) -> String {
        String(answer.split(whereSeparator: \.isNewline).joined(separator: "; ").prefix(300))
    }
}
