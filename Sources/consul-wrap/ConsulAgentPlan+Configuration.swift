import ClusterCore
import Entrypoint
import JSON
import Settings

extension ConsulAgentPlan {
    /// The agent's whole configuration file (Consul 1.8, "Agent configuration").
    func configuration(_ settings: ResolvedSettings) -> JSON {
        typealias S = ConsulSettings
        var out: JSONObject = [
            "node_name": .string(nodeName), "datacenter": .string(settings[S.datacenter]), "domain": .string(settings[S.domain]),
            "data_dir": .string(settings[S.dataDirectory]), "server": .bool(mode == .server), "bind_addr": .string(bindAddress),
            "advertise_addr": .string(advertisedAddress), "client_addr": .string(clientAddresses.joined(separator: " ")),
        ]
        if mode == .server { out["bootstrap_expect"] = .number(servers.count) }
        out["retry_join"] = .array(servers.map { .string(joinAddress($0, settings[S.serfPort])) })
        out["retry_interval"] = .string(text(of: settings[S.retryInterval]))
        out["ports"] = [
            "http": .number(httpPort), "https": .number(settings[S.httpsPort] ?? -1), "dns": .number(settings[S.dnsPort]),
            "serf_lan": .number(settings[S.serfPort]), "serf_wan": -1, "server": .number(serverPort), "grpc": -1,
        ]
        // The raft keeps a server that is only restarted.
        out["leave_on_terminate"] = .bool(settings[S.leaveOnStop])
        out["skip_leave_on_interrupt"] = .bool(!settings[S.leaveOnStop])
        out["rejoin_after_leave"] = true
        out["performance"] = ["raft_multiplier": .number(settings[S.raftMultiplier])]
        out["dns_config"] = ["only_passing": true, "enable_truncate": true]
        let recursors = settings[S.recursors]
        if !recursors.isEmpty { out["recursors"] = .array(recursors.map { .string($0) }) }
        if settings[S.ui] { out["ui"] = true }
        out["enable_script_checks"] = false
        out["enable_local_script_checks"] = false
        out["disable_remote_exec"] = true
        out["disable_update_check"] = true
        addSecurity(to: &out, settings)
        return .object(out)
    }

    /// Where the agent listens: an agent that is no server has no port of raft.
    func listens(_ settings: ResolvedSettings) -> [ListeningPort] {
        typealias S = ConsulSettings
        var ports: [ListeningPort] = []
        for address in clientAddresses {
            ports.append(ListeningPort(address, httpPort, setting: S.httpPort.declaration.variable))
            if let port = settings[S.httpsPort] {
                ports.append(ListeningPort(address, port, setting: S.httpsPort.declaration.variable))
            }
            for transport in [ListeningPort.Transport.tcp, .udp] {
                ports.append(ListeningPort(address, settings[S.dnsPort], transport, setting: S.dnsPort.declaration.variable))
            }
        }
        for transport in [ListeningPort.Transport.tcp, .udp] {
            ports.append(ListeningPort(bindAddress, settings[S.serfPort], transport, setting: S.serfPort.declaration.variable))
        }
        if mode == .server { ports.append(ListeningPort(bindAddress, serverPort, setting: S.serverPort.declaration.variable)) }
        return ports
    }

    private func addSecurity(to out: inout JSONObject, _ settings: ResolvedSettings) {
        typealias S = ConsulSettings
        if let key = settings[S.gossipKey] { out["encrypt"] = .string(key) }
        if let ca = settings[S.tlsCA], let certificate = settings[S.tlsCertificate], let key = settings[S.tlsKey] {
            out["ca_file"] = .string(ca)
            out["cert_file"] = .string(certificate)
            out["key_file"] = .string(key)
            out["verify_outgoing"] = true
            out["verify_incoming_rpc"] = true
            out["verify_server_hostname"] = .bool(settings[S.verifyServerName])
        }
        if settings[S.acl] {
            let tokens = JSON.members([
                "master": mode == .server ? settings[S.masterToken].map { .string($0) } : nil,
                "agent": settings[S.agentToken].map { .string($0) }, "default": settings[S.defaultToken].map { .string($0) },
            ])
            // Without the servers, what was allowed stays allowed: an outage must not take services away.
            out["acl"] = ["enabled": true, "default_policy": "deny", "down_policy": "extend-cache", "tokens": tokens]
        }
    }

    private func joinAddress(_ server: String, _ port: Int) -> String {
        guard port != 8301 else { return server.contains(":") ? "[\(server)]" : server }
        return HostPort(host: server, port: port).description
    }

    private func text(of duration: Duration) -> String { "\(duration.milliseconds)ms" }
}
