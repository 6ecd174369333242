import ClusterCore
import Entrypoint
import JSON
import Settings
import Supervision

extension ZooKeeperFacts {
    /// How long a member's name may take to resolve where it alone could be this node's.
    private static let longestNameWait = Duration.seconds(120)

    static func gather(_ settings: ResolvedSettings, host: HostFacts) async throws(ClusterError) -> ZooKeeperFacts {
        let home = settings[ZooKeeperSettings.javaHome]
        let java = home.map { "\($0)/bin/java" }.flatMap { Executable.find($0) } ?? (home == nil ? Executable.find("java") : nil)
        let classPath = findClassPath(settings)
        var facts = ZooKeeperFacts(host: host, java: java, classPath: classPath, logging: loggingLibrary(classPath))
        let directory = settings[ZooKeeperSettings.dataDirectory]
        // Debian's package puts a text in place of the number.
        facts.recordedID = readID("\(directory)/myid")
        if hasTransactions(settings[ZooKeeperSettings.dataLogDirectory] ?? directory) {
            facts.recordedMembers = try readMembers("\(directory)/\(ZooKeeperPlan.membersFileName)")
        }
        try await facts.resolve(settings)
        return facts
    }

    /// Resolves the members' names. As long as no member is known to be this node and some names do not resolve, one of these may be it:
    /// that is waited for, since the id depends on it.
    private mutating func resolve(_ settings: ResolvedSettings) async throws(ClusterError) {
        let names = Set(settings[ZooKeeperSettings.servers].members.map(\.host)).filter { !IPAddress.isValid($0) }
        guard !names.isEmpty else { return }
        let end = ContinuousClock.now.advanced(by: min(settings[CommonSettings.startDeadline], Self.longestNameWait))
        while true {
            resolved = await HostNames.resolve(names.sorted())
            let identity = Membership.Identity(settings, self)
            let isKnown =
                settings[ZooKeeperSettings.myID] != nil || settings[ZooKeeperSettings.servers].members.contains { identity.isOwn($0.host) }
            if isKnown || !resolved.values.contains([]) || ContinuousClock.now >= end { return }
            do { try await Task.sleep(for: .milliseconds(500)) } catch { throw ClusterError(.prerequisite, "stopped") }
        }
    }

    private static func readID(_ path: String) -> Int? {
        guard let text = try? Files.text(path) else { return nil }
        return Int(text.prefix { !$0.isWhitespace })
    }

    /// True where the server has ever taken part: what it was told before its first transaction may be corrected freely.
    private static func hasTransactions(_ logDirectory: String) -> Bool {
        ((try? Files.list("\(logDirectory)/version-2")) ?? []).contains { $0.hasPrefix("log.") }
    }

    private static func readMembers(_ path: String) throws(ClusterError) -> [Member]? {
        guard Files.exists(path) else { return nil }
        let json: JSON
        do { json = try JSON(parsing: Files.read(path)) } catch {
            throw ClusterError(.invalid, "\(path) is damaged: restore it, or remove it where the member list has not changed", cause: error)
        }
        return json["members"]?.array?.compactMap(Member.init(json:))
    }

    // MARK: ZooKeeper's jars

    private static func findClassPath(_ settings: ResolvedSettings) -> [String] {
        if let given = settings[ZooKeeperSettings.classPath] { return given.split(separator: ":").map(String.init) }
        let homes = settings[ZooKeeperSettings.home].map { [$0] } ?? ["/opt/zookeeper", "/usr/share/zookeeper"]
        for home in homes {
            // A release has its jars in lib from 3.5 on, and before that its own beside it.
            let jars = ["\(home)/lib", home].flatMap { directory in
                ((try? Files.list(directory)) ?? []).filter { $0.hasSuffix(".jar") }.map { "\(directory)/\($0)" }
            }
            if jars.contains(where: { $0.contains("/zookeeper-") }) { return jars }
        }
        let debian = "/usr/share/java"
        guard settings[ZooKeeperSettings.home] == nil, Files.exists("\(debian)/zookeeper.jar") else { return [] }
        // The manifest names all jars but a logging library, without which the server is mute.
        return ["zookeeper.jar", "slf4j-log4j12.jar", "log4j-1.2.jar"].map { "\(debian)/\($0)" }.filter(Files.exists)
    }

    private static func loggingLibrary(_ classPath: [String]) -> LoggingLibrary {
        if classPath.contains(where: { $0.contains("logback-classic") }) { return .logback }
        return classPath.contains { $0.contains("log4j-1") || $0.contains("reload4j") } ? .log4j : .none
    }
}

extension Membership.Identity {
    init(_ settings: ResolvedSettings, _ facts: ZooKeeperFacts) {
        let names = [facts.host.hostname] + (settings[CommonSettings.nodeName].map { [$0] } ?? [])
        self.init(
            nodeAddress: settings[CommonSettings.nodeAddress], addresses: facts.host.addresses, names: names, resolved: facts.resolved)
    }
}
