import ChronosScheduler
import ClusterCore
import EmbeddedMesos
import MarathonScheduler

/// What an engine process stands in for.
enum EngineRole: String, CaseIterable {
    case mesosMaster = "mesos-master"
    case mesosSlave = "mesos-slave"
    case marathon
    case chronos

    /// Runs it until its task is cancelled.
    func run(_ arguments: [String], _ environment: [String: String]) async throws(ClusterError) {
        switch self {
        case .mesosMaster: try await EmbeddedMaster.run(arguments: arguments, environment: environment)
        case .mesosSlave: try await EmbeddedSlave.run(arguments: arguments, environment: environment)
        case .marathon: try await EmbeddedMarathon.run(arguments: arguments, environment: environment)
        case .chronos: try await EmbeddedChronos.run(arguments: arguments, environment: environment)
        }
    }

    /// What it stands in for, in a line.
    private var summary: String {
        switch self {
        case .mesosMaster: "a Mesos master: v1 scheduler API, operator endpoints, Mesos' own election in ZooKeeper"
        case .mesosSlave: "a Mesos slave: tasks as processes in sandboxes or Docker containers, which outlive it; USR1 ends them"
        case .marathon: "Marathon: the /v2 REST API, scheduling over Mesos' v1 scheduler API, state and election in ZooKeeper"
        case .chronos: "Chronos: jobs by schedule and dependency, its REST API, its own election in ZooKeeper"
        }
    }

    /// Help of one role.
    var help: String {
        """
        usage: embedded-engine \(rawValue) <flags>
        Runs \(summary).
        It takes the flags of \(rawValue) and refuses by name those that it can't honour.
        For development and tests on one host; production runs Apache Mesos.

        """
    }

    /// Help of all roles.
    static var help: String {
        let roles = allCases.map { "  \($0.rawValue)\(String(repeating: " ", count: max(1, 15 - $0.rawValue.count)))\($0.summary)" }
        return """
            usage: embedded-engine ROLE <flags of the upstream program>
                   embedded-engine --help | --version
            Stands in for Apache Mesos on one host, for development and tests, and for Marathon and Chronos, on it or on an upstream Mesos.

            \(roles.joined(separator: "\n"))

            The log goes to standard error; LOG_LEVEL=debug shows each request. Exit status: 0 after TERM or INT, 1 on any error.

            """
    }
}
