import JSON
import Marathon
import Testing

@Suite struct AppTests {
    private func app(_ json: JSON) throws -> App { try App(json: json) }

    @Test func readsOlderFormsAsTheCanonicalOne() throws {
        let app = try app([
            "id": "web", "uris": ["http://a/b.tgz", "http://a/c.txt"],
            "container": [
                "type": "DOCKER",
                "docker": [
                    "image": "nginx:1", "network": "BRIDGE", "privileged": true,
                    "portMappings": [["containerPort": 80, "servicePort": 11000, "protocol": "tcp"]],
                ],
                "volumes": [["containerPath": "/data", "hostPath": "/srv", "mode": "RW"]],
            ],
        ])
        #expect(app.id.description == "/web")
        #expect(app.fetch.map(\.extract) == [true, false])
        #expect(app.network == .bridge)
        #expect(app.portDefinitions.isEmpty)
        #expect(app.container?.portMappings.map(\.containerPort) == [80])
        #expect(app.servicePorts == [11000])
        let json = app.json
        #expect(json["uris"] == nil)
        #expect(json["container"]?["docker"]?["network"] == nil)
        #expect(json["networks"] == [["mode": "container/bridge"]])
        #expect(try App(json: json) == app)
    }

    @Test func givesOnePortByDefault() throws {
        let app = try app(["id": "/a/b", "cmd": "true"])
        #expect(app.json["portDefinitions"] == [["labels": [:], "name": "default", "port": 0, "protocol": "tcp"]])
        #expect(app.json["mem"] == 128)
        #expect(app.id.taskName == "b.a")
        #expect(app.id.safePath == "a_b")
        #expect(PathID(safePath: "a_b") == app.id)
    }

    @Test func reportsEveryProblemAtOnceAndByName() throws {
        do throws(InvalidDocument) {
            _ = try App(json: [
                "id": "/Up", "cpus": "much", "instances": -1, "secrets": ["x": ["source": "y"]], "env": ["A": ["secret": "x"]],
                "container": ["type": "MESOS", "volumes": [["containerPath": "d", "mode": "RW", "persistent": ["size": 1]]]],
            ])
            Issue.record("it was taken")
        } catch {
            let paths = Set(error.problems.map(\.path))
            #expect(paths == ["/id", "/cpus", "/instances", "/secrets", "/env/A", "/container/volumes(0)/persistent"])
        }
    }

