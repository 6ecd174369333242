import Chronos
import ClusterCore
import Testing

@Suite struct ChronosFlagsTests {
    @Test func `parses upstream's argument vector`() throws {
        let values = try ChronosFlags.table.parse([
            "--master", "zk://127.0.0.1:2181/mesos", "--zk_hosts", "127.0.0.1:2181", "--http_port", "4400", "--mesos_checkpoint",
        ])
        #expect(values["http_port"] == "4400")
        #expect(values["mesos_checkpoint"] == "true")
    }

    @Test func `knows which version has which flag`() {
        #expect(ChronosFlags.isKnown("schedule_horizon", version: "2.4.0"))
        #expect(!ChronosFlags.isKnown("schedule_horizon", version: "3.0.2"))
        #expect(!ChronosFlags.isKnown("mattermost_url", version: "2.5.0"))
        #expect(!ChronosFlags.isKnown("job_name"))
    }
}
