import Consul

/// What a service's Meta asks of the load balancer. Nothing of it reaches the configuration that was not taken apart and checked here.
struct ServiceLabels: Hashable {
    enum Mode: String { case http, tcp }

    /// Lower-case host names.
    var hosts: [String] = []
    /// The port to publish it on.
    var port: Int?
    var mode = Mode.tcp
    /// What was wrong, each in a sentence that names the label.
    var problems: [String] = []

    /// As a group that is published: all services, with or without a group of their own.
    static let everyGroup = "*"

    /// Reads the labels of one instance; nil where it is not meant for these groups.
    ///
    /// Each port of a task is a Consul service of its own; its Meta `port_index` says which of the `HAPROXY_{n}_…` labels are its own.
    init?(_ instance: ServiceInstance, groups: Set<String>) {
        let meta = instance.meta
        let prefix = Self.prefix(meta)
        guard Self.isPublished(instance, groups: groups) else { return nil }
        if let enabled = meta["\(prefix)ENABLED"], ["false", "0", "no"].contains(enabled.lowercased()) { return nil }
        readHosts(meta["\(prefix)VHOST"], label: "\(prefix)VHOST")
        readPort(meta, prefix)
        readMode(meta["\(prefix)MODE"], label: "\(prefix)MODE")
        let known: Set = ["GROUP", "ENABLED", "VHOST", "PORT", "MODE"]
        for key in meta.keys.sorted() where key.hasPrefix(prefix) && !known.contains(String(key.dropFirst(prefix.count))) {
            problems.append("label \(key) is not supported and has no effect")
        }
    }

    /// True where an instance is meant for these groups.
    static func isPublished(_ instance: ServiceInstance, groups: Set<String>) -> Bool {
        // Consul's own servers are a service, too.
        if groups.contains(everyGroup) { return instance.service != "consul" }
        guard let own = instance.meta["\(prefix(instance.meta))GROUP"] ?? instance.meta["HAPROXY_GROUP"] else { return false }
        return words(own).contains(where: groups.contains)
    }

    private static func prefix(_ meta: [String: String]) -> String { "HAPROXY_\(meta["port_index"].flatMap { Int($0) } ?? 0)_" }

    private mutating func readHosts(_ text: String?, label: String) {
        guard let text else { return }
        for host in Self.words(text).map({ $0.lowercased() }) {
            if HostName.isValid(host) {
                hosts.append(host)
            } else {
                problems.append("label \(label) holds \(Self.shown(host)), which is no host name")
            }
        }
    }

    private mutating func readPort(_ meta: [String: String], _ prefix: String) {
        for label in ["\(prefix)PORT", "service_port"] {
            guard let text = meta[label], text != "0" else { continue }
            if let number = Int(text), (1...65535).contains(number) {
                port = number
            } else {
                problems.append("label \(label) is \(Self.shown(text)), which is no port from 1 to 65535")
            }
            return
        }
    }

    private mutating func readMode(_ text: String?, label: String) {
        mode = hosts.isEmpty ? .tcp : .http
        guard let text else { return }
        if let given = Mode(rawValue: text.lowercased()) {
            mode = given
            if given == .tcp, !hosts.isEmpty {
                problems.append("label \(label) is tcp, which has no host names: they are left out")
                hosts = []
            }
        } else {
            problems.append("label \(label) is \(Self.shown(text)); expected http or tcp")
        }
    }

    /// The comma-separated parts, without blanks around them.
    private static func words(_ text: String) -> [String] {
        text.split(separator: ",").map { part in
            var word = part.drop { $0 == " " || $0 == "\t" }
            while let last = word.last, last == " " || last == "\t" { word.removeLast() }
            return String(word)
        }.filter { !$0.isEmpty }
    }

    /// A foreign text, fit for a log line.
    private static func shown(_ text: String) -> String {
        let safe = text.prefix(80).unicodeScalars.map { $0.value < 32 || $0.value == 127 ? "?" : String($0) }.joined()
        return "'\(safe)'"
    }
}