    @Test func refusesEveryFieldItDoesNotKnowByItsPath() throws {
        do throws(InvalidDocument) {
            _ = try App(json: [
                "id": "/a", "cmd": "true", "instnaces": 3, "fetch": [["uri": "http://a/b", "extrakt": true]],
                "healthChecks": [["protocol": "COMMAND", "command": ["value": "true", "x": 1], "gracePeriod": 3]],
                "readinessChecks": [["colour": "red"]], "networks": [["mode": "host", "nmae": "x"]], "portDefinitions": [["prot": 1]],
                "upgradeStrategy": ["minimumHealth": 1], "unreachableStrategy": ["timeout": 1], "versionInfo": ["by": "me"],
                "container": [
                    "type": "DOCKER", "kind": 1, "portMappings": [["port": 1]],
                    "docker": ["image": "i", "tag": "x", "parameters": [["key": "a", "value": "b", "c": "d"]]],
                    "volumes": [["containerPath": "d", "hostPath": "/d", "mode": "RW", "size": 1]],
                ],
            ])
            Issue.record("it was taken")
        } catch {
            let unknown = error.problems.filter { $0.message.contains("not a field that this Marathon knows") }
            #expect(
                Set(unknown.map(\.path)) == [
                    "/instnaces", "/fetch(0)/extrakt", "/healthChecks(0)/command/x", "/healthChecks(0)/gracePeriod",
                    "/readinessChecks(0)/colour", "/networks(0)/nmae", "/portDefinitions(0)/prot", "/upgradeStrategy/minimumHealth",
                    "/unreachableStrategy/timeout", "/versionInfo/by", "/container/kind", "/container/portMappings(0)/port",
                    "/container/docker/tag", "/container/docker/parameters(0)/c", "/container/volumes(0)/size",
                ])
            #expect(error.problems.contains { $0.message.contains("known are: ") && $0.message.contains("instances") })
        }
        #expect(throws: InvalidDocument.self) { try app(["id": "/a", "cmd": "true"]).updated(by: ["instnaces": 3]) }
    }

    /// What `GET /v2/apps` shows, of 1.1.1 (with its nulls) as of 1.11, can be put back.
    @Test func takesWhatMarathonItselfShows() throws {
        let shown: JSON = [
            "id": "/a", "cmd": "true", "args": .null, "user": .null, "storeUrls": [], "uris": [], "fetch": [], "ports": [10000],
            "portDefinitions": [["port": 10000, "protocol": "tcp", "labels": [:]]], "ipAddress": .null, "residency": .null, "secrets": [:],
            "role": "*", "gpus": 0, "tty": false, "version": "2026-11-22T15:14:18.000Z",
            "versionInfo": ["lastScalingAt": "2026-11-22T15:14:18.000Z", "lastConfigChangeAt": "2026-11-22T15:14:18.000Z"],
            "healthChecks": [["protocol": "HTTP", "path": "/", "portIndex": 0, "ipProtocol": "IPv4"]],
            "tasksStaged": 0, "tasksRunning": 1, "tasksHealthy": 1, "tasksUnhealthy": 0, "deployments": [["id": "x"]],
            "readinessCheckResults": [], "tasks": [["id": "t"]], "lastTaskFailure": ["state": "TASK_FAILED"], "taskStats": [:],
            "tasksStats": [:],
        ]
        #expect(try app(shown).servicePorts == [10000])
        _ = try app(["id": "/a", "cmd": "true"]).updated(by: shown)
    }

    /// The shapes that INDIGO's Orchestrator posts: Docker on a bridge with the older field names.
    @Test func takesWhatTheOrchestratorSends() throws {
        let app = try App(
            json: [
                "id": "web", "cmd": "run", "instances": 2, "cpus": 1.0, "mem": 512.0, "uris": ["http://x/a.tgz"], "env": ["A": "b"],
                "constraints": [["hostname", "LIKE", "a.*"]], "labels": ["HAPROXY_GROUP": "external", "created_by": "x"], "user": "nobody",
                "container": [
                    "type": "DOCKER",
                    "docker": [
                        "image": "nginx", "network": "BRIDGE", "forcePullImage": true,
                        "portMappings": [["containerPort": 80, "servicePort": 10001, "protocol": "tcp"]],
                        "parameters": [["key": "privileged", "value": "true"]],
                    ], "volumes": [["containerPath": "/data", "hostPath": "/mnt/x", "mode": "RW"]],
                ],
            ], below: PathID("/11eb") ?? .root)
        #expect(app.id.description == "/11eb/web" && app.container?.portMappings.first?.servicePort == 10001)
    }

    @Test func anUpdateReplacesWhatItNames() throws {
        let before = try app(["id": "/a", "cmd": "sleep 1", "cpus": 0.5, "labels": ["x": "1"], "ports": [10001]])
        let scaled = try before.updated(by: ["instances": 4])
        #expect(scaled.instances == 4 && scaled.cpus == 0.5 && scaled.servicePorts == [10001])
        #expect(scaled.hasSameTasks(as: before))
        let changed = try before.updated(by: ["args": ["sleep", "2"], "labels": [:], "cmd": .null])
        #expect(changed.cmd == nil && changed.args == ["sleep", "2"] && changed.labels.isEmpty)
        #expect(!changed.hasSameTasks(as: before))
    }

    @Test(arguments: ["/a//b", "/a/./b", "a/b", "/a/c/../b"]) func canonisesPaths(_ text: String) {
        #expect(PathID(text)?.description == "/a/b")
    }

    @Test(arguments: ["/A", "/a_b", "/-a", "/a-", "/../a", "/a b", "/a..b"]) func refusesPaths(_ text: String) {
        #expect(PathID(text) == nil)
    }

    @Test(arguments: [
        ("1970-01-01T00:00:00.000Z", 0), ("2016-02-29T23:59:59.999Z", 1_456_790_399_999), ("2026-11-22T15:14:18Z", 1_795_360_458_000),
        ("2016-02-29T12:00:00.5+02:00", 1_456_740_000_500), ("1969-12-31T23:59:59.000Z", -1000),
    ]) func readsAndWritesMoments(_ text: String, _ milliseconds: Int64) throws {
        let moment = try #require(Timestamp(text))
        #expect(moment.milliseconds == milliseconds)
        #expect(Timestamp(moment.description) == moment)
    }

    @Test(arguments: ["2016-13-01T00:00:00Z", "2016-01-01", "x", "2016-01-01T00:00:00", "2016-01-01T25:00:00Z"])
    func refusesMoments(_ text: String) { #expect(Timestamp(text) == nil) }
}
