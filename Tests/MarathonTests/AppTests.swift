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
