import Marathon

/// How many old tasks to kill and new ones to start now, so that an upgrade keeps its promises (facts of Marathon's TaskReplaceActor,
/// the same from 1.1.1 to 1.5): at least `ceil(instances × minimumHealthCapacity)` healthy, at most
/// `floor(instances × (1 + maximumOverCapacity))` running, and always room for one step forward.
///
/// It looks at what is, not at what was done before, so a new leader carries on from any point.
struct RollingRestart: Hashable {
    /// Old tasks to kill now.
    let kill: Int
    /// New tasks to start now.
    let launch: Int
    /// True where nothing is left to do.
    let isDone: Bool

    /// - Parameters:
    ///   - oldActive: tasks of earlier versions that were not asked to end.
    ///   - oldAll: those, and the ones that still have to end.
    ///   - new: tasks of the new version, started or about to.
    ///   - newReady: those of them that run, are healthy and are ready, or were before their agent became unreachable.
    init(instances: Int, strategy: UpgradeStrategy, oldActive: Int, oldAll: Int, new: Int, newReady: Int) {
        let minimum = Int((Double(instances) * strategy.minimumHealthCapacity).rounded(.up))
        var maximum = Int((Double(instances) * (1 + strategy.maximumOverCapacity)).rounded(.down))
        // Neither killing nor starting would be allowed: one more may run.
        if minimum == maximum, maximum <= oldAll + new { maximum += 1 }
        let keep = max(0, minimum - newReady)
        kill = max(0, oldActive - keep)
        launch = max(0, min(instances - new, maximum - oldAll - new))
        isDone = oldAll == 0 && newReady >= instances && new == instances
    }
}
