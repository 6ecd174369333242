import ClusterCore
import Testing

@Suite struct ClusterCoreTests {
    @Test func readsZooKeeperURLs() throws {
        let url = try ZooKeeperURL("zk://u:p@10.0.0.1:2181,[::1]:2182,zk3/mesos/a/")
        #expect(url.servers.map(\.description) == ["10.0.0.1:2181", "[::1]:2182", "zk3:2181"])
        #expect(url.path == "/mesos/a")
        #expect(url.description == "zk://u:***@10.0.0.1:2181,[::1]:2182,zk3:2181/mesos/a")
        #expect(url.revealed.contains("u:p@"))
        #expect(try ZooKeeperURL("a:1,b:2").path == "")
        for wrong in ["zk://", "zk://a:x/m", "zk://a,,b/m", "zk://user@a/m", "zk://a/m//n"] {
            #expect(throws: ClusterError.self) { try ZooKeeperURL(wrong) }
        }
    }

    @Test func readsDurations() {
        #expect(Duration(text: "10secs") == .seconds(10))
        #expect(Duration(text: "1.5h") == .seconds(5400))
        #expect(Duration(text: "10") == nil)
        #expect(Duration(text: "x") == nil)
        #expect(Duration.seconds(600).mesosText == "10mins")
        #expect(Duration.milliseconds(1500).mesosText == "1500ms")
    }

    @Test func majorities() {
        #expect([1, 2, 3, 4, 5].map(Majority.of) == [1, 2, 2, 3, 3])
        #expect([1, 2, 3, 4, 5].map(Majority.tolerated) == [0, 0, 1, 1, 2])
    }

    @Test func parsesFlagsInBothSyntaxes() throws {
        let mesos = FlagTable(
            syntax: .equals,
            flags: [
                .init("quorum", versions: ["1.11"]),
                .init("authenticate_agents", isToggle: true, versions: ["1.11"], aliases: ["authenticate_slaves"]),
            ])
        #expect(try mesos.parse(["--quorum=2", "--no-authenticate_slaves"]) == ["quorum": "2", "authenticate_agents": "false"])
        #expect(throws: ClusterError.self) { try mesos.parse(["--quorum", "2"]) }
        #expect(throws: ClusterError.self) { try mesos.parse(["--quorum=2", "--quorum=3"]) }
        let marathon = FlagTable(syntax: .space, flags: [.init("zk", versions: ["1.5"]), .init("ha", isToggle: true, versions: ["1.5"])])
        #expect(try marathon.parse(["--zk", "zk://a/m", "--disable_ha"]) == ["zk": "zk://a/m", "ha": "false"])
        #expect(throws: ClusterError.self) { try marathon.parse(["--nope"]) }
    }
}

@Suite struct FilesTests {
    @Test func writesReadsListsAndRemoves() throws {
        let root = "/tmp/files-test-\(UInt64.random(in: 0 ... .max))"
        defer { try? Files.remove(root) }
        try Files.makeDirectory(root + "/a/b")
        try Files.write(root + "/a/secret", "x".utf8, mode: 0o600)
        try Files.write(root + "/a/secret", "y".utf8, mode: 0o600)
        #expect(try Files.text(root + "/a/secret") == "y")
        #expect(try Files.list(root + "/a") == ["b", "secret"])
        #expect(throws: ClusterError.self) { try Files.read(root + "/a/secret", limit: 0) }
        #expect(throws: ClusterError.self) { try Files.read(root + "/none") }
        try Files.remove(root)
        try Files.remove(root)
        #expect(!Files.exists(root))
    }
}
