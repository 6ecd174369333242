/// The pauses between tries to subscribe: doubled each time, jittered by half, so that schedulers don't return in step.
struct SubscriptionBackoff {
    let bounds: ClosedRange<Duration>
    private var next: Duration

    init(_ bounds: ClosedRange<Duration>) {
        self.bounds = bounds
        next = bounds.lowerBound
    }

    mutating func pause(random: Double = .random(in: 0.5...1)) -> Duration {
        defer { next = min(next * 2, bounds.upperBound) }
        return next * random
    }

    mutating func reset() { next = bounds.lowerBound }
}
