import ClusterCore
import Entrypoint
import Glibc

extension PlanAction {
    /// Refuses to start where somebody else listens already: the JVM would say so in a stack trace, and go on without a client port.
    static func portsAreFree(_ places: [HostPort]) -> PlanAction {
        let list = places.map(\.description).joined(separator: ", ")
        return PlanAction("check that nobody listens on \(list)") { _ throws(ClusterError) in
            let taken = places.filter { isTaken($0) }
            guard taken.isEmpty else {
                throw ClusterError(
                    .conflict,
                    "\(taken.map(\.description).joined(separator: ", ")) is in use by another process: stop it, or change the port")
            }
        }
    }
}

/// True where the address exists here and the port cannot be bound.
private func isTaken(_ place: HostPort) -> Bool {
    var hints = addrinfo()
    hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
    hints.ai_flags = AI_NUMERICHOST | AI_PASSIVE
    var list: UnsafeMutablePointer<addrinfo>?
    guard getaddrinfo(place.host, String(place.port), &hints, &list) == 0, let address = list?.pointee else { return false }
    defer { freeaddrinfo(list) }
    let descriptor = socket(address.ai_family, Int32(SOCK_STREAM.rawValue) | O_CLOEXEC, 0)
    guard descriptor >= 0 else { return false }
    defer { close(descriptor) }
    var yes: Int32 = 1
    setsockopt(descriptor, SOL_SOCKET, SO_REUSEADDR, &yes, socklen_t(MemoryLayout<Int32>.size))
    return bind(descriptor, address.ai_addr, address.ai_addrlen) != 0 && errno == EADDRINUSE
}

extension Prerequisite {
    /// Members whose names do not resolve yet: the server would count them as dead, and some versions never look again.
    static func namesResolve(_ names: [String]) -> Prerequisite {
        Prerequisite("member-names", "the names of the other members (\(names.joined(separator: ", "))) must resolve") {
            let found = await HostNames.resolve(names)
            let missing = names.filter { found[$0]?.isEmpty != false }
            if missing.isEmpty { return .met("all members' names resolve") }
            return .missing("\(missing.joined(separator: ", ")) \(missing.count == 1 ? "does" : "do") not resolve")
        }
    }
}
