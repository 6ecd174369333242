import ClusterCore
import Entrypoint

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
