public import ClusterCore

/// The stats socket of the worker that serves now.
public struct WorkerSocket: Sendable, Hashable {
    /// The socket.
    public let socket: RuntimeSocket

    /// Names a stats socket.
    public init(_ path: String) { socket = RuntimeSocket(path) }

    /// `show info`: what the worker is.
    public func info(timeout: Duration = .seconds(2)) async throws(ClusterError) -> WorkerInfo {
        try WorkerInfo(answer: await socket.send("show info", timeout: timeout))
    }

    /// `show stat`: a row for each frontend, backend and server.
    public func statistics(timeout: Duration = .seconds(2)) async throws(ClusterError) -> [StatisticsRow] {
        try StatisticsRow.rows(csv: await socket.send("show stat", timeout: timeout))
    }

    /// `show servers state`: administrative and operational state of each server.
    public func servers(of backend: String? = nil, timeout: Duration = .seconds(2)) async throws(ClusterError) -> [ServerState] {
        try ServerState.states(answer: await socket.send("show servers state\(backend.map { " \($0)" } ?? "")", timeout: timeout))
    }
}

/// What a worker says of itself.
public struct WorkerInfo: Sendable, Hashable {
    /// All fields by name, as HAProxy writes them: `Uptime_sec`, `CurrConns` …
    public let fields: [String: String]
    /// Its process id.
    public let pid: Int
    /// HAProxy's version.
    public let version: String
    /// How long it has run.
    public let uptime: Duration
    /// True where it finishes its connections and takes no new ones.
    public let isStopping: Bool
    /// The `description` of the global section: what configuration it serves.
    public let description: String

    init(answer: String) throws(ClusterError) {
        var fields: [String: String] = [:]
        for line in answer.split(whereSeparator: \.isNewline) {
            guard let colon = line.firstIndex(of: ":") else { continue }
            fields[String(line[..<colon])] = String(line[line.index(after: colon)...].drop { $0 == " " })
        }
        guard let pid = fields["Pid"].flatMap({ Int($0) }), let version = fields["Version"] else {
            throw ClusterError(.invalid, "HAProxy's `show info` names no process")
        }
        self.fields = fields
        self.pid = pid
        self.version = version
        uptime = .seconds(fields["Uptime_sec"].flatMap { Int($0) } ?? 0)
        isStopping = fields["Stopping"] == "1"
        description = fields["description"] ?? ""
    }
}

/// A row of `show stat`.
public struct StatisticsRow: Sendable, Hashable {
    /// The proxy.
    public let proxy: String
    /// `FRONTEND`, `BACKEND`, or the server's name.
    public let server: String
    /// `UP`, `DOWN`, `MAINT`, `OPEN`, `no check` …
    public let status: String
    /// All columns by name.
    public let fields: [String: String]

    static func rows(csv: String) throws(ClusterError) -> [StatisticsRow] {
        let lines = csv.split(whereSeparator: \.isNewline)
        guard let header = lines.first, header.hasPrefix("# pxname,svname,") else {
            throw ClusterError(.invalid, "HAProxy's `show stat` has another form")
        }
        let names = fields(header.dropFirst(2))
        return lines.dropFirst().compactMap { line in
            let values = fields(line)
            var row: [String: String] = [:]
            for (name, value) in zip(names, values) where !name.isEmpty { row[name] = value }
            guard let proxy = row["pxname"], let server = row["svname"] else { return nil }
            return StatisticsRow(proxy: proxy, server: server, status: row["status"] ?? "", fields: row)
        }
    }

    /// The fields of a line of comma-separated values; a quoted one may hold commas, and doubled quotes.
    private static func fields(_ line: Substring) -> [String] {
        var out: [String] = []
        var field = ""
        var isQuoted = false
        for character in line {
            switch character {
            case "\"": isQuoted.toggle()
            case "," where !isQuoted:
                out.append(field)
                field = ""
            default: field.append(character)
            }
        }
        return out + [field]
    }
}

/// A line of `show servers state`.
public struct ServerState: Sendable, Hashable {
    /// The bit of `administrative` for a server that was put into maintenance.
    public static let forcedMaintenance = 1
    /// The backend.
    public let backend: String
    /// The server's name.
    public let name: String
    /// Its address; empty where it has none.
    public let address: String
    /// Its port.
    public let port: Int
    /// 0 stopped, 1 starting, 2 running, 3 stopping.
    public let operational: Int
    /// Bits: 1 forced maintenance, 8 forced drain, others inherited; 0 means none.
    public let administrative: Int
    /// The weight that users set.
    public let weight: Int

    static func states(answer: String) throws(ClusterError) -> [ServerState] {
        let lines = answer.split(whereSeparator: \.isNewline).drop { $0.allSatisfy(\.isNumber) }
        guard let header = lines.first, header.hasPrefix("# ") else {
            throw ClusterError(.invalid, "HAProxy's `show servers state` has another form")
        }
        let names = header.dropFirst(2).split(separator: " ").map(String.init)
        return lines.dropFirst().compactMap { line in
            var row: [String: String] = [:]
            for (name, value) in zip(names, line.split(separator: " ")) { row[name] = String(value) }
            guard let backend = row["be_name"], let name = row["srv_name"] else { return nil }
            func number(_ key: String) -> Int { row[key].flatMap { Int($0) } ?? 0 }
            return ServerState(
                backend: backend, name: name, address: row["srv_addr"].map { $0 == "-" ? "" : $0 } ?? "", port: number("srv_port"),
                operational: number("srv_op_state"), administrative: number("srv_admin_state"), weight: number("srv_uweight"))
        }
    }
}
