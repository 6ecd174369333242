import ClusterCore
import Glibc
import JSON

/// Load and memory of the host.
struct SystemFigures: Sendable, Hashable {
    var load: [Double] = [0, 0, 0]
    var cpus = 1
    /// Bytes.
    var memoryTotal = 0
    /// Bytes.
    var memoryFree = 0

    /// Reads them from the kernel.
    static func read() -> SystemFigures {
        var figures = SystemFigures()
        figures.cpus = max(1, sysconf(Int32(_SC_NPROCESSORS_ONLN)))
        if let text = try? Files.text("/proc/loadavg") {
            let numbers = text.split(separator: " ").prefix(3).compactMap { Double($0) }
            if numbers.count == 3 { figures.load = numbers }
        }
        for line in (try? Files.text("/proc/meminfo"))?.split(separator: "\n") ?? [] {
            let words = line.split(separator: " ")
            guard words.count > 1, let kibibytes = Int(words[1]) else { continue }
            if words[0] == "MemTotal:" { figures.memoryTotal = kibibytes << 10 }
            if words[0] == "MemFree:" { figures.memoryFree = kibibytes << 10 }
        }
        return figures
    }

    /// `/system/stats.json`
    var statsJSON: JSONObject {
        [
            "avg_load_15min": .double(load[2]), "avg_load_1min": .double(load[0]), "avg_load_5min": .double(load[1]),
            "cpus_total": .number(cpus), "mem_free_bytes": .number(memoryFree), "mem_total_bytes": .number(memoryTotal),
        ]
    }

    /// The `system/…` metrics.
    var metrics: [String: Double] {
        [
            "system/cpus_total": Double(cpus), "system/load_15min": load[2], "system/load_1min": load[0], "system/load_5min": load[1],
            "system/mem_free_bytes": Double(memoryFree), "system/mem_total_bytes": Double(memoryTotal),
        ]
    }
}
