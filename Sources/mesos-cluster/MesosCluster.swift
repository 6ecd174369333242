import ArgumentParser

/// The operator's command line.
@main
struct MesosCluster: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "mesos-cluster",
        abstract: "Runs and looks after a highly available Mesos cluster.",
        discussion: """
            Exit status: 0 all is well; 1 'status' found something that is not healthy; 64 wrong arguments; 65 a file is not as it must be, \
            or there is no such cluster or log; 69 something does not answer or is not ready in time, or a job failed; 70 a defect; \
            74 the system refuses (permissions, disk); 78 the cluster can't be started as asked.
            """,
        version: version,
        subcommands: [
            DevCommand.self, StatusCommand.self, DeployCommand.self, LogsCommand.self, StopCommand.self, StartCommand.self,
            DownCommand.self, SuperviseCommand.self,
        ])

    static let version = "0.1.0"
}
