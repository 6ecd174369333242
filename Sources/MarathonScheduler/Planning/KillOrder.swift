import Marathon

/// Which tasks go first when there are too many: those that do not work yet, then by age as the app says.
enum KillOrder {
    static func choose(_ count: Int, of instances: [Instance], selection: KillSelection, isHealthy: (Instance) -> Bool) -> [Instance] {
        let ordered = instances.sorted { left, right in
            let ranks = (rank(left, isHealthy), rank(right, isHealthy))
            if ranks.0 != ranks.1 { return ranks.0 < ranks.1 }
            if left.stagedAt != right.stagedAt {
                return selection == .youngestFirst ? left.stagedAt > right.stagedAt : left.stagedAt < right.stagedAt
            }
            return left.taskID < right.taskID
        }
        return Array(ordered.prefix(max(0, count)))
    }

    private static func rank(_ instance: Instance, _ isHealthy: (Instance) -> Bool) -> Int {
        switch instance.condition {
        case .unreachable, .unreachableInactive: 0
        case .created, .staging: 1
        case .starting: 2
        default: isHealthy(instance) ? 4 : 3
        }
    }
}
