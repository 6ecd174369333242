import Glibc
import HTTPClient
import Testing

@Suite(.timeLimit(.minutes(1))) struct TLSTests {
    let directory: TemporaryDirectory
    let server: TestServer
    let client = HTTPClient()

    init() throws {
        directory = try TemporaryDirectory()
        let path = directory.path
        try TestServer.run([
            "openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-keyout", path + "/ca.key", "-out", path + "/ca.pem",
            "-subj",
            "/CN=Test authority",
        ])
        try TestServer.run([
            "openssl", "req", "-newkey", "rsa:2048", "-nodes", "-keyout", path + "/server.key", "-out", path + "/server.csr", "-subj",
            "/CN=localhost", "-addext", "subjectAltName=DNS:localhost",
        ])
        try TestServer.run([
            "openssl", "x509", "-req", "-in", path + "/server.csr", "-CA", path + "/ca.pem", "-CAkey", path + "/ca.key", "-CAcreateserial",
            "-days",
            "2", "-copy_extensions", "copy", "-out", path + "/server.pem",
        ])
        server = try TestServer(["tls", path + "/server.pem", path + "/server.key"])
    }

    private func status(host: String, _ tls: HTTPRequest.TLS) async -> Result<Int, HTTPClientError> {
        do throws(HTTPClientError) {
            return .success(try await client.send(HTTPRequest("GET", "https://\(host):\(server.address)/echo", tls: tls)).status)
        } catch {
            return .failure(error)
        }
    }

    private func kind(_ result: Result<Int, HTTPClientError>) -> HTTPClientError.Kind? {
        guard case .failure(let error) = result else { return nil }
        return error.kind
    }

    @Test func onlyTheRightAuthorityAndNameAreTrusted() async throws {
        let trusting = HTTPRequest.TLS(caFile: directory.path + "/ca.pem")
        #expect(try await status(host: "localhost", trusting).get() == 200)
        #expect(kind(await status(host: "localhost", HTTPRequest.TLS())) == .tls)
        #expect(kind(await status(host: "127.0.0.1", trusting)) == .tls)
        #expect(kind(await status(host: "localhost", HTTPRequest.TLS(caFile: directory.path + "/none.pem"))) == .tls)
        #expect(try await status(host: "127.0.0.1", HTTPRequest.TLS(verifiesPeer: false)).get() == 200)
    }
}
