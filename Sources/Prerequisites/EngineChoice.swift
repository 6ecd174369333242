public import ClusterCore
public import Entrypoint
public import JSON
import Logging
import Mesos
public import Settings
import Supervision
import ZooKeeper

/// Which engine an entrypoint is asked to run.
public enum EngineWord: String, SettingWord {
    /// Upstream where its binary is present, else embedded.
    case auto
    /// Apache Mesos, Marathon, Chronos.
    case upstream
    /// `embedded-engine` of this repository.
    case embedded
}

/// The engine that a component runs, and why.
public struct EngineChoice: Sendable, Hashable {
    /// The engine.
    public enum Engine: String, Sendable, Hashable {
        /// Apache Mesos, Marathon, Chronos.
        case upstream
        /// `embedded-engine` of this repository.
        case embedded
    }

    /// Asked for by the operator.
    public static let engine = Setting<EngineWord>(
        "engine", "ENGINE", default: .auto, role: "mesos_engine",
        help: "upstream runs Apache Mesos, Marathon or Chronos, embedded runs embedded-engine; auto takes upstream where it is installed")
    /// Allows embedded masters and slaves on several hosts.
    public static let allowEmbedded = Setting<Bool>(
        "allow_embedded", "ALLOW_EMBEDDED", default: false,
        help: "allow the embedded Mesos, which is meant for one host, although the members have several addresses")
    /// Both declarations, for the schema of a component that has an engine.
    public static var declarations: [SettingDeclaration] { [engine.declaration, allowEmbedded.declaration] }

    /// The engine.
    public let engine: Engine
    /// The words to start it with: the upstream program, or `embedded-engine ROLE`.
    public let command: [String]
    /// Why it was chosen, for the plan's notes.
    public let reason: String

    /// What is found on this host: part of a component's facts.
    public struct Found: Sendable, Hashable {
        /// Path of the upstream program; nil where there is none.
        public var upstream: String?
        /// Its version as it tells it (`1.11.0`); nil where it was not asked or doesn't say.
        public var version: String?
        /// Path of `embedded-engine`; nil where there is none.
        public var embedded: String?
        /// Path of an upstream program that the operator names and that is not there.
        public var missing: String?

        /// Describes what is found.
        public init(upstream: String? = nil, version: String? = nil, embedded: String? = nil) {
            self.upstream = upstream
            self.version = version
            self.embedded = embedded
        }
    }

    /// Looks for the programs.
    /// - Parameters:
    ///   - names: names or usual paths of the upstream program, the preferred first (`mesos-agent`, `mesos-slave`).
    ///   - named: the program that the operator names, in place of those.
    ///   - versionFlag: asks the program for its version where given (`--version` prints `mesos 1.11.0`).
    public static func find(
        _ names: [String], named: String? = nil, host: HostFacts, versionFlag: String? = nil
    ) async -> Found {
        var found = Found()
        found.upstream = (named.map { [$0] } ?? names).lazy.compactMap { Executable.find($0) }.first
        if found.upstream == nil { found.missing = named }
        found.embedded = Executable.find("\(host.executableDirectory)/embedded-engine")
        if let program = found.upstream, let versionFlag,
            let result = try? await Command([program, versionFlag], deadline: .seconds(10)).run()
        {
            let words = (result.outputText + " " + result.errorText).split(whereSeparator: \.isWhitespace)
            found.version = words.first { $0.first?.isNumber ?? false && $0.contains(".") }.map(String.init)
        }
        return found
    }

