import HTTPClient
import Testing

@Suite struct DecoderTests {
    @Test func recordsComeOutWhateverTheChunks() throws {
        let bytes = RecordIODecoder.encode(Array("hello".utf8)) + RecordIODecoder.encode([]) + RecordIODecoder.encode(Array("{\n}".utf8))
        for size in 1...bytes.count {
            var decoder = RecordIODecoder()
            var records: [[UInt8]] = []
            for start in stride(from: 0, to: bytes.count, by: size) {
                records += try decoder.feed(bytes[start..<min(start + size, bytes.count)])
            }
            #expect(records.map { String(decoding: $0, as: UTF8.self) } == ["hello", "", "{\n}"])
            #expect(!decoder.isInsideRecord)
        }
    }

    @Test func malformedAndHugeRecordsAreRefused() {
        var decoder = RecordIODecoder()
        #expect(throws: RecordIODecoder.Failure.malformedLength) { try decoder.feed(Array("12x\n".utf8)) }
        var empty = RecordIODecoder()
        #expect(throws: RecordIODecoder.Failure.malformedLength) { try empty.feed(Array("\n".utf8)) }
        var small = RecordIODecoder(maxRecord: 10)
        #expect(throws: RecordIODecoder.Failure.tooLong(11)) { try small.feed(Array("11\n".utf8)) }
    }

    @Test(arguments: ["\n", "\r\n", "\r"]) func eventsComeOutWithEachLineEnd(_ end: String) {
        let lines = [
            "\u{FEFF}: comment", "event: status_update_event", "data: {\"a\":1}", "data: second", "id: 7", "", "", "data:x", "",
            "event: none", "",
        ]
        let bytes = Array((lines.joined(separator: end) + end).utf8)
        for size in 1...bytes.count {
            var decoder = ServerSentEventsDecoder()
            var events: [ServerSentEvent] = []
            for start in stride(from: 0, to: bytes.count, by: size) {
                events += decoder.feed(bytes[start..<min(start + size, bytes.count)])
            }
            #expect(
                events == [
                    ServerSentEvent(event: "status_update_event", data: "{\"a\":1}\nsecond", id: "7"),
                    ServerSentEvent(event: "message", data: "x", id: "7"),
                ])
        }
    }

    @Test func percentEncodingKeepsOnlyUnreserved() {
        #expect(PercentEncoding.component("a/b c?é~") == "a%2Fb%20c%3F%C3%A9~")
        #expect(PercentEncoding.path("/v2/apps//a b") == "/v2/apps//a%20b")
        #expect(PercentEncoding.query([("index", "1"), ("stale", nil)]) == "?index=1&stale")
        #expect(PercentEncoding.decode("a%2Fb%2") == "a/b%2")
    }

    @Test func summariesHoldNoSecret() {
        #expect(HTTPRequest("PUT", "http://u:p@h:1/a?token=x").summary == "PUT http://h:1/a")
        #expect(HTTPRequest("GET", "http://h:1").summary == "GET http://h:1")
    }
}
