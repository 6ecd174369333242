import JSON
import Mesos

/// `/metrics/snapshot`: the keys that monitoring reads (Mesos documentation, "Monitoring"). Keys of things that the embedded master
/// has not (registrar's log, operations, quota) are absent.
enum MasterMetrics {
    private static let counters = [
        "dropped_messages", "invalid_status_update_acknowledgements", "invalid_status_updates", "messages_decline_offers",
        "messages_kill_task", "messages_launch_tasks", "messages_reconcile_tasks", "messages_register_framework",
        "messages_register_slave", "messages_reregister_framework", "messages_reregister_slave", "messages_revive_offers",
        "messages_status_update", "messages_status_update_acknowledgement", "messages_suppress_offers", "recovery_slave_removals",
        "slave_registrations", "slave_removals", "slave_removals/reason_registered", "slave_removals/reason_unhealthy",
        "slave_removals/reason_unregistered", "slave_reregistrations", "slave_shutdowns_canceled", "slave_shutdowns_completed",
        "slave_shutdowns_scheduled", "slave_unreachable_canceled", "slave_unreachable_completed", "slave_unreachable_scheduled",
        "tasks_dropped", "tasks_error", "tasks_failed", "tasks_finished", "tasks_gone", "tasks_gone_by_operator", "tasks_killed",
        "tasks_lost", "valid_status_update_acknowledgements", "valid_status_updates",
    ]

    /// All numbers, in alphabetical order.
    /// - Parameter state: nil on a master that does not lead.
    static func snapshot(node: MasterNode, state: MasterState?, subscribers: Int) -> JSONObject {
        var numbers = SystemFigures.read().metrics
        func set(_ name: String, _ value: Double) { numbers["master/\(name)"] = value }
        set("elected", state == nil ? 0 : 1)
        set("uptime_secs", node.time().steady - node.started.steady)
        set("operator_event_stream_subscribers", Double(subscribers))
        for name in counters { set(name, Double(state?.counters[name] ?? 0)) }
        for (name, value) in state?.counters.values ?? [:] where name.hasPrefix("task_") { set(name, Double(value)) }
        for name in ["event_queue_dispatches", "event_queue_http_requests", "event_queue_messages"] { set(name, 0) }
        resources(state, set)
        population(state, set)
        numbers["allocator/mesos/allocation_runs"] = Double(state?.counters["allocation_runs"] ?? 0)
        numbers["allocator/mesos/event_queue_dispatches"] = 0
        numbers["allocator/mesos/offer_filters/roles/*/active"] = Double(state?.allocator.filterCount ?? 0)
        numbers["registrar/queued_operations"] = 0
        return JSONObject(numbers.sorted { $0.key < $1.key }.map { ($0.key, .double($0.value)) })
    }

    private static func resources(_ state: MasterState?, _ set: (String, Double) -> Void) {
        let agents = state.map { Array($0.agents.values) } ?? []
        let total = agents.reduce(Resources([])) { $0 + $1.info.resources }
        let used = agents.reduce(Resources([])) { $0 + $1.used }
        for name in ["cpus", "gpus", "mem", "disk"] {
            let (all, part) = (total.scalar(name), used.scalar(name))
            set("\(name)_total", all)
            set("\(name)_used", part)
            set("\(name)_percent", all > 0 ? part / all : 0)
            for suffix in ["total", "used", "percent"] { set("\(name)_revocable_\(suffix)", 0) }
        }
    }

    private static func population(_ state: MasterState?, _ set: (String, Double) -> Void) {
        let agents = state.map { Array($0.agents.values) } ?? []
        let frameworks = state.map { Array($0.frameworks.values) } ?? []
        let here = Double(agents.count { $0.isConnected })
        set("slaves_connected", here)
        set("slaves_active", here)
        set("slaves_disconnected", Double(agents.count) - here)
        set("slaves_inactive", Double(agents.count) - here)
        set("slaves_unreachable", Double(state?.unreachableAgents.count ?? 0))
        let subscribed = Double(frameworks.count { $0.isConnected })
        set("frameworks_connected", subscribed)
        set("frameworks_active", subscribed)
        set("frameworks_disconnected", Double(frameworks.count) - subscribed)
        set("frameworks_inactive", Double(frameworks.count) - subscribed)
        set("outstanding_offers", Double(state?.offers.count ?? 0))
        let tasks = frameworks.flatMap { $0.tasks.values }
        let gauges: [(String, TaskState)] = [
            ("staging", .staging), ("starting", .starting), ("running", .running), ("killing", .killing),
        ]
        for (name, wanted) in gauges { set("tasks_\(name)", Double(tasks.count { $0.state == wanted })) }
        set("tasks_unreachable", Double(frameworks.reduce(0) { $0 + $1.unreachableTasks.count }))
    }
}
