import ClusterCore
import JSON
import Testing

@testable import Consul

@Suite struct BlockingIndexTests {
    @Test func indexesFollowConsulsRules() {
        var index = BlockingIndex()
        #expect(index.next == nil)
        index.receive(7)
        #expect(index.next == 7)
        index.receive(7)
        #expect(index.next == 7)
        // Backwards: start over.
        index.receive(3)
        #expect(index.next == nil)
        index.receive(3)
        #expect(index.next == 3)
        // Never 0, which would answer at once for ever.
        var fresh = BlockingIndex()
        fresh.receive(0)
        #expect(fresh.next == 1)
        fresh.receive(nil)
        #expect(fresh.next == 1)
    }

    @Test func retriesBackOffWithinBounds() {
        var retry = RetryDelay(first: .milliseconds(50), limit: .seconds(1))
        #expect(retry.next(jitter: 1) == .milliseconds(50))
        #expect(retry.next(jitter: 0) == .milliseconds(50))
        #expect(retry.next(jitter: 1) == .milliseconds(200))
        for _ in 0..<100 { _ = retry.next(jitter: 1) }
        #expect(retry.next(jitter: 1) == .seconds(1))
        retry.succeeded()
        #expect(retry.next(jitter: 1) == .milliseconds(50))
    }

    @Test(arguments: [
        ("127.0.1.1:8500", "http://127.0.1.1:8500"), ("consul", "http://consul:8500"), ("https://consul", "https://consul:8501"),
        ("http://[::1]:8500/", "http://[::1]:8500"), ("unix:///run/consul.sock", "unix:///run/consul.sock"),
    ]) func addressesAreRead(_ text: String, _ written: String) { #expect(ConsulAddress(text)?.description == written) }

    @Test(arguments: ["", "ftp://x:1", "unix://relative", "host:0", "http://user@host"]) func otherAddressesAreRefused(_ text: String) {
        #expect(ConsulAddress(text) == nil)
    }
}

@Suite struct CatalogSnapshotTests {
    private let dump = """
        [{"Node":"n2","Address":"10.0.0.2","Services":[
            {"ID":"b","Service":"web","Tags":null,"Address":"","Meta":null,"Port":80},
            {"ID":"a","Service":"web","Tags":["x"],"Address":"10.9.9.9","Meta":{"k":"v"},"Port":81}],
          "Checks":[{"CheckID":"serfHealth","Status":"passing","ServiceID":""},{"CheckID":"c","Status":"warning","ServiceID":"a"},
            {"CheckID":"d","Status":"passing","ServiceID":"a"}]},
         {"Node":"n1","Address":"10.0.0.1","Services":[{"ID":"c","Service":"web","Port":82}],
          "Checks":[{"CheckID":"serfHealth","Status":"critical","ServiceID":""}]},
         {"Node":"n3","Address":"10.0.0.3","Services":[{"ID":"c","Service":"api","Port":82}],
          "Checks":[{"CheckID":"x","Status":"a new word","ServiceID":"c"}]},
         {"Node":"n4","Address":"10.0.0.4","Services":null,"Checks":null}]
        """

    @Test func instancesAreSortedAndCarryTheirWorstCheck() throws {
        var reader = NodeDumpReader()
        let snapshot = try reader.read(Array(dump.utf8))
        // The same again, now from what was kept.
        #expect(try reader.read(Array(dump.utf8)) == snapshot)
        #expect(
            snapshot.instances == [
                ServiceInstance(service: "api", id: "c", node: "n3", address: "10.0.0.3", port: 82, health: .critical),
                ServiceInstance(service: "web", id: "c", node: "n1", address: "10.0.0.1", port: 82, health: .critical),
                ServiceInstance(
                    service: "web", id: "a", node: "n2", address: "10.9.9.9", port: 81, tags: ["x"], meta: ["k": "v"], health: .warning),
                ServiceInstance(service: "web", id: "b", node: "n2", address: "10.0.0.2", port: 80),
            ])
    }

    @Test(arguments: [
        "", "{}", "null", "[{}]", "[{\"Node\":\"a\",\"Address\":\"b\",\"Services\":[{}]}]", "[", "[]]", "[{\"Node\":\"a", "[1,,2]",
        "[\"a\\", "[]x",
    ]) func aMalformedAnswerIsNoEmptyCatalog(_ text: String) throws {
        var reader = NodeDumpReader()
        #expect(throws: ClusterError.self) { try reader.read(Array(text.utf8)) }
    }

    @Test(arguments: [
        ("[]", []), (" [ ] ", []), ("[1]", ["1"]), ("[ {\"a\":[1,2]} ,\"x,]\" ]", ["{\"a\":[1,2]} ", "\"x,]\" "]),
        ("[\"\\\"]\",[[]]]", ["\"\\\"]\"", "[[]]"]),
    ]) func elementsAreFound(_ text: String, _ wanted: [String]) {
        let bytes = Array(text.utf8)
        #expect(JSONElements.ranges(bytes)?.map { String(decoding: bytes[$0], as: UTF8.self) } == wanted)
    }
}
