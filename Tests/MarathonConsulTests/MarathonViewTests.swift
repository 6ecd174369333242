import ClusterTestKit
import JSON
import Marathon
import Testing

@testable import marathon_consul

func time(_ milliseconds: Int64) -> Timestamp { Timestamp(milliseconds: 1_700_000_000_000 + milliseconds) }

func app(_ id: String = "/web", checks: Int = 0, version: Int64 = -1000, configured: Int64? = nil, tasks: [JSON] = []) -> JSON {
    .members([
        "id": .string(id), "instances": 1, "version": .string(time(version).description),
        "versionInfo": configured.map { ["lastConfigChangeAt": .string(time($0).description)] },
        "healthChecks": .array(Array(repeating: ["protocol": "HTTP"], count: checks)), "tasksRunning": .number(tasks.count),
        "deployments": [], "tasks": .array(tasks),
    ])
}

func task(_ id: String = "web.1", staged: Int64 = -500, state: String? = "TASK_RUNNING", alive: [Bool] = [], version: Int64 = -1000) -> JSON
{
    .members([
        "id": .string(id), "slaveId": "S0", "host": "127.0.2.1", "ports": [31000], "version": .string(time(version).description),
        "state": state.map { .string($0) }, "stagedAt": .string(time(staged).description),
        "startedAt": .string(time(staged + 1).description),
        "healthCheckResults": .array(alive.map { ["alive": .bool($0)] }),
    ])
}

func status(_ id: String = "web.1", _ status: String, at: Int64, app: String = "/web") -> MarathonEvent {
    .status(
        BridgedTask(
            id: id, appID: app, slaveID: "S0", host: "127.0.2.1", ports: [31000], version: "", status: status,
            timestamp: time(at).description), at: time(at))
}

@Suite struct MarathonViewTests {
    private func view(_ apps: JSON..., asked: Int64 = 0, came: Int64 = 10) -> MarathonView {
        var view = MarathonView()
        view.take(MarathonSnapshot(apps), asked: time(asked), came: time(came))
        return view
    }

    @Test func anEventThatIsNewsAddsAndRemovesTasks() {
        var view = view(app())
        view.take(status("web.1", "TASK_STAGING", at: 20))
        #expect(view.tasks["web.1"].map { view.isRoutable($0) } == false)
        view.take(status("web.1", "TASK_RUNNING", at: 21))
        #expect(view.tasks["web.1"].map { view.isRoutable($0) } == true)
        view.take(status("web.1", "TASK_FAILED", at: 22))
        #expect(view.tasks.isEmpty && !view.needsSnapshot)
    }

    /// What is late, and what the view makes of it: each case ends with a task that must stay dead.
    @Test func aLateEventResurrectsNothing() {
        // Its end was told by an event.
        var view = view(app(tasks: [task()]))
        view.take(status("web.1", "TASK_KILLED", at: 20))
        for at in [5, 15, 20, 25] as [Int64] { view.take(status("web.1", "TASK_RUNNING", at: at)) }
        #expect(view.tasks.isEmpty)

        // A snapshot that was asked for before still has it.
        view.take(MarathonSnapshot([app(tasks: [task()])]), asked: time(15), came: time(30))
        #expect(view.tasks.isEmpty)

        // Its end was told by a snapshot alone.
        view = self.view(app(tasks: [task()]))
        view.take(MarathonSnapshot([app()]), asked: time(100), came: time(110))
        view.take(status("web.1", "TASK_RUNNING", at: 50))
        #expect(view.tasks.isEmpty && !view.needsSnapshot)

        // Nobody knows what came first: another look decides.
        view.take(status("web.1", "TASK_RUNNING", at: 105))
        #expect(view.tasks.isEmpty && view.needsSnapshot)
        view.take(MarathonSnapshot([app()]), asked: time(111), came: time(112))
        #expect(view.tasks.isEmpty && !view.needsSnapshot)

        // The app is gone.
        view = self.view(app(tasks: [task()]))
        view.take(.appEnded("/web", at: time(20)))
        view.take(status("web.1", "TASK_RUNNING", at: 19))
        view.take(status("web.2", "TASK_RUNNING", at: 19))
        #expect(view.tasks.isEmpty && view.apps.isEmpty)
        view.take(MarathonSnapshot([app(tasks: [task()])]), asked: time(15), came: time(30))
        #expect(view.tasks.isEmpty && view.apps.isEmpty)
        // It was made again since.
        view.take(MarathonSnapshot([app(version: 40)]), asked: time(50), came: time(51))
        #expect(view.apps.count == 1)
    }

