import Entrypoint

/// Starts and supervises a Consul server or agent.
@main struct Main {
    static func main() async { await Entrypoint.main(ConsulWrap.self) }
}
