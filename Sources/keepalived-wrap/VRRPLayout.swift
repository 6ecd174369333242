import ClusterCore
import Settings

/// Who this load balancer is among its peers, and what each of its VRRP instances does. Pure.
struct VRRPLayout: Sendable, Hashable {
    /// One instance: VRRP has one for each address family.
    struct Instance: Sendable, Hashable {
        let family: InternetAddress.Family
        /// This node's address, from which adverts are sent; nil for the interface's first.
        let source: InternetAddress?
        /// The others; empty for multicast.
        let peers: [InternetAddress]
        let virtualAddresses: [VirtualAddress]

        var name: String { family == .ipv4 ? "vip_ipv4" : "vip_ipv6" }
    }

    let interface: String
    let priority: Int
    let instances: [Instance]
    let notes: [String]

    /// The priority of a place in a list of so many load balancers: 200, 190, 180 … as long as that goes, closer for a longer list, and
    /// different for each in any list that VRRP allows (1–254). Adding a load balancer at the end of up to 20 changes no other's.
    static func priority(place: Int, of count: Int) -> Int {
        let top = count <= 200 ? 200 : 254
        return top - place * max(1, min(10, top / max(count, 1)))
    }

    init(_ settings: ResolvedSettings, nodeAddress: InternetAddress?, facts: KeepalivedFacts) throws(VRRPRefusals) {
        let virtual = settings[KeepalivedSettings.virtualIPs]
        let peers = settings[KeepalivedSettings.peers]
        let moving = Set(virtual.map(\.address))
        var reasons: [String] = []
        var notes: [String] = []

        if moving.count < virtual.count { reasons.append("KEEPALIVED_VIRTUAL_IPS names an address twice: name each once") }
        for address in moving.intersection(peers + (nodeAddress.map { [$0] } ?? [])).sorted(by: { $0.description < $1.description }) {
            reasons.append(
                "\(address) is a load balancer's own address, so it can't be a virtual one: choose a free address of the network")
        }
        if Set(peers).count < peers.count { reasons.append("KEEPALIVED_PEERS names an address twice: name each once") }

        // What a killed predecessor left is no address of this node's own.
        let own = facts.addresses.filter { !moving.contains($0.address) }
        let ownAddresses = Set(own.map(\.address)).union(nodeAddress.map { [$0] } ?? [])

        let lists = Dictionary(grouping: peers, by: \.family)
        for (family, list) in lists where list.filter(ownAddresses.contains).count > 1 {
            reasons.append(
                "KEEPALIVED_PEERS names more than one \(family.name) address of this node, so that its place is not clear: name one")
        }
        var places = lists.compactMapValues { list in list.firstIndex { ownAddresses.contains($0) } }
        // NODE_ADDRESS names one address; the other family's is at the same place, where both lists are complete.
        if let place = places.values.first, lists[.ipv4]?.count == lists[.ipv6]?.count {
            for family in lists.keys where places[family] == nil { places[family] = place }
        }
        var instances: [Instance] = []
        for family in InternetAddress.Family.allCases {
            let addresses = virtual.filter { $0.address.family == family }
            guard !addresses.isEmpty else { continue }
            let listed = lists[family] ?? []
            if listed.isEmpty, !peers.isEmpty {
                reasons.append(
                    "KEEPALIVED_PEERS has no \(family.name) address, but KEEPALIVED_VIRTUAL_IPS has: name every load balancer's address "
                        + "of that family too")
            }
            let source = places[family].map { listed[$0] } ?? nodeAddress.flatMap { $0.family == family ? $0 : nil }
            let others = listed.filter { $0 != source && !ownAddresses.contains($0) }
            instances.append(Instance(family: family, source: source, peers: others, virtualAddresses: addresses))
            if !listed.isEmpty, others.isEmpty {
                notes.append("this is the only load balancer of KEEPALIVED_PEERS: nobody takes over from it")
            }
        }

        do throws(VRRPRefusals) {
            priority = try Self.priority(settings[KeepalivedSettings.priority], places: places, peers: peers, notes: &notes)
        } catch {
            reasons += error.reasons
            priority = 0
        }
        do throws(VRRPRefusals) {
            interface = try Self.interface(
                settings[KeepalivedSettings.interface], nodeAddress: nodeAddress, peers: peers, virtual: virtual, own: own, facts: facts)
        } catch {
            reasons += error.reasons
            interface = ""
        }
        guard reasons.isEmpty else { throw VRRPRefusals(reasons) }
        self.instances = instances
        self.notes = notes
    }

