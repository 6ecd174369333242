import ClusterCore
import Consul
import Entrypoint
import HTTPClient
import JSON
import Settings
import Templating

extension Keepalived {
    static func plan(_ settings: ResolvedSettings, facts: KeepalivedFacts) throws(PlanRefusal) -> LaunchPlan {
        var reasons: [String] = []
        let nodeAddress = settings[CommonSettings.nodeAddress].flatMap { InternetAddress($0) }
        if facts.binary == nil {
            reasons.append("\(settings[KeepalivedSettings.binary]) was not found: install keepalived, or give KEEPALIVED_BINARY")
        }
        if let version = facts.version, let major = version.split(separator: ".").first.flatMap({ Int($0) }), major < 2 {
            reasons.append("keepalived \(version) is too old: its track files came with 2.0; install a newer one")
        }
        let advert = self.advert(settings, reasons: &reasons)
        var layout: VRRPLayout?
        do throws(VRRPRefusals) {
            layout = try VRRPLayout(settings, nodeAddress: nodeAddress, facts: facts)
        } catch {
            reasons += error.reasons
        }
        guard reasons.isEmpty, let layout, let binary = facts.binary else { throw PlanRefusal(reasons) }

        let directory = settings[KeepalivedSettings.runDirectory]
        let configuration = "\(directory)/keepalived.conf"
        let pidFiles = ["\(directory)/keepalived.pid", "\(directory)/vrrp.pid"]
        let health = probe(settings, nodeAddress: nodeAddress).map {
            HAProxyWatch(probe: $0, interval: settings[KeepalivedSettings.probeInterval], trackFile: "\(directory)/haproxy")
        }
        let content = try render(
            facts.template,
            KeepalivedTemplate.context(
                layout, settings: settings, routerName: settings[CommonSettings.nodeName] ?? facts.hostname, trackFile: health?.trackFile,
                notices: "\(directory)/notices", advert: advert))

        // -R: a VRRP process that was killed ends its parent too, so that its addresses are removed before a new one starts.
        var plan = LaunchPlan(
            component: schema.component,
            argv: [
                binary, "--dont-fork", "--log-console", "--no-syslog", "--vrrp", "--dont-respawn", "--use-file=\(configuration)",
                "--pid=\(pidFiles[0])", "--vrrp_pid=\(pidFiles[1])",
            ])
        plan.environment = ["PATH": "/usr/sbin:/usr/bin:/sbin:/bin"]
        plan.notes = layout.notes + ["priority \(layout.priority) on \(layout.interface)"]
        plan.directories = [PlannedDirectory(directory)]
        // Not ready until it was seen to be: a node whose HAProxy is not there must not take the addresses.
        plan.files =
            (health.map { [PlannedFile(path: $0.trackFile, content: "1\n")] } ?? []) + [
                PlannedFile(
                    path: configuration, content: content, isSecret: settings[KeepalivedSettings.password] != nil,
                    validate: [binary, "--config-test", "--use-file={}"])
            ]
        let virtual = settings[KeepalivedSettings.virtualIPs]
        let leftovers = Leftovers(virtualAddresses: virtual, pidFiles: pidFiles, configuration: configuration)
        let guardian = AddressGuard(
            layout, routerID: settings[KeepalivedSettings.routerID], lease: settings[KeepalivedSettings.lease],
            notices: "\(directory)/notices", leftovers: leftovers, vrrpPIDFile: pidFiles[1])
        plan.beforeStart = [Capabilities.check, leftovers.endDaemon, leftovers.removeBefore, guardian.makePipe]
        plan.afterExit = [leftovers.removeAfterExit]
        plan.afterStop = [leftovers.removeAfter]
        plan.companions = [Companion("addresses") { try await guardian.run($0) }]
        if let entry = holderEntry(settings, layout: layout, node: settings[CommonSettings.nodeName] ?? facts.hostname) {
            plan.companions.append(Companion("consul") { await entry.run(guardian, $0.logger) })
            plan.afterStop.append(entry.removal)
        }
        let checks = KeepalivedChecks(virtualAddresses: virtual, vrrpPIDFile: pidFiles[1], health: health, guardian: guardian)
        plan.checks = checks.table
        plan.role = { checks.role() }
        plan.status = { await checks.status(layout) }
        if let health {
            plan.companions.append(
                Companion("haproxy-health") { try await health.run($0) { await guardian.released(within: .milliseconds(400)) } })
        }
        return plan
    }

    private static func holderEntry(_ settings: ResolvedSettings, layout: VRRPLayout, node: String) -> HolderEntry? {
        guard let address = settings[KeepalivedSettings.consul].flatMap({ ConsulAddress($0) }) else { return nil }
        let client = ConsulClient(
            address, http: HTTPClient(idleConnections: 1), token: settings[KeepalivedSettings.consulToken],
            tls: HTTPRequest.TLS(caFile: settings[KeepalivedSettings.consulCA]))
        return HolderEntry(
            client: client, key: settings[KeepalivedSettings.consulKey] ?? "virtual-ip/\(settings[KeepalivedSettings.routerID])",
            node: node, address: layout.instances.first?.source, virtualAddresses: settings[KeepalivedSettings.virtualIPs])
    }

    /// The interval of adverts, checked against the version.
    private static func advert(_ settings: ResolvedSettings, reasons: inout [String]) -> Duration {
        let given = settings[KeepalivedSettings.advert]
        let hasPassword = settings[KeepalivedSettings.password] != nil
        switch settings[KeepalivedSettings.version] {
        case .three:
            if hasPassword {
                reasons.append("VRRP version 3 has no password: remove KEEPALIVED_PASSWORD, or give KEEPALIVED_VRRP_VERSION=2")
            }
            return given ?? .milliseconds(250)
        case .two:
            if !hasPassword { reasons.append("VRRP version 2 requires KEEPALIVED_PASSWORD: give one, or use version 3") }
            if settings[KeepalivedSettings.virtualIPs].contains(where: { $0.address.family == .ipv6 }) {
                reasons.append("VRRP version 2 knows no IPv6: use version 3 for the IPv6 addresses of KEEPALIVED_VIRTUAL_IPS")
            }
            if let given, given.milliseconds % 1000 != 0 {
                reasons.append("VRRP version 2 counts whole seconds: correct KEEPALIVED_ADVERT_INTERVAL, or use version 3")
            }
            return given ?? .seconds(1)
        }
    }

    private static func probe(_ settings: ResolvedSettings, nodeAddress: InternetAddress?) -> HAProxyWatch.Probe? {
        switch settings[KeepalivedSettings.probe] {
        case nil:
            let endpoint = HostPort(host: nodeAddress?.description ?? "127.0.0.1", port: CommonSettings.probePorts["haproxy"] ?? 9156)
            return .url("http://\(endpoint)/ready")
        case "none": return nil
        case let text? where text.hasPrefix("/"): return .socket(text)
        case let text?: return .url(text)
        }
    }

    private static func render(_ template: String?, _ context: JSON) throws(PlanRefusal) -> String {
        do throws(TemplateError) {
            let name = template == nil ? KeepalivedTemplate.name : "KEEPALIVED_TEMPLATE"
            return try Template(template ?? KeepalivedTemplate.text, name: name).render(context)
        } catch {
            throw PlanRefusal(["\(error): correct the template"])
        }
    }
}
