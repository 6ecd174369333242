public import ClusterCore
public import JSON

/// A master as it announces itself in ZooKeeper and to frameworks (`MasterInfo`).
public struct MasterInfo: Sendable, Hashable {
    /// A random id, new at each start of the master.
    public var id: String
    /// Its address, dotted IPv4 or IPv6.
    public var ip: String
    /// Its port, 1–65535.
    public var port: Int
    /// Its host name; clients are redirected to it.
    public var hostname: String
    /// Its version.
    public var version: String?
    /// Names of its capabilities.
    public var capabilities: [String]

    /// Describes a master.
    public init(id: String, ip: String, port: Int, hostname: String, version: String? = nil, capabilities: [String] = []) {
        self.id = id
        self.ip = ip
        self.port = port
        self.hostname = hostname
        self.version = version
        self.capabilities = capabilities
    }

    /// `master@ip:port`
    public var pid: String { "master@\(address)" }
    /// Where it serves HTTP.
    public var address: HostPort { HostPort(host: ip, port: port) }

    /// Reads the JSON of ZooKeeper and of the APIs. `address` counts where it is there (since 0.24), else `ip` and `port`.
    /// - Throws: `ClusterError` `.invalid`.
    public init(json: JSON) throws(ClusterError) {
        let what = "MasterInfo"
        id = try json.requireText("id", of: what)
        let address = json.field("address")
        let (newPort, oldPort) = (try address?.whole("port", of: what), try json.whole("port", of: what))
        guard let port = newPort ?? oldPort, (1...65535).contains(port) else {
            throw ClusterError(.invalid, "MasterInfo: missing required field 'port'")
        }
        self.port = port
        if let text = try address?.text("ip", of: what) {
            ip = text
        } else if let packed = try json.whole("ip", of: what), packed >= 0, packed <= 0xFFFF_FFFF {
            ip = Self.unpack(UInt32(packed))
        } else {
            throw ClusterError(.invalid, "MasterInfo: missing required field 'ip'")
        }
        let (newName, oldName) = (try address?.text("hostname", of: what), try json.text("hostname", of: what))
        hostname = newName ?? oldName ?? ip
        version = try json.text("version", of: what)
        capabilities = try json.list("capabilities", of: what).compactMap { $0["type"]?.string }
    }

    /// The JSON of the APIs.
    public var json: JSON {
        .members([
            "id": .string(id), "ip": .int(Int64(packedIP)), "port": .number(port), "pid": .string(pid), "hostname": .string(hostname),
            "version": version.map(JSON.string),
            "address": ["hostname": .string(hostname), "ip": .string(ip), "port": .number(port)],
            "capabilities": .unlessEmpty(capabilities.map { ["type": .string($0)] }),
        ])
    }

    /// The JSON of the election node: the same members in alphabetical order.
    public var nodeJSON: JSON {
        .members([
            "address": ["hostname": .string(hostname), "ip": .string(ip), "port": .number(port)],
            "capabilities": .unlessEmpty(capabilities.map { ["type": .string($0)] }), "hostname": .string(hostname), "id": .string(id),
            "ip": .int(Int64(packedIP)), "pid": .string(pid), "port": .number(port), "version": version.map(JSON.string),
        ])
    }

    /// The IPv4 address as upstream writes it into `ip`: network byte order, read as a little-endian number (127.0.0.1 = 16777343);
    /// 0 for IPv6.
    public var packedIP: UInt32 {
        let parts = ip.split(separator: ".").compactMap { UInt32($0) }
        guard parts.count == 4, parts.allSatisfy({ $0 < 256 }) else { return 0 }
        return parts[0] | parts[1] << 8 | parts[2] << 16 | parts[3] << 24
    }

    private static func unpack(_ packed: UInt32) -> String {
        "\(packed & 255).\(packed >> 8 & 255).\(packed >> 16 & 255).\(packed >> 24)"
    }
}
