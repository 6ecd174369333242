import Checks
import ClusterCore
import JSON

/// What is looked at while keepalived runs.
struct KeepalivedChecks: Sendable {
    let virtualAddresses: [VirtualAddress]
    let vrrpPIDFile: String
    let health: HAProxyWatch?
    let guardian: AddressGuard

    /// Which of the virtual addresses this host has.
    private func held() throws(ClusterError) -> (here: [VirtualAddress], away: [VirtualAddress]) {
        let own = Set(try LinkAddress.all().filter { $0.interface != "lo" }.map(\.address))
        return (virtualAddresses.filter { own.contains($0.address) }, virtualAddresses.filter { !own.contains($0.address) })
    }

    /// The table.
    var table: [Check] {
        var checks = [
            Check("vrrp-process", proves: "keepalived's VRRP process runs", gates: [.live, .ready]) { vrrpProcess() },
            Check("virtual-addresses", proves: "this node holds all of the virtual addresses or none") { together() },
        ]
        if let health {
            checks.append(
                Check("haproxy", proves: "this node's HAProxy is ready, so that the node may hold the virtual addresses") {
                    await haproxy(health)
                })
        }
        return checks
    }

    private func vrrpProcess() -> Check.Outcome {
        guard let process = VRRPProcess(pidFile: vrrpPIDFile) else {
            return .fail("\(vrrpPIDFile) does not exist: keepalived has not started its VRRP process")
        }
        guard let state = process.state else { return .fail("keepalived's VRRP process \(process.pid) has ended") }
        return process.canRun ? .pass("pid \(process.pid)") : .fail("keepalived's VRRP process \(process.pid) is stopped (\(state))")
    }

    private func together() -> Check.Outcome {
        do throws(ClusterError) {
            let (here, away) = try held()
            if here.isEmpty { return .pass("none is here") }
            if away.isEmpty { return .pass("all are here") }
            return .fail("\(names(here)) is here, \(names(away)) is not: the instances of the group disagree")
        } catch {
            return .fail("\(error)")
        }
    }

    private func haproxy(_ health: HAProxyWatch) async -> Check.Outcome {
        let verdict = await health.verdict
        guard let age = verdict.age else { return .fail("\(health.probe) has not been asked yet") }
        guard age < health.oldest else {
            return .fail("\(health.probe) was asked \(age.milliseconds / 1000) s ago for the last time")
        }
        if let reason = verdict.reason { return .fail(reason) }
        guard let held = try? held(), !held.here.isEmpty else { return .pass("\(health.probe) is ready") }
        return .pass("\(health.probe) is ready, and the virtual addresses are here")
    }

    private func names(_ addresses: [VirtualAddress]) -> String { addresses.map(\.description).joined(separator: ", ") }

    /// Leader: holds all virtual addresses; fault: could not take them, as keepalived says.
    func role() -> Role {
        do throws(ClusterError) {
            let (here, away) = try held()
            if away.isEmpty { return .leader }
            if here.isEmpty { return guardian.instances.values.contains("FAULT") ? .member("fault") : .standby(leader: nil) }
            return .unknown("holds \(names(here)), but not \(names(away))")
        } catch {
            return .unknown("\(error)")
        }
    }

    /// For `/status`.
    func status(_ layout: VRRPLayout) async -> JSON {
        let here = (try? held().here) ?? []
        let verdict = await health?.verdict
        return .members([
            "held": .array(here.map { .string($0.description) }),
            "virtual_addresses": .array(virtualAddresses.map { .string($0.description) }),
            "interface": .string(layout.interface),
            "priority": .number(layout.priority),
            "instances": .object(
                JSONObject(guardian.instances.sorted { $0.key < $1.key }.map { ($0.key, JSON.string($0.value)) })),
            "haproxy_ready": verdict.map { .bool($0.isReady) },
            "haproxy_reason": verdict?.reason.map { .string($0) },
        ])
    }
}
