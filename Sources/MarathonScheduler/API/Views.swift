import JSON
import Marathon

/// What an answer about apps shows beside their definitions (`embed=`).
struct Embedding: Sendable, Hashable {
    var counts = true
    var deployments = true
    var tasks = false
    var lastTaskFailure = false
    var readiness = false
    var taskStats = false

    /// Of `embed` values with a prefix such as `apps.` or `group.apps.`.
    init(_ values: [String], prefix: String) {
        for value in values where value.hasPrefix(prefix) {
            switch value.dropFirst(prefix.count) {
            case "tasks": tasks = true
            case "lastTaskFailure": lastTaskFailure = true
            case "failures":
                lastTaskFailure = true
                tasks = true
            case "readiness": readiness = true
            case "taskStats": taskStats = true
            default: break
            }
        }
    }

    /// Everything about one app.
    static let full = {
        var all = Embedding([], prefix: "")
        all.tasks = true
        all.lastTaskFailure = true
        return all
    }()
}

/// The JSON of the API.
extension SchedulerCore {
    /// An app with what is asked for.
    func json(_ app: App, _ embedding: Embedding, now: Timestamp) -> JSON {
        var object = app.json.object ?? JSONObject()
        let tasks = instances(of: app.id)
        if embedding.counts {
            let counts = counts(tasks)
            object["tasksStaged"] = .number(counts.staged)
            object["tasksRunning"] = .number(counts.running)
            object["tasksHealthy"] = .number(counts.healthy)
            object["tasksUnhealthy"] = .number(counts.unhealthy)
        }
        if embedding.deployments {
            object["deployments"] = .array(
                deployments.filter { $0.affectedApps.contains(app.id) }.map { ["id": .string($0.id)] })
        }
        if embedding.readiness { object["readinessCheckResults"] = .array(readinessResults(app.id)) }
        if embedding.lastTaskFailure { object["lastTaskFailure"] = failures[app.id]?.json }
        if embedding.tasks { object["tasks"] = .array(tasks.map(json)) }
        if embedding.taskStats { object["taskStats"] = taskStatistics(app, tasks, now) }
        return .object(object)
    }

    private func counts(_ tasks: [Instance]) -> (staged: Int, running: Int, healthy: Int, unhealthy: Int) {
        var counts = (staged: 0, running: 0, healthy: 0, unhealthy: 0)
        for task in tasks {
            switch task.condition {
            case .created, .staging: counts.staged += 1
            case .running: counts.running += 1
            default: continue
            }
            guard task.condition == .running, let checks = app(of: task)?.healthChecks.count, let tracker = health[task.taskID] else {
                continue
            }
            if tracker.isHealthy(checks: checks) {
                counts.healthy += 1
            } else if tracker.isUnhealthy(checks: checks) {
                counts.unhealthy += 1
            }
        }
        return counts
    }

    /// A task.
    func json(_ instance: Instance) -> JSON {
        let app = app(of: instance)
        return .members([
            "ipAddresses": .array(instance.ipAddresses.map(Self.address)),
            "stagedAt": .string(instance.stagedAt.description),
            "state": .string(instance.condition.taskState),
            "ports": .array(instance.hostPorts.map { .number($0) }),
            "startedAt": instance.startedAt.map { .string($0.description) },
            "version": .string(instance.appVersion.description),
            "id": .string(instance.taskID),
            "appId": .string(instance.appID.description),
            "slaveId": .string(instance.agentID),
            "host": .string(instance.host),
            "servicePorts": app.map { .array($0.servicePorts.map { .number($0) }) },
            "healthCheckResults": health[instance.taskID].flatMap { $0.records.isEmpty ? nil : $0.json(instance) },
        ])
    }

