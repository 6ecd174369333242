import ClusterCore
import Marathon
import Testing

@Suite struct MarathonFlagsTests {
    @Test func tellsVersionsApart() {
        #expect(MarathonFlags.table(version: "1.1.1").flags["event_subscriber"] != nil)
        #expect(MarathonFlags.table(version: "1.5.15").flags["event_subscriber"] == nil)
        #expect(MarathonFlags.table(version: "1.1.1").flags["default_network_name"] == nil)
        #expect(MarathonFlags.tableVersion(for: "1.5.6") == "1.5.15")
        #expect(MarathonFlags.tableVersion(for: "1.3.5") == "1.1.1")
        #expect(MarathonFlags.tableVersion(for: "1.11.24") == "1.11")
        #expect(MarathonFlags.tableVersion(for: "0.9") == "1.1.1")
    }

    @Test func readsAndWritesUpstreamsSyntax() throws {
        let words = ["--master", "zk://a:2181/mesos", "--disable_checkpoint", "--disable_http_compression", "--http_port", "8081"]
        let values = try MarathonFlags.any.parse(words)
        #expect(values == ["master": "zk://a:2181/mesos", "checkpoint": "false", "http_compression": "false", "http_port": "8081"])
        #expect(MarathonFlags.any.words("checkpoint", "false") == ["--disable_checkpoint"])
    }
}
