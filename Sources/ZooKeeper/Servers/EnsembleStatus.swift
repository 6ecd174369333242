public import ClusterCore

/// What the servers of an ensemble answered to `srvr`.
public struct EnsembleStatus: Sendable, Hashable, CustomStringConvertible {
    /// What a server does.
    public enum Mode: String, Sendable, Hashable {
        /// Leads the ensemble.
        case leader
        /// Follows the leader and votes.
        case follower
        /// Follows without a vote.
        case observer
        /// Is an ensemble of one.
        case standalone
        /// Serves reads only, since it has lost the ensemble.
        case readOnly = "read-only"
    }

    /// One server.
    public struct Server: Sendable, Hashable {
        /// Where it is.
        public let address: HostPort
        /// What it does; nil where it does not serve.
        public let mode: Mode?
        /// Why it does not serve, in a few words.
        public let reason: String?

        /// Describes a server.
        public init(address: HostPort, mode: Mode?, reason: String? = nil) {
            self.address = address
            self.mode = mode
            self.reason = reason
        }
    }

    /// In the order asked for.
    public let servers: [Server]

    /// Makes a status of what was found.
    public init(servers: [Server]) { self.servers = servers }

    /// Asks all servers at the same time.
    public static func ask(_ servers: [HostPort], timeout: Duration = .seconds(2)) async -> EnsembleStatus {
        await withTaskGroup(of: (Int, Server).self) { group in
            for (index, address) in servers.enumerated() {
                group.addTask {
                    do {
                        let answer = try await FourLetterWord.srvr.ask(address, timeout: timeout)
                        return (index, Server(address: address, srvr: answer))
                    } catch {
                        return (index, Server(address: address, mode: nil, reason: "\(error)"))
                    }
                }
            }
            var found: [(Int, Server)] = []
            for await answer in group { found.append(answer) }
            return EnsembleStatus(servers: found.sorted { $0.0 < $1.0 }.map(\.1))
        }
    }

    /// How many servers serve.
    public var answering: Int { servers.count { $0.mode != nil && $0.mode != .readOnly } }

    /// True where more than half of the servers serve.
    public var hasMajority: Bool { !servers.isEmpty && answering >= Majority.of(servers.count) }

    /// The leader, or the only server.
    public var leader: HostPort? { servers.first { $0.mode == .leader || $0.mode == .standalone }?.address }

    /// `2 of 3 ZooKeeper servers answer; 127.0.1.3:2181 refused`
    public var description: String {
        let verb = answering == 1 ? "answers" : "answer"
        let missing = servers.filter { $0.reason != nil }.map { "\($0.address) \($0.reason ?? "")" }
        let head = "\(answering) of \(servers.count) ZooKeeper server\(servers.count == 1 ? "" : "s") \(verb)"
        return missing.isEmpty ? head : "\(head); \(missing.joined(separator: ", "))"
    }
}

extension EnsembleStatus.Server {
    /// Reads the answer to `srvr`.
    public init(address: HostPort, srvr answer: String) {
        for line in answer.split(whereSeparator: \.isNewline) {
            guard line.hasPrefix("Mode:") else { continue }
            let word = line.dropFirst(5).drop(while: \.isWhitespace)
            guard let mode = EnsembleStatus.Mode(rawValue: String(word)) else { continue }
            self.init(address: address, mode: mode, reason: mode == .readOnly ? "has lost its ensemble" : nil)
            return
        }
        let isWaiting = answer.contains("not currently serving")
        self.init(address: address, mode: nil, reason: isWaiting ? "waits for a majority" : "is not a ZooKeeper server")
    }
}
