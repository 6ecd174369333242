import ClusterCore
import Settings

/// A member as the list gives it.
struct ListedMember: Sendable, Hashable {
    /// Where it is written as `server.N=`.
    let id: Int?
    let host: String
    /// Ports, where given.
    let peerPort: Int?
    let electionPort: Int?
}

/// The members of an ensemble: `host`, `host:peer:election`, or `server.N=host:peer:election[:participant][;client port]` (the form of
/// zoo.cfg and of the official image), separated by commas or spaces.
struct MemberList: SettingValue, Hashable {
    let members: [ListedMember]

    static let form = "a comma-separated list, each host, host:peer port:election port or server.N=host:peer port:election port"
    static let ansibleType = "list"

    init(members: [ListedMember]) { self.members = members }

    init?(settingText: String) {
        var members: [ListedMember] = []
        for word in settingText.split(whereSeparator: { $0 == "," || $0.isWhitespace }) {
            guard let member = Self.read(word) else { return nil }
            members.append(member)
        }
        self.members = members
    }

    var settingText: String {
        members.map { member in
            let host = member.host.contains(":") ? "[\(member.host)]" : member.host
            let ports = member.peerPort.map { ":\($0)" + (member.electionPort.map { ":\($0)" } ?? "") } ?? ""
            return (member.id.map { "server.\($0)=" } ?? "") + host + ports
        }.joined(separator: ",")
    }

    private static func read(_ word: some StringProtocol) -> ListedMember? {
        var rest = String(word)
        var id: Int?
        if rest.hasPrefix("server.") {
            guard let equals = rest.firstIndex(of: "="), let number = Int(rest[..<equals].dropFirst(7)), (1...255).contains(number) else {
                return nil
            }
            id = number
            rest = String(rest[rest.index(after: equals)...])
        }
        // The client port is one setting for all members.
        if let semicolon = rest.firstIndex(of: ";") { rest = String(rest[..<semicolon]) }
        if rest.hasSuffix(":participant") { rest = String(rest.dropLast(12)) }
        var host = rest
        var ports: [Substring] = []
        if rest.hasPrefix("[") {
            guard let end = rest.firstIndex(of: "]") else { return nil }
            host = String(rest[rest.index(after: rest.startIndex)..<end])
            let tail = rest[rest.index(after: end)...]
            guard tail.isEmpty || tail.hasPrefix(":") else { return nil }
            ports = tail.dropFirst().split(separator: ":", omittingEmptySubsequences: false)
        } else if let colon = rest.firstIndex(of: ":") {
            host = String(rest[..<colon])
            ports = rest[rest.index(after: colon)...].split(separator: ":", omittingEmptySubsequences: false)
        }
        let numbers = ports.compactMap { Int($0) }.filter { (1...65535).contains($0) }
        guard isHost(host), numbers.count == ports.count, ports.isEmpty || ports.count == 2 else { return nil }
        return ListedMember(id: id, host: host, peerPort: numbers.first, electionPort: numbers.last)
    }

    private static func isHost(_ text: String) -> Bool {
        !text.isEmpty
            && text.utf8.allSatisfy { byte in
                switch byte {
                case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "0")...UInt8(ascii: "9"):
                    true
                default: "-._:%".utf8.contains(byte)
                }
            }
    }
}
