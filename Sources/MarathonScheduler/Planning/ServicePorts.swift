import ClusterCore
import Marathon

/// Gives apps the service ports that they left open, the lowest free ones of the range; one that an app had before it keeps.
struct ServicePorts {
    let range: ClosedRange<Int>
    private var used: Set<Int>

    init(range: ClosedRange<Int>, root: RootGroup) {
        self.range = range
        used = Set(root.apps.values.flatMap(\.servicePorts))
    }

    mutating func assign(to app: inout App, before: App?) throws(ClusterError) {
        used.formUnion(app.servicePorts)
        let earlier = before?.servicePorts ?? []
        for index in app.servicePorts.indices where app.servicePorts[index] == 0 {
            let kept = earlier.indices.contains(index) && !app.servicePorts.contains(earlier[index]) ? earlier[index] : nil
            let port: Int
            if let kept, kept != 0 { port = kept } else { port = try free() }
            used.insert(port)
            if app.network == .host {
                app.portDefinitions[index].port = port
            } else {
                app.container?.portMappings[index].servicePort = port
            }
        }
    }

    private func free() throws(ClusterError) -> Int {
        guard let port = range.first(where: { !used.contains($0) }) else {
            throw ClusterError(.conflict, "No free service port is left in \(range.lowerBound)-\(range.upperBound) (--local_port_min/max)")
        }
        return port
    }
}
