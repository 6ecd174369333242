import Checks
import ClusterCore
import Entrypoint
import JSON
import Settings
import ZooKeeper

/// Decides how a ZooKeeper server is started.
struct ZooKeeperPlan {
    let settings: ResolvedSettings
    let facts: ZooKeeperFacts

    /// The members that the data directory was used with last, in the data directory.
    static let membersFileName = "mesos-cluster-members.json"

    private var dataDirectory: String { settings[ZooKeeperSettings.dataDirectory] }
    private var configurationDirectory: String { settings[ZooKeeperSettings.configurationDirectory] }
    private var membersFile: String { "\(dataDirectory)/\(Self.membersFileName)" }

    func make() throws(PlanRefusal) -> LaunchPlan {
        let membership = Membership(
            settings[ZooKeeperSettings.servers], peerPort: settings[ZooKeeperSettings.peerPort],
            electionPort: settings[ZooKeeperSettings.electionPort], givenID: settings[ZooKeeperSettings.myID],
            identity: .init(settings, facts), recordedID: facts.recordedID, recordedMembers: facts.recordedMembers,
            membersFile: membersFile)
        var reasons = membership.reasons + unreachable(membership)
        if facts.java == nil {
            reasons.append("there is no Java: install a JRE (Debian: openjdk-17-jre-headless), or set JAVA_HOME to the directory of one")
        }
        if facts.classPath.isEmpty {
            reasons.append("there is no ZooKeeper: install it (Debian: zookeeper), or set ZOO_HOME to where a release is unpacked")
        }
        guard reasons.isEmpty, let java = facts.java else { throw PlanRefusal(reasons) }
        return plan(membership, java)
    }

    /// Why the others could not reach this member where it would listen.
    private func unreachable(_ membership: Membership) -> [String] {
        guard !settings[ZooKeeperSettings.listenOnAll] else { return [] }
        if let address = settings[CommonSettings.nodeAddress] {
            // All of 127.0.0.0/8 is this host's, named on an interface or not.
            guard !facts.host.addresses.contains(address), !Self.isLoopback(address) else { return [] }
            return [
                "NODE_ADDRESS \(address) is not an address of this host (\(facts.host.addresses.joined(separator: ", "))): correct it, or set "
                    + "ZOO_LISTEN_ON_ALL=true where it is translated to one of them"
            ]
        }
        guard let own = membership.own, let found = facts.resolved[own.host], !found.isEmpty, found.allSatisfy(Self.isLoopback) else {
            return []
        }
        let others = membership.members.filter { $0 != own }.flatMap { facts.resolved[$0.host] ?? [$0.host] }
        guard others.contains(where: { !Self.isLoopback($0) }) else { return [] }
        return [
            "\(own.host) is \(found.joined(separator: ", ")) on this host, where the other members can't reach it: set NODE_ADDRESS to this "
                + "host's own address, or correct /etc/hosts"
        ]
    }

    private static func isLoopback(_ address: String) -> Bool { address.hasPrefix("127.") || address == "::1" }

    private func plan(_ membership: Membership, _ java: String) -> LaunchPlan {
        let configuration = ZooConfiguration(settings: settings, membership: membership)
        let server = HostPort(host: configuration.clientAddress ?? "127.0.0.1", port: settings[ZooKeeperSettings.clientPort])
        var plan = LaunchPlan(component: "zookeeper", argv: argv(java))
        plan.notes = notes(membership)
        plan.listens = configuration.listens
        plan.directories = Array(Set([dataDirectory, configuration.logDirectory, configurationDirectory])).sorted().map {
            PlannedDirectory($0)
        }
        plan.files = [
            PlannedFile(path: "\(dataDirectory)/myid", content: "\(membership.myID)\n"),
            PlannedFile(
                path: membersFile, content: JSON.members(["members": .array(membership.members.map(\.json))]).text(pretty: true) + "\n"),
            PlannedFile(path: "\(configurationDirectory)/zoo.cfg", content: configuration.text),
        ]
        if let logging = ServerLogging(facts.logging, settings[ZooKeeperSettings.logLevel], configurationDirectory) {
            plan.files.append(PlannedFile(path: logging.path, content: logging.content))
        }
        let names = membership.members.map(\.host).filter { !IPAddress.isValid($0) && $0 != membership.own?.host }
        if !names.isEmpty { plan.prerequisites = [.namesResolve(names.sorted())] }
        plan.environment = ["PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "LANG": "C.UTF-8"]
        plan.workingDirectory = dataDirectory
        let ensemble = ZooKeeperChecks(server: server, ensemble: clients(membership, server))
        plan.checks = ensemble.checks
        plan.role = { await ensemble.role() }
        plan.status = { await ensemble.status() }
        return plan
    }

    /// Where the clients of each member connect; the client port is the same on all.
    private func clients(_ membership: Membership, _ own: HostPort) -> [HostPort] {
        let hosts = membership.members.map { $0 == membership.own ? own.host : $0.host }
        return hosts.isEmpty ? [own] : hosts.map { HostPort(host: $0, port: own.port) }
    }

    private func argv(_ java: String) -> [String] {
        var words = [java, "-Xmx\(settings[ZooKeeperSettings.heapSize])m"]
        words += [
            // The supervisor restarts it; a server without memory answers nobody and holds its place.
            "-XX:+ExitOnOutOfMemoryError",
            // No file in /tmp: the root file system may be read-only.
            "-XX:-UsePerfData",
            "-Dzookeeper.jmx.log4j.disable=true",
        ]
        if let logging = ServerLogging(facts.logging, settings[ZooKeeperSettings.logLevel], configurationDirectory) {
            words.append(logging.flag)
        }
        words += settings[ZooKeeperSettings.jvmFlags].split(whereSeparator: \.isWhitespace).map(String.init)
        words += ["-cp", facts.classPath.joined(separator: ":"), "org.apache.zookeeper.server.quorum.QuorumPeerMain"]
        return words + ["\(configurationDirectory)/zoo.cfg"]
    }

    private func notes(_ membership: Membership) -> [String] {
        guard let own = membership.own, membership.members.count > 1 else { return ["a single server: no other takes over when it fails"] }
        let count = membership.members.count
        return [
            "member \(own.id) (\(own.host)) of \(count): \(Majority.of(count)) must answer, \(Majority.tolerated(count)) may fail"
        ]
    }
}
