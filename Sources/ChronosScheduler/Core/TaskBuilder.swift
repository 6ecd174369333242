import Chronos
import JSON
import Mesos

/// Makes the Mesos task of a run (Chronos' `MesosTaskBuilder`).
struct TaskBuilder: Sendable {
    /// What jobs that don't say it get: `--mesos_task_cpu`, `--mesos_task_mem`, `--mesos_task_disk`.
    var defaults = OfferPlanner.Demand(cpus: 0.1, mem: 128, disk: 256, gpus: 0)
    /// `--user`: who jobs without `runAsUser` run as.
    var user: String

    /// What a job takes.
    func demand(of job: ChronosJob) -> OfferPlanner.Demand {
        OfferPlanner.Demand(
            cpus: job.cpus > 0 ? job.cpus : defaults.cpus, mem: job.mem > 0 ? job.mem : defaults.mem,
            disk: job.disk > 0 ? job.disk : defaults.disk, gpus: job.gpus)
    }

    /// The job with everything that it leaves to the scheduler: Chronos shows it so, too.
    func complete(_ job: ChronosJob) -> ChronosJob {
        let demand = demand(of: job)
        var job = job
        (job.cpus, job.mem, job.disk) = (demand.cpus, demand.mem, demand.disk)
        if job.runAsUser.isEmpty { job.runAsUser = user }
        return job
    }

    /// The task of a run on the agent of an offer.
    func task(_ run: Run, of job: ChronosJob, on offer: Offer, resources: Resources) -> TaskInfo {
        TaskInfo(
            name: "ChronosTask:\(job.name)", taskID: run.taskID, agentID: offer.agentID, resources: resources,
            command: command(run, of: job, on: offer), container: job.container.map(container))
    }

    private func command(_ run: Run, of job: ChronosJob, on offer: Offer) -> CommandInfo {
        var command = CommandInfo(value: nil, shell: job.isShell, user: job.runAsUser.isEmpty ? user : job.runAsUser)
        if job.isShell, !job.command.isEmpty {
            command.value = ([job.command] + run.arguments).joined(separator: " ")
        } else {
            command.shell = false
            command.value = job.command.isEmpty ? nil : job.command
            // Docker gets the value in front of the arguments; a process gets the arguments alone as its vector.
            let isDocker = job.container?.kind == .docker
            command.arguments = (isDocker || job.command.isEmpty ? [] : [job.command]) + run.arguments
        }
        command.uris =
            job.uris.map { CommandInfo.URI($0) }
            + job.fetch.map {
                CommandInfo.URI(
                    $0.uri, executable: $0.isExecutable, extract: $0.isExtracted, cache: $0.isCached, outputFile: $0.outputFile)
            }
        command.environment = environment(run, of: job, on: offer)
        return command
    }

    /// Chronos' own variables first, so that a job's own of the same name win.
    private func environment(_ run: Run, of job: ChronosJob, on offer: Offer) -> [CommandInfo.Variable] {
        let demand = demand(of: job)
        let own = [
            ("mesos_task_id", run.taskID), ("CHRONOS_JOB_OWNER", job.owner), ("CHRONOS_JOB_NAME", job.name), ("HOST", offer.hostname),
            ("CHRONOS_RESOURCE_MEM", "\(demand.mem)"), ("CHRONOS_RESOURCE_CPU", "\(demand.cpus)"),
            ("CHRONOS_RESOURCE_DISK", "\(demand.disk)"), ("CHRONOS_JOB_RUN_TIME", "\(run.key.due.milliseconds)"),
            ("CHRONOS_JOB_RUN_ATTEMPT", "\(run.attempt)"),
        ]
        let given = Set(job.environment.map(\.name))
        return own.filter { !given.contains($0.0) }.map { CommandInfo.Variable($0.0, $0.1) }
            + job.environment.map { CommandInfo.Variable($0.name, $0.value) }
    }

    private func container(_ container: ChronosContainer) -> ContainerInfo {
        let volumes = container.volumes.map {
            ContainerInfo.Volume(containerPath: $0.containerPath, hostPath: $0.hostPath, isReadWrite: !$0.isReadOnly)
        }
        switch container.kind {
        case .docker:
            return ContainerInfo(
                kind: .docker, volumes: volumes,
                docker: DockerInfo(
                    image: container.image, network: container.network.rawValue,
                    parameters: container.parameters.map { DockerInfo.Parameter($0.key, $0.value) },
                    forcePullImage: container.forcePullImage))
        case .mesos:
            // `cached: false` is Mesos' word for pulling the image again.
            return ContainerInfo(
                kind: .mesos, volumes: volumes,
                mesos: [
                    "image": .members([
                        "type": "DOCKER", "docker": ["name": .string(container.image)],
                        "cached": container.forcePullImage ? false : nil,
                    ])
                ])
        }
    }
}
