import ClusterCore
import HTTPClient
import JSON

/// Asks the probes of all components, each on its Unix socket.
struct StatusReader {
    let context: ClusterContext
    let state: StateDirectory
    let http: HTTPClient

    /// All components at once; one that does not answer within 3 s is down.
    func read() async -> ClusterStatus {
        let answers = await withTaskGroup(of: (Int, ComponentKind, ClusterStatus.Component).self) { group in
            for (index, node) in context.topology.nodes.enumerated() {
                for kind in node.kind.components {
                    group.addTask { (index, kind, await component(kind, of: node)) }
                }
            }
            var answers: [Int: [ComponentKind: ClusterStatus.Component]] = [:]
            for await (index, kind, component) in group { answers[index, default: [:]][kind] = component }
            return answers
        }
        return ClusterStatus(
            nodes: context.topology.nodes.enumerated().map { index, node in
                .init(node: node, components: node.kind.components.compactMap { answers[index]?[$0] })
            })
    }

    private func component(_ kind: ComponentKind, of node: Node) async -> ClusterStatus.Component {
        let request = HTTPRequest(
            "GET", "http://localhost/probe", timeout: .seconds(3), unixSocket: state.socket(node, kind))
        guard let response = try? await http.send(request), let probe = try? JSON(parsing: response.body) else {
            return .init(kind: kind, isLive: false, isReady: false, role: "unknown", reason: "its probe does not answer")
        }
        let isReady = probe["ready"]?.bool ?? false
        return .init(
            kind: kind, isLive: probe["live"]?.bool ?? false, isReady: isReady, role: probe["role"]?.string ?? "unknown",
            reason: probe[isReady ? "detail" : "reason"]?.string, restarts: probe["restarts"]?.int ?? 0, lastEnd: probe["last_end"]?.string)
    }
}