    @Test func aTaskThatIsLaunchedAgainLivesAgain() {
        var view = view(app(tasks: [task()]))
        view.take(status("web.1", "TASK_FAILED", at: 20))
        view.take(status("web.1", "TASK_RUNNING", at: 40))
        #expect(view.tasks.isEmpty && view.needsSnapshot)
        view.take(MarathonSnapshot([app(tasks: [task(staged: 30)])]), asked: time(50), came: time(51))
        #expect(view.tasks.count == 1)
        // An end that is told late is that of the life before.
        view.take(status("web.1", "TASK_FAILED", at: 20))
        #expect(view.tasks.count == 1)
    }

    @Test func aSnapshotDoesNotTakeWhatAnEventToldAfterIt() {
        var view = view(app())
        view.take(status("web.1", "TASK_RUNNING", at: 60))
        view.take(MarathonSnapshot([app()]), asked: time(50), came: time(70))
        #expect(view.tasks.count == 1)
        view.take(MarathonSnapshot([app()]), asked: time(80), came: time(81))
        #expect(view.tasks.isEmpty)
    }

    /// The clock is set back by a minute: what comes is taken at once, not when the clock has caught up.
    @Test(arguments: [false, true]) func aClockThatIsSetBackFreezesNothing(isToldByEvent: Bool) {
        var view = MarathonView()
        // The last that is known of before: a snapshot, or an event after a snapshot long ago.
        view.take(MarathonSnapshot([app(tasks: [task()])]), asked: time(isToldByEvent ? -100_000 : 60_000), came: time(60_000))
        if isToldByEvent { view.take(status("web.1", "TASK_RUNNING", at: 60_000)) }
        #expect(!view.isAhead(of: time(60_000)) && view.isAhead(of: time(0)))
        view.take(status("web.2", "TASK_RUNNING", at: 0))
        view.take(MarathonSnapshot([app(tasks: [task("web.2")])]), asked: time(10), came: time(20))
        #expect(view.tasks.keys.sorted() == ["web.2"] && !view.isAhead(of: time(20)))
        // Another look tells what happened between question and answer.
        #expect(view.needsSnapshot)
        view.take(MarathonSnapshot([app(tasks: [task("web.2")])]), asked: time(120), came: time(130))
        #expect(!view.needsSnapshot)
        view.take(status("web.2", "TASK_FAILED", at: 140))
        view.take(status("web.3", "TASK_RUNNING", at: 150))
        #expect(view.tasks.keys.sorted() == ["web.3"])
    }

    @Test func checksDecideWhatIsRoutable() {
        func isRoutable(_ view: MarathonView) -> Bool? { view.tasks["web.1"].map { view.isRoutable($0) } }
        #expect(isRoutable(view(app(tasks: [task()]))) == true)
        #expect(isRoutable(view(app(tasks: [task(state: "TASK_KILLING")]))) == false)
        #expect(isRoutable(view(app(tasks: [task(state: nil)]))) == true)
        #expect(isRoutable(view(app(checks: 1, tasks: [task()]))) == false)
        #expect(isRoutable(view(app(checks: 2, tasks: [task(alive: [true])]))) == false)
        #expect(isRoutable(view(app(checks: 2, tasks: [task(alive: [true, true])]))) == true)
        #expect(isRoutable(view(app(checks: 1, tasks: [task(alive: [false])]))) == false)
        // A check was added: the tasks of before have none to pass.
        #expect(isRoutable(view(app(checks: 1, configured: -10, tasks: [task()]))) == true)

        var view = view(app(checks: 1, tasks: [task()]))
        view.take(.health(instance: "web.marathon-1", isAlive: true, isOverall: true, at: time(20)))
        #expect(isRoutable(view) == true)
        view.take(.health(instance: "web.1", isAlive: false, isOverall: false, at: time(30)))
        #expect(isRoutable(view) == false)
        view.take(.health(instance: "web.1", isAlive: true, isOverall: false, at: time(25)))
        #expect(isRoutable(view) == false)
        // The snapshot is older than the event.
        view.take(MarathonSnapshot([app(checks: 1, tasks: [task(alive: [true])])]), asked: time(28), came: time(29))
        #expect(isRoutable(view) == false)
    }

    @Test func instancesNameTheirTasks() {
        #expect(MarathonEvent.names("a_b.marathon-7-7", "a_b.7-7"))
        #expect(MarathonEvent.names("a_b.instance-7", "a_b.instance-7._app.1"))
        #expect(MarathonEvent.names("a_b.instance-7", "a_b.7"))
        #expect(!MarathonEvent.names("a_b.marathon-7", "a_b.77"))
    }

