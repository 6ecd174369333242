import ClusterCore
import JSON

/// Waits after a start until Marathon's apps run again as they did before the stop, and answer on the load balancer.
struct AppsReturn {
    let api: ClusterAPI
    let deadline: ContinuousClock.Instant
    let say: @Sendable (String) -> Void

    /// - Throws: `.timeout`, with the apps that are not back.
    func wait() async throws(ClusterError) {
        var waiting: Set<String> = []
        while true {
            let missing = await self.missing()
            if missing.isEmpty { break }
            for app in missing where waiting.insert(app.key).inserted { say("app \(app.key): \(app.value)") }
            guard ContinuousClock.now < deadline else {
                let list = missing.sorted { $0.key < $1.key }.map { "\($0.key) (\($0.value))" }.joined(separator: ", ")
                throw ClusterError(.timeout, "the cluster is ready, but not all apps are back: \(list)")
            }
            // Nothing announces to a client that an app is complete.
            try? await Task.sleep(for: .milliseconds(200))
        }
        if !waiting.isEmpty { say("all apps are back") }
    }

    /// Apps that are not complete, and what they lack.
    private func missing() async -> [String: String] {
        guard let answer = try? await api.marathon("GET", "/v2/apps"), answer.status == 200, let apps = answer.json?["apps"]?.array else {
            return ["/": "Marathon does not answer yet"]
        }
        var missing: [String: String] = [:]
        for app in apps {
            guard let id = app["id"]?.string, let wanted = app["instances"]?.int, wanted > 0 else { continue }
            let hasChecks = app["healthChecks"]?.array?.isEmpty == false
            let ready = app[hasChecks ? "tasksHealthy" : "tasksRunning"]?.int ?? 0
            if ready < wanted {
                missing[id] = "\(ready) of \(wanted) instances \(hasChecks ? "healthy" : "running")"
            } else if let host = app["labels"]?.hostName, (try? await api.page(host: host).status) ?? 503 == 503 {
                missing[id] = "http://\(host) does not answer on the load balancer yet"
            }
        }
        return missing
    }
}

extension JSON {
    /// Of an app's labels: the first host name that leads to it through the load balancers.
    var hostName: String? { self["HAPROXY_0_VHOST"]?.string?.split(separator: ",").first.map(String.init) }
}
