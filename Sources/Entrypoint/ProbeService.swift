import Checks
import ClusterCore
import Glibc
import HTTPServer
import JSON
import Supervision

/// Answers the probes of one run.
struct ProbeService: Sendable {
    let plan: LaunchPlan
    let runner: ChecksRunner
    let status: RunStatus
    let metrics: MetricsRegistry

    init(plan: LaunchPlan, status: RunStatus, metrics: MetricsRegistry) {
        self.plan = plan
        self.status = status
        self.metrics = metrics
        let own = [status.processCheck()] + plan.companions.map { status.companionCheck($0.name) }
        runner = ChecksRunner(checks: plan.checks, always: own, role: plan.role, pausedReason: { await status.pausedReason() })
    }

    func answer(_ request: HTTPServer.Request) async -> HTTPServer.Response {
        switch request.path {
        case "/live": await live()
        case "/ready":
            if let watch = ReadinessWatch(query: request.query) { await ready(watch) } else { readiness(await runner.summary()) }
        case "/role": await role()
        case "/probe": await all()
        case "/status": .json(await statusDocument())
        case "/metrics": .init(contentType: "text/plain; version=0.0.4; charset=utf-8", text: await metricsText())
        default:
            .init(
                status: 404, contentType: "text/plain",
                text: "there are /live, /ready, /role, /probe (all three), /status and /metrics\n")
        }
    }

    private func live() async -> HTTPServer.Response {
        let summary = await runner.summary()
        return .json(summary.json(.live, component: plan.component), status: summary.isPassing(.live) ? 200 : 503)
    }

    /// Says that `ReadinessWatch` is understood here, so that an asker needs no other way to find out.
    private func readiness(_ summary: ChecksRunner.Summary) -> HTTPServer.Response {
        status.isSeenReady(summary.isPassing(.ready))
        var object = summary.json(.ready, component: plan.component).object ?? [:]
        object["watchable"] = true
        return .json(.object(object), status: summary.isPassing(.ready) ? 200 : 503)
    }

    /// How often a component is asked while somebody watches: a child that runs but does not answer rings no bell.
    private static let watchInterval = Duration.seconds(1)

    private func ready(_ watch: ReadinessWatch) async -> HTTPServer.Response {
        let deadline = ContinuousClock.now + watch.wait
        status.watcherHasAsked()
        defer { status.watcherHasLeft() }
        while true {
            let seen = status.changes.count
            let summary = await runner.summary(.ready)
            let isReady = summary.isPassing(.ready)
            status.isSeenReady(isReady)
            let left = deadline - .now
            guard left > .zero, watch.known == isReady, !Task.isCancelled else {
                return readiness(summary)
            }
            _ = await Deadline.run(min(left, Self.watchInterval)) { [status] in await status.changes.wait(after: seen) }
        }
    }

    private func role() async -> HTTPServer.Response {
        guard let (role, age) = await runner.role() else {
            return .json(["component": .string(plan.component), "role": "member", "detail": .null, "age_ms": 0])
        }
        return .json(role.json(component: plan.component, age: age))
    }

    /// All three in one answer, always with status 200.
    private func all() async -> HTTPServer.Response {
        async let asked = runner.role()
        let summary = await runner.summary()
        let role = await asked?.role
        let failures = summary.failures(.live) + summary.failures(.ready).filter { !summary.failures(.live).contains($0) }
        return .json([
            "component": .string(plan.component), "live": .bool(summary.isPassing(.live)), "ready": .bool(summary.isPassing(.ready)),
            "role": .string(role?.name ?? "member"), "detail": (role?.detail).map { .string($0) } ?? .null,
            "reason": failures.isEmpty ? .null : .string(failures.joined(separator: "; ")),
            "restarts": .number(await status.supervisor?.restarts ?? 0),
            "last_end": (await status.supervisor?.lastTermination).map { .string($0.description) } ?? .null,
            "checks": .array(summary.reports.map(\.json)),
        ])
    }

    private func statusDocument() async -> JSON {
        let supervisor = status.supervisor
        // A component without a child is the entrypoint itself.
        var pid: Int32? = plan.argv.isEmpty ? getpid() : nil
        var childUptime: Duration?
        if case .running(let running, let since) = await supervisor?.phase {
            pid = running
            childUptime = ContinuousClock.now - since
        }
        let last = await supervisor?.lastTermination
        let own = await plan.status?()
        return .members([
            "component": .string(plan.component), "version": .string(ProjectVersion.text),
            "uptime_ms": .int(status.uptime.milliseconds), "pid": pid.map { .int(Int64($0)) },
            "child_uptime_ms": childUptime.map { .int($0.milliseconds) }, "restarts": .number(await supervisor?.restarts ?? 0),
            "last_end": last.map { .string($0.description) }, "paused": await status.pausedReason().map { .string($0) },
            "notes": .array(plan.notes.map { .string($0) }), "status": own,
        ])
    }

    private func metricsText() async -> String {
        async let asked = runner.role()
        let summary = await runner.summary()
        let supervisor = status.supervisor
        var uptime = 0.0
        if case .running(_, let since) = await supervisor?.phase { uptime = (ContinuousClock.now - since).seconds }
        let labels = ["component": plan.component]
        func set(_ name: String, _ help: String, _ value: Double) async {
            await metrics.set("entrypoint_\(name)", help: help, labels: labels, to: value)
        }
        await set("live", "1 where the live probe passes", summary.isPassing(.live) ? 1 : 0)
        await set("ready", "1 where the ready probe passes", summary.isPassing(.ready) ? 1 : 0)
        await set("child_restarts", "how often the component was started again", Double(await supervisor?.restarts ?? 0))
        await set("child_uptime_seconds", "how long the component has run; 0 where it does not", uptime)
        await set("uptime_seconds", "how long the entrypoint has run", status.uptime.seconds)
        await set("orphans_reaped", "adopted processes that have ended", Double(ProcessReaper.shared.orphansReaped))
        func samples(_ value: (ChecksRunner.Report) -> Double) -> [[String: String]: Double] {
            let pairs = summary.reports.map { (labels.merging(["check": $0.name]) { own, _ in own }, value($0)) }
            return Dictionary(pairs) { first, _ in first }
        }
        await metrics.replace("entrypoint_check_passed", help: "1 where the check passes", samples: samples { $0.status == .pass ? 1 : 0 })
        await metrics.replace("entrypoint_check_age_seconds", help: "age of the check's answer", samples: samples { $0.age.seconds })
        if let role = await asked?.role {
            let word = ["component": plan.component, "role": role.name]
            await metrics.replace("entrypoint_role", help: "1 for the role that the component has now", samples: [word: 1])
        }
        return await metrics.prometheusText()
    }
}

extension HTTPServer.Response {
    fileprivate static func json(_ json: JSON, status: Int = 200) -> HTTPServer.Response { .init(status: status, text: json.text() + "\n") }
}
