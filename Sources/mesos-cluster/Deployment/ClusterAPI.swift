import Chronos
import ClusterCore
import HTTPClient
import JSON

/// The cluster's HTTP APIs, asked on whichever master answers.
struct ClusterAPI {
    /// An answer, read whole.
    struct Answer {
        let status: Int
        let text: String
        /// The instance of the example app that answered, where it says so.
        let instance: String?
        var json: JSON? { try? JSON(parsing: text) }
    }

    let topology: Topology
    let credentials: HTTPRequest.BasicAuth?
    let http: HTTPClient
    /// The first load balancer's probe socket.
    var loadBalancerProbe: String?

    /// Where the first load balancer serves HTTP.
    var pageURL: String { "http://\(topology.nodes(of: .loadBalancer)[0].address):\(Ports.loadBalancerHTTP)" }

    func marathon(_ method: String, _ path: String, body: JSON? = nil) async throws(ClusterError) -> Answer {
        try await onAnyMaster(method, port: Ports.marathon, path, body: body)
    }

    func chronos(_ method: String, _ path: String, body: JSON? = nil) async throws(ClusterError) -> Answer {
        try await onAnyMaster(method, port: Ports.chronos, "/v1/scheduler" + path, body: body)
    }

    /// A job as Chronos stores it; nil where it has none of that name.
    func job(_ name: String) async throws(ClusterError) -> JSON? {
        try await chronos("GET", "/jobs").json?.array?.first { $0["name"]?.string == name }
    }

    func page(host: String) async throws(ClusterError) -> Answer {
        try await ask("GET", pageURL + "/", headers: ["Host": host])
    }

    /// What the last task of that name wrote to its stdout (or stderr); nil where it can't be found any more.
    func output(ofTask name: String, file: String = "stdout") async throws(ClusterError) -> String? {
        let state = try await onAnyMaster("GET", port: Ports.mesosMaster, "/master/state").json
        guard let task = Self.tasks(state, name: name).max(by: { Self.time($0) < Self.time($1) }), let id = task["id"]?.string,
            let slave = state?["slaves"]?.array?.first(where: { $0["id"] == task["slave_id"] }),
            let address = slave["pid"]?.string?.split(separator: "@").last
        else { return nil }
        let agent = try await ask("GET", "http://\(address)/state").json
        for framework in (agent?["frameworks"]?.array ?? []) + (agent?["completed_frameworks"]?.array ?? []) {
            for executor in (framework["executors"]?.array ?? []) + (framework["completed_executors"]?.array ?? [])
            where executor["id"]?.string == id {
                guard let directory = executor["directory"]?.string else { continue }
                let path = PercentEncoding.path(directory + "/" + file)
                return try await ask("GET", "http://\(address)/files/read?path=\(path)&offset=0&length=65536").json?["data"]?.string
            }
        }
        return nil
    }

    /// How many tasks of that name have failed since a time.
    func failures(ofTask name: String, since start: Timestamp) async throws(ClusterError) -> Int {
        let state = try await onAnyMaster("GET", port: Ports.mesosMaster, "/master/state").json
        let ends: Set = ["TASK_FAILED", "TASK_ERROR", "TASK_LOST", "TASK_GONE", "TASK_DROPPED"]
        return Self.tasks(state, name: name).count {
            ends.contains($0["state"]?.string ?? "") && Self.time($0) * 1000 >= Double(start.milliseconds)
        }
    }

    private static func tasks(_ state: JSON?, name: String) -> [JSON] {
        (state?["frameworks"]?.array ?? []).flatMap { framework in
            (framework["tasks"]?.array ?? []) + (framework["completed_tasks"]?.array ?? [])
        }.filter { $0["name"]?.string == name }
    }

    /// When a task's last status was told, in seconds since 1970.
    private static func time(_ task: JSON) -> Double { task["statuses"]?.array?.last?["timestamp"]?.double ?? 0 }

    /// What the first load balancer says of services' labels, each in a sentence.
    func labelProblems() async -> [String] {
        guard let probe = loadBalancerProbe else { return [] }
        let request = HTTPRequest("GET", "http://localhost/status", timeout: .seconds(3), unixSocket: probe)
        guard let response = try? await http.send(request), let document = try? JSON(parsing: response.body) else { return [] }
        return (document["status"]?["problems"]?.array ?? []).map { problem in
            "service \(problem["service"]?.string ?? "?"): \(problem["problem"]?.string ?? "")"
        }
    }

    private func onAnyMaster(_ method: String, port: Int, _ path: String, body: JSON? = nil) async throws(ClusterError) -> Answer {
        var reasons: [String] = []
        for master in topology.nodes(of: .master) {
            do {
                return try await ask(method, "http://\(master.address):\(port)\(path)", body: body)
            } catch {
                reasons.append(error.message)
            }
        }
        throw ClusterError(.unavailable, "no master answers on port \(port): \(reasons.joined(separator: "; "))")
    }

    private func ask(_ method: String, _ url: String, headers: HTTPHeaders = [:], body: JSON? = nil) async throws(ClusterError) -> Answer {
        var fields = headers
        if body != nil { fields["Content-Type"] = "application/json" }
        let request = HTTPRequest(
            method, url, headers: fields, body: body?.bytes(), timeout: .seconds(15), connectTimeout: .seconds(2), basicAuth: credentials,
            followRedirects: true)
        do {
            let response = try await http.send(request)
            return Answer(
                status: response.status, text: String(decoding: response.body, as: UTF8.self), instance: response.headers["X-Instance"])
        } catch {
            throw ClusterError(.unavailable, "\(url): \(error)")
        }
    }
}

/// Standard ports.
enum Ports {
    static let zookeeper = 2181
    static let mesosMaster = 5050
    static let mesosSlave = 5051
    static let marathon = 8080
    static let chronos = 4400
    static let consul = 8500
    static let consulDNS = 8600
    /// The development load balancer serves HTTP here, because port 80 needs root.
    static let loadBalancerHTTP = 10080
    /// First service port that Marathon gives to an app.
    static let firstService = 11000
    static let lastService = 11999
    /// Host ports of a slave: each has its own range, so that tasks of all slaves fit on one host.
    static func tasks(ofSlave index: Int) -> ClosedRange<Int> { 31000 + 500 * (index - 1)...31499 + 500 * (index - 1) }
}
