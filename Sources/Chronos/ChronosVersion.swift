/// Whose REST API is spoken: they differ in prefix, methods and the keys of a job.
public enum ChronosVersion: String, Sendable, Hashable, CaseIterable {
    /// 2.4.0 (and 2.5.0): prefix `/scheduler`.
    case v2_4 = "2.4.0"
    /// 3.0.2: prefix `/v1/scheduler`.
    case v3_0 = "3.0.2"

    /// What the paths of its API begin with.
    public var prefix: String {
        switch self {
        case .v2_4: "/scheduler"
        case .v3_0: "/v1/scheduler"
        }
    }
}
