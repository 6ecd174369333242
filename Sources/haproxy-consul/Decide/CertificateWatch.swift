import HAProxy

/// What operators should know of certificates before their users do. Pure.
enum CertificateWatch {
    /// How long before its expiry a certificate is told.
    private static let notice: Int64 = 7 * 86400

    /// The first thing that is wrong; nil where nothing is.
    /// - Parameter now: in seconds since 1970.
    static func warning(_ certificates: [String: CertificateInfo], now: Int64) -> String? {
        var owners: [String: String] = [:]
        for (name, info) in certificates.sorted(by: { order($0.key) < order($1.key) }) {
            if let expiry = info.expiry, expiry - now < notice {
                return expiry <= now ? "certificate \(name) has expired" : "certificate \(name) expires on \(info.expiryText)"
            }
            for host in info.names {
                if let owner = owners[host] { return "certificates \(owner) and \(name) are both for \(host): \(owner) is used" }
                owners[host] = name
            }
        }
        return nil
    }

    /// As HAProxy's list has them: the first one that fits is used.
    static func order(_ name: String) -> (Int, String) { (name == "default.pem" ? 0 : 1, name) }

    /// When the first of them expires.
    static func firstExpiry(_ certificates: [String: CertificateInfo]) -> Int64? { certificates.values.compactMap(\.expiry).min() }
}
