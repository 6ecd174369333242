import Chronos
import ClusterCore
import JSON

/// Deploys documents and waits until they do what they promise, saying what it waits for.
struct Deployer {
    let api: ClusterAPI
    let deadline: ContinuousClock.Instant
    let say: @Sendable (String) -> Void

    /// Apps one after another, then all jobs together: a child must be there when its parent finishes.
    func deploy(_ documents: [DeploymentDocument]) async throws(ClusterError) {
        var jobs: [SubmittedJob] = []
        for document in documents {
            switch document {
            case .app(let id, let json): try await deploy(app: id, json)
            case .job: continue
            }
        }
        for document in documents {
            guard case .job(let name, let isDependent, let json) = document else { continue }
            jobs.append(try await submit(job: name, isDependent: isDependent, json))
        }
        for job in jobs {
            if let due = job.due, due.milliseconds > UnixTime.nowMilliseconds + 1000 {
                say("job \(job.name): stored; first due \(due)")
            } else {
                try await follow(job)
            }
        }
    }

    // MARK: apps

    private func deploy(app id: String, _ json: JSON) async throws(ClusterError) {
        say("app \(id): deploying")
        let answer = try await api.marathon("PUT", "/v2/apps\(id)?force=true", body: json)
        guard (200...201).contains(answer.status) else {
            throw ClusterError(.invalid, "Marathon refuses app \(id) (\(answer.status)): \(answer.text)")
        }
        let wanted = json["instances"]?.int ?? 1
        let hasChecks = json["healthChecks"]?.array?.isEmpty == false
        var last = ""
        try await wait("app \(id)") {
            guard let app = try? await api.marathon("GET", "/v2/apps\(id)").json?["app"] else { return (false, "Marathon does not answer") }
            let ready = app[hasChecks ? "tasksHealthy" : "tasksRunning"]?.int ?? 0
            let isDeploying = app["deployments"]?.array?.isEmpty == false
            var text = "\(ready) of \(wanted) instances \(hasChecks ? "healthy" : "running")"
            if let failure = app["lastTaskFailure"]?["message"]?.string, ready < wanted {
                text += "; last failure: \(failure)"
            } else if ready < wanted, let reasons = await unmetNeeds(ofApp: id) {
                text += "; no slave offers what it needs: \(reasons)"
            }
            if text != last { say("app \(id): \(text)") }
            last = text
            return (ready >= wanted && !isDeploying, text)
        }
        if let host = json["labels"]?.hostName {
            try await showPage(host: host, instances: wanted)
        } else if json["labels"]?["HAPROXY_GROUP"] == nil {
            say("app \(id): not on the load balancers: it has no label HAPROXY_GROUP (docs/load-balancing.md)")
        }
        for problem in await api.labelProblems() { say("the load balancer says: \(problem)") }
    }

    /// Why Marathon's last offers were of no use to an app; nil where they were, or where none is known.
    private func unmetNeeds(ofApp id: String) async -> String? {
        guard let queue = try? await api.marathon("GET", "/v2/queue").json?["queue"]?.array,
            let entry = queue.first(where: { $0["app"]?["id"]?.string == id }),
            let summary = entry["processedOffersSummary"]?["rejectSummaryLastOffers"]?.array
        else { return nil }
        let reasons = summary.filter { $0["declined"]?.int ?? 0 > 0 }.compactMap { $0["reason"]?.string }
        return reasons.isEmpty ? nil : reasons.joined(separator: ", ")
    }

