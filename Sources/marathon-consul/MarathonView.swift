import Marathon

/// Marathon's apps and tasks as the bridge believes them: snapshots and events in, by whatever order they come. Pure.
///
/// All times are Marathon's own: the bridge is active beside the leader only, on its host and clock. A snapshot contains every change
/// that was announced before it was asked for (`asOf`); what an event says is news only where it is later than that, and later than
/// what was last heard of the task. So an event that comes late cannot bring back what has ended.
struct MarathonView: Sendable {
    private(set) var apps: [String: BridgedApp] = [:]
    private(set) var tasks: [String: BridgedTask] = [:]
    /// What a task's status and its health were last told by.
    private var changed: [String: Timestamp] = [:]
    private var healthChanged: [String: Timestamp] = [:]
    /// Tasks that have ended, until a snapshot agrees.
    private var ended: [String: Timestamp] = [:]
    private var endedApps: [String: Timestamp] = [:]
    /// When the last snapshot was asked for, and when it was there.
    private(set) var asOf: Timestamp?
    private var horizon: Timestamp?
    /// The latest time that anything told.
    private var newest: Timestamp?
    /// A snapshot asked for later than this would tell what is unclear now.
    private var unclear: Timestamp?

    /// True where only another snapshot tells what is so.
    var needsSnapshot: Bool { asOf == nil || unclear.map { $0 >= (asOf ?? $0) } ?? false }

    // MARK: snapshots

    /// What the clock may differ by where it runs on: events and questions are stamped by two processes.
    private static let jitter: Int64 = 1000

    /// Takes a snapshot in. They come in the order in which they were asked for: one that was asked for earlier than the last, or came
    /// earlier than what is known, tells that the clock was set back. Then nothing of before can be compared with what comes.
    mutating func take(_ snapshot: MarathonSnapshot, asked: Timestamp, came: Timestamp) {
        if asOf.map({ asked < $0 }) ?? false || isAhead(of: came) {
            self = MarathonView()
            // What happened between question and answer is in the next one.
            look(max(asked, came))
        }
        newest = max(newest ?? asked, asked, came)
        var next: [String: BridgedTask] = [:]
        for (id, told) in snapshot.tasks {
            if let end = ended[id] {
                // Ended for good, unless it was launched again under the same id since (tasks with volumes, up to Marathon 1.7).
                guard let staged = told.staged, staged > end else { continue }
                ended[id] = nil
            }
            next[id] = merged(told, asked: asked)
        }
        for (id, task) in tasks where next[id] == nil && ended[id] == nil {
            // An event told of it after the snapshot was asked for.
            if let last = changed[id], last > asked { next[id] = task }
        }
        tasks = next
        changed = changed.filter { next[$0.key] != nil }
        healthChanged = healthChanged.filter { next[$0.key] != nil }
        for id in next.keys where changed[id] == nil { changed[id] = asked }
        ended = ended.filter { $0.value >= asked || snapshot.tasks[$0.key] != nil }
        takeApps(snapshot.apps, asked: asked)
        asOf = asked
        horizon = max(came, asked)
        if let unclear, unclear < asked { self.unclear = nil }
    }

    private func merged(_ told: BridgedTask, asked: Timestamp) -> BridgedTask {
        guard let before = tasks[told.id] else { return told }
        var task = told
        // What an event told is not written again with another time.
        task.timestamp = before.timestamp
        if let last = changed[told.id], last > asked { task.status = before.status }
        if let last = healthChanged[told.id], last > asked { task.alive = before.alive }
        return task
    }

    private mutating func takeApps(_ told: [String: BridgedApp], asked: Timestamp) {
        apps = told.filter { id, app in
            guard let end = endedApps[id], end >= asked else { return true }
            return app.version.map { $0 > end } ?? false
        }
        endedApps = endedApps.filter { $0.value >= asked }
    }

    // MARK: events

