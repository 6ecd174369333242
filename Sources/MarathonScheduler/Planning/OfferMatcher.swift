import JSON
import Marathon
import Mesos

/// Matches offers with the apps that want tasks. Pure: all randomness comes from the generator given in.
struct OfferMatcher {
    /// An app that wants tasks.
    struct Demand: Sendable {
        let app: App
        var count: Int
        /// Tasks that constraints must look at.
        var placed: [Instance]
    }

    /// A task that fits an offer.
    struct Launch: Sendable, Hashable {
        let app: App
        let hostPorts: [Int]
        let resources: Resources
    }

    /// Why an offer was of no use to an app (the reasons of `rejectSummaryLastOffers`).
    enum Mismatch: String, Error, CaseIterable {
        case role = "UnfulfilledRole"
        case constraint = "UnfulfilledConstraint"
        case cpus = "InsufficientCpus"
        case mem = "InsufficientMemory"
        case disk = "InsufficientDisk"
        case gpus = "InsufficientGpus"
        case ports = "InsufficientPorts"
    }

    /// Roles whose resources an app takes where it does not say so itself.
    let acceptedRoles: Set<String>
    /// At most so many tasks on one offer; nil for as many as fit.
    var limitPerOffer: Int?

    /// The tasks to launch on one offer, in order, and why each app that still wants more gets none.
    func match(
        _ offer: Offer, _ demands: inout [Demand], random: inout some RandomNumberGenerator,
        launched: (Launch) -> Instance
    ) -> (launches: [Launch], mismatches: [PathID: Mismatch]) {
        var free = offer.resources
        var launches: [Launch] = []
        var mismatches: [PathID: Mismatch] = [:]
        let place = ConstraintMatcher.Place(host: offer.hostname, attributes: offer.textAttributes)
        for index in demands.indices {
            while demands[index].count > 0, launches.count < (limitPerOffer ?? .max) {
                switch fit(demands[index], free, place, &random) {
                case .failure(let mismatch): mismatches[demands[index].app.id] = mismatch
                case .success(let launch):
                    free -= launch.resources
                    launches.append(launch)
                    demands[index].count -= 1
                    demands[index].placed.append(launched(launch))
                    continue
                }
                break
            }
        }
        return (launches, mismatches)
    }

    private func fit(
        _ demand: Demand, _ free: Resources, _ place: ConstraintMatcher.Place, _ random: inout some RandomNumberGenerator
    ) -> Result<Launch, Mismatch> {
        let app = demand.app
        let roles = app.acceptedResourceRoles.map(Set.init) ?? acceptedRoles
        let usable = free.items.filter { roles.contains($0.role) && !$0.isRevocableOrVolume }
        guard !usable.isEmpty else { return .failure(.role) }
        guard ConstraintMatcher.unmet(app.constraints, at: place, others: demand.placed) == nil else { return .failure(.constraint) }
        var taken: [Resource] = []
        for (name, amount, mismatch) in [
            ("cpus", app.cpus, Mismatch.cpus), ("mem", app.mem, .mem), ("disk", app.disk, .disk), ("gpus", Double(app.gpus), .gpus),
        ] where amount > 0 {
            guard let part = take(name, Scalar(amount), from: usable) else { return .failure(mismatch) }
            taken += part
        }
        guard let (ports, resources) = PortPicker(usable).pick(for: app, &random) else { return .failure(.ports) }
        return .success(Launch(app: app, hostPorts: ports, resources: Resources(taken + resources)))
    }

    /// So much of a scalar, over as many roles as needed, reserved ones first.
    private func take(_ name: String, _ amount: Scalar, from usable: [Resource]) -> [Resource]? {
        var missing = amount
        var taken: [Resource] = []
        for resource in usable.filter({ $0.name == name }).sorted(by: { $0.role > $1.role }) {
            guard case .scalar(let there) = resource.value, missing > .zero else { continue }
            let part = min(there, missing)
            guard part > .zero else { continue }
            taken.append(
                Resource(
                    name, .scalar(part), role: resource.role, allocationRole: resource.allocationRole, further: resource.further))
            missing = missing - part
        }
        return missing > .zero ? nil : taken
    }
}

extension Offer {
    /// The agent's text attributes by name.
    var textAttributes: [String: String] {
        var map: [String: String] = [:]
        for attribute in attributes { if case .text = attribute.value { map[attribute.name] = attribute.text } }
        return map
    }
}

extension Resource {
    /// Revocable resources may be taken away, and disks with a source or a persistent volume are not for tasks without one.
    var isRevocableOrVolume: Bool { further["revocable"] != nil || further["disk"] != nil || further["shared"] != nil }
}
