public import ClusterCore
import Glibc
public import JSON
import Supervision

extension HostFacts {
    /// Looks at this host.
    public static func gather() -> HostFacts {
        HostFacts(hostname: HostNames.own, addresses: HostAddresses.texts(), executableDirectory: Executable.ownDirectory, uid: getuid())
    }

    /// The facts as JSON.
    public var json: JSON {
        [
            "hostname": .string(hostname), "addresses": .array(addresses.map { .string($0) }),
            "executable_directory": .string(executableDirectory), "uid": .int(Int64(uid)),
        ]
    }

    /// Reads what `json` wrote.
    public init(json: JSON) throws(ClusterError) {
        guard let hostname = json["hostname"]?.string, let addresses = json["addresses"]?.array,
            let directory = json["executable_directory"]?.string, let uid = json["uid"]?.int.flatMap(UInt32.init(exactly:))
        else {
            throw ClusterError(.invalid, "the facts of the host need hostname, addresses, executable_directory and uid")
        }
        self.init(hostname: hostname, addresses: addresses.compactMap(\.string), executableDirectory: directory, uid: uid)
    }
}
