import ClusterCore
import JSON

/// A member with all that is known of it.
struct Member: Sendable, Hashable {
    let id: Int
    let host: String
    let peerPort: Int
    let electionPort: Int

    var json: JSON {
        [
            "id": .number(id), "host": .string(host), "peer_port": .number(peerPort), "election_port": .number(electionPort),
        ]
    }

    init(id: Int, host: String, peerPort: Int, electionPort: Int) {
        self.id = id
        self.host = host
        self.peerPort = peerPort
        self.electionPort = electionPort
    }

    init?(json: JSON) {
        guard let id = json["id"]?.int, let host = json["host"]?.string, let peer = json["peer_port"]?.int,
            let election = json["election_port"]?.int
        else { return nil }
        self.init(id: id, host: host, peerPort: peer, electionPort: election)
    }

    /// The line of zoo.cfg.
    func line(host: String? = nil) -> String {
        let host = host ?? self.host
        return "server.\(id)=\(host.contains(":") ? "[\(host)]" : host):\(peerPort):\(electionPort)"
    }
}

/// Who the members are and which one this node is. Pure; every reason against it is collected.
struct Membership: Sendable {
    let members: [Member]
    /// nil where it could not be found out; `reasons` says why.
    let own: Member?
    let myID: Int
    let reasons: [String]

    /// What this node is known by.
    struct Identity: Sendable {
        /// node_address, where given; it alone decides then.
        let nodeAddress: String?
        /// Else all addresses and the host's name.
        let addresses: [String]
        let names: [String]
        /// What the members' names resolve to here.
        let resolved: [String: [String]]

        func isOwn(_ host: String) -> Bool {
            let found = [host] + (resolved[host] ?? [])
            if let nodeAddress { return found.contains(nodeAddress) }
            return names.contains(host) || found.contains { addresses.contains($0) }
        }
    }

    init(
        _ list: MemberList, peerPort: Int, electionPort: Int, givenID: Int?, identity: Identity, recordedID: Int?,
        recordedMembers: [Member]?, membersFile: String
    ) {
        var reasons: [String] = []
        let listed = list.members
        let numbered = listed.filter { $0.id != nil }.count
        if numbered != 0, numbered != listed.count {
            reasons.append("ZOO_SERVERS gives some members as server.N= and others without an id: write all of them in the same form")
        }
        let members = listed.enumerated().map { index, member in
            Member(
                id: numbered == listed.count ? member.id ?? index + 1 : index + 1, host: member.host, peerPort: member.peerPort ?? peerPort,
                electionPort: member.electionPort ?? electionPort)
        }
        for id in Self.repeated(members.map(\.id)) { reasons.append("ZOO_SERVERS has two members with id \(id): give each its own") }
        for place in Self.repeated(members.map { "\($0.host):\($0.peerPort)" }) {
            reasons.append("ZOO_SERVERS names \(place) twice: a member that votes twice breaks the majority")
        }
        if members.count > 1, members.count % 2 == 0 {
            reasons.append(
                "ZOO_SERVERS has \(members.count) members, and an even number stands no more failures than \(members.count - 1): "
                    + "\(Majority.of(members.count)) of \(members.count) must answer; use \(members.count - 1) or \(members.count + 1)")
        }
        var own: Member?
        if members.isEmpty {
            own = nil
        } else {
            let found = Self.find(members, identity, givenID)
            own = found.own
            reasons += found.reasons
        }
        let myID = own?.id ?? givenID ?? recordedID ?? 1
        if let recordedID, members.isEmpty || own != nil, recordedID != myID {
            reasons.append(
                "this node is member \(myID), but its data directory is that of member \(recordedID): a member that changes its id votes twice; "
                    + "restore the order of ZOO_SERVERS, or give this node an empty data directory (it fetches all data from the others)")
        }
        if let recordedMembers, members.isEmpty || own != nil {
            // A single server is recorded as no members.
            let alone = [own ?? Member(id: myID, host: "this node", peerPort: peerPort, electionPort: electionPort)]
            reasons += Self.majorityLoss(
                from: recordedMembers.isEmpty ? alone : recordedMembers, to: members.isEmpty ? alone : members, membersFile)
        }
        self.members = members
        self.own = own
        self.myID = myID
        self.reasons = reasons
    }

    private static func find(_ members: [Member], _ identity: Identity, _ givenID: Int?) -> (own: Member?, reasons: [String]) {
        let matching = members.filter { identity.isOwn($0.host) }
        let hosts = members.map(\.host).joined(separator: ", ")
        let known = identity.nodeAddress ?? (identity.addresses + identity.names).joined(separator: ", ")
        let unresolved = members.map(\.host).filter { identity.resolved[$0]?.isEmpty == true }
        if let givenID {
            guard let given = members.first(where: { $0.id == givenID }) else {
                return (nil, ["ZOO_MY_ID is \(givenID), but ZOO_SERVERS has no member \(givenID): correct one of them"])
            }
            // Where no address decides, as behind a translated one, the given id does.
            if matching.isEmpty || matching.contains(given) { return (given, []) }
            let places = matching.map { "\($0.id) (\($0.host))" }.joined(separator: " and ")
            return (nil, ["ZOO_MY_ID is \(givenID) (\(given.host)), but by its address this node is member \(places): correct one of them"])
        }
        switch matching.count {
        case 1: return (matching[0], [])
        case 0:
            let late = unresolved.isEmpty ? "" : " (\(unresolved.joined(separator: ", ")) did not resolve)"
            return (
                nil,
                [
                    "none of ZOO_SERVERS (\(hosts)) is this node (\(known))\(late): set NODE_ADDRESS to this node's address in the list, "
                        + "or ZOO_MY_ID"
                ]
            )
        default:
            let places = matching.map { "\($0.id) (\($0.host))" }.joined(separator: " and ")
            return (nil, ["members \(places) are both this node (\(known)): set NODE_ADDRESS to the one that it is"])
        }
    }

    /// A new list must keep a majority of the old one and of itself: else two groups that know nothing of each other could both decide,
    /// or members with empty data directories outvote those that have the data.
    private static func majorityLoss(from old: [Member], to new: [Member], _ file: String) -> [String] {
        func name(_ member: Member) -> String { "\(member.id)=\(member.host)" }
        guard Set(old) != Set(new) else { return [] }
        let kept = old.filter { member in new.contains { $0.id == member.id && $0.host == member.host } }.count
        guard kept < Majority.of(old.count) || kept < Majority.of(new.count) else { return [] }
        return [
            "the member list changed from \(old.map(name).joined(separator: ",")) to \(new.map(name).joined(separator: ",")): \(kept) "
                + "member\(kept == 1 ? " is" : "s are") kept, but \(max(Majority.of(old.count), Majority.of(new.count))) are needed for a majority of both, "
                + "so data could be lost; change fewer members at a time and wait until they follow. Where you know that the members kept "
                + "have all data and will lead, remove \(file) on each of them"
        ]
    }

    private static func repeated<T: Hashable>(_ values: [T]) -> [T] {
        var seen: Set<T> = []
        return values.filter { !seen.insert($0).inserted }
    }
}
