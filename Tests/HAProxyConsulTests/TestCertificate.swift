import ClusterCore
import ClusterTestKit
import Supervision

/// Certificates that tests sign themselves.
enum TestCertificate {
    /// Certificate and key in one text.
    static func pem(for names: [String]) async throws -> String {
        let directory = try TemporaryDirectory("pem")
        let command = Command([
            "openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2", "-subj",
            "/CN=\(names[0])", "-addext", "subjectAltName=\(names.map { "DNS:\($0)" }.joined(separator: ","))", "-keyout",
            directory.file("key"), "-out", directory.file("crt"),
        ])
        let result = try await command.run()
        guard result.termination.isSuccess else { throw ClusterError(.io, result.complaint) }
        return try Files.text(directory.file("crt")) + Files.text(directory.file("key"))
    }
}
