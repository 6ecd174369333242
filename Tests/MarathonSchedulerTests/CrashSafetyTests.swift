import ClusterTestKit
import JSON
import Marathon
import Mesos
import Testing

@testable import MarathonScheduler

/// Whatever a leader was writing when it died, the next one must be able to read what is there.
@Suite(.serialized) struct CrashSafetyTests {
    /// ZooKeeper's tree, as far as it matters: a node with children can't be deleted.
    private struct Tree {
        var nodes: [String: [UInt8]] = [:]

        mutating func apply(_ write: StateWrite) {
            guard let value = write.value else {
                #expect(!nodes.keys.contains { $0.hasPrefix(write.path + "/") }, "\(write.path) has children")
                nodes[write.path] = nil
                return
            }
            nodes[write.path] = value
        }
    }

    /// Does something that a user or an agent could do.
    private func step(_ marathon: inout MarathonCoreHarness, _ random: inout SeededGenerator) {
        let id = ["/a", "/g/b", "/g/h/c"].randomElement(using: &random)!
        let tasks = marathon.core.instances.keys.sorted()
        marathon.now = marathon.now.adding(seconds: 1)
        // What is refused (409 and the like) leaves no trace.
        switch Int.random(in: 0..<9, using: &random) {
        case 0, 1: try? marathon.create(["id": .string(id), "cmd": "true", "instances": .number(Int.random(in: 0...3, using: &random))])
        case 2: try? marathon.update(id, ["cmd": .string("echo \(Int.random(in: 0..<5, using: &random))")])
        case 3: try? marathon.update(id, ["instances": .number(Int.random(in: 0...4, using: &random))])
        case 4: _ = try? marathon.core.deleteApp(PathID(id)!, force: true, now: marathon.now)
        case 5: _ = try? marathon.core.deleteGroup(PathID("/g")!, force: true, now: marathon.now)
        case 6: marathon.offer()
        case 7: if let task = tasks.randomElement(using: &random) { marathon.report(task, .running) }
        default:
            let ends: [TaskState] = [.killed, .failed, .finished, .unreachable]
            if let task = tasks.randomElement(using: &random) { marathon.report(task, ends.randomElement(using: &random)!) }
        }
        // Several things are often kept together.
        if Bool.random(using: &random) { marathon.drain() }
    }

    @Test(arguments: 0..<8) func everyPrefixOfTheWritesCanBeRead(_ seed: UInt64) async throws {
        var random = SeededGenerator(seed: seed)
        var marathon = MarathonCoreHarness(seed: seed)
        var tree = Tree()
        var done = 0
        for _ in 0..<60 {
            // Others want the thread, too.
            await Task.yield()
            step(&marathon, &random)
            // The counts that are kept along say what is there.
            let core = marathon.core
            for app in core.tasksByApp.keys {
                #expect(core.tally(of: app) == core.tasks(of: app).map(core.mark).reduce(Tally(), +))
            }
            #expect(Set(core.tallies.keys) == Set(core.tasksByApp.keys) && core.marks.count == core.instances.count)
            for batch in marathon.batches[done...] {
                for write in batch {
                    tree.apply(write)
                    var next = SchedulerCore(options: SchedulerOptions(), now: marathon.now)
                    try next.load(tree.nodes, now: marathon.now)
                }
            }
            done = marathon.batches.count
        }
        marathon.drain()
        for batch in marathon.batches[done...] { for write in batch { tree.apply(write) } }
        // And in the end it is the state of the leader that wrote it.
        var next = SchedulerCore(options: SchedulerOptions(), now: marathon.now)
        try next.load(tree.nodes, now: marathon.now)
        #expect(next.root.apps == marathon.core.root.apps)
        #expect(Set(next.instances.keys) == Set(marathon.core.instances.keys))
        #expect(Set(next.deployments.map(\.id)) == Set(marathon.core.deployments.map(\.id)))
    }

    @Test func putsComeFirstAndNothingAboveThemIsDeleted() {
        func write(_ path: String, _ value: String?) -> Effect { .write(StateWrite(path: path, value: value.map { Array($0.utf8) })) }
        let writes = StateWrite.coalesced([
            write("apps/a/1", nil), write("apps/a", nil), write("apps/b", nil), write("groups/_g", nil), write("apps/a/2", "x"),
            write("groups/_", "1"),
            write("groups/_", "2"), write("deployments/d", "1"), write("deployments/d", nil),
        ])
        #expect(writes.map(\.path) == ["apps/a/2", "groups/_", "groups/_g", "apps/a/1", "apps/b", "deployments/d"])
        #expect(writes.map { $0.value.map { String(decoding: $0, as: UTF8.self) } } == ["x", "2", nil, nil, nil, nil])
    }
}
