import Mesos
import MesosFramework

/// What the leader needs of its connection to Mesos.
protocol MesosLink: Sendable {
    /// What happens, in order. One reader.
    var events: AsyncStream<FrameworkEvent> { get }
    /// Says something to the master, in the order of the calls.
    /// - Throws: `ClusterError` `.invalid` where the master refused it; else nobody knows whether it acted.
    func call(_ kind: SchedulerCall.Kind) async throws
}

extension MesosFrameworkClient: MesosLink {}