    /// Asks the load balancer for the app's page until each instance has answered; one that names none counts as answered.
    private func showPage(host: String, instances wanted: Int) async throws(ClusterError) {
        var page = ""
        var instances: Set<String> = []
        try await wait("http://\(host) on the load balancer") {
            do {
                let answer = try await api.page(host: host)
                guard answer.status == 200 else { return (false, "\(api.pageURL) answers \(answer.status)") }
                page = answer.text
                guard let instance = answer.instance else { return (true, "") }
                instances.insert(instance)
                return (instances.count >= wanted, "\(instances.count) of \(wanted) instances have answered")
            } catch {
                return (false, "\(error)")
            }
        }
        say("\(api.pageURL) with host \(host) answers:")
        let lines = page.split(separator: "\n").map(String.init)
        let telling = lines.filter { $0.contains("instance") }
        for line in telling.isEmpty ? Array(lines.prefix(5)) : telling { say("    \(line.prefix(160))") }
        if instances.count > 1 { say("    all \(instances.count) instances have answered") }
    }

    // MARK: jobs

    /// A job and what Chronos said of it before.
    private struct SubmittedJob {
        let name: String
        /// When its schedule begins; nil for now, or where its parents decide.
        let due: Timestamp?
        let lastSuccess: String?
        let errorCount: Int
        /// When it was submitted.
        let time: Timestamp
    }

    private func submit(job name: String, isDependent: Bool, _ json: JSON) async throws(ClusterError) -> SubmittedJob {
        let before = try await api.job(name)
        let answer = try await api.chronos("POST", isDependent ? "/dependency" : "/iso8601", body: json)
        guard answer.status == 204 || answer.status == 200 else {
            throw ClusterError(.invalid, "Chronos refuses job \(name) (\(answer.status)): \(answer.text)")
        }
        let due = json["schedule"]?.string.flatMap { try? RepeatingInterval($0).start }.flatMap { Timestamp($0.description) }
        say("job \(name): \(isDependent ? "waits for its parents" : due.map { "due \($0)" } ?? "due now")")
        return SubmittedJob(
            name: name, due: due, lastSuccess: before?["lastSuccess"]?.string, errorCount: before?["errorCount"]?.int ?? 0,
            time: Timestamp(milliseconds: UnixTime.nowMilliseconds))
    }

    private func follow(_ submitted: SubmittedJob) async throws(ClusterError) {
        let name = submitted.name
        var failures = 0
        try await wait("job \(name)") { () throws(ClusterError) in
            guard let job = try? await api.job(name) else { return (false, "Chronos does not answer") }
            let success = job["lastSuccess"]?.string ?? ""
            if success != "" && success != submitted.lastSuccess { return (true, "") }
            // Chronos counts an error when a run has used up its retries.
            guard job["errorCount"]?.int ?? 0 <= submitted.errorCount else { throw await failure(of: name) }
            let failed = (try? await api.failures(ofTask: "ChronosTask:\(name)", since: submitted.time)) ?? 0
            if failed > failures {
                failures = failed
                say("job \(name): attempt \(failed) failed, Chronos tries again; the reason: 'mesos-cluster logs chronos'")
            }
            return (false, failed > 0 ? "its \(failed) attempts failed" : "it has not finished yet")
        }
        say("job \(name): succeeded")
        if let output = try await api.output(ofTask: "ChronosTask:\(name)") {
            for line in output.split(separator: "\n") { say("    \(line)") }
        }
    }

    private func failure(of job: String) async -> ClusterError {
        let errors = (try? await api.output(ofTask: "ChronosTask:\(job)", file: "stderr")) ?? ""
        let lines = errors.split(separator: "\n").suffix(10).map { "\n    \($0)" }.joined()
        return ClusterError(
            .unavailable, "job \(job) failed, and its retries too" + (lines.isEmpty ? "" : "; its stderr ends with:\(lines)"))
    }

    /// Looks every 200 ms until the look is content; nothing announces what it waits for to a client.
    private func wait(_ what: String, until look: () async throws(ClusterError) -> (Bool, String)) async throws(ClusterError) {
        while true {
            let (isDone, reason) = try await look()
            if isDone { return }
            guard ContinuousClock.now < deadline else { throw ClusterError(.timeout, "\(what) is not there in time: \(reason)") }
            try? await Task.sleep(for: .milliseconds(200))
        }
    }
}
