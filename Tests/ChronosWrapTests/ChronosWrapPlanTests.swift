import ClusterTestKit
import Entrypoint
import Prerequisites
import Settings
import Testing

@testable import chronos_wrap

@Suite struct ChronosWrapPlanTests {
    private let embedded = ChronosFacts(engines: EngineChoice.Found(embedded: "/usr/lib/mesos-cluster/embedded-engine"))
    private let package = ChronosFacts(engines: EngineChoice.Found(upstream: "/usr/bin/chronos"))
    private let image = ChronosFacts(engines: EngineChoice.Found(upstream: "/chronos/bin/start.sh"))
    private let small = [
        "CHRONOS_MASTER": "zk://10.0.0.1:2181,10.0.0.2:2181,10.0.0.3:2181/mesos", "NODE_ADDRESS": "10.0.0.2",
        "CHRONOS_HTTP_CREDENTIALS": "admin:s3cr3t-of-http",
    ]

    private func plan(_ environment: [String: String], _ facts: ChronosFacts) throws -> LaunchPlan {
        try ChronosWrap.plan(
            SettingsLoader(schema: ChronosWrap.schema.withCommonSettings).load(environment: environment), facts: facts)
    }

    private func reasons(_ environment: [String: String], _ facts: ChronosFacts) throws -> [String] {
        do {
            _ = try plan(environment, facts)
            return []
        } catch let refusal as PlanRefusal {
            return refusal.reasons
        }
    }

    @Test func `the embedded Chronos`() throws {
        let plan = try plan(small, embedded)
        #expect(GoldenFile("embedded.txt").difference(from: plan.text) == nil)
        #expect(!plan.text.contains("s3cr3t"))
    }

    @Test func `the variables of INDIGO's image`() throws {
        let plan = try plan(
            [
                "CHRONOS_MASTER": "zk://10.0.0.1:2181,10.0.0.2:2181/mesos", "CHRONOS_ZK_HOSTS": "zk://10.0.0.1:2181,10.0.0.2:2181/chronos",
                "CHRONOS_ZK_PATH": "/chronos/state", "CHRONOS_HOSTNAME": "10.0.0.2", "CHRONOS_HTTP_PORT": "4400",
                "CHRONOS_MESOS_FRAMEWORK_NAME": "chronos", "CHRONOS_HTTP_CREDENTIALS": "admin:s3cr3t-of-http",
                "CHRONOS_DISABLE_AFTER_FAILURES": "1", "CHRONOS_ENABLE_FEATURES": "gpu_resources", "LIBPROCESS_IP": "10.0.0.2",
                "PRINCIPAL": "chronos", "SECRET": "s3cr3t-of-mesos", "CHRONOS_TASK_EPSILON": "120",
            ], package)
        #expect(GoldenFile("package.txt").difference(from: plan.text) == nil)
        #expect(!plan.text.contains("s3cr3t"))
        #expect(plan.files.first { $0.path.hasSuffix("/secret") }?.mode == 0o600)
        #expect(plan.environment["MESOSPHERE_HTTP_CREDENTIALS"] == "admin:s3cr3t-of-http")
    }

    @Test func `the image of 3_0_2 adds the port by itself`() throws {
        let plan = try plan(small, image)
        #expect(!plan.argv.contains("--http_port"))
        #expect(plan.environment["PORT0"] == "4400")
    }

    @Test func `a password for ZooKeeper never stands in argv`() throws {
        var settings = small
        settings["CHRONOS_MASTER"] = "zk://u:s3cr3t-of-zk@10.0.0.1:2181/mesos"
        let plan = try plan(settings, embedded)
        #expect(plan.argv.contains("file:///run/mesos-cluster/chronos/master"))
        #expect(plan.argv.contains("file:///run/mesos-cluster/chronos/zookeeper-auth"))
        #expect(!plan.argv.joined().contains("s3cr3t"))
        #expect(plan.files.allSatisfy { $0.isSecret && $0.mode == 0o600 })
    }

    @Test func `Chronos' own credentials go into a file, and only to the embedded engine`() throws {
        for (variable, value) in [("CHRONOS_ZK_AUTH", "c:s3cr3t-of-zk"), ("CHRONOS_ZK_HOSTS", "zk://c:s3cr3t-of-zk@10.0.0.1:2181")] {
            var settings = small
            settings[variable] = value
            let plan = try plan(settings, embedded)
            #expect(plan.files.first { $0.path.hasSuffix("/zookeeper-auth") }?.content == "digest:c:s3cr3t-of-zk")
            #expect(!plan.argv.joined().contains("s3cr3t") && !plan.text.contains("s3cr3t"))
            #expect(try reasons(settings, package).contains { $0.contains("CHRONOS_ZK_AUTH") && !$0.contains("s3cr3t") })
        }
    }

    @Test func `what a surrounding job of Chronos left in the environment is no flag`() throws {
        var settings = small
        settings["CHRONOS_JOB_NAME"] = "outer"
        settings["CHRONOS_RESOURCE_MEM"] = "128.0"
        settings["CHRONOS_JOB_HISTORY_LIMIT"] = "7"
        let plan = try plan(settings, package)
        #expect(!plan.argv.contains("outer"))
        #expect(plan.argv.contains("--job_history_limit"))
    }

    @Test func `flags that the version does not have are refused`() throws {
        var settings = small
        settings["CHRONOS_SCHEDULE_HORIZON"] = "30"
        #expect(try reasons(settings, package).contains { $0.contains("CHRONOS_SCHEDULE_HORIZON") })
        settings["CHRONOS_VERSION"] = "2.4.0"
        #expect(try reasons(settings, package).isEmpty)
    }

    @Test func `every reason is given at once`() throws {
        let found = try reasons(
            [
                "CHRONOS_MASTER": "zk://10.0.0.1:2181/mesos", "CHRONOS_HTTPS_PORT": "4443",
            ], embedded)
        for part in ["NODE_ADDRESS", "no HTTPS"] {
            #expect(found.contains { $0.contains(part) }, "\(part) in \(found)")
        }
    }

    @Test func `an unknown variable is named`() throws {
        var settings = small
        settings["CHRONOS_HTTP_PROT"] = "4400"
        do {
            _ = try plan(settings, embedded)
            Issue.record("CHRONOS_HTTP_PROT is no setting")
        } catch {
            #expect("\(error)".contains("CHRONOS_HTTP_PROT"))
        }
    }
}
