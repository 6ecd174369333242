import ArgumentParser

/// The operator's command line.
@main
struct MesosCluster: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "mesos-cluster",
        abstract: "Runs and looks after a highly available Mesos cluster.",
        discussion: """
            Exit status: 0 all is well; 1 a component or a deployment is not healthy; 64 wrong arguments; 69 the cluster does not answer; \
            78 the cluster can't be started as asked.
            """,
        version: version,
        subcommands: [
            DevCommand.self, StatusCommand.self, DeployCommand.self, LogsCommand.self, StopCommand.self, StartCommand.self,
            DownCommand.self, SuperviseCommand.self,
        ])

    static let version = "0.1.0"
}
