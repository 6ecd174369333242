import ClusterCore

/// What no secret may be, and how values are shown.
enum SecretChecks {
    /// Passwords that the original images, their documentation and well-known products ship with, in lower case.
    static let knownDefaults: Set<String> = [
        "admin", "changeit", "changeme", "change_me", "d0cker", "default", "letmein", "mesos", "not_very_secret_token", "pass",
        "passw0rd", "password", "principal", "qwerty", "root", "secr3t", "secret", "test", "token", "user", "12345678", "123456",
    ]

    /// True where the value, or the password in `user:password`, `user password` or a URL, is one that everyone knows.
    static func isKnownDefault(_ value: String) -> Bool {
        var parts = [value]
        if let credentials = (try? ZooKeeperURL(value))?.credentials { parts.append(credentials.password) }
        if let end = value.firstIndex(where: { $0 == ":" || $0.isWhitespace }) { parts.append(String(value[value.index(after: end)...])) }
        return parts.contains { knownDefaults.contains($0.lowercased()) }
    }

    /// A value for an error text: passwords in URLs hidden, shortened, on one line.
    static func shown(_ value: String, isSecret: Bool) -> String {
        guard !isSecret else { return "a secret value" }
        var text = ""
        for scalar in value.unicodeScalars.prefix(160) {
            let isControl = scalar.value < 0x20 || scalar.value == 0x7F
            text += isControl ? "\\u{\(String(scalar.value, radix: 16))}" : String(Character(scalar))
        }
        if value.unicodeScalars.count > 160 { text += "…" }
        return "'\(hidingPasswords(text))'"
    }

    /// Hides what stands between `//user:` and `@`.
    private static func hidingPasswords(_ text: String) -> String {
        guard let at = text.lastIndex(of: "@") else { return text }
        let head = text[..<at]
        let bytes = head.utf8
        guard let slashes = bytes.indices.first(where: { bytes[$0...].starts(with: "//".utf8) }) else { return text }
        let user = head[bytes.index(slashes, offsetBy: 2)...]
        guard let colon = user.firstIndex(of: ":") else { return text }
        return "\(text[...colon])***\(text[at...])"
    }
}
