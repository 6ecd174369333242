import ClusterCore
import ClusterTestKit
import JSON
import Testing

@testable import mesos_cluster

@Suite struct TopologyTests {
    @Test func everyNodeHasItsOwnAddress() throws {
        let topology = try Topology(masters: 3, slaves: 2, loadBalancers: 2, network: Topology.network("127.9.0.0/16"))
        #expect(
            topology.nodes.map { "\($0.name) \($0.address)" } == [
                "master-1 127.9.1.1", "master-2 127.9.1.2", "master-3 127.9.1.3", "slave-1 127.9.2.1", "slave-2 127.9.2.2",
                "load-balancer-1 127.9.3.1", "load-balancer-2 127.9.3.2",
            ])
        #expect(topology.summary == "3 masters, 2 slaves, 2 load balancers")
    }

    @Test(arguments: [(0, 1, 1), (2, 1, 1), (4, 1, 1), (7, 1, 1), (1, 0, 1), (1, 51, 1), (1, 1, 0)])
    func refusesCounts(masters: Int, slaves: Int, loadBalancers: Int) {
        #expect(throws: ClusterError.self) {
            try Topology(masters: masters, slaves: slaves, loadBalancers: loadBalancers, network: 0)
        }
    }

    @Test(arguments: ["10.0.0.0/16", "127.0.0.0/8", "127.256.0.0/16", "127.1.1.0/16", "", "localhost"])
    func refusesNetworks(text: String) {
        #expect(throws: ClusterError.self) { try Topology.network(text) }
    }
}

@Suite struct RestartDecisionTests {
    @Test func backsOffAndForgetsAfterAMinute() {
        var decision = RestartDecision()
        let delays = (1...7).map { _ in decision.ended(exitCode: 1, after: .seconds(1)) }
        #expect(delays == [1, 2, 4, 8, 16, 30, 30].map { .restart(after: .seconds($0)) })
        #expect(decision.ended(exitCode: 1, after: .seconds(61)) == .restart(after: .seconds(1)))
    }

    @Test func givesUpWhereARestartIsNoUse() {
        var decision = RestartDecision()
        #expect(decision.ended(exitCode: 78, after: .zero) == .giveUp)
        #expect(decision.ended(exitCode: 64, after: .zero) == .giveUp)
    }
}

@Suite struct StateDirectoryTests {
    @Test func onlyAnEmptyDirectoryOrAnEndedClustersIsTaken() throws {
        let directory = try TemporaryDirectory("state")
        let state = StateDirectory(directory.path)
        try state.claim()
        try Files.makeDirectory(state.logs)
        try state.claim()
        #expect(!Files.exists(state.logs) && Files.exists(state.logs + ".before"))
        // What `down` would remove may be somebody's own.
        try Files.makeDirectory(state.secrets)
        #expect(throws: ClusterError.self) { try state.claim() }
        #expect(Files.exists(state.secrets))
    }
}

@Suite struct EndLedgerTests {
    private let node = Node(name: "master-1", kind: .master, index: 1, address: "127.0.1.1")

    private func status(restarts: Int, isReady: Bool = false) -> ClusterStatus {
        let component = ClusterStatus.Component(
            kind: .zookeeper, isLive: true, isReady: isReady, role: "unknown", reason: nil, restarts: restarts, lastEnd: "exited with 1")
        return ClusterStatus(nodes: [.init(node: node, components: [component])])
    }

    private func record(failures: Int, _ state: SupervisorRecord.Process.State) -> SupervisorRecord {
        SupervisorRecord(pid: 1, processes: [.init(node: node.name, component: .consul, state: state, failures: failures)])
    }

    @Test func showsEachEndOnceAndGivesUpAtTheThird() {
        var ledger = EndLedger()
        #expect(ledger.new(status(restarts: 0), nil).isEmpty)
        #expect(ledger.new(status(restarts: 1), nil).map(\.isFinal) == [false])
        #expect(ledger.new(status(restarts: 1), nil).isEmpty)
        let last = ledger.new(status(restarts: 3), nil)
        #expect(last.map(\.isFinal) == [true])
        #expect(last.first?.text == "is started again: its program exited with 1")
    }

