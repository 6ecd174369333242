import ArgumentParser
import ClusterCore
import HTTPClient

struct DeployCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "deploy",
        abstract: "Deploys Marathon apps and Chronos jobs, waits until they run, and shows their answer.",
        discussion: """
            In a file, {{LOAD_BALANCER}} stands for the address of the first load balancer and {{SHARED_DIRECTORY}} for a directory that \
            all slaves see; --set defines more.
            """)

    @OptionGroup var state: StateOption
    @Option(name: .customLong("set"), help: ArgumentHelp("Defines a placeholder.", valueName: "name=value")) var settings: [String] = []
    @Option(help: "How long all of it may take, such as 90s or 5m.") var timeout = "5m"
    @Argument(help: "Files, deployed one after another.") var files: [String]

    func run() async throws {
        try await reportingErrors { () throws(ClusterError) in
            let context = try ClusterContext.load(state.directory)
            let limit = try timeLimit(timeout)
            var placeholders = [
                "LOAD_BALANCER": context.topology.nodes(of: .loadBalancer)[0].address, "SHARED_DIRECTORY": state.directory.shared,
            ]
            for setting in settings {
                guard let equals = setting.firstIndex(of: "=") else { throw ClusterError(.usage, "--set \(setting): give NAME=VALUE") }
                placeholders[String(setting[..<equals])] = String(setting[setting.index(after: equals)...])
            }
            // All files are read before the first is deployed, so that a mistake in the last one leaves nothing half-deployed.
            var documents: [DeploymentDocument] = []
            for file in files { documents.append(try DeploymentDocument(path: file, placeholders: placeholders)) }
            try Files.makeDirectory(state.directory.shared)
            let api = ClusterAPI(
                topology: context.topology, credentials: try Secrets.administrator(context, state.directory), http: HTTPClient(),
                loadBalancerProbe: state.directory.socket(context.topology.nodes(of: .loadBalancer)[0], .haproxy))
            let deployer = Deployer(api: api, deadline: .now + limit, say: { Terminal.say($0) })
            try await deployer.deploy(documents)
        }
    }
}
