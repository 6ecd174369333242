import Testing

@testable import HAProxy
@testable import haproxy_consul

@Suite struct CertificateWatchTests {
    private func info(_ names: String, _ expiry: String = "Mar  1 00:00:00 2100 GMT") throws -> CertificateInfo {
        try CertificateInfo(answer: "notAfter: \(expiry)\nSubject Alternative Name: \(names)")
    }

    @Test func operatorsAreToldBeforeTheirUsers() throws {
        let good = try info("DNS:a.test")
        #expect(CertificateWatch.warning(["a.pem": good, "b.pem": try info("DNS:b.test")], now: 4_000_000_000) == nil)
        #expect(
            CertificateWatch.warning(["a.pem": good], now: 4_107_542_400 - 6 * 86400)
                == "certificate a.pem expires on Mar  1 00:00:00 2100 GMT")
        #expect(CertificateWatch.warning(["a.pem": good], now: 4_107_542_400) == "certificate a.pem has expired")
        #expect(
            CertificateWatch.warning(["a.pem": good, "default.pem": try info("DNS:b.test, DNS:a.test")], now: 0)
                == "certificates default.pem and a.pem are both for a.test: default.pem is used")
    }
}
