/// What the worker that runs has: what its configuration gave it, and what the runtime API has made of that since. Pure.
struct ServedState: Hashable, Sendable {
    /// A backend of the worker.
    struct Backend: Hashable, Sendable {
        var shape: RouteTable.Shape
        /// Weights of the servers that take requests, by name.
        var serving: [String: Int]
        /// Servers in maintenance: they finish their connections and are deleted then.
        var leaving: Set<String> = []
    }

    /// Names the configuration that the worker was started with.
    var generation: String
    /// The map of host names that it was started with: its name at run time, whatever it holds by now.
    var mapPath: String
    /// By backend name.
    var backends: [String: Backend]
    /// Names of the spare backends that have no service yet.
    var spares: ArraySlice<String>
    /// Names of the spare backends by the service that they were given to.
    var lent: [String: String] = [:]
    /// Backend names by host name.
    var hosts: [String: String]

    /// A worker that has just read the table's configuration.
    init(_ table: RouteTable, generation: String, mapPath: String) {
        self.generation = generation
        self.mapPath = mapPath
        backends = [:]
        for backend in table.backends {
            backends[backend.name] = Backend(
                shape: backend.shape, serving: Dictionary(backend.servers.map { ($0.name, $0.weight) }) { first, _ in first })
        }
        hosts = table.hostMap
        spares = RouteTable.spareNames[...]
        for name in spares { backends[name] = Backend(shape: .plain, serving: [:]) }
    }

    /// The backend that a service has in this worker.
    func name(of backend: RouteTable.Backend) -> String { lent[backend.service] ?? backend.name }

    /// True where servers wait to be deleted.
    var hasLeaving: Bool { backends.values.contains { !$0.leaving.isEmpty } }
}

extension RouteTable {
    /// Backend names by host name and path, each with a slash behind: the longest one that a request begins with wins.
    var hostMap: [String: String] { hostMap(\.name) }

    func hostMap(_ name: (Backend) -> String) -> [String: String] {
        var map: [String: String] = [:]
        for backend in backends { for host in backend.hosts { map["\(host)/"] = name(backend) } }
        return map
    }

    /// Backends that each configuration has beside those of its services: a new service of plain shape gets one of them until the next
    /// reload, and so needs none. No service's backend has such a name.
    static let spareNames = (1...16).map { "spare_\($0)" }
}

extension RouteTable.Shape {
    /// Of a service that asks for nothing but host names.
    static let plain = RouteTable.Shape(mode: .http, ports: [])
}

/// Changes of a running worker through its runtime API, in the order in which they are to be made. Pure.
struct RuntimeChange: Hashable, Sendable {
    enum Step: Hashable, Sendable {
        case add(RouteTable.Server)
        /// Takes requests again: it was in maintenance.
        case restore(RouteTable.Server)
        case weigh(String, Int)
        /// Into maintenance: no new requests, running ones finish.
        case retire(String)
        /// Deletes a server in maintenance; refused by HAProxy while it has connections.
        case delete(String)
    }

    /// Steps by backend; the backends in order.
    struct OfBackend: Hashable, Sendable {
        let name: String
        let shape: RouteTable.Shape
        var steps: [Step]
    }
    var backends: [OfBackend] = []
    /// The whole map of host names, where it changes.
    var hosts: [String: String]?
    /// Names of the spare backends by the services that get them.
    var lent: [String: String] = [:]
    /// Names of the certificates whose files have another content.
    var certificates: [String] = []

    var isEmpty: Bool { backends.isEmpty && hosts == nil && lent.isEmpty && certificates.isEmpty }
    /// True where nothing but deletions is left, which no client notices.
    var isOnlyCleaning: Bool {
        hosts == nil && certificates.isEmpty && backends.allSatisfy { $0.steps.allSatisfy { if case .delete = $0 { true } else { false } } }
    }
}