    /// Takes an event in.
    mutating func take(_ event: MarathonEvent) {
        newest = max(newest ?? event.at, event.at)
        switch event {
        case .status(let task, let at): take(task, at)
        case .health(let instance, let isAlive, let isOverall, let at): takeHealth(instance, isAlive, isOverall, at)
        case .appEnded(let id, let at): endApp(id, at)
        case .unclear(let at): look(at)
        }
    }

    /// True where the clock was set back since the last snapshot: only a new one tells what is so.
    func isAhead(of now: Timestamp) -> Bool { newest.map { $0.milliseconds > now.milliseconds + Self.jitter } ?? false }

    private mutating func look(_ at: Timestamp) { unclear = max(unclear ?? at, at) }

    private static let terminal: Set<String> = [
        "TASK_FINISHED", "TASK_FAILED", "TASK_KILLED", "TASK_LOST", "TASK_ERROR", "TASK_DROPPED", "TASK_GONE", "TASK_GONE_BY_OPERATOR",
        "TASK_UNKNOWN",
    ]

    private mutating func take(_ news: BridgedTask, _ at: Timestamp) {
        if Self.terminal.contains(news.status) { return end(news.id, at) }
        if ended[news.id] != nil {
            // Only a snapshot proves that it was launched again.
            if let end = ended[news.id], at > end { look(at) }
            return
        }
        if var task = tasks[news.id] {
            guard at >= changed[news.id] ?? at else { return }
            task.status = news.status
            task.timestamp = news.timestamp
            if !news.host.isEmpty { task.host = news.host }
            if !news.slaveID.isEmpty { task.slaveID = news.slaveID }
            if !news.ports.isEmpty { task.ports = news.ports }
            if !news.version.isEmpty { task.version = news.version }
            tasks[news.id] = task
            changed[news.id] = at
            return
        }
        guard let asOf, let horizon, at > asOf else {
            if asOf == nil { look(at) }
            return
        }
        // Between the question and the answer nobody knows what came first.
        guard at > horizon, apps[news.appID] != nil, endedApps[news.appID] == nil else { return look(at) }
        tasks[news.id] = news
        changed[news.id] = at
    }

    private mutating func end(_ id: String, _ at: Timestamp) {
        if tasks[id] != nil {
            guard at >= changed[id] ?? at else {
                // Told of an end before what is known now: of an earlier life, or the clock was set.
                return look(at)
            }
            tasks[id] = nil
            changed[id] = nil
            healthChanged[id] = nil
        } else if let asOf, at < asOf {
            return
        }
        ended[id] = max(ended[id] ?? at, at)
    }

    private mutating func takeHealth(_ instance: String, _ isAlive: Bool, _ isOverall: Bool, _ at: Timestamp) {
        guard let id = tasks[instance] != nil ? instance : tasks.keys.first(where: { MarathonEvent.names(instance, $0) }) else { return }
        guard at >= healthChanged[id] ?? asOf ?? at, var task = tasks[id] else { return }
        let count = max(apps[task.appID]?.checkCount ?? 1, 1)
        if isAlive, !isOverall, count > 1 {
            // One of several: the others may fail.
            return look(at)
        }
        task.alive = Array(repeating: isAlive, count: count)
        tasks[id] = task
        healthChanged[id] = at
    }

    private mutating func endApp(_ id: String, _ at: Timestamp) {
        guard at >= asOf ?? at else { return }
        if let version = apps[id]?.version, version > at { return }
        apps[id] = nil
        endedApps[id] = at
        for (task, known) in tasks where known.appID == id {
            tasks[task] = nil
            changed[task] = nil
            healthChanged[task] = nil
            ended[task] = at
        }
    }

    /// Whether requests may be sent to the task: it runs and, where its configuration has checks, all of them pass.
    func isRoutable(_ task: BridgedTask) -> Bool {
        guard task.status == "TASK_RUNNING", !task.alive.contains(false) else { return false }
        guard let app = apps[task.appID], app.checkCount > 0 else { return true }
        // A task of before the checks were changed has those of then.
        if let configured = app.configured, let own = Timestamp(task.version), own < configured { return true }
        return task.alive.count >= app.checkCount
    }
}
