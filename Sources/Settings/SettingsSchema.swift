public import ClusterCore

/// The declared settings of one component.
public struct SettingsSchema: Sendable {
    /// The component's name: `zookeeper`; its file is `/etc/mesos-cluster/<component>.yaml`.
    public let component: String
    /// One sentence of what the component's entrypoint does, for `--help`.
    public let summary: String
    /// The settings, in the order of help and docs. Those common to all entrypoints are added by `Entrypoint`.
    public let settings: [SettingDeclaration]
    /// Variables that begin with one of these and are not declared are refused, with the nearest declared name: `ZOO_`.
    public let ownPrefixes: [String]
    /// Further variables of the upstream program that are passed on as its flags, where it has any.
    public let passThrough: PassThrough?

    /// Flags of an upstream program that may be given as environment variables.
    public struct PassThrough: Sendable {
        /// `MESOS_`, `MARATHON_`, `CHRONOS_`.
        public let prefix: String
        /// True for the names (without prefix, lower-cased) that the upstream program knows as flags.
        public let isKnown: @Sendable (String) -> Bool
        /// Names whose values are secret.
        public let secrets: Set<String>
        /// Names refused, with the reason: what the entrypoint sets by itself.
        public let refused: [String: String]
        /// Names to suggest where an unknown one is given.
        public let names: Set<String>
        /// Names that may be given with an empty value, which makes them bare flags (Marathon's `MARATHON_DISABLE_HA=`). Any other
        /// variable that is empty counts as not given.
        public var bareFlags: Set<String> = []

        /// Declares the flags by a predicate; `names` are those to suggest for an unknown one.
        public init(
            prefix: String, secrets: Set<String> = [], refused: [String: String] = [:], names: Set<String> = [],
            isKnown: @escaping @Sendable (String) -> Bool
        ) {
            self.prefix = prefix
            self.isKnown = isKnown
            self.secrets = secrets
            self.refused = refused
            self.names = names
        }

        /// Declares the flags of a table, aliases included.
        public init(prefix: String, secrets: Set<String> = [], refused: [String: String] = [:], table: FlagTable) {
            let names = Set(table.flags.keys)
            self.init(prefix: prefix, secrets: secrets, refused: refused, names: names, isKnown: { names.contains($0) })
        }
    }

    /// Declares a component's settings.
    public init(
        component: String, summary: String, settings: [SettingDeclaration], ownPrefixes: [String] = [], passThrough: PassThrough? = nil
    ) {
        self.component = component
        self.summary = summary
        self.settings = settings
        self.ownPrefixes = ownPrefixes
        self.passThrough = passThrough
    }
}
