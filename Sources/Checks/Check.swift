/// One named proof of health: the same table feeds `/live`, `/ready`, `/metrics`, HEALTHCHECK, the component's Consul check
/// and the Zabbix items.
public struct Check: Sendable {
    /// Which probe a failing check turns red.
    public enum Gate: String, Sendable, Hashable, CaseIterable {
        /// Failing means that only a restart helps.
        case live
        /// Failing means that no work should be sent here now.
        case ready
    }

    /// Short name in kebab-case, unique in its component: `quorum`, `registered`, `leader-known`.
    public let name: String
    /// What a pass proves, in a few words.
    public let proves: String
    /// How long one run may take; a run that takes longer has failed. 10 ms – 60 s.
    public let timeout: Duration
    /// The probes that it gates. Empty: informative only.
    public let gates: Set<Gate>
    /// Runs the check once.
    public let run: @Sendable () async -> Outcome

    /// What one run found.
    public enum Outcome: Sendable, Hashable {
        /// All well; what was seen.
        case pass(String)
        /// Not well; the reason, in a sentence that says what is missing.
        case fail(String)
    }

    /// Declares a check.
    public init(
        _ name: String, proves: String, timeout: Duration = .seconds(2), gates: Set<Gate> = [.ready],
        run: @escaping @Sendable () async -> Outcome
    ) {
        self.name = name
        self.proves = proves
        self.timeout = timeout
        self.gates = gates
        self.run = run
    }
}

/// What part a component plays in its ensemble now.
public enum Role: Sendable, Hashable {
    /// It leads.
    case leader
    /// It could lead, or follows; who leads, as far as known.
    case standby(leader: String?)
    /// It has no leader election (an agent, a load balancer that holds no VIP …): its part in a word.
    case member(String)
    /// Not known, and why.
    case unknown(String)

    /// `leader`, `standby`, the member's word, or `unknown`.
    public var name: String {
        switch self {
        case .leader: "leader"
        case .standby: "standby"
        case .member(let word): word
        case .unknown: "unknown"
        }
    }

    /// What more is known: the leader, or the reason why the role isn't known.
    public var detail: String? {
        switch self {
        case .leader, .member: nil
        case .standby(let leader): leader.map { "leader is \($0)" }
        case .unknown(let reason): reason
        }
    }
}
