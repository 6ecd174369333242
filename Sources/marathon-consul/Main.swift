import Entrypoint

/// Writes Marathon's apps and tasks into Consul's key/value store.
@main struct Main {
    static func main() async { await Entrypoint.main(MarathonConsul.self) }
}
