import ClusterCore
import Consul

/// How services are named, tagged and filtered: the options of CiscoCloud's mesos-consul 0.4.
struct ServiceRules: Sendable, Hashable {
    /// Service name of masters and slaves.
    var hostName = "mesos"
    /// Tags of masters and slaves: `leader.<tag>` in place of `leader`.
    var hostTags: [String] = []
    /// Every id that the bridge owns begins with this and a colon.
    var idPrefix = "mesos-consul"
    /// What an underscore in a task's name becomes.
    var separator = ""
    /// Where a task's address is looked for, in this order.
    var addressOrder: [AddressSource] = [.mesos, .host]
    /// The label that names the indices of the ports to register.
    var portLabel: String?
    /// Tasks of these names only; all where empty.
    var whitelist: [Pattern] = []
    /// Tasks of these names not.
    var blacklist: [Pattern] = []
    /// Tasks of frameworks of these names only; all where empty.
    var frameworkWhitelist: [Pattern] = []
    /// Tasks of frameworks of these names not.
    var frameworkBlacklist: [Pattern] = []
    var taskTags: [TaskTag] = []
    /// A task's name becomes the first group of the first pattern that it matches.
    var sharedNames: [Pattern] = []

    /// The id of the master's own service, which the bridge beside it keeps, leading or not.
    var masterID: String { "\(idPrefix):master" }
    func owns(_ id: String) -> Bool { id.hasPrefix("\(idPrefix):") && id != masterID }
    func slaveServiceID(_ slave: String) -> String { "\(idPrefix):slave:\(slave)" }
    var filtersFrameworks: Bool { !frameworkWhitelist.isEmpty || !frameworkBlacklist.isEmpty }

    /// The slave that a service was registered for; nil where it was not written by this program.
    func slave(of service: ServiceRegistration) -> String? {
        let prefix = slaveServiceID("")
        return service.meta["slave_id"] ?? (service.id.hasPrefix(prefix) ? String(service.id.dropFirst(prefix.count)) : nil)
    }

    /// The service's name of a task; empty where nothing is left of it.
    func name(of task: MesosState.Task) -> String {
        let name = ServiceName.cleaned(task.labels["overrideTaskName"] ?? task.name, separator: separator)
        for pattern in sharedNames {
            if let group = pattern.firstGroup(name) { return ServiceName.cleaned(group, separator: separator) }
        }
        return name
    }

    func allows(task name: String) -> Bool { Self.allows(name, whitelist, blacklist) }
    func allows(framework name: String) -> Bool { Self.allows(name, frameworkWhitelist, frameworkBlacklist) }
    private static func allows(_ name: String, _ white: [Pattern], _ black: [Pattern]) -> Bool {
        (white.isEmpty || white.contains { $0.matches(name) }) && !black.contains { $0.matches(name) }
    }

    func tags(ofHost roles: [String]) -> [String] { hostTags.isEmpty ? roles : hostTags.flatMap { tag in roles.map { "\($0).\(tag)" } } }

    func tags(of task: MesosState.Task, name: String) -> [String] {
        var tags = Self.words(task.labels["tags"])
        for entry in taskTags where ServiceName.contains(name, entry.pattern) && !tags.contains(entry.tag) { tags.append(entry.tag) }
        return tags
    }

    static func words(_ text: String?) -> [String] {
        (text ?? "").split(separator: ",").map { String($0.filter { !$0.isWhitespace }) }.filter { !$0.isEmpty }
    }

    func address(of task: MesosState.Task, on slave: MesosState.Slave) -> String {
        for source in addressOrder {
            switch source {
            case .host: return slave.address
            default: if let found = task.addresses[source] { return found }
            }
        }
        return slave.address
    }
}
