import JSON

/// What the probes of all components say, at one moment.
struct ClusterStatus {
    struct Component {
        let kind: ComponentKind
        let isLive: Bool
        let isReady: Bool
        /// `leader`, `standby`, `member` …; `unknown` where it does not answer.
        let role: String
        /// Why it is not ready; what more is known of its role else.
        let reason: String?
        /// How often its entrypoint has started it again, and how it ended last; only where its probe answers.
        var restarts = 0
        var lastEnd: String?
    }

    struct NodeStatus {
        let node: Node
        let components: [Component]
    }

    let nodes: [NodeStatus]

    /// True where every component is ready.
    var isHealthy: Bool { nodes.allSatisfy { $0.components.allSatisfy(\.isReady) } }

    /// The form that `status --json` prints; other programs rely on it.
    var json: JSON {
        let nodes = nodes.map { entry in
            JSON.members([
                "name": .string(entry.node.name), "kind": .string(entry.node.kind.rawValue), "address": .string(entry.node.address),
                "components": .array(entry.components.map(Self.json)),
            ])
        }
        return .members(["healthy": .bool(isHealthy), "nodes": .array(nodes)])
    }

    private static func json(_ component: Component) -> JSON {
        .members([
            "name": .string(component.kind.rawValue), "live": .bool(component.isLive), "ready": .bool(component.isReady),
            "role": .string(component.role), "reason": component.reason.map(JSON.string) ?? .null,
        ])
    }

    /// A table for people: one line a component.
    var table: String {
        var rows = [["NODE", "ADDRESS", "COMPONENT", "ROLE", "HEALTH", ""]]
        for entry in nodes {
            for (index, component) in entry.components.enumerated() {
                let health = component.isReady ? "ready" : component.isLive ? "not ready" : "down"
                rows.append([
                    index == 0 ? entry.node.name : "", index == 0 ? entry.node.address : "", component.kind.rawValue, component.role,
                    health,
                    component.isReady ? "" : component.reason ?? "",
                ])
            }
        }
        return TextTable.render(rows)
    }
}

/// Columns as wide as their widest cell.
enum TextTable {
    static func render(_ rows: [[String]]) -> String {
        let columns = rows.map(\.count).max() ?? 0
        let widths = (0..<columns).map { column in rows.map { $0.count > column ? $0[column].count : 0 }.max() ?? 0 }
        return rows.map { row in
            var line = ""
            for (column, cell) in row.enumerated() {
                line += cell
                if column + 1 < row.count { line += String(repeating: " ", count: widths[column] - cell.count + 2) }
            }
            while line.hasSuffix(" ") { line.removeLast() }
            return line
        }.joined(separator: "\n")
    }
}
