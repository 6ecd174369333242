import Chronos
import JSON
import Mesos

/// Puts queued runs on offers.
struct OfferPlanner {
    /// What a task takes.
    struct Demand: Sendable, Hashable {
        var cpus: Double
        var mem: Double
        var disk: Double
        var gpus: Double
    }

    /// What becomes of the offers.
    struct Plan: Sendable {
        /// Offers to accept, with the tasks to launch.
        var accepts: [(offer: String, tasks: [TaskInfo])] = []
        /// Offers to decline.
        var declines: [String] = []
    }

    /// What is left of an offer.
    private struct Room {
        let offer: Offer
        var rest: Resources
        var tasks: [TaskInfo] = []
    }
    private var rooms: [Room]
    /// What no offer had room for: the rooms only shrink, so it needs no second look.
    private var tooLarge: Set<Demand> = []

    init(offers: [Offer]) {
        // The largest first, so that a run which fits anywhere is found a place at once.
        rooms = offers.map { Room(offer: $0, rest: $0.resources) }.sorted { left, right in
            (left.rest.cpus, left.rest.mem, right.offer.id) > (right.rest.cpus, right.rest.mem, left.offer.id)
        }
    }

    /// Finds an offer for a task.
    /// - Parameter make: makes the task for an agent and its resources.
    /// - Returns: the agent's id; nil where no offer has room or meets the constraints.
    mutating func place(
        _ demand: Demand, constraints: [ChronosJob.Constraint], make: (Offer, Resources) -> TaskInfo
    ) -> String? {
        guard !tooLarge.contains(demand) else { return nil }
        for index in rooms.indices {
            let offer = rooms[index].offer
            guard let resources = rooms[index].rest.taking(demand), constraints.allSatisfy({ $0.holds(on: offer) }) else { continue }
            rooms[index].rest -= resources
            rooms[index].tasks.append(make(offer, resources))
            return offer.agentID
        }
        if constraints.isEmpty { tooLarge.insert(demand) }
        return nil
    }

    var plan: Plan {
        var plan = Plan()
        for room in rooms {
            if room.tasks.isEmpty { plan.declines.append(room.offer.id) } else { plan.accepts.append((room.offer.id, room.tasks)) }
        }
        return plan
    }
}

extension Resources {
    /// Picks what is wanted, from reserved resources first; nil where there is too little. Special resources (persistent volumes,
    /// revocable ones) are left alone.
    fileprivate func taking(_ demand: OfferPlanner.Demand) -> Resources? {
        var taken: [Resource] = []
        for (name, amount) in [("cpus", demand.cpus), ("mem", demand.mem), ("disk", demand.disk), ("gpus", demand.gpus)] where amount > 0 {
            var missing = Scalar(amount)
            let candidates = items.filter { $0.name == name && $0.further.isEmpty }.sorted { $0.role != "*" && $1.role == "*" }
            for var item in candidates where missing > .zero {
                guard case .scalar(let available) = item.value else { continue }
                let part = available < missing ? available : missing
                item.value = .scalar(part)
                taken.append(item)
                missing = missing - part
            }
            guard missing == .zero else { return nil }
        }
        return Resources(taken)
    }
}

extension ChronosJob.Constraint {
    /// True where the agent of this offer is allowed. An agent without the attribute fails all but `UNLIKE`.
    func holds(on offer: Offer) -> Bool {
        var values = offer.attributes.filter { $0.name == attribute }.map(\.text)
        if attribute == "hostname" { values.append(offer.hostname) }
        switch comparison {
        case .equals, .cluster: return values.contains(value)
        case .like: return values.contains(where: matches)
        case .unlike: return !values.contains(where: matches)
        }
    }

    /// A pattern that can't be read matches nothing; `put` refuses it before.
    private func matches(_ text: String) -> Bool {
        guard let pattern = try? Regex(value) else { return false }
        return text.wholeMatch(of: pattern) != nil
    }

    /// True where the value is a regular expression that can be read, or needs none.
    var isReadable: Bool {
        switch comparison {
        case .equals, .cluster: true
        case .like, .unlike: (try? Regex(value)) != nil
        }
    }
}
