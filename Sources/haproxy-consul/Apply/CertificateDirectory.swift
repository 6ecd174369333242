import ClusterCore
import HAProxy
import Supervision

/// The operator's directory of PEM files. HAProxy reads copies, made of files that it has checked: a half-written or broken one costs
/// nobody the certificate of before.
struct CertificateDirectory: Hashable, Sendable {
    /// The operator's.
    let source: String
    /// Of the copies, which only this user may read.
    let copies: String
    /// HAProxy's program.
    let binary: String

    /// The largest file that is read.
    private static let limit = 1 << 20

    /// Reads the directory; checks what is new or has changed. A file that can't be used leaves the one of before in use.
    func look(_ known: inout RouteTable.Known) async {
        var next = known
        next.certificates = [:]
        next.refusedCertificates = [:]
        next.refusedDigests = [:]
        let names: [String]
        do throws(ClusterError) {
            names = try Files.list(source).filter(CertificateName.isValid).sorted()
        } catch {
            // An operator's directory that is gone for a moment, as with a mount, takes nothing away.
            known.refusedCertificates["(directory)"] = error.description
            return
        }
        for name in names {
            let before = known.certificates[name]
            do throws(ClusterError) {
                let digest = try digest(name)
                if digest == known.refusedDigests[name], let reason = known.refusedCertificates[name] {
                    next.refusedDigests[name] = digest
                    throw ClusterError(.invalid, reason)
                }
                if digest != before {
                    next.refusedDigests[name] = digest
                    try await check(name)
                    next.refusedDigests[name] = nil
                }
                next.certificates[name] = digest
            } catch {
                next.refusedCertificates[name] = error.message
                if let copy = try? Files.text("\(copies)/\(name)", limit: Self.limit) { next.certificates[name] = Renderer.digest(copy) }
            }
        }
        known = next
    }

    /// Puts a copy in place.
    /// - Throws: `.conflict` where the file has another content by now; it is looked at again then.
    func copy(_ name: String, _ digest: String) throws(ClusterError) {
        let text = try Files.text("\(source)/\(name)", limit: Self.limit)
        guard Renderer.digest(text) == digest else {
            // What is in use stays.
            guard !Files.exists("\(copies)/\(name)") else { return }
            throw ClusterError(.conflict, "certificate \(name) has changed just now: try again")
        }
        try Files.makeDirectory(copies, mode: 0o700)
        try Files.write("\(copies)/\(name)", text.utf8, mode: 0o600)
    }

    private func digest(_ name: String) throws(ClusterError) -> String {
        Renderer.digest(try Files.text("\(source)/\(name)", limit: Self.limit))
    }

    private func check(_ name: String) async throws(ClusterError) {
        let text = """
            frontend check
                mode http
                timeout client 5s
                bind 127.0.0.1:1 ssl crt \(source)/\(name) ssl-min-ver TLSv1.2

            """
        let result = try await ConfigurationTrial(binary: binary).run(text)
        // HAProxy's words hold the file's path and OpenSSL's reason, never the key.
        if let complaint = result { throw ClusterError(.invalid, complaint) }
    }
}

/// Lets HAProxy check a small configuration by itself.
struct ConfigurationTrial: Sendable {
    let binary: String

    /// - Returns: nil where HAProxy takes it, else why not, in one line.
    func run(_ text: String) async throws(ClusterError) -> String? {
        var command = Command([binary, "-c", "-f", "/dev/stdin"], deadline: .seconds(20))
        command.input = Array(text.utf8)
        let result = try await command.run()
        guard !result.termination.isSuccess else { return nil }
        let reasons = ConfigurationCheck.reasons(result.errorText)
        var line = (reasons.isEmpty ? [result.complaint] : reasons).joined(separator: "; ").filter { $0.isASCII && !$0.isNewline }
        while line.hasSuffix(".") { line.removeLast() }
        return String(line.prefix(300))
    }
}
