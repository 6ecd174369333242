import ClusterCore
import Testing

@Suite struct Base64Tests {
    /// RFC 4648, section 10.
    @Test(arguments: [
        ("", ""), ("f", "Zg=="), ("fo", "Zm8="), ("foo", "Zm9v"), ("foob", "Zm9vYg=="), ("fooba", "Zm9vYmE="), ("foobar", "Zm9vYmFy"),
    ])
    func itReadsWhatItWrites(plain: String, encoded: String) {
        #expect(Base64.encode(plain.utf8) == encoded)
        #expect(Base64.decode(encoded) == Array(plain.utf8))
        let bare = encoded.filter { $0 != "=" }
        #expect(Base64.decode(bare) == Array(plain.utf8))
    }

    @Test func everyByteComesBack() {
        let all = (0...255).map { UInt8($0) }
        #expect(Base64.decode(Base64.encode(all)) == all)
        #expect(Base64.decode(Base64.encode(all.reversed())) == all.reversed())
    }

    @Test(arguments: ["Z", "Zm9v!", "Zm 9v", "=Zm9v", "Zm9vY"]) func whatIsNoneIsRefused(text: String) {
        #expect(Base64.decode(text) == nil)
    }
}