    @Test func saysNothingOfWhatIsReadyAgain() {
        var ledger = EndLedger()
        #expect(ledger.new(status(restarts: 4, isReady: true), nil).isEmpty)
        #expect(ledger.new(status(restarts: 4), nil).isEmpty)
    }

    @Test func takesAFailedEntrypointForFinal() {
        var ledger = EndLedger()
        let nothing = ClusterStatus(nodes: [])
        #expect(ledger.new(nothing, record(failures: 1, .restarting(exitCode: 69))).map(\.isFinal) == [false])
        let failed = ledger.new(nothing, record(failures: 2, .failed(exitCode: 78)))
        #expect(failed.map(\.isFinal) == [true])
        #expect(failed.first?.text == "has ended with exit status 78")
    }
}

@Suite struct DeploymentDocumentTests {
    private func document(_ text: String, _ placeholders: [String: String] = [:]) throws -> DeploymentDocument {
        let path = "/tmp/document-\(UInt64.random(in: 0 ... .max)).json"
        try Files.write(path, text.utf8)
        defer { try? Files.remove(path) }
        return try DeploymentDocument(path: path, placeholders: placeholders)
    }

    @Test func tellsAppsFromJobs() throws {
        guard case .app("/web", _) = try document(#"{"id":"web"}"#) else { return #expect(Bool(false)) }
        guard case .job("a", false, _) = try document(#"{"name":"a","schedule":"R1//PT1M"}"#) else { return #expect(Bool(false)) }
        guard case .job("b", true, _) = try document(#"{"name":"b","parents":["a"]}"#) else { return #expect(Bool(false)) }
    }

    @Test func fillsPlaceholdersIn() throws {
        guard case .app(_, let json) = try document(#"{"id":"x","cmd":"curl {{LB}}/{{LB}} {{mustache}}"}"#, ["LB": "127.0.3.1"]) else {
            return #expect(Bool(false))
        }
        #expect(json["cmd"]?.string == "curl 127.0.3.1/127.0.3.1 {{mustache}}")
    }

    @Test(arguments: ["", "{", "{}", #"{"schedule":"R1//PT1M"}"#, #"{"id":"x","cmd":"{{NOT_KNOWN}}"}"#])
    func refuses(text: String) {
        #expect(throws: ClusterError.self) { try document(text) }
    }

    @Test func theExamplesAreDocuments() throws {
        let root = #filePath.split(separator: "/").dropLast(3).joined(separator: "/")
        for name in ["web", "job-fetch", "job-report"] {
            _ = try DeploymentDocument(
                path: "/\(root)/examples/\(name).json", placeholders: ["LOAD_BALANCER": "127.0.3.1", "SHARED_DIRECTORY": "/tmp"])
        }
    }
}

@Suite struct ClusterStatusTests {
    private func status(isReady: Bool) throws -> ClusterStatus {
        let node = try Topology(masters: 1, slaves: 1, loadBalancers: 1, network: 0).nodes[0]
        return ClusterStatus(nodes: [
            .init(
                node: node,
                components: [
                    .init(kind: .zookeeper, isLive: true, isReady: true, role: "leader", reason: nil),
                    .init(kind: .marathon, isLive: true, isReady: isReady, role: "standby", reason: isReady ? nil : "no leader is known"),
                ])
        ])
    }

    @Test func printsTheFormThatProgramsRelyOn() throws {
        #expect(
            try status(isReady: false).json.text()
                == #"{"healthy":false,"nodes":[{"name":"master-1","kind":"master","address":"127.0.1.1","components":[{"name":"zookeeper","live":true,"ready":true,"role":"leader","reason":null},{"name":"marathon","live":true,"ready":false,"role":"standby","reason":"no leader is known"}]}]}"#
        )
        #expect(try status(isReady: true).isHealthy)
    }

    @Test func printsATableForPeople() throws {
        #expect(
            try status(isReady: false).table == """
                NODE      ADDRESS    COMPONENT  ROLE     HEALTH
                master-1  127.0.1.1  zookeeper  leader   ready
                                     marathon   standby  not ready  no leader is known
                """)
    }
}
