import Testing

@testable import HAProxy

@Suite struct CertificateInfoTests {
    @Test(
        arguments: [
            ("Nov 22 19:10:53 2026 GMT", 1_795_374_653), ("Jan  1 00:00:00 1970 GMT", 0), ("Feb 29 12:00:00 2028 GMT", 1_835_438_400),
            ("Mar  1 00:00:00 2100 GMT", 4_107_542_400),
        ] as [(String, Int64)]) func timesAreRead(_ text: String, _ seconds: Int64) throws
    {
        let info = try CertificateInfo(
            answer:
                "Filename: /x.pem\nnotAfter: \(text)\nSubject Alternative Name: DNS:Web.test, IP Address:10.0.0.1, DNS:b.test\nSubject: /CN=c"
        )
        #expect(info.expiry == seconds)
        #expect(info.names == ["web.test", "b.test"])
    }

    @Test func withoutAlternativesTheCommonNameCounts() throws {
        #expect(try CertificateInfo(answer: "notAfter: x\nSubject: /C=IT/CN=Web.test").names == ["web.test"])
        #expect(throws: (any Error).self) {
            try CertificateInfo(answer: "Can't display the certificate: Not found or the certificate is a bundle!")
        }
    }
}
