import ClusterCore
import Glibc
import Mesos

/// What this host has, for resources that are not given (Mesos source, `slave/containerizer`: cpus 1, mem 1 GB, disk 10 GB where
/// nothing can be found out; of what is found, 1 GB of memory and 5 GB of disk are left to the host, or half where there is little).
struct HostResources: Sendable, Hashable {
    /// Processors.
    var cpus: Double = 1
    /// All memory, in MB.
    var memory: Double = 1024
    /// The work directory's file system, in MB.
    var disk: Double = 10240
    /// The address to announce where none is given.
    var address = "127.0.0.1"

    /// Adds what is missing to what is given.
    func complete(_ given: Resources) throws(ClusterError) -> Resources {
        var resources = given
        func has(_ name: String) -> Bool { given.contains { $0.name == name } }
        if !has("cpus") { resources.add(Resource("cpus", .scalar(Scalar(cpus)))) }
        if !has("mem") { resources.add(Resource("mem", .scalar(Scalar(Self.leave(1024, of: memory))))) }
        if !has("disk") { resources.add(Resource("disk", .scalar(Scalar(Self.leave(5120, of: disk))))) }
        if !has("ports") { resources.add(Resource("ports", .ranges(try ValueRanges(text: "[31000-32000]")))) }
        return resources
    }

    private static func leave(_ reserve: Double, of total: Double) -> Double {
        (total > 2 * reserve ? total - reserve : total / 2).rounded(.down)
    }

    /// Looks at this host.
    /// - Parameter directory: the work directory, or one above it that exists.
    static func detect(directory: String) -> HostResources {
        var found = HostResources()
        let cpus = sysconf(Int32(_SC_NPROCESSORS_ONLN))
        if cpus > 0 { found.cpus = Double(cpus) }
        if let total = memoryTotal() { found.memory = total }
        var path = directory
        while !Files.exists(path), let slash = path.lastIndex(of: "/"), slash != path.startIndex { path = String(path[..<slash]) }
        if let size = FileSystemSize(path: path.isEmpty ? "/" : path) { found.disk = Double(size.totalBytes / (1 << 20)) }
        return found
    }

    private static func memoryTotal() -> Double? {
        MemoryInformation.read()["MemTotal"].map { Double($0 / 1024) }
    }
}

/// `/proc/meminfo`: kilobytes by name.
enum MemoryInformation {
    /// Reads it.
    static func read() -> [String: Int] {
        var values: [String: Int] = [:]
        for line in ((try? Files.text("/proc/meminfo")) ?? "").split(separator: "\n") {
            let words = line.split(whereSeparator: { $0 == ":" || $0.isWhitespace })
            if words.count > 1 { values[String(words[0])] = Int(words[1]) }
        }
        return values
    }
}
