/// Majorities of an ensemble (ZooKeeper, Mesos masters, Consul servers).
public enum Majority {
    /// The smallest number of members that is more than half of `count`: floor(count / 2) + 1.
    public static func of(_ count: Int) -> Int { count / 2 + 1 }

    /// How many members may fail while a majority stays.
    public static func tolerated(_ count: Int) -> Int { count - of(count) }
}
