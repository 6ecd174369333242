import ClusterCore
import ClusterTestKit
import Entrypoint
import Prerequisites
import Settings
import Testing

@testable import marathon_wrap

@Suite struct MarathonWrapPlanTests {
    private let embedded = MarathonFacts(engines: EngineChoice.Found(embedded: "/opt/mesos-cluster/embedded-engine"))
    private let upstream = MarathonFacts(
        engines: EngineChoice.Found(upstream: "/usr/bin/marathon", embedded: "/opt/mesos-cluster/embedded-engine"))

    private func plan(_ environment: [String: String], _ facts: MarathonFacts) throws -> LaunchPlan {
        let settings = try SettingsLoader(schema: MarathonWrap.schema.withCommonSettings).load(environment: environment)
        return try MarathonWrap.plan(settings, facts: facts)
    }

    private func refusals(_ environment: [String: String], _ facts: MarathonFacts) -> [String] {
        do {
            _ = try plan(environment, facts)
            return []
        } catch let refusal as PlanRefusal {
            return refusal.reasons
        } catch {
            return ["\(error)"]
        }
    }

    /// What the INDIGO role writes into `.marathonenv`.
    private let indigo = [
        "LIBPROCESS_IP": "10.0.0.1", "MARATHON_HOSTNAME": "10.0.0.1", "MARATHON_HTTP_PORT": "8080",
        "MARATHON_MASTER": "zk://10.0.0.1:2181,10.0.0.2:2181,10.0.0.3:2181/mesos",
        "MARATHON_ZK": "zk://10.0.0.1:2181,10.0.0.2:2181,10.0.0.3:2181/marathon", "MARATHON_FRAMEWORK_NAME": "marathon",
        "MARATHON_HTTP_CREDENTIALS": "admin:s3cr3t", "NODE_ADDRESS": "10.0.0.1",
    ]

    @Test func indigosVariablesWithTheEmbeddedEngine() throws {
        let plan = try plan(indigo.merging(["PRINCIPAL": "marathon", "SECRET": "pr1v4te", "MARATHON_APP_ID": "/x"]) { $1 }, embedded)
        #expect(GoldenFile("embedded.txt").difference(from: plan.text) == nil)
        let words = plan.argv.joined(separator: " ")
        #expect(!words.contains("s3cr3t") && !words.contains("pr1v4te") && !plan.text.contains("s3cr3t") && !plan.text.contains("pr1v4te"))
        #expect(plan.environment["MESOSPHERE_HTTP_CREDENTIALS"] == "admin:s3cr3t")
        #expect(plan.files.first?.mode == 0o600)
    }

    @Test func upstreamWithTLSAndPassedFlags() throws {
        let plan = try plan(
            indigo.merging([
                "MARATHON_VERSION": "1.5.6", "MARATHON_HTTPS_PORT": "8443", "MARATHON_SSL_KEYSTORE_PATH": "/etc/marathon/keystore.jks",
                "MARATHON_SSL_KEYSTORE_PASSWORD": "st0re", "MARATHON_ENABLE_FEATURES": "external_volumes",
                "MARATHON_DISABLE_HTTP_COMPRESSION": "",
                "JAVA_OPTS": "-Xmx1g",
            ]) { $1 }, upstream)
        #expect(GoldenFile("upstream.txt").difference(from: plan.text) == nil)
        #expect(plan.secretEnvironment == ["MESOSPHERE_HTTP_CREDENTIALS", "MESOSPHERE_KEYSTORE_PASS"])
    }

    @Test func aPasswordOfZooKeeperStaysOutOfArgv() throws {
        let plan = try plan(
            ["MARATHON_MASTER": "zk://m:p4ss@10.0.0.1:2181/mesos", "NODE_ADDRESS": "10.0.0.1"], embedded)
        #expect(!plan.argv.joined().contains("p4ss"))
        #expect(plan.environment["MARATHON_MASTER"] == "zk://m:p4ss@10.0.0.1:2181/mesos")
        #expect(plan.environment["MARATHON_ZK"] == "zk://m:p4ss@10.0.0.1:2181/marathon")
        #expect(plan.secretEnvironment.isSuperset(of: ["MARATHON_MASTER", "MARATHON_ZK"]))
    }

    /// The start script of Marathon 1.4 and before puts each MARATHON_* variable into argv.
    @Test(arguments: [(nil, true), ("1.1.1", true), ("1.4.13", true), ("1.5.6", false), ("1.11.24", false)])
    func aPasswordOfZooKeeperIsRefusedWhereUpstreamsScriptWouldShowIt(_ version: String?, _ isRefused: Bool) throws {
        for variable in ["MARATHON_MASTER", "MARATHON_ZK"] {
            var settings = indigo
            settings[variable] = variable == "MARATHON_ZK" ? "zk://m:p4ss@10.0.0.1:2181/marathon" : "zk://m:p4ss@10.0.0.1:2181/mesos"
            settings["MARATHON_VERSION"] = version
            let reasons = refusals(settings, upstream)
            #expect(reasons.contains { $0.contains("MARATHON_VERSION") && !$0.contains("p4ss") } == isRefused)
            guard !isRefused else { continue }
            let plan = try plan(settings, upstream)
            #expect(!plan.argv.joined().contains("p4ss") && !plan.text.contains("p4ss") && plan.secretEnvironment.contains(variable))
        }
        #expect(refusals(indigo, upstream) == [])
    }

    @Test func refusesWithEveryReason() {
        let reasons = refusals(
            ["MARATHON_MASTER": "zk://10.0.0.1:2181/mesos", "MARATHON_HTTPS_PORT": "8443"], embedded)
        for part in ["NODE_ADDRESS", "MARATHON_SSL_KEYSTORE_PATH", "no HTTPS"] {
            #expect(reasons.contains { $0.contains(part) }, "\(part) in \(reasons)")
        }
        let old = refusals(indigo.merging(["MARATHON_VERSION": "1.1.1", "MARATHON_MAX_RUNNING_DEPLOYMENTS": "3"]) { $1 }, upstream)
        #expect(old.contains { $0.contains("MARATHON_MAX_RUNNING_DEPLOYMENTS is not a flag of Marathon 1.1.1") })
        #expect(refusals(indigo.merging(["MARATHON_NO_SUCH_FLAG": "1"]) { $1 }, embedded).joined().contains("NO_SUCH_FLAG"))
        #expect(refusals(indigo.merging(["MARATHON_HTTP_CREDENTIALS": "nocolon"]) { $1 }, embedded).joined().contains("nocolon") == false)
    }
}
