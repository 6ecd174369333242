import ArgumentParser
import ClusterCore
import HTTPClient
import JSON

struct StatusCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "status", abstract: "Shows nodes, components, who leads, and health; exits 0 only if all is healthy.")

    @OptionGroup var state: StateOption
    @Flag(help: "Print JSON for programs.") var json = false

    func run() async throws {
        var isHealthy = false
        try await reportingErrors { () throws(ClusterError) in
            let context = try ClusterContext.load(state.directory)
            let http = HTTPClient()
            let status = await StatusReader(context: context, state: state.directory, http: http).read()
            isHealthy = status.isHealthy
            if !json, !SupervisorLock.isHeld(state.directory) {
                Terminal.complain(
                    status.nodes.contains { $0.components.contains(where: \.isLive) }
                        ? "the supervisor has ended, so nothing is started again that dies: 'mesos-cluster stop', then 'start'"
                        : "the cluster is stopped: 'mesos-cluster start' brings it back")
            }
            Terminal.say(json ? status.json.text(pretty: true) : status.table)
            if !json { Terminal.say("\n" + context.addresses) }
        }
        if !isHealthy { throw ExitCode(ExitStatus.failure.rawValue) }
    }
}

extension ClusterContext {
    /// The URLs that people open, one a line.
    var addresses: String {
        let master = topology.nodes(of: .master)[0].address
        let balancer = topology.nodes(of: .loadBalancer)[0].address
        let rows = [
            ["Mesos", "http://\(master):\(Ports.mesosMaster)/state"], ["Marathon", "http://\(master):\(Ports.marathon)/v2/apps"],
            ["Chronos", "http://\(master):\(Ports.chronos)/v1/scheduler/jobs"], ["Consul", "http://\(master):\(Ports.consul)/ui"],
            [
                "services",
                "http://\(balancer):\(Ports.loadBalancerHTTP) (by host name), dig @\(master) -p \(Ports.consulDNS) NAME.service.consul",
            ],
        ]
        return TextTable.render(rows)
    }
}
