import Chronos
import ClusterCore
import JSON
import Testing

@Suite struct ChronosJobTests {
    static let full = """
        {"name":"job-1","command":"echo $A","shell":true,"epsilon":"PT5M","retries":3,"owner":"a@example.test","description":"d",
         "cpus":0.5,"mem":64,"disk":10,"softError":true,"fetch":[{"uri":"http://x/y.tgz","executable":false,"cache":true,"extract":true}],
         "environmentVariables":[{"name":"A","value":"1"}],"arguments":["x"],"highPriority":true,"runAsUser":"nobody","concurrent":true,
         "container":{"type":"DOCKER","image":"alpine","network":"BRIDGE","volumes":[{"hostPath":"/a","containerPath":"/b","mode":"RO"}],
         "forcePullImage":true,"parameters":[{"key":"privileged","value":"true"}]},
         "constraints":[["rack","EQUALS","r1"],["hostname","CLUSTER","h"]],"schedule":"R5/2030-01-01T00:00:00Z/P1D","scheduleTimeZone":"Europe/Rome"}
        """

    @Test func `what is written is read back the same`() throws {
        let job = try ChronosJob(json: JSON(parsing: Self.full))
        #expect(job.epsilon?.description == "PT5M")
        #expect(job.container?.volumes.first?.isReadOnly == true)
        for version in ChronosVersion.allCases {
            #expect(try ChronosJob(json: JSON(parsing: job.json(version).text())) == job)
        }
    }

    @Test func `the keys of 3.0.2 come in its order`() throws {
        let job = try ChronosJob(json: ["name": "a", "command": "true", "schedule": "R//PT10S"])
        #expect(
            job.json().object?.keys == [
                "name", "command", "shell", "executor", "executorFlags", "taskInfoData", "retries", "owner", "ownerName", "description",
                "successCount", "errorCount", "lastSuccess", "lastError", "cpus", "disk", "mem", "disabled", "softError",
                "dataProcessingJobType", "errorsSinceLastSuccess", "fetch", "uris", "environmentVariables", "arguments", "highPriority",
                "runAsUser", "concurrent", "constraints", "schedule", "scheduleTimeZone",
            ])
        #expect(job.json(.v2_4)["epsilon"] == "PT60S")
        #expect(job.json(.v2_4)["taskInfoData"] == nil)
    }

    @Test func `defaults and nulls`() throws {
        let job = try ChronosJob(json: ["name": "a", "command": "true", "epsilon": .null, "container": .null], form: .iso8601)
        #expect(job.retries == 2)
        #expect(job.json()["schedule"] == "R1//PT24H")
    }

    @Test func `dependent jobs`() throws {
        let job = try ChronosJob(json: ["name": "b", "command": "true", "parents": ["a", "c", "a"]], form: .dependency)
        #expect(job.parents == ["a", "c"])
        #expect(job.json()["schedule"] == nil)
    }

    @Test(arguments: [
        (#"{"command":"x"}"#, "'name'"),
        (#"{"name":"a"}"#, "'command'"),
        (#"{"name":"a","command":"x","async":true}"#, "'async'"),
        (#"{"name":"a","command":"x","executor":"/bin/e"}"#, "'executor'"),
        (#"{"name":"a","command":"x","dataProcessingJobType":true}"#, "'dataProcessingJobType'"),
        (#"{"name":"a","command":"x","ports":[1]}"#, "'ports'"),
        (#"{"name":"a","command":"x","retries":"2"}"#, "'retries'"),
        (#"{"name":"a","command":"x","cpus":-1}"#, "'cpus'"),
        (#"{"name":"a","command":"x","uris":["a"],"fetch":[{"uri":"b"}]}"#, "'fetch' or 'uris'"),
        (#"{"name":"a","command":"x","fetch":[{"url":"b"}]}"#, "'fetch[].uri'"),
        (#"{"name":"a","command":"x","constraints":[["a","GROUP_BY","b"]]}"#, "'GROUP_BY'"),
        (#"{"name":"a","command":"x","constraints":[["a","EQUALS"]]}"#, "constraint"),
        (#"{"name":"a","command":"x","container":{"type":"DOCKER"}}"#, "'image'"),
        (#"{"name":"a","command":"x","container":{"image":"i","networkInfos":[{"name":"n"}]}}"#, "'container.networkInfos'"),
        (#"{"name":"a","command":"x","container":{"image":"i","volumes":[{"containerPath":"/a","external":{"name":"n"}}]}}"#, "external"),
        (#"{"name":"a","command":"x","schedule":"R1//P1D","parents":["b"]}"#, "not both"),
        (#"{"name":"a","command":"x","schedule":"tomorrow"}"#, "Cannot parse schedule 'tomorrow'"),
        (#"{"name":"a","command":"x","schedule":"R1//P1D","scheduleTimeZone":"../x"}"#, "time zone"),
        (#"{"name":"a","command":"x","epsilon":"60"}"#, "'epsilon'"),
    ])
    func `what is wrong is named`(text: String, expected: String) throws {
        let json = try JSON(parsing: text)
        let error = #expect(throws: ClusterError.self) { try ChronosJob(json: json) }
        #expect(error?.message.contains(expected) == true, "\(error?.message ?? "nothing")")
    }

    @Test func `names by version`() {
        #expect(ChronosJob.problem(withName: "a b#c", in: .v2_4) == nil)
        #expect(ChronosJob.problem(withName: "a b#c", in: .v3_0) != nil)
        #expect(ChronosJob.problem(withName: "a.b-c_d", in: .v3_0) == nil)
        #expect(ChronosJob.problem(withName: "a/b", in: .v3_0) != nil)
        #expect(ChronosJob.problem(withName: String(repeating: "a", count: 201), in: .v3_0) != nil)
    }
}
