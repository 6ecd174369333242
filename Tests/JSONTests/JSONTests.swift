import JSON
import Testing

@Suite struct JSONTests {
    @Test func keepsOrderAndTheKindOfNumbers() throws {
        let text = #"{"z":1,"a":2.0,"m":[null,true,"x\"\\\n\u0001é😀"],"e":1e3,"big":12345678901234567890}"#
        let json = try JSON(parsing: text)
        #expect(json["z"] == .int(1))
        #expect(json["a"] == .double(2))
        #expect(json["a"]?.int == 2)
        #expect(json["m"]?[2]?.string == "x\"\\\n\u{1}é😀")
        #expect(json.text().hasPrefix(#"{"z":1,"a":2.0,"m":[null,true,"x\"\\\n\u0001é😀"],"e":1000.0,"#))
        #expect(try JSON(parsing: json.text(pretty: true)) == json)
    }

    @Test(arguments: [
        "", "{", "[1,]", "{\"a\" 1}", "01", "1.", "nul", "\"\u{1}\"", "\"\\ud800\"", "[1] 2", "1e999", "-", "\"\\x\"",
    ])
    func refuses(text: String) {
        #expect(throws: JSONParseError.self) { try JSON(parsing: text) }
    }

    @Test func boundsDepth() {
        #expect(throws: JSONParseError.self) { try JSON(parsing: String(repeating: "[", count: 100_000)) }
    }

    @Test func objectsCompareWithoutOrder() throws {
        #expect(try JSON(parsing: #"{"a":1,"b":2}"#) == JSON(parsing: #"{"b":2,"a":1}"#))
    }
}
