import EngineSupport
import Mesos
import Synchronization

/// What this master is at present; shared by the election and the HTTP routes.
final class MasterNode: Sendable {
    /// Its place.
    enum Place: Sendable {
        /// Nobody is known to lead.
        case noLeader
        /// Another one leads.
        case follower(MasterInfo)
        /// It leads.
        case leader(Master)
    }

    /// Whether it may act as the leader at this moment; true where there is no election.
    typealias Leadership = @Sendable () -> Bool

    let info: MasterInfo
    let configuration: MasterConfiguration
    /// When the process started.
    let started: MasterTime
    let time: @Sendable () -> MasterTime
    private let state = Mutex(State())
    private struct State { var place = Place.noLeader, isLeader: Leadership = { true } }

    init(info: MasterInfo, configuration: MasterConfiguration, time: @escaping @Sendable () -> MasterTime) {
        self.info = info
        self.configuration = configuration
        self.time = time
        started = time()
    }

    /// What it is now: a leader whose lease is over is none, even before the election has said so.
    var place: Place {
        let (place, isLeader) = state.withLock { ($0.place, $0.isLeader) }
        if case .leader = place, !isLeader() { return .noLeader }
        return place
    }

    /// Changes what it is.
    /// - Parameter isLeader: asked at every look at a leader.
    func become(_ place: Place, while isLeader: @escaping Leadership = { true }) {
        state.withLock { $0 = State(place: place, isLeader: isLeader) }
    }

    /// The leader's state, also when its lease is over.
    var master: Master? { state.withLock { if case .leader(let master) = $0.place { master } else { nil } } }

    /// The leader, as far as known.
    var leader: MasterInfo? {
        switch place {
        case .noLeader: nil
        case .follower(let info): info
        case .leader: info
        }
    }
}
