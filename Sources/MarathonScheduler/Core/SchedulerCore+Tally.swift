import Marathon

/// How many tasks of one version of an app there are, by how far they have come. Kept along with the tasks, so that a status of one of a
/// thousand need not look at the others.
struct Tally: Sendable, Hashable {
    /// All that are known.
    var all = 0
    /// Those that count towards the app's scale.
    var active = 0
    /// Those that were asked to end.
    var killing = 0
    /// Those that a deployment may count on.
    var ready = 0
    /// Those that are unreachable and waited for, and had come to run before.
    var awaited = 0
    /// Those that are unreachable and replaced.
    var inactive = 0

    /// Those that are there as far as is known.
    var present: Int { all - inactive }

    static func + (left: Tally, right: Tally) -> Tally { left.adding(right, times: 1) }
    static func - (left: Tally, right: Tally) -> Tally { left.adding(right, times: -1) }

    private func adding(_ other: Tally, times factor: Int) -> Tally {
        var sum = self
        sum.all += other.all * factor
        sum.active += other.active * factor
        sum.killing += other.killing * factor
        sum.ready += other.ready * factor
        sum.awaited += other.awaited * factor
        sum.inactive += other.inactive * factor
        return sum
    }
}

extension SchedulerCore {
    /// All tasks of an app.
    func tally(of app: PathID) -> Tally { (tallies[app] ?? [:]).values.reduce(Tally(), +) }

    /// Tasks of an app that are what it asks for now, and the others.
    func tallies(of app: App) -> (current: Tally, old: Tally) {
        var sums = (current: Tally(), old: Tally())
        for (version, tally) in tallies[app.id] ?? [:] {
            if isCurrent(version, app) { sums.current = sums.current + tally } else { sums.old = sums.old + tally }
        }
        return sums
    }

    /// Counts a task anew. To be called whenever it, its health or its readiness has changed, or it is gone.
    mutating func recount(_ taskID: String, of app: PathID, _ version: Timestamp) {
        let before = marks[taskID] ?? Tally()
        let now = instances[taskID].map(mark)
        marks[taskID] = now
        let tally = (tallies[app]?[version] ?? Tally()) - before + (now ?? Tally())
        tallies[app, default: [:]][version] = tally == Tally() ? nil : tally
        if tallies[app]?.isEmpty == true { tallies[app] = nil }
    }

    /// What a task counts as.
    func mark(_ instance: Instance) -> Tally {
        Tally(
            all: 1, active: instance.isActive ? 1 : 0, killing: instance.condition == .killing ? 1 : 0, ready: isReady(instance) ? 1 : 0,
            awaited: instance.condition == .unreachable && instance.startedAt != nil ? 1 : 0,
            inactive: instance.condition == .unreachableInactive ? 1 : 0)
    }
}
