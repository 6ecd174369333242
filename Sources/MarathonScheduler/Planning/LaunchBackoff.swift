import Marathon

/// Slows down the launches of an app whose tasks fail: backoffSeconds × backoffFactor^failures, at most maxLaunchDelaySeconds. A changed
/// configuration starts afresh, a changed scale does not.
struct LaunchBackoff: Sendable {
    private struct Delay {
        let configuration: Timestamp
        var seconds: Double
        var until: Timestamp
    }
    private var delays: [PathID: Delay] = [:]

    /// A task of that configuration failed.
    mutating func addFailure(of app: App, now: Timestamp) {
        let first = Double(app.backoffSeconds)
        var seconds = min(first, Double(app.maxLaunchDelaySeconds))
        if let known = delays[app.id], known.configuration == app.lastConfigChangeAt {
            // A failure long after the delay was over is not one of a row.
            if now.seconds(since: known.until) < Double(app.maxLaunchDelaySeconds) {
                seconds = min(known.seconds * app.backoffFactor, Double(app.maxLaunchDelaySeconds))
            }
        }
        delays[app.id] = Delay(configuration: app.lastConfigChangeAt, seconds: seconds, until: now.adding(seconds: seconds))
    }

    /// When the next task may be launched; nil for now.
    func delayedUntil(_ app: App, now: Timestamp) -> Timestamp? {
        guard let delay = delays[app.id], delay.configuration == app.lastConfigChangeAt, delay.until > now else { return nil }
        return delay.until
    }

    /// Forgets the failures of an app.
    mutating func reset(_ app: PathID) { delays[app] = nil }
}
