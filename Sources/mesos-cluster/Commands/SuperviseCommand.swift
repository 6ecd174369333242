import ArgumentParser
import ClusterCore

/// What `dev` starts in the background. Not for people, so that `--help` does not name it.
struct SuperviseCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "supervise", abstract: "Runs the cluster's processes until it is told to stop.", shouldDisplay: false)

    @OptionGroup var state: StateOption

    func run() async throws {
        try await reportingErrors { () throws(ClusterError) in
            let context = try ClusterContext.load(state.directory)
            try await DevelopmentSupervisor(context: context, state: state.directory).run()
        }
    }
}
