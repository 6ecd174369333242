import ClusterCore
import Entrypoint
import JSON

/// What the plan of keepalived depends on.
struct KeepalivedFacts: PlanFacts, Hashable {
    /// The host's name.
    var hostname: String
    /// All interfaces, up or down.
    var interfaces: [String]
    /// All addresses, those that a killed predecessor left included.
    var addresses: [LinkAddress]
    /// The program's absolute path; nil where it was not found.
    var binary: String?
    /// Its version, such as `2.2.7`; nil where it did not say.
    var version: String?
    /// The operator's template; nil for the built-in one.
    var template: String?

    init(
        hostname: String, interfaces: [String], addresses: [LinkAddress], binary: String?, version: String? = nil, template: String? = nil
    ) {
        self.hostname = hostname
        self.interfaces = interfaces
        self.addresses = addresses
        self.binary = binary
        self.version = version
        self.template = template
    }

    var json: JSON {
        .members([
            "hostname": .string(hostname),
            "interfaces": .array(interfaces.map { .string($0) }),
            "addresses": .array(
                addresses.map { ["interface": .string($0.interface), "address": .string("\($0.address)/\($0.prefixLength)")] }),
            "binary": binary.map { .string($0) },
            "version": version.map { .string($0) },
            "template": template.map { .string($0) },
        ])
    }

    init(json: JSON) throws(ClusterError) {
        guard let hostname = json["hostname"]?.string, let interfaces = json["interfaces"]?.array, let addresses = json["addresses"]?.array
        else {
            throw ClusterError(
                .invalid, "the facts lack hostname, interfaces or addresses: take what `plan --facts` of this version printed")
        }
        self.hostname = hostname
        self.interfaces = interfaces.compactMap(\.string)
        self.addresses = []
        for entry in addresses {
            guard let interface = entry["interface"]?.string, let text = entry["address"]?.string,
                let slash = text.lastIndex(of: "/"), let address = InternetAddress(String(text[..<slash])),
                let length = Int(text[text.index(after: slash)...])
            else { throw ClusterError(.invalid, "an address of the facts is not {interface, address: a.b.c.d/length}") }
            self.addresses.append(LinkAddress(interface: interface, address: address, prefixLength: length))
        }
        binary = json["binary"]?.string
        version = json["version"]?.string
        template = json["template"]?.string
    }
}
