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

    let info: MasterInfo
    let configuration: MasterConfiguration
    /// When the process started.
    let started: MasterTime
    let time: @Sendable () -> MasterTime
    private let state = Mutex(Place.noLeader)

    init(info: MasterInfo, configuration: MasterConfiguration, time: @escaping @Sendable () -> MasterTime) {
        self.info = info
        self.configuration = configuration
        self.time = time
        started = time()
    }

    var place: Place { state.withLock { $0 } }
    func become(_ place: Place) { state.withLock { $0 = place } }

    /// The leader, as far as known.
    var leader: MasterInfo? {
        switch place {
        case .noLeader: nil
        case .follower(let info): info
        case .leader: info
        }
    }
}
