import ClusterCore
import Entrypoint
import Mesos
import Prerequisites
import Settings

/// The declared settings of mesos-slave-wrap.
enum SlaveSettings {
    static let master = Setting<ZooKeeperURL>(
        required: "mesos_master", "MESOS_MASTER", original: ["MESOS_ZK"], role: "mesos_zk", secret: true,
        bounds: "with a path such as /mesos",
        help: "the ZooKeeper ensemble and the path of the masters' election; user:password@ before the servers for digest ACLs",
        isAllowed: { !$0.path.isEmpty })
    static let ip = MesosSettings.ip
    static let port = Setting<Int>("mesos_port", "MESOS_PORT", default: 5051, in: 1...65535, role: "mesos_slave_port", help: "port")
    static let hostname = OptionalSetting<String>(
        "mesos_hostname", "MESOS_HOSTNAME", role: "mesos_hostname",
        help: "name that the slave is known by; the address where it is not given", isAllowed: { !$0.isEmpty && !$0.contains("/") })
    static let workDirectory = Setting<String>(
        "mesos_work_dir", "MESOS_WORK_DIR", default: "/var/lib/mesos", role: "mesos_slave_work_dir", bounds: "an absolute path",
        help: "directory of sandboxes and checkpoint; must survive restarts, or running tasks are not found again",
        isAllowed: { $0.hasPrefix("/") })
    static let logDirectory = MesosSettings.logDirectory
    static let resources = OptionalSetting<String>(
        "mesos_resources", "MESOS_RESOURCES", role: "mesos_slave_resources", bounds: "such as cpus:2;mem:4096;ports:[31000-32000]",
        help: "what the slave offers; what is not named is taken from the host", isAllowed: { (try? Resources(text: $0)) != nil })
    static let attributes = OptionalSetting<String>(
        "mesos_attributes", "MESOS_ATTRIBUTES", role: "mesos_slave_attributes", bounds: "such as rack:r1;zone:z",
        help: "attributes that constraints compare with", isAllowed: { (try? Attribute.list(text: $0)) != nil })
    static let containerizers = Setting<[Containerizer]>(
        "mesos_containerizers", "MESOS_CONTAINERIZERS", default: [.docker, .mesos], role: "mesos_containerizers",
        help: "how tasks are run, the preferred first: docker needs a Docker engine, mesos runs processes", isAllowed: { !$0.isEmpty })
    static let registrationTimeout = Setting<Duration>(
        "mesos_executor_registration_timeout", "MESOS_EXECUTOR_REGISTRATION_TIMEOUT", default: .seconds(300),
        in: .seconds(1) ... .seconds(86400), role: "mesos_executor_registration_timeout",
        help: "how long a task may take to start, the fetching of its image included")
    static let switchUser = Setting<Bool>(
        "mesos_switch_user", "MESOS_SWITCH_USER", default: true,
        help: "run tasks as the user that they or their framework name; needs root")
    static let principal = MesosSettings.principal
    static let secret = OptionalSetting<String>(
        "mesos_secret", "MESOS_SECRET", original: ["SECRET"], secret: true,
        help: "the slave's secret, as the masters know it", isAllowed: { !$0.isEmpty })
    static let httpUser = MesosSettings.httpUser
    static let httpPassword = MesosSettings.httpPassword
    static let endTasksOnStop = Setting<Bool>(
        "end_tasks_on_stop", "END_TASKS_ON_STOP", default: false,
        help: "end all tasks when the slave is stopped; else they run on, and the next start finds them again")
    static let binary = OptionalSetting<String>(
        "mesos_slave_binary", "MESOS_SLAVE_BINARY", help: "path of Apache's mesos-slave or mesos-agent; else it is looked for in PATH")
    static let runDirectory = Setting<String>(
        "mesos_run_dir", "MESOS_RUN_DIR", default: "/run/mesos-cluster/mesos-slave", bounds: "an absolute path",
        help: "directory of the credential files that are written at start, mode 0700", isAllowed: { $0.hasPrefix("/") })

    /// A way to run tasks.
    enum Containerizer: String, SettingWord { case docker, mesos }

    static let schema = SettingsSchema(
        component: "mesos-slave",
        summary: "Starts a Mesos slave once a master leads, supervises it, and leaves its tasks running when it is restarted.",
        settings: [
            master.declaration, ip.declaration, port.declaration, hostname.declaration, workDirectory.declaration,
            logDirectory.declaration, resources.declaration, attributes.declaration, containerizers.declaration,
            registrationTimeout.declaration, switchUser.declaration, principal.declaration, secret.declaration, httpUser.declaration,
            httpPassword.declaration, endTasksOnStop.declaration, binary.declaration, runDirectory.declaration,
        ] + EngineChoice.declarations,
        passThrough: SettingsSchema.PassThrough(
            prefix: "MESOS_",
            refused: [
                "help": "it only prints a text", "version": "it only prints a text",
                "master_detector": "the master is found by ZooKeeper here", "ip_discovery_command": "give MESOS_IP or NODE_ADDRESS",
                "credential": "give MESOS_SECRET, or MESOS_SECRET_FILE, and MESOS_PRINCIPAL",
            ], table: MesosFlags.agent))
}