    private func taskStatistics(_ app: App, _ tasks: [Instance], _ now: Timestamp) -> JSON {
        func statistics(_ tasks: [Instance]) -> JSON? {
            guard !tasks.isEmpty else { return nil }
            let counts = counts(tasks)
            let lives = tasks.compactMap { $0.startedAt.map { now.seconds(since: $0) } }.sorted()
            return [
                "stats": .members([
                    "counts": [
                        "staged": .number(counts.staged), "running": .number(counts.running), "healthy": .number(counts.healthy),
                        "unhealthy": .number(counts.unhealthy),
                    ],
                    "lifeTime": lives.isEmpty
                        ? nil
                        : [
                            "averageSeconds": .double(lives.reduce(0, +) / Double(lives.count)),
                            "medianSeconds": .double(lives[lives.count / 2]),
                        ],
                ])
            ]
        }
        return .members([
            "startedAfterLastScaling": statistics(tasks.filter { $0.stagedAt >= app.lastScalingAt }),
            "withLatestConfig": statistics(tasks.filter { isCurrent($0, app) }),
            "withOutdatedConfig": statistics(tasks.filter { !isCurrent($0, app) }),
            "totalSummary": statistics(tasks),
        ])
    }

    /// A group with what is in it.
    func json(_ id: PathID, embed: [String], now: Timestamp) -> JSON {
        let showsAll = embed.isEmpty
        let apps = Embedding(embed, prefix: "group.apps.")
        let showsApps = showsAll || embed.contains { $0.hasPrefix("group.apps") }
        let showsGroups = showsAll || embed.contains("group.groups")
        let showsPods = showsAll || embed.contains("group.pods")
        return groupJSON(id, showsApps ? apps : nil, showsGroups, showsPods, isPlain: !embed.contains { $0.hasPrefix("group.apps.") }, now)
    }

    private func groupJSON(
        _ id: PathID, _ apps: Embedding?, _ showsGroups: Bool, _ showsPods: Bool, isPlain: Bool, _ now: Timestamp
    ) -> JSON {
        .members([
            "id": .string(id.description),
            "apps": apps.map { embedding in .array(root.childApps(of: id).map { isPlain ? $0.json : json($0, embedding, now: now) }) },
            "groups": showsGroups
                ? .array(root.childGroups(of: id).map { groupJSON($0, apps, showsGroups, showsPods, isPlain: isPlain, now) }) : nil,
            "dependencies": .array((root.groups[id]?.dependencies ?? []).map { .string($0.description) }),
            "version": .string((root.groups[id]?.version ?? now).description),
            "pods": showsPods ? [] : nil,
        ])
    }

    /// `/v2/queue`.
    func queueJSON(now: Timestamp) -> JSON {
        let entries = queue.sorted { $0.key < $1.key }.compactMap { id, entry -> JSON? in
            guard entry.count > 0, let app = root.apps[id] else { return nil }
            let delay = backoff.delayedUntil(app, now: now)
            let total = entry.offers.processed
            let reasons = OfferMatcher.Mismatch.allCases.map { reason -> JSON in
                [
                    "reason": .string(reason.rawValue), "declined": .number(entry.offers.mismatches[reason] ?? 0),
                    "processed": .number(total),
                ]
            }
            return [
                "count": .number(entry.count),
                "delay": [
                    "timeLeftSeconds": .int(delay.map { Int64($0.seconds(since: now).rounded(.up)) } ?? 0), "overdue": .bool(delay == nil),
                ],
                "since": .string(entry.since.description),
                "processedOffersSummary": .members([
                    "processedOffersCount": .number(total), "unusedOffersCount": .number(entry.offers.unused),
                    "lastUnusedOfferAt": entry.offers.lastUnusedAt.map { .string($0.description) },
                    "lastUsedOfferAt": entry.offers.lastUsedAt.map { .string($0.description) },
                    "rejectSummaryLastOffers": .array(reasons), "rejectSummaryLaunchAttempt": .array(reasons),
                ]),
                "app": app.json,
            ]
        }
        return ["queue": .array(entries)]
    }

    /// The tab-separated list of tasks by service port.
    func tasksText(_ apps: [App]) -> String {
        var text = ""
        for app in apps {
            let running = instances(of: app.id).filter { $0.condition == .running || $0.condition == .starting }
            if app.servicePorts.isEmpty {
                text += "\(app.id.safePath)\t \t\(running.map { "\($0.host) " }.joined())\n"
                continue
            }
            for (index, port) in app.servicePorts.enumerated() {
                let ends = running.filter { $0.hostPorts.indices.contains(index) }.map { "\($0.host):\($0.hostPorts[index])\t" }
                text += "\(app.id.safePath)\t\(port)\t\(ends.joined())\n"
            }
        }
        return text
    }
}
