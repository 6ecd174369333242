// swift-tools-version: 6.2
import Glibc
import PackageDescription

let nio: [Target.Dependency] = [
    .product(name: "NIOCore", package: "swift-nio"),
    .product(name: "NIOPosix", package: "swift-nio"),
    .product(name: "NIOHTTP1", package: "swift-nio"),
]
let logging: Target.Dependency = .product(name: "Logging", package: "swift-log")
let arguments: Target.Dependency = .product(name: "ArgumentParser", package: "swift-argument-parser")
let hummingbird: Target.Dependency = .product(name: "Hummingbird", package: "hummingbird")

let strict: [SwiftSetting] = [
    .swiftLanguageMode(.v6),
    .enableUpcomingFeature("ExistentialAny"),
    // Debug builds, and so every test run, hold to these. Whole-module builds can't: Swift 6.3 then takes C types of Glibc (timespec,
    // mode_t) for members of its own SwiftOverlayShims, depending on the order of the files.
    .enableUpcomingFeature("MemberImportVisibility", .when(configuration: .debug)),
    .enableUpcomingFeature("InternalImportsByDefault", .when(configuration: .debug)),
    .treatAllWarnings(as: .error),
]

func library(_ name: String, _ dependencies: [Target.Dependency], resources: [Resource] = []) -> Target {
    .target(name: name, dependencies: dependencies, resources: resources, swiftSettings: strict)
}

/// Executables export no symbols (Swift's static standard library asks for all of them, which also keeps dead code alive) and pack
/// their relative relocations (understood by glibc 2.36 and newer): together a sixth of a binary.
let small: [LinkerSetting] = [
    .unsafeFlags(
        ["-use-ld=lld"] + ["-z", "pack-relative-relocs", "--no-export-dynamic"].flatMap { ["-Xlinker", $0] },
        .when(configuration: .release))
]

func executable(_ name: String, _ dependencies: [Target.Dependency], path: String? = nil) -> Target {
    .executableTarget(name: name, dependencies: dependencies, path: path, swiftSettings: strict, linkerSettings: small)
}

func tests(_ name: String, _ dependencies: [Target.Dependency]) -> Target {
    // Files that tests read from their source folder; SwiftPM warns of an exclusion that isn't there.
    let data = ["Fixtures", "Golden"].filter { access("\(Context.packageDirectory)/Tests/\(name)/\($0)", F_OK) == 0 }
    return .testTarget(name: name, dependencies: dependencies, exclude: data, swiftSettings: strict)
}

/// What every entrypoint stands on. No Foundation and no ArgumentParser (which brings FoundationEssentials):
/// a static binary stays below 15 MB only without them.
let runtime: [Target.Dependency] = [
    "ClusterCore", "JSON", "Settings", "Supervision", "Checks", "Entrypoint", "Templating", logging,
]

let entrypoints: [Target.Dependency] = [
    "chronos-wrap", "consul-wrap", "haproxy-consul", "keepalived-wrap", "marathon-consul", "marathon-wrap", "mesos-consul",
    "mesos-master-wrap", "mesos-slave-wrap", "zookeeper-init",
]

