/// Decides from single observations whether HAProxy counts as ready. Pure.
///
/// A plain "no" (not ready, or nobody listens) counts at once: each half second of doubt is a half second without service. Silence
/// counts when it repeats, as a busy host may be slow once. "Yes" must repeat, so that a HAProxy that comes and goes does not drag the
/// virtual addresses to and fro.
struct HAProxyTracker: Sendable, Hashable {
    /// What one look saw.
    enum Observation: Sendable, Hashable {
        case ready
        case notReady(String)
        case silent(String)

        var isReady: Bool { self == .ready }
    }

    /// Not ready until it was seen to be.
    private(set) var isReady = false
    /// Why it is not ready; nil while it is.
    private(set) var reason: String? = "HAProxy has not been asked yet"
    private var successes = 0
    private var silences = 0

    /// How many times in a row "yes" and silence must be seen.
    static let rise = 2
    static let fall = 2

    /// Takes an observation. Returns true where the verdict changed.
    mutating func observe(_ observation: Observation) -> Bool {
        let before = isReady
        switch observation {
        case .ready:
            silences = 0
            successes += 1
            if successes >= Self.rise { isReady = true }
        case .notReady(let why):
            successes = 0
            silences = 0
            isReady = false
            reason = why
        case .silent(let why):
            successes = 0
            silences += 1
            if silences >= Self.fall { isReady = false }
            if !isReady { reason = why }
        }
        if isReady { reason = nil } else if case .ready = observation { reason = "HAProxy has become ready just now" }
        return isReady != before
    }
}
