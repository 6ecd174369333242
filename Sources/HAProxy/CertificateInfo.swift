public import ClusterCore

/// What a worker says of a certificate that it has loaded (management guide, "show ssl cert").
public struct CertificateInfo: Sendable, Hashable {
    /// Host names that it is for, as it has them.
    public let names: [String]
    /// When it expires, in seconds since 1970; nil where HAProxy does not say.
    public let expiry: Int64?
    /// The same as HAProxy writes it: `Dec 22 19:10:53 2026 GMT`.
    public let expiryText: String

    init(answer: String) throws(ClusterError) {
        var fields: [Substring: Substring] = [:]
        for line in answer.split(whereSeparator: \.isNewline) {
            guard let colon = line.firstIndex(of: ":") else { continue }
            fields[line[..<colon]] = line[line.index(after: colon)...].drop { $0 == " " }
        }
        guard let end = fields["notAfter"] else { throw ClusterError(.notFound, "HAProxy has no such certificate") }
        expiryText = String(end)
        expiry = Self.seconds(end)
        let alternatives = (fields["Subject Alternative Name"] ?? "").split(separator: ",").compactMap { part -> String? in
            let name = part.drop { $0 == " " }
            return name.hasPrefix("DNS:") ? String(name.dropFirst(4)).lowercased() : nil
        }
        let common = fields["Subject"]?.split(separator: "/").first { $0.hasPrefix("CN=") }.map { $0.dropFirst(3).lowercased() }
        names = alternatives.isEmpty ? [common].compactMap { $0 } : alternatives
    }

    /// Reads OpenSSL's form of a time, which is in UTC.
    private static func seconds(_ text: Substring) -> Int64? {
        let words = text.split(separator: " ")
        let months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]
        guard words.count >= 4, let month = months.firstIndex(of: String(words[0])), let day = Int64(words[1]), let year = Int64(words[3])
        else { return nil }
        let clock = words[2].split(separator: ":").compactMap { Int64($0) }
        guard clock.count == 3 else { return nil }
        // Days of the proleptic Gregorian calendar, in years that begin in March.
        let months400 = Int64(month + 10) % 12
        let shifted = month < 2 ? year - 1 : year
        let days = 365 * shifted + shifted / 4 - shifted / 100 + shifted / 400 + (153 * months400 + 2) / 5 + day - 719_469
        return days * 86400 + clock[0] * 3600 + clock[1] * 60 + clock[2]
    }
}

extension WorkerSocket {
    /// What the worker has of a certificate.
    /// - Parameter path: the file that it was loaded from.
    /// - Throws: `.notFound` where it has none, else as the socket.
    public func certificate(_ path: String, timeout: Duration = .seconds(2)) async throws(ClusterError) -> CertificateInfo {
        try CertificateInfo(answer: await socket.send("show ssl cert \(path)", timeout: timeout))
    }
}
