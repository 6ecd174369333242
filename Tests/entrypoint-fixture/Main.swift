import Entrypoint

/// A component whose plan is what the environment says, for tests of the entrypoint with real processes.
@main struct Main {
    static func main() async { await Entrypoint.main(FixtureComponent.self) }
}
