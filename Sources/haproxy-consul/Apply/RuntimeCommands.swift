/// The commands of HAProxy's runtime API for a change (management guide, section 9.3). Pure.
struct RuntimeCommands: Hashable {
    /// What must be there before host names lead to it.
    private(set) var beforeMap: [String] = []
    /// What host names must not lead to any more.
    private(set) var afterMap: [String] = []

    /// - Parameter check: the health check of a server's line.
    init(_ change: RuntimeChange, check: String) {
        for part in change.backends {
            var hasNew = false
            for step in part.steps {
                switch step {
                case .add(let server):
                    let name = "\(part.name)/\(server.name)"
                    beforeMap.append("add server \(name) \(server.endpoint) \(check) weight \(server.weight)")
                    beforeMap.append("enable health \(name)")
                    beforeMap.append("enable server \(name)")
                    hasNew = true
                case .restore(let server):
                    let name = "\(part.name)/\(server.name)"
                    beforeMap.append("set server \(name) state ready")
                    beforeMap.append("set server \(name) weight \(server.weight)")
                case .weigh(let server, let weight): beforeMap.append("set server \(part.name)/\(server) weight \(weight)")
                case .retire(let server): afterMap.append("set server \(part.name)/\(server) state maint")
                case .delete(let server): afterMap.append("del server \(part.name)/\(server)")
                }
            }
            // HAProxy 2.6 gives a server that is added at run time no cookie until the backend's key is set again.
            if hasNew, let key = part.shape.isSticky ? part.name : nil {
                beforeMap.append("set dynamic-cookie-key backend \(part.name) \(key)")
            }
        }
    }
}
