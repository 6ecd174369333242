import ClusterCore
import Glibc
import JSON
import Mesos
import Supervision

/// What the slave's endpoints show that needs no state of it.
enum SlaveViews {
    /// `/flags`: strings, in the order of their names.
    static func flags(_ flags: [String: String]) -> JSON {
        .object(JSONObject(flags.sorted { $0.key < $1.key }.map { ($0.key, JSON.string($0.value)) }))
    }

    /// `/system/stats.json`
    static func system() -> JSON {
        let (load, memory) = (loads(), MemoryInformation.read())
        return [
            "avg_load_15min": .double(load[2]), "avg_load_1min": .double(load[0]), "avg_load_5min": .double(load[1]),
            "cpus_total": .number(Int(sysconf(Int32(_SC_NPROCESSORS_ONLN)))),
            "mem_free_bytes": .number((memory["MemFree"] ?? 0) * 1024), "mem_total_bytes": .number((memory["MemTotal"] ?? 0) * 1024),
        ]
    }

    /// `system/…` of `/metrics/snapshot`.
    static func systemMetrics() -> [(String, JSON)] {
        let (load, memory) = (loads(), MemoryInformation.read())
        return [
            ("system/cpus_total", .double(Double(sysconf(Int32(_SC_NPROCESSORS_ONLN))))), ("system/load_15min", .double(load[2])),
            ("system/load_1min", .double(load[0])), ("system/load_5min", .double(load[1])),
            ("system/mem_free_bytes", .double(Double(memory["MemFree"] ?? 0) * 1024)),
            ("system/mem_total_bytes", .double(Double(memory["MemTotal"] ?? 0) * 1024)),
        ]
    }

    private static func loads() -> [Double] {
        let words = ((try? Files.text("/proc/loadavg")) ?? "").split(separator: " ").prefix(3).compactMap { Double($0) }
        return words.count == 3 ? words : [0, 0, 0]
    }

    /// What a task's session uses, in the words of Mesos' `ResourceStatistics`.
    static func statistics(_ task: SlaveTask, processes: [Int32: ProcessStat], now: Double) -> JSON {
        let members = task.events.compactMap(\.pid).last.map { session in processes.values.filter { $0.session == session } } ?? []
        let ticks = Double(max(1, sysconf(Int32(_SC_CLK_TCK))))
        let page = UInt64(max(1, sysconf(Int32(_SC_PAGESIZE))))
        let memory = Int64(task.info.resources.mem * 1_048_576)
        return [
            "cpus_soft_limit": .double(task.info.resources.cpus),
            "cpus_system_time_secs": .double(Double(members.reduce(0) { $0 + $1.systemTicks }) / ticks),
            "cpus_user_time_secs": .double(Double(members.reduce(0) { $0 + $1.userTicks }) / ticks), "mem_limit_bytes": .int(memory),
            "mem_rss_bytes": .int(Int64(clamping: members.reduce(0) { $0 + $1.residentPages } * page)),
            "mem_soft_limit_bytes": .int(memory),
            "processes": .number(members.count), "timestamp": .double(now),
        ]
    }

    /// The name that upstream gives the executor of a command.
    static func executorName(_ task: SlaveTask) -> String {
        let command = task.info.command
        let text =
            switch TaskSpec.Program(command) {
            case .shell(let line): "sh -c '\(line)'"
            case .arguments(let path, let words): (words.isEmpty ? [path].compactMap { $0 } : words).joined(separator: " ")
            }
        return "Command Executor (Task: \(task.info.taskID)) (Command: \(text.isEmpty ? "NO EXECUTABLE" : text))"
    }
}