extension ServedState {
    /// How to come from here, where `present` is served, to a table without a reload; nil where that takes one.
    ///
    /// A backend that is not wanted any more stays without servers until the next reload, unless it has a port, which would stay open.
    func change(from present: RouteTable, to table: RouteTable) -> RuntimeChange? {
        var change = RuntimeChange()
        var hasOtherHosts = false
        guard present.certificates.keys == table.certificates.keys else { return nil }
        change.certificates = table.certificates.filter { present.certificates[$0.key] != $0.value }.keys.sorted()
        // Both are sorted by service, and most of it is the same.
        var old = present.backends[...]
        for backend in table.backends {
            while let first = old.first, first.service < backend.service {
                guard retire(old.removeFirst(), &change) else { return nil }
                hasOtherHosts = true
            }
            let before = old.first?.service == backend.service ? old.removeFirst() : nil
            if before == backend { continue }
            guard let (name, own) = place(backend, &change) else { return nil }
            if before?.hosts != backend.hosts { hasOtherHosts = true }
            let steps = own.steps(to: backend.servers)
            if !steps.isEmpty { change.backends.append(.init(name: name, shape: own.shape, steps: steps)) }
        }
        for backend in old {
            guard retire(backend, &change) else { return nil }
            hasOtherHosts = true
        }
        if hasOtherHosts {
            let wanted = table.hostMap { change.lent[$0.service] ?? name(of: $0) }
            if wanted != hosts { change.hosts = wanted }
        }
        return change
    }

    /// The backend that a service has, or the spare one that it gets; nil where there is none of its shape.
    private func place(_ backend: RouteTable.Backend, _ change: inout RuntimeChange) -> (String, Backend)? {
        let name = name(of: backend)
        if let own = backends[name] { return own.shape == backend.shape ? (name, own) : nil }
        guard backend.shape == .plain, let spare = spares.dropFirst(change.lent.count).first, let own = backends[spare] else { return nil }
        change.lent[backend.service] = spare
        return (spare, own)
    }

    /// Takes a backend's servers away; false where that is not enough.
    private func retire(_ backend: RouteTable.Backend, _ change: inout RuntimeChange) -> Bool {
        let name = name(of: backend)
        guard let own = backends[name], own.shape.ports.isEmpty else { return false }
        let steps = own.steps(to: [])
        if !steps.isEmpty { change.backends.append(.init(name: name, shape: own.shape, steps: steps)) }
        return true
    }

    /// The deletions that are due.
    func cleaning() -> RuntimeChange {
        var change = RuntimeChange()
        for (name, backend) in backends.sorted(by: { $0.key < $1.key }) where !backend.leaving.isEmpty {
            change.backends.append(.init(name: name, shape: backend.shape, steps: backend.leaving.sorted().map { .delete($0) }))
        }
        return change
    }

    /// What the worker has once a change was made; deletions are counted only by `deleted`.
    func applying(_ change: RuntimeChange) -> ServedState {
        var next = self
        for part in change.backends {
            for step in part.steps {
                switch step {
                case .add(let server), .restore(let server):
                    next.backends[part.name]?.serving[server.name] = server.weight
                    next.backends[part.name]?.leaving.remove(server.name)
                case .weigh(let name, let weight): next.backends[part.name]?.serving[name] = weight
                case .retire(let name):
                    next.backends[part.name]?.serving[name] = nil
                    next.backends[part.name]?.leaving.insert(name)
                case .delete: break
                }
            }
        }
        if let hosts = change.hosts { next.hosts = hosts }
        next.lent.merge(change.lent) { _, new in new }
        next.spares = next.spares.dropFirst(change.lent.count)
        return next
    }
}

extension ServedState.Backend {
    /// New servers first: a backend is never without one while it is changed.
    fileprivate func steps(to wanted: [RouteTable.Server]) -> [RuntimeChange.Step] {
        var steps: [RuntimeChange.Step] = []
        var gone = Set(serving.keys)
        for server in wanted {
            gone.remove(server.name)
            if let weight = serving[server.name] {
                if weight != server.weight { steps.append(.weigh(server.name, server.weight)) }
            } else {
                steps.append(leaving.contains(server.name) ? .restore(server) : .add(server))
            }
        }
        return steps + gone.sorted().map { .retire($0) }
    }
}