    /// A model Marathon, whose events reach the bridge late, twice or never, and whose answers take their time.
    @Test(arguments: 1...60 as ClosedRange<UInt64>) func noHistoryResurrectsATask(seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        var view = MarathonView()
        var alive: [String: Int64] = [:]
        var dead: [String: Int64] = [:]
        var events: [MarathonEvent] = []
        var pending: (asked: Int64, apps: [JSON])?
        var clock: Int64 = 0
        var next = 0
        for _ in 0..<400 {
            clock += Int64.random(in: 1...5, using: &random)
            switch Int.random(in: 0..<10, using: &random) {
            case 0, 1:
                next += 1
                alive["web.\(next)"] = clock
                events.append(status("web.\(next)", "TASK_RUNNING", at: clock))
            case 2:
                guard let id = alive.keys.sorted().randomElement(using: &random) else { break }
                alive[id] = nil
                dead[id] = clock
                events.append(status(id, "TASK_KILLED", at: clock))
            case 3 where pending == nil:
                pending = (clock, [app(tasks: alive.map { task($0.key, staged: $0.value) })])
            case 4, 5:
                if let (asked, apps) = pending {
                    view.take(MarathonSnapshot(apps), asked: time(asked), came: time(clock))
                    pending = nil
                    // What had ended when it was asked for is gone.
                    for id in view.tasks.keys { #expect(dead[id].map { $0 > asked } ?? true, "seed \(seed): \(id) lives") }
                }
            default:
                guard let index = events.indices.randomElement(using: &random) else { break }
                let before = Set(view.tasks.keys)
                view.take(events[index])
                if Bool.random(using: &random) { events.remove(at: index) }
                for id in view.tasks.keys where !before.contains(id) {
                    // It may be added only by an event that is newer than any snapshot that told of its end.
                    #expect(dead[id].map { end in view.asOf.map { time(end) > $0 } ?? false } ?? true, "seed \(seed): \(id) is back")
                }
            }
        }
        clock += 1
        view.take(MarathonSnapshot([app(tasks: alive.map { task($0.key, staged: $0.value) })]), asked: time(clock), came: time(clock + 1))
        #expect(Set(view.tasks.keys) == Set(alive.keys), "seed \(seed)")
        for event in events { view.take(event) }
        #expect(Set(view.tasks.keys) == Set(alive.keys), "seed \(seed): what is late changed something")
    }
}

@Suite struct KeyLayoutTests {
    private let layout = KeyLayout(prefix: "marathon")

    @Test func keysAndValuesAreTheOriginals() throws {
        var view = MarathonView()
        view.take(MarathonSnapshot([app("/a/b", checks: 1, tasks: [task("a_b.1", alive: [true])])]), asked: time(0), came: time(1))
        let wants = layout.desired(view)
        #expect(wants.keys.sorted() == ["marathon/a/b", "marathon/a/b/tasks/a_b.1"])
        let definition = try #require(wants["marathon/a/b"])
        #expect(definition["id"] == "/a/b" && definition["tasksRunning"] == nil && definition["tasks"] == nil)
        let value = try #require(wants["marathon/a/b/tasks/a_b.1"])
        #expect(value["healthy"] == true && value["routable"] == true && value["taskStatus"] == "TASK_RUNNING" && value["appId"] == "/a/b")
        #expect(value["ports"] == [31000] && value["host"] == "127.0.2.1" && value["slaveId"] == "S0" && value["id"] == "a_b.1")
    }

    @Test func onlyWhatIsOwnedIsDeleted() {
        let has: [String: JSON] = [
            "marathon/gone": ["id": "/gone"], "marathon/gone/tasks/gone.1": ["id": "gone.1", "appId": "/gone"],
            "marathon/notes": .null, "marathon/config": ["id": "something else"], "marathon/gone/tasks/readme": ["text": "x"],
        ]
        #expect(KeyDiff(has: has, wants: [:], layout: layout).deletions == ["marathon/gone", "marathon/gone/tasks/gone.1"])
    }

    @Test func equalMeansNoWrite() {
        var view = MarathonView()
        view.take(MarathonSnapshot([app(tasks: [task()])]), asked: time(0), came: time(1))
        let wants = layout.desired(view)
        #expect(KeyDiff(has: wants, wants: wants, layout: layout).isEmpty)
        // Another bridge has written it after an event, this one reads it in a snapshot.
        var task = wants["marathon/web/tasks/web.1"]?.object
        task?["timestamp"] = "2023-01-01T00:00:00.000Z"
        var has = wants
        has["marathon/web/tasks/web.1"] = task.map { .object($0) }
        #expect(KeyDiff(has: has, wants: wants, layout: layout).isEmpty)
        task?["taskStatus"] = "TASK_STAGING"
        has["marathon/web/tasks/web.1"] = task.map { .object($0) }
        #expect(Array(KeyDiff(has: has, wants: wants, layout: layout).writes.keys) == ["marathon/web/tasks/web.1"])
    }
}