var targets: [Target] = [
    // C
    .systemLibrary(name: "CCurl", pkgConfig: "libcurl", providers: [.apt(["libcurl4-openssl-dev"])]),
    .systemLibrary(name: "CZooKeeper", providers: [.apt(["libzookeeper-mt-dev"])]),
    .systemLibrary(name: "CYaml", pkgConfig: "yaml-0.1", providers: [.apt(["libyaml-dev"])]),
    .target(name: "CLinux"),

    // plumbing
    library("ClusterCore", ["CLinux"]),
    library("JSON", []),
    library("HTTPClient", ["CCurl", "ClusterCore"]),
    library("HTTPServer", ["ClusterCore"] + nio),
    library("ZooKeeper", ["CZooKeeper", "ClusterCore", logging]),
    library("YAML", ["CYaml", "ClusterCore", "JSON"]),
    library("Templating", ["ClusterCore", "JSON"]),

    // field
    library("Consul", ["ClusterCore", "JSON", "HTTPClient"]),
    library("Mesos", ["ClusterCore", "JSON", "HTTPClient", "ZooKeeper"]),
    library("Marathon", ["ClusterCore", "JSON", "HTTPClient"]),
    library("Chronos", ["ClusterCore", "JSON", "HTTPClient"]),
    library("HAProxy", ["ClusterCore"]),

    // runtime
    library("Settings", ["ClusterCore", "JSON", "YAML"]),
    library("Supervision", ["CLinux", "ClusterCore", logging]),
    library("Checks", ["ClusterCore", "JSON"]),
    library("Entrypoint", ["CLinux", "ClusterCore", "JSON", "Settings", "Supervision", "Checks", "HTTPServer", logging]),
    library(
        "Prerequisites",
        ["ClusterCore", "Checks", "Entrypoint", "JSON", "Settings", "Supervision", "ZooKeeper", "Mesos", "HTTPClient", logging]),

    // engine
    library("EngineSupport", ["ClusterCore", "JSON", "HTTPClient", hummingbird, logging] + nio),
    library("MesosFramework", ["ClusterCore", "EngineSupport", "JSON", "HTTPClient", "ZooKeeper", "Mesos", logging]),
    library(
        "EmbeddedMesos",
        ["CLinux", "ClusterCore", "JSON", "HTTPClient", "ZooKeeper", "Mesos", "Supervision", "EngineSupport", hummingbird, logging]),
    library(
        "MarathonScheduler",
        ["ClusterCore", "JSON", "HTTPClient", "ZooKeeper", "Mesos", "Marathon", "MesosFramework", "EngineSupport", hummingbird, logging]),
    library(
        "ChronosScheduler",
        ["ClusterCore", "JSON", "HTTPClient", "ZooKeeper", "Mesos", "Chronos", "MesosFramework", "EngineSupport", hummingbird, logging]),

    // executables
    executable("zookeeper-init", runtime + ["ZooKeeper", "Prerequisites"]),
    executable("mesos-master-wrap", runtime + ["HTTPClient", "Mesos", "ZooKeeper", "Prerequisites"]),
    executable("mesos-slave-wrap", runtime + ["HTTPClient", "Mesos", "ZooKeeper", "Prerequisites"]),
    executable("marathon-wrap", runtime + ["HTTPClient", "Mesos", "Marathon", "ZooKeeper", "Prerequisites"]),
    executable("chronos-wrap", runtime + ["HTTPClient", "Mesos", "Chronos", "ZooKeeper", "Prerequisites"]),
    executable("consul-wrap", runtime + ["HTTPClient", "Consul"]),
    executable("haproxy-consul", runtime + ["HTTPClient", "Consul", "HAProxy"]),
    executable("keepalived-wrap", runtime + ["CLinux", "Consul", "HTTPClient"]),
    executable("marathon-consul", runtime + ["HTTPClient", "Consul", "Marathon"]),
    executable("mesos-consul", runtime + ["HTTPClient", "Consul", "Mesos", "ZooKeeper"]),
    executable(
        "embedded-engine", ["ClusterCore", "EmbeddedMesos", "MarathonScheduler", "ChronosScheduler", "Supervision", logging]),
    executable(
        "mesos-cluster", ["Chronos", "ClusterCore", "JSON", "HTTPClient", "Supervision", "Checks", arguments, logging]),

    // tests
    executable("entrypoint-fixture", runtime, path: "Tests/entrypoint-fixture"),
    .target(
        name: "ClusterTestKit", dependencies: ["ClusterCore", "ZooKeeper"], swiftSettings: strict),
    tests("BadInputTests", ["ClusterCore", "ClusterTestKit"] + entrypoints),
    tests("ChecksTests", ["Checks", "ClusterCore", "ClusterTestKit", "JSON"]),
    tests("ChronosClusterTests", ["Chronos", "ClusterCore", "ClusterTestKit", "HTTPClient", "JSON", "embedded-engine"]),
    tests(
        "ChronosSchedulerTests",
        [
            "ChronosScheduler", "Chronos", "ClusterCore", "ClusterTestKit", "EngineSupport", "HTTPClient", "JSON", "Mesos",
            "MesosFramework",
            "ZooKeeper", logging,
        ]),
    tests("ChronosTests", ["Chronos", "ClusterCore", "JSON"]),
    tests("ChronosWrapTests", ["ClusterTestKit", "Entrypoint", "Prerequisites", "Settings", "chronos-wrap"]),
    tests("ClusterCoreTests", ["ClusterCore"]),
    tests("ClusterTestKitTests", ["ClusterCore", "ClusterTestKit"]),
    tests("ConsulTests", ["ClusterCore", "Consul", "ClusterTestKit", "HTTPClient", "JSON"]),
    tests(
        "ConsulWrapTests",
        ["ClusterCore", "Checks", "ClusterTestKit", "Consul", "Entrypoint", "HTTPClient", "JSON", "Settings", "consul-wrap"]),
    tests(
        "EmbeddedSlaveTests",
        [
            "embedded-engine", "EmbeddedMesos", "ClusterCore", "ClusterTestKit", "EngineSupport", "HTTPClient", "JSON", "Mesos",
            "Supervision",
        ]),
    tests("EndToEndTests", ["ClusterCore", "ClusterTestKit", "HTTPClient", "JSON", "Supervision"]),
    tests(
        "EntrypointTests",
        [
            "Checks", "ClusterCore", "ClusterTestKit", "Entrypoint", "JSON", "Settings", "Supervision", "entrypoint-fixture", logging,
        ]),
    tests(
        "HAProxyConsulTests",
        [
            "ClusterCore", "Checks", "ClusterTestKit", "Consul", "Entrypoint", "HAProxy", "HTTPClient", "JSON", "Settings", "Supervision",
            "Templating", "haproxy-consul",
        ]),
    tests("HAProxyTests", ["ClusterCore", "ClusterTestKit", "HAProxy"]),
    tests("HTTPClientTests", ["HTTPClient"]),
    tests("HTTPServerTests", ["ClusterCore", "ClusterTestKit", "HTTPServer"]),
    tests("JSONTests", ["JSON"]),
    tests(
        "KeepalivedTests",
        [
            "Checks", "ClusterCore", "ClusterTestKit", "Consul", "Entrypoint", "HTTPClient", "JSON", "Settings", "keepalived-wrap", logging,
        ]),
    tests("LinkageTests", ["ClusterTestKit", "embedded-engine"] + entrypoints),
    tests(
        "MarathonConsulTests",
        [
            "ClusterCore", "ClusterTestKit", "Consul", "HTTPClient", "JSON", "Marathon", "embedded-engine", "marathon-consul",
        ]),
    tests(
        "MarathonSchedulerTests",
        [
            "ClusterCore", "ClusterTestKit", "EngineSupport", "HTTPClient", "JSON", "Marathon", "MarathonScheduler", "Mesos",
            "MesosFramework",
            "ZooKeeper", logging,
        ]),
    tests("MarathonTests", ["ClusterCore", "JSON", "Marathon"]),
    tests(
        "MarathonWrapTests", ["marathon-wrap", "ClusterCore", "ClusterTestKit", "Entrypoint", "Prerequisites", "Settings"]),
    tests(
        "MesosConsulTests",
        [
            "Checks", "ClusterCore", "ClusterTestKit", "Consul", "Entrypoint", "HTTPClient", "JSON", "Mesos", "Settings", "ZooKeeper",
            "mesos-consul", logging,
        ]),
    tests("MesosClusterTests", ["ClusterCore", "ClusterTestKit", "JSON", "Supervision", "mesos-cluster"]),
    tests("MesosFrameworkTests", ["ClusterCore", "EngineSupport", "HTTPClient", "JSON", "Mesos", "MesosFramework", logging]),
    tests(
        "PrerequisitesTests",
        ["Checks", "ClusterCore", "ClusterTestKit", "Entrypoint", "JSON", "Prerequisites", "Supervision", "ZooKeeper", logging]),
    tests(
        "MesosSlaveWrapTests",
        ["mesos-slave-wrap", "ClusterCore", "ClusterTestKit", "Entrypoint", "JSON", "Mesos", "Prerequisites", "Settings", "Supervision"]),
    tests("ReferenceTests", ["ClusterCore", "ClusterTestKit", "YAML"] + entrypoints),
    tests("SettingsTests", ["ClusterCore", "JSON", "Settings", "YAML"]),
    tests("SupervisionTests", ["ClusterCore", "ClusterTestKit", "Supervision", logging]),
    tests("TemplatingTests", ["ClusterCore", "ClusterTestKit", "JSON", "Templating"]),
    tests("YAMLTests", ["ClusterCore", "ClusterTestKit", "JSON", "YAML"]),
    tests(
        "EmbeddedMasterTests",
        [
            "ClusterCore", "ClusterTestKit", "EmbeddedMesos", "EngineSupport", "HTTPClient", "JSON", "Mesos", "ZooKeeper",
            "embedded-engine", "mesos-master-wrap", logging,
        ]),
    tests(
        "MesosMasterWrapTests",
        ["ClusterCore", "ClusterTestKit", "Entrypoint", "JSON", "Mesos", "Prerequisites", "Settings", "mesos-master-wrap"]),
    tests("MesosTests", ["ClusterCore", "JSON", "Mesos"]),
    tests(
        "ZooKeeperInitTests", ["ClusterCore", "ClusterTestKit", "Entrypoint", "JSON", "Settings", "ZooKeeper", "zookeeper-init"]),
    tests("ZooKeeperTests", ["ClusterCore", "ClusterTestKit", "ZooKeeper"]),
]

// `ONLY=JSONTests,YAMLTests swift test` builds and runs these test targets and what they stand on, nothing else:
// a clean build of everything takes minutes.
if let only = Context.environment["ONLY"], !only.isEmpty {
    var wanted = Set(only.split(separator: ",").map(String.init))
    var grew = true
    while grew {
        grew = false
        for target in targets where wanted.contains(target.name) {
            for dependency in target.dependencies {
                let name: String
                switch dependency {
                case .targetItem(let targetName, _), .byNameItem(let targetName, _): name = targetName
                default: continue
                }
                grew = wanted.insert(name).inserted || grew
            }
        }
    }
    targets.removeAll { !wanted.contains($0.name) }
}

let package = Package(
    name: "mesos-cluster",
    dependencies: [
        .package(url: "https://github.com/apple/swift-nio", from: "2.101.0"),
        .package(url: "https://github.com/apple/swift-log", from: "1.14.0"),
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.0"),
        .package(url: "https://github.com/hummingbird-project/hummingbird", from: "2.28.0"),
    ],
    targets: targets
)