    private static func priority(
        _ given: Int?, places: [InternetAddress.Family: Int], peers: [InternetAddress], notes: inout [String]
    ) throws(VRRPRefusals) -> Int {
        let count = Dictionary(grouping: peers, by: \.family).values.map(\.count).max() ?? 0
        if let given {
            // The others may go by the list: none of them may get the same.
            if let clash = (0..<count).first(where: { priority(place: $0, of: count) == given && !places.values.contains($0) }),
                !places.isEmpty
            {
                throw VRRPRefusals([
                    "KEEPALIVED_PRIORITY=\(given) is what the load balancer at place \(clash + 1) of KEEPALIVED_PEERS gets by the list: "
                        + "remove KEEPALIVED_PRIORITY, or give another number"
                ])
            }
            return given
        }
        guard !peers.isEmpty else {
            notes.append(
                "priority 100, as neither KEEPALIVED_PRIORITY nor KEEPALIVED_PEERS says who is preferred: the highest address wins")
            return 100
        }
        let known = Set(places.values)
        guard let place = known.first else {
            throw VRRPRefusals(["none of this node's addresses is in KEEPALIVED_PEERS: add it, or give KEEPALIVED_PRIORITY"])
        }
        guard known.count == 1 else {
            throw VRRPRefusals([
                "KEEPALIVED_PEERS lists this node's IPv4 and IPv6 addresses at different places: use the same order for both, or give "
                    + "KEEPALIVED_PRIORITY"
            ])
        }
        guard count <= 254 else { throw VRRPRefusals(["KEEPALIVED_PEERS is longer than the 254 that VRRP can tell apart"]) }
        return priority(place: place, of: count)
    }

    private static func interface(
        _ given: String?, nodeAddress: InternetAddress?, peers: [InternetAddress], virtual: [VirtualAddress], own: [LinkAddress],
        facts: KeepalivedFacts
    ) throws(VRRPRefusals) -> String {
        let known = facts.interfaces.filter { $0 != "lo" }.joined(separator: ", ")
        if let given {
            guard given != "lo" else {
                throw VRRPRefusals(["the loopback can't hold virtual addresses (KEEPALIVED_INTERFACE): choose of \(known)"])
            }
            guard facts.interfaces.contains(given) else {
                throw VRRPRefusals(["there is no interface \(given) (KEEPALIVED_INTERFACE); this host has \(known)"])
            }
            return given
        }
        if let nodeAddress {
            guard let link = own.first(where: { $0.address == nodeAddress }) else {
                throw VRRPRefusals(["no interface has the address \(nodeAddress) (NODE_ADDRESS): correct it, or give KEEPALIVED_INTERFACE"])
            }
            return link.interface
        }
        if let link = own.first(where: { peers.contains($0.address) }) { return link.interface }
        let near = Set(
            own.filter { link in
                link.interface != "lo" && link.prefixLength < link.address.family.width
                    && virtual.contains { $0.address.sharesPrefix(of: link.prefixLength, with: link.address) }
            }.map(\.interface))
        guard near.count == 1, let interface = near.first else {
            throw VRRPRefusals([
                "give KEEPALIVED_INTERFACE or NODE_ADDRESS: which interface the virtual addresses belong on is not clear; "
                    + "this host has \(known)"
            ])
        }
        return interface
    }
}

/// Why there is no layout.
struct VRRPRefusals: Error {
    let reasons: [String]
    init(_ reasons: [String]) { self.reasons = reasons }
}