    /// Decides.
    /// - Parameters:
    ///   - role: the role of `embedded-engine`: `mesos-master`.
    ///   - upstreamName: the upstream product, for texts: `Apache Mesos`.
    ///   - memberAddresses: addresses of all members that share the work. More than one outside 127.0.0.0/8 refuses the embedded engine
    ///     unless it is allowed. Empty for Marathon and Chronos, whose embedded forms are good for many hosts.
    /// - Throws: `PlanRefusal`.
    public static func choose(
        _ settings: ResolvedSettings, found: Found, role: String, upstreamName: String, memberAddresses: [String] = []
    ) throws(PlanRefusal) -> EngineChoice {
        func upstream(_ path: String, _ why: String) -> EngineChoice {
            EngineChoice(engine: .upstream, command: [path], reason: "engine: upstream (\(path)), because \(why)")
        }
        func embedded(_ why: String) throws(PlanRefusal) -> EngineChoice {
            guard let path = found.embedded else {
                throw PlanRefusal([
                    "no engine is installed: neither \(upstreamName) nor embedded-engine (expected beside this program) is there"
                ])
            }
            let remote = Set(memberAddresses.filter { !isLoopback($0) }).sorted()
            guard remote.count <= 1 || settings[allowEmbedded] else {
                throw PlanRefusal([
                    "\(upstreamName) is not used (\(why)), and the embedded engine is for one host, but the members are on "
                        + "\(remote.joined(separator: ", ")): install \(upstreamName), or set ALLOW_EMBEDDED=true for a test cluster"
                ])
            }
            return EngineChoice(engine: .embedded, command: [path, role], reason: "engine: embedded (\(path)), because \(why)")
        }
        if let missing = found.missing, settings[engine] != .embedded {
            throw PlanRefusal([
                "there is no program \(missing) that this user may execute: install \(upstreamName), correct the path, or set ENGINE=embedded"
            ])
        }
        switch (settings[engine], found.upstream) {
        case (.upstream, .some(let path)): return upstream(path, "ENGINE=upstream")
        case (.upstream, .none):
            throw PlanRefusal(["ENGINE=upstream, but \(upstreamName) is not installed: install it, or set ENGINE=auto or embedded"])
        case (.auto, .some(let path)): return upstream(path, "\(upstreamName) is installed")
        case (.auto, .none): return try embedded("\(upstreamName) is not installed")
        case (.embedded, _): return try embedded("ENGINE=embedded")
        }
    }

    private static func isLoopback(_ address: String) -> Bool {
        address.hasPrefix("127.") || address == "localhost" || address == "::1"
    }

    /// Writes or checks the marker `<zk path>/engine`, so that the two engines never share a ZooKeeper path. To be done once ZooKeeper
    /// serves, so it is a prerequisite: met when the marker is this engine's, impossible when it is another's.
    public func markerPrerequisite(_ url: ZooKeeperURL) -> Prerequisite {
        let marker: EngineMarker = engine == .embedded ? .embedded : .upstream
        let what = "ZooKeeper's \(url.path)/engine must be of engine \(marker.engine)"
        return Prerequisite("engine-marker", what, timeout: .seconds(8)) {
            let client = ZooKeeperClient(url: url, sessionTimeout: .seconds(6), logger: Logger(label: "engine-marker"))
            let state = await Self.look(marker, url, client)
            await client.close()
            return state
        }
    }

    private static func look(_ marker: EngineMarker, _ url: ZooKeeperURL, _ client: ZooKeeperClient) async -> Prerequisite.State {
        do throws(ZooKeeperError) {
            try await client.connect(within: .seconds(5))
        } catch {
            return .missing("\(url) can't be used: \(error)")
        }
        do throws(ClusterError) {
            try await marker.claim(url.path, in: client)
            return .met("engine \(marker.engine)")
        } catch {
            return error.code == .conflict ? .impossible(error.message) : .missing("\(error)")
        }
    }
}

extension EngineChoice.Found {
    /// As part of a component's printable facts.
    public var json: JSON {
        .members([
            "upstream": upstream.map(JSON.string), "version": version.map(JSON.string), "embedded": embedded.map(JSON.string),
            "missing": missing.map(JSON.string),
        ])
    }

    /// Reads what `json` wrote; nil reads as nothing found.
    public init(json: JSON?) {
        self.init(upstream: json?["upstream"]?.string, version: json?["version"]?.string, embedded: json?["embedded"]?.string)
        missing = json?["missing"]?.string
    }
}
