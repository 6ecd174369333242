/// Which ends of entrypoints, and of the programs that they run, have been shown while a cluster starts. Pure.
struct EndLedger {
    /// An end that has not been shown yet.
    struct End: Hashable {
        let node: String
        let component: ComponentKind
        /// What happened, as the end of a sentence.
        let text: String
        /// True where waiting for it is no use.
        let isFinal: Bool

        var name: String { "\(node) \(component.rawValue)" }
    }

    /// What ends this often in a row while the cluster starts is not waited for any longer.
    static let limit = 3

    private var entrypoints: [String: Int] = [:]
    private var programs: [String: Int] = [:]

    /// The ends since the last call: of the entrypoints by the supervisor's record, of their programs by their probes.
    mutating func new(_ status: ClusterStatus, _ record: SupervisorRecord?) -> [End] {
        var ends: [End] = []
        for process in record?.processes ?? [] {
            let name = "\(process.node) \(process.component.rawValue)"
            let known = entrypoints.updateValue(process.failures, forKey: name) ?? 0
            guard process.failures > known else { continue }
            let code = process.exitCode.map { " with exit status \($0)" } ?? ""
            ends.append(
                End(
                    node: process.node, component: process.component, text: "has ended" + code,
                    isFinal: process.isFailed || process.failures >= Self.limit))
        }
        for entry in status.nodes {
            for component in entry.components {
                let name = "\(entry.node.name) \(component.kind.rawValue)"
                let known = programs.updateValue(component.restarts, forKey: name) ?? 0
                guard component.restarts > known, !component.isReady else { continue }
                ends.append(
                    End(
                        node: entry.node.name, component: component.kind,
                        text: "is started again: its program \(component.lastEnd ?? "has ended")", isFinal: component.restarts >= Self.limit
                    ))
            }
        }
        return ends
    }
}
