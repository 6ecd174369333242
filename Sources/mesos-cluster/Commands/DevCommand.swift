import ArgumentParser
import ClusterCore
import Glibc
import HTTPClient
import Supervision

struct DevCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "dev",
        abstract: "Starts a development cluster on loopback addresses of this host, and returns when all of it is ready.",
        discussion: """
            Node i of a kind has its own address: masters 127.x.1.i, slaves 127.x.2.i, load balancers 127.x.3.i. No root is needed. \
            On a cluster that runs already it waits until all is ready.
            """)

    @OptionGroup var state: StateOption
    @Option(help: "Masters: 1, 3 or 5.") var masters = 1
    @Option(help: "Slaves: 1–50.") var slaves = 1
    @Option(help: "Load balancers: 1–9.") var loadBalancers = 1
    @Option(help: "The cluster's network, 127.x.0.0/16.") var network = "127.0.0.0/16"
    @Flag(help: "Ask for a password on the APIs of Mesos, Marathon and Chronos: user admin, generated into DIR/secrets/password.")
    var auth = false
    @Flag(help: "Stay in the foreground; Ctrl-C stops the cluster.") var foreground = false
    @Option(help: "How long the start may take, such as 90s.") var timeout = "120s"

    func run() async throws {
        try await reportingErrors { () throws(ClusterError) in
            let limit = try timeLimit(timeout)
            let topology = try Topology(
                masters: masters, slaves: slaves, loadBalancers: loadBalancers, network: Topology.network(network))
            let directory = state.directory
            let isNew = !Files.exists(directory.contextFile)
            let context = try prepare(topology, directory)
            do throws(ClusterError) {
                try await ClusterStart(context: context, state: directory, limit: limit).run(staysInForeground: foreground)
            } catch {
                // What never ran must not stand in the way of the next attempt.
                if isNew, !SupervisorLock.isHeld(directory) { try? directory.removeAllButLogs() }
                throw error
            }
        }
    }

    /// Finds the cluster that the state directory holds, or writes a new one's context.
    private func prepare(_ topology: Topology, _ directory: StateDirectory) throws(ClusterError) -> ClusterContext {
        if Files.exists(directory.contextFile) {
            let context = try ClusterContext.load(directory)
            guard context.topology == topology, context.hasAuthentication == auth else {
                throw ClusterError(
                    .conflict,
                    "\(directory.path) holds another cluster (\(context.topology.summary), network \(context.topology.networkText)\(context.hasAuthentication ? ", with --auth" : "")): "
                        + "end it with 'mesos-cluster down --state \(directory.path)', or give another --state")
            }
            return context
        }
        let context = ClusterContext(
            kind: .development, topology: topology, hasAuthentication: auth,
            identifier: String(UInt64.random(in: .min ... .max), radix: 36), executables: Executable.ownDirectory)
        try Preflight.check(topology, executables: context.executables)
        try directory.claim()
        if auth { try Secrets.generate(directory) }
        try context.save(directory)
        return context
    }
}

struct StartCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "start",
        abstract: "Starts a stopped cluster again from its state, and returns when all of it is ready and the apps are back.")

    @OptionGroup var state: StateOption
    @Option(help: "How long the start may take, such as 90s.") var timeout = "120s"

    func run() async throws {
        try await reportingErrors { () throws(ClusterError) in
            let limit = try timeLimit(timeout)
            let deadline = ContinuousClock.now + limit
            let context = try ClusterContext.load(state.directory)
            try await ClusterStart(context: context, state: state.directory, limit: limit).run(staysInForeground: false)
            let api = ClusterAPI(
                topology: context.topology, credentials: try Secrets.administrator(context, state.directory), http: HTTPClient())
            try await AppsReturn(api: api, deadline: deadline, say: { Terminal.say($0) }).wait()
        }
    }
}

struct StopCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "stop", abstract: "Stops the cluster and the tasks on it; its state stays, and 'start' brings all of it back.")

    @OptionGroup var state: StateOption

    func run() async throws {
        try await reportingErrors { () throws(ClusterError) in
            let context = try ClusterContext.load(state.directory)
            try await ClusterStop(context: context, state: state.directory).run()
        }
    }
}

struct DownCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "down", abstract: "Ends the cluster and removes its processes and state; the logs stay.")

    @OptionGroup var state: StateOption

    func run() async throws {
        try await reportingErrors { () throws(ClusterError) in
            let directory = state.directory
            guard Files.exists(directory.contextFile) else {
                Terminal.say("no cluster in \(directory.path): nothing to do")
                return
            }
            let context = try ClusterContext.load(directory)
            try await ClusterStop(context: context, state: directory).run()
            try directory.removeAllButLogs()
            Terminal.say("removed \(directory.path); its logs stay in \(directory.logs)")
        }
    }
}
