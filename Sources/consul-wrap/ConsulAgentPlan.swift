import ClusterCore
import Entrypoint
import JSON
import Settings

/// The decisions of the plan: who this agent is, and what it is told.
struct ConsulAgentPlan: Sendable {
    let binary: String
    let mode: ConsulMode
    let nodeName: String
    let bindAddress: String
    let advertisedAddress: String
    let clientAddresses: [String]
    let servers: [String]
    let notes: [String]
    let httpPort: Int
    let serverPort: Int

    /// Decides, or names every reason why not.
    init(_ settings: ResolvedSettings, facts: ConsulFacts) throws(PlanRefusal) {
        typealias S = ConsulSettings
        var reasons: [String] = []
        mode = settings[S.mode]
        servers = settings[S.servers]
        reasons += Self.refusals(ofServers: servers, expect: settings[S.expect])
        let address = settings[S.bindAddress] ?? settings[CommonSettings.nodeAddress]
        if address == nil { reasons.append("NODE_ADDRESS is not set: give this node's own IP address (or CONSUL_BIND_ADDRESS)") }
        bindAddress = address ?? ""
        let advertised = settings[S.advertiseAddress] ?? bindAddress
        advertisedAddress = advertised
        clientAddresses = settings[S.clientAddresses] ?? [bindAddress]
        nodeName = settings[CommonSettings.nodeName] ?? facts.hostname
        httpPort = settings[S.httpPort]
        serverPort = settings[S.serverPort]
        if mode == .server {
            if address != nil, !servers.contains(advertised), !servers.contains(nodeName), servers.allSatisfy(IPAddress.isValid) {
                reasons.append(
                    "CONSUL_SERVERS (\(servers.joined(separator: ","))) does not hold this server's own address \(advertised): "
                        + "correct the list, or CONSUL_ADVERTISE_ADDRESS")
            }
            if settings[S.leaveOnStop] {
                reasons.append(
                    "CONSUL_LEAVE_ON_STOP=true is refused for a server: each stop would take it out of the quorum; "
                        + "use `consul leave` where a server goes for good")
            }
        }
        reasons += Self.refusals(ofSecurity: settings, facts)
        if facts.binary == nil {
            let name = settings[S.binary] ?? "consul"
            reasons.append("there is no program \(name): install Consul, or name it by CONSUL_BINARY")
        }
        binary = facts.binary ?? ""
        guard reasons.isEmpty else { throw PlanRefusal(reasons) }
        var notes = ["\(mode.rawValue) \(nodeName) at \(advertised), of \(servers.count) server\(servers.count == 1 ? "" : "s")"]
        if mode == .server, servers.count == 1 { notes.append("a single server: no fail-over, its loss loses the catalog") }
        if settings[S.gossipKey] == nil, !advertised.hasPrefix("127.") {
            notes.append("the gossip is not encrypted: set CONSUL_GOSSIP_KEY")
        }
        if mode == .agent, facts.hasRaft {
            notes.append("the data directory holds a former server's raft log, which an agent does not use")
        }
        self.notes = notes
    }

    private static func refusals(ofServers servers: [String], expect: Int?) -> [String] {
        var reasons: [String] = []
        if Set(servers).count != servers.count { reasons.append("CONSUL_SERVERS names a server twice: name each once") }
        if servers.count % 2 == 0 {
            reasons.append(
                "CONSUL_SERVERS has \(servers.count) servers: an even number tolerates no more failures than "
                    + "\(servers.count - 1); take \(servers.count - 1) or \(servers.count + 1)")
        } else if servers.count > 7 {
            reasons.append("CONSUL_SERVERS has \(servers.count) servers: more than 7 only slow each other down")
        }
        if let expect, expect != servers.count {
            reasons.append(
                "CONSUL_BOOTSTRAP_EXPECT (EXPECT) is \(expect), but CONSUL_SERVERS has \(servers.count): leave it out, or correct one of them"
            )
        }
        return reasons
    }

    private static func refusals(ofSecurity settings: ResolvedSettings, _ facts: ConsulFacts) -> [String] {
        typealias S = ConsulSettings
        var reasons: [String] = []
        if facts.keyring == .different {
            reasons.append(
                "the data directory's keyring does not have the gossip key given, and Consul would take the keyring: "
                    + "rotate keys with `consul keyring`, or remove serf/local.keyring on every node")
        }
        let tls = [settings[S.tlsCA], settings[S.tlsCertificate], settings[S.tlsKey]]
        let given = tls.count { $0 != nil }
        if given != 0, given != 3 {
            reasons.append("TLS needs all of CONSUL_TLS_CA_FILE, CONSUL_TLS_CERT_FILE and CONSUL_TLS_KEY_FILE, or none")
        }
        if settings[S.httpsPort] != nil, given == 0 { reasons.append("CONSUL_HTTPS_PORT needs the TLS files") }
        let tokens = [settings[S.masterToken], settings[S.agentToken], settings[S.defaultToken]]
        if !settings[S.acl], tokens.contains(where: { $0 != nil }) {
            reasons.append("ACL tokens are given, but CONSUL_ACL is not true: without it they would protect nothing")
        }
        if settings[S.acl], settings[S.mode] == .agent, settings[S.agentToken] == nil, settings[S.defaultToken] == nil {
            reasons.append("CONSUL_ACL=true on an agent needs CONSUL_ACL_AGENT_TOKEN: without it the node can't register")
        }
        return reasons
    }
}
