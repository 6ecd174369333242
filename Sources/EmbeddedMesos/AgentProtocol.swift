public import Mesos

/// What embedded masters and slaves say to each other: HTTP and JSON under `/embedded/v1` on the master's port.
///
/// - `POST /embedded/v1/agents` with a `Registration` → 200 `{"agent_id":"…"}`. A slave that has an id gives it; another status than
///   200 says why in `{"error":"…"}`: 400 malformed, 401 credentials, 409 the protocol or agent is refused for good, 307 or 503 not the
///   leader (look in ZooKeeper again).
/// - `POST /embedded/v1/agents/{id}/stream` → a RecordIO stream of `Command`s, kept open. It breaks with the master, or when a newer
///   stream of the same agent replaces it. 404: register first.
/// - `POST /embedded/v1/agents/{id}/updates` with an `Update` → 202. The slave repeats it until the framework has acknowledged it
///   (`Command.acknowledge`). 404: register first.
/// - `POST /embedded/v1/agents/{id}/pong` without a body → 202: answers a PING. A slave that has answered one is unreachable when it
///   then is silent for the ping time-outs, even if its stream seems open. 404: register first.
/// - `DELETE /embedded/v1/agents/{id}` → 202: the slave ends and its tasks have ended (USR1).
public enum AgentProtocol {
    /// The protocol's version; another one is refused with 409.
    public static let version = 1
    /// Where it begins.
    public static let basePath = "/embedded/v1/agents"
    /// A ping is sent this often on the stream; a slave that hears nothing for 5 of them reconnects.
    public static let pingInterval: Duration = .seconds(3)

    /// How a slave registers, and registers again.
    public struct Registration: Sendable, Hashable {
        /// The agent.
        public var agent: AgentInfo
        /// The address that it serves on.
        public var ip: String
        /// Its id, where it has one of an earlier registration.
        public var agentID: String?
        /// Frameworks of its tasks.
        public var frameworks: [FrameworkInfo]
        /// Its tasks that have not ended, or whose end is not yet acknowledged.
        public var tasks: [Task]

        /// A task of a slave.
        public struct Task: Sendable, Hashable {
            /// Its framework.
            public var frameworkID: String
            /// The task.
            public var info: TaskInfo
            /// Its latest status.
            public var status: TaskStatus
            /// Describes a task.
            public init(frameworkID: String, info: TaskInfo, status: TaskStatus) {
                self.frameworkID = frameworkID
                self.info = info
                self.status = status
            }
        }

        /// Describes an agent.
        public init(agent: AgentInfo, ip: String, agentID: String? = nil, frameworks: [FrameworkInfo] = [], tasks: [Task] = []) {
            self.agent = agent
            self.ip = ip
            self.agentID = agentID
            self.frameworks = frameworks
            self.tasks = tasks
        }
    }

    /// A task's new status.
    public struct Update: Sendable, Hashable {
        /// Its framework.
        public var frameworkID: String
        /// The status; its `uuid` is to be acknowledged.
        public var status: TaskStatus
        /// The latest status that the slave knows, which may be newer than `status`.
        public var latestState: TaskState
        /// Describes an update.
        public init(frameworkID: String, status: TaskStatus, latestState: TaskState) {
            self.frameworkID = frameworkID
            self.status = status
            self.latestState = latestState
        }
    }

    /// What the master tells a slave.
    public enum Command: Sendable, Hashable {
        /// Start a task.
        case runTask(framework: FrameworkInfo, task: TaskInfo)
        /// Kill a task.
        case killTask(frameworkID: String, taskID: String, policy: KillPolicy?)
        /// The framework has taken the update of that uuid.
        case acknowledge(frameworkID: String, taskID: String, uuid: String)
        /// End all tasks of a framework; their updates need no acknowledgement.
        case shutdownFramework(frameworkID: String)
        /// The master is there.
        case ping
        /// End all tasks and exit: the master has declared the agent gone.
        case shutdown(message: String)
    }
}
